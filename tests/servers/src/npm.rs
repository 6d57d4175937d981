//! Packages of the npm registry, for tests over real data.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::Result;

use crate::{once, process::run};

/// The unpacked content of an npm package, fetched once.
///
/// # Panics
/// If it can't be had, with what to install.
pub fn npm_package(name: &str, version: &str) -> PathBuf {
    let fetched = once(&format!("npm-{name}-{version}"), |folder| fetch(name, version, folder));
    fetched.unwrap_or_else(|error| panic!("npm package {name}: {error:#}")).join("package")
}

fn fetch(name: &str, version: &str, folder: &Path) -> Result<()> {
    let pack = ["pack", "--silent", &format!("{name}@{version}")].map(str::to_owned);
    run(Command::new("npm").args(pack).current_dir(folder), "install Node.js with npm")?;
    let archive = format!("{name}-{version}.tgz");
    run(Command::new("tar").args(["-xzf", &archive]).current_dir(folder), "install tar")
}
