//! The browsers of the tests, and what drives them.

use std::fs;
use std::path::{Path, PathBuf};

use super::{Found, apt, first_version};
use crate::project;

pub fn find_chromium() -> Result<Found, String> {
    let browser = chromium().ok_or("no chromium on PATH")?;
    chromedriver().ok_or("no chromedriver on PATH")?;
    Ok(found(&browser))
}

pub fn chromium() -> Option<PathBuf> {
    ["chromium", "google-chrome", "chrome"]
        .iter()
        .find_map(|name| project::program(name))
}

pub fn chromedriver() -> Option<PathBuf> {
    project::program("chromedriver")
}

pub fn find_firefox() -> Result<Found, String> {
    let browser = firefox().ok_or("no firefox on PATH")?;
    Ok(found(&browser))
}

/// Firefox drives itself.
pub fn firefox() -> Option<PathBuf> {
    ["firefox-esr", "firefox"]
        .iter()
        .find_map(|name| project::program(name))
}

pub fn find_webkit() -> Result<Found, String> {
    webkit_driver().ok_or("no WebKitWebDriver on PATH")?;
    project::program("Xvfb").ok_or("no Xvfb on PATH")?;
    let browser = webkit().ok_or("no MiniBrowser of WebKitGTK in /usr/lib")?;
    Ok(Found {
        version: apt::version("webkit2gtk-driver", None).unwrap_or_default(),
        place: browser.display().to_string(),
    })
}

pub fn webkit_driver() -> Option<PathBuf> {
    project::program("WebKitWebDriver")
}

/// WebKitGTK's MiniBrowser.
pub fn webkit() -> Option<PathBuf> {
    mini_browser(Path::new("/usr/lib"))
}

/// It is in a folder with the version of its interface, below one for the kind of machine.
fn mini_browser(libraries: &Path) -> Option<PathBuf> {
    let folders = |folder: &Path| {
        let entries = fs::read_dir(folder).into_iter().flatten().flatten();
        entries.map(|entry| entry.path()).collect::<Vec<_>>()
    };
    folders(libraries)
        .iter()
        .flat_map(|machine| folders(machine))
        .filter(|folder| {
            let name = folder.file_name().and_then(|name| name.to_str());
            name.is_some_and(|name| name.starts_with("webkit"))
        })
        .map(|folder| folder.join("MiniBrowser"))
        .filter(|file| file.is_file())
        .max()
}

fn found(browser: &Path) -> Found {
    let said = project::output_of(project::command(browser).arg("--version"));
    Found {
        version: said
            .and_then(|text| first_version(&text))
            .unwrap_or_default(),
        place: browser.display().to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_mini_browser_of_the_machine_is_taken() {
        let libraries = project::target().join("xtask-test-mini-browser");
        let _ = fs::remove_dir_all(&libraries);
        assert_eq!(mini_browser(&libraries), None);
        for version in ["webkit2gtk-4.0", "webkit2gtk-4.1", "webkit2gtk-4.2"] {
            let folder = libraries.join("x86_64-linux-gnu").join(version);
            fs::create_dir_all(&folder).expect("the target folder can be written to");
            if version != "webkit2gtk-4.2" {
                fs::write(folder.join("MiniBrowser"), "").expect("a file can be written");
            }
        }
        let found = mini_browser(&libraries).expect("there are two");
        assert!(found.ends_with("x86_64-linux-gnu/webkit2gtk-4.1/MiniBrowser"));
        let _ = fs::remove_dir_all(&libraries);
    }
}
