//! HiveMQ CE: its jars from Maven Central, in a folder of the tool cache, and the Java that runs them.

use std::fs;

use super::{Found, apt};
use crate::project;
use crate::step::{Failure, Step};

/// What names the jars.
const POM: &str = "tests/brokers/hivemq/pom.xml";
const OLDEST_JAVA: u32 = 11;

pub fn find() -> Result<Found, String> {
    let java = java()?;
    let folder = project::hivemq_folder();
    let jar = format!("hivemq-community-edition-embedded-{}.jar", project::HIVEMQ);
    if !folder.join(jar).is_file() {
        return Err(format!("no HiveMQ {} in the tool cache", project::HIVEMQ));
    }
    Ok(Found {
        version: project::HIVEMQ.to_owned(),
        place: format!("{}, Java {java}", folder.display()),
    })
}

/// The version of the Java that can also compile.
fn java() -> Result<u32, String> {
    let text = project::output_of(project::command("javac").arg("-version"))
        .ok_or("no javac on PATH: HiveMQ needs a JDK")?;
    let version = text
        .trim_start_matches("javac ")
        .split('.')
        .next()
        .and_then(|major| major.parse().ok())
        .unwrap_or(0);
    if version < OLDEST_JAVA {
        return Err(format!(
            "{text} is too old: HiveMQ needs Java {OLDEST_JAVA}"
        ));
    }
    Ok(version)
}

pub fn provide(step: &Step) -> Result<(), Failure> {
    if java().is_err() {
        apt::install(step, &["default-jdk-headless"])?;
    }
    if project::program("mvn").is_none() {
        apt::install(step, &["maven"])?;
    }
    step.tell("getting HiveMQ CE and its libraries from Maven Central (100 MB)");
    let folder = project::hivemq_folder();
    let part = folder.with_extension("part");
    let _ = fs::remove_dir_all(&part);
    step.fetch(
        project::command("mvn")
            .args(["--batch-mode", "--quiet", "--file", POM])
            .arg("dependency:copy-dependencies")
            .arg(format!("-DoutputDirectory={}", part.display())),
    )
    .map_err(|failure| Failure {
        sentence: format!(
            "HiveMQ CE {} cannot be had from Maven Central here; run `mvn --file {POM} dependency:copy-dependencies` by hand to see why.",
            project::HIVEMQ
        ),
        ..failure
    })?;
    let _ = fs::remove_dir_all(&folder);
    fs::rename(&part, &folder).map_err(|error| Failure::io("naming the finished folder", &error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pom_has_the_version_that_is_told() {
        let text = fs::read_to_string(project::root().join(POM)).expect("the pom");
        assert!(text.contains(&format!("<version>{}</version>", project::HIVEMQ)));
    }
}
