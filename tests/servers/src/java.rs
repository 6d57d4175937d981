//! Java, and libraries by Maven.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context, Result, bail, ensure};

/// A Java runtime of at least version `minimum`: `JAVA_HOME`, the `PATH`, then the usual folders.
///
/// # Errors
/// If there is none, with what to install.
#[expect(clippy::disallowed_methods, reason = "this crate finds what a machine has: it reads the environment of the tests")]
pub fn java(minimum: u32) -> Result<PathBuf> {
    let mut candidates: Vec<PathBuf> = env::var_os("JAVA_HOME").map(|home| Path::new(&home).join("bin/java")).into_iter().collect();
    candidates.push("java".into());
    for (folder, below) in [("/usr/lib/jvm", "bin/java"), ("/Library/Java/JavaVirtualMachines", "Contents/Home/bin/java")] {
        let homes = fs::read_dir(folder).into_iter().flatten().flatten();
        candidates.extend(homes.map(|home| home.path().join(below)));
    }
    let fits = |java: &PathBuf| version(java).is_some_and(|version| version >= minimum);
    candidates.into_iter().find(fits).with_context(|| format!("install a Java runtime, version {minimum} or later"))
}

/// The major version, from a text like `openjdk version "17.0.15" 2025-04-15`.
fn version(java: &Path) -> Option<u32> {
    let output = Command::new(java).arg("-version").stdin(Stdio::null()).output().ok()?;
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    let quoted = text.split('"').nth(1)?;
    quoted.split(['.', '-', '+']).next()?.parse().ok()
}

/// The folder of a Java runtime of at least version `minimum`, as `JAVA_HOME` names it.
///
/// # Errors
/// If there is none, with what to install.
pub fn java_home(minimum: u32) -> Result<PathBuf> {
    let java = java(minimum)?;
    let output = Command::new(&java).args(["-XshowSettings:properties", "-version"]).stdin(Stdio::null()).output()?;
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    let home = told.lines().find_map(|line| line.trim().strip_prefix("java.home = "));
    home.map(PathBuf::from).with_context(|| format!("{} does not tell its folder", java.display()))
}

/// Puts one file (`group:artifact:version:type`) into `folder`.
///
/// # Errors
/// If Maven isn't there or can't fetch it.
pub fn maven_file(artifact: &str, folder: &Path) -> Result<()> {
    let mut maven = Command::new("mvn");
    maven.args(["-q", "-B", "dependency:copy", &format!("-Dartifact={artifact}")]).arg(format!("-DoutputDirectory={}", folder.display()));
    let output = maven.current_dir(folder).stdin(Stdio::null()).output().context("install Maven (the command mvn)")?;
    ensure!(output.status.success(), "Maven could not fetch {artifact}: {}", String::from_utf8_lossy(&output.stdout));
    Ok(())
}

/// Puts a library (`group:artifact:version`) and all that it depends on into `folder`.
///
/// # Errors
/// If Maven isn't there or can't fetch it.
pub fn maven_dependencies(coordinates: &str, folder: &Path) -> Result<()> {
    let [group, artifact, version] = coordinates.split(':').collect::<Vec<_>>()[..] else {
        bail!("{coordinates} is not group:artifact:version")
    };
    let project = tempfile::tempdir()?;
    let pom = format!(
        "<project><modelVersion>4.0.0</modelVersion>\
         <groupId>datalake.tests</groupId><artifactId>servers</artifactId><version>1</version><dependencies><dependency>\
         <groupId>{group}</groupId><artifactId>{artifact}</artifactId><version>{version}</version>\
         </dependency></dependencies></project>"
    );
    fs::write(project.path().join("pom.xml"), pom)?;
    let mut maven = Command::new("mvn");
    maven.args(["-q", "-B", "dependency:copy-dependencies"]).arg(format!("-DoutputDirectory={}", folder.display()));
    let output = maven.current_dir(project.path()).stdin(Stdio::null()).output().context("install Maven (the command mvn)")?;
    ensure!(output.status.success(), "Maven could not fetch {coordinates}: {}", String::from_utf8_lossy(&output.stdout));
    Ok(())
}
