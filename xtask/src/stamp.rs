//! Stamps: a step whose inputs hash to what its stamp says is up to date.
//!
//! Contents are hashed, not times, so a switch of branches and back costs nothing.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};

use crate::project;

/// Collects a step's inputs.
#[derive(Default)]
pub struct Inputs(DefaultHasher);

impl Inputs {
    /// A word that the result depends on: a flag, a version.
    pub fn word(mut self, word: &str) -> Self {
        word.hash(&mut self.0);
        self
    }

    /// A file, or every file below a folder. A missing one is an input too.
    pub fn path(mut self, path: &Path) -> Self {
        for file in files_below(path) {
            file.strip_prefix(project::root())
                .unwrap_or(&file)
                .hash(&mut self.0);
            fs::read(&file).unwrap_or_default().hash(&mut self.0);
        }
        self
    }

    /// Several paths below the project's folder.
    pub fn paths(self, paths: &[&str]) -> Self {
        paths.iter().fold(self, |inputs, path| {
            inputs.path(&project::root().join(path))
        })
    }

    pub fn stamp(self, name: &str) -> Stamp {
        Stamp {
            file: project::notes().join("stamps").join(name),
            value: format!("{:016x}", self.0.finish()),
        }
    }
}

/// What the inputs are now, against what they were when the step last succeeded.
pub struct Stamp {
    file: PathBuf,
    value: String,
}

impl Stamp {
    /// Keeps the stamp beside the outputs instead, so that it goes when they go.
    pub fn kept_in(mut self, file: PathBuf) -> Self {
        self.file = file;
        self
    }

    /// True when nothing changed and every output is still there.
    pub fn is_current(&self, outputs: &[PathBuf]) -> bool {
        outputs.iter().all(|output| output.exists())
            && fs::read_to_string(&self.file).is_ok_and(|old| old == self.value)
    }

    /// To be called once the outputs are written.
    pub fn set(&self) {
        if let Some(folder) = self.file.parent() {
            let _ = fs::create_dir_all(folder);
        }
        // A stamp that cannot be written costs time, nothing else.
        let _ = fs::write(&self.file, &self.value);
    }

    /// To be called before the outputs are touched: half-written ones must not look current.
    pub fn clear(&self) {
        let _ = fs::remove_file(&self.file);
    }
}

/// Every file below a folder in a stable order, without installed Node packages; the path itself when it is a file.
pub fn files_below(path: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![path.to_path_buf()];
    while let Some(next) = open.pop() {
        match fs::read_dir(&next) {
            Ok(entries) => open.extend(
                entries
                    .flatten()
                    .filter(|entry| entry.file_name() != "node_modules")
                    .map(|entry| entry.path()),
            ),
            Err(_) => found.push(next),
        }
    }
    found.sort();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(folder: &Path) -> String {
        Inputs::default().path(folder).stamp("t").value
    }

    #[test]
    fn a_stamp_follows_names_and_contents() {
        let folder = std::env::temp_dir().join(format!("xtask-stamp-{}", std::process::id()));
        fs::create_dir_all(folder.join("sub")).expect("a temporary folder");
        fs::write(folder.join("sub/a"), "1").expect("a file");
        let first = value(&folder);
        assert_eq!(first, value(&folder));
        fs::write(folder.join("sub/a"), "2").expect("a file");
        let second = value(&folder);
        assert_ne!(first, second);
        fs::rename(folder.join("sub/a"), folder.join("sub/b")).expect("a rename");
        assert_ne!(second, value(&folder));
        let third = value(&folder);
        fs::create_dir_all(folder.join("node_modules")).expect("a folder");
        fs::write(folder.join("node_modules/c"), "3").expect("a file");
        assert_eq!(third, value(&folder));
        fs::remove_dir_all(&folder).expect("the folder goes");
    }
}
