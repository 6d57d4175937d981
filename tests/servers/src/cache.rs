//! The folder of what was fetched or built once.

use std::{
    env,
    fs::{self, File},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};

/// The cache folder.
///
/// # Errors
/// If neither `XDG_CACHE_HOME` nor `HOME` is set.
#[expect(clippy::disallowed_methods, reason = "this crate finds what a machine has: it reads the environment of the tests")]
pub fn cache_folder() -> Result<PathBuf> {
    let given = |name| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let base = given("XDG_CACHE_HOME").or_else(|| Some(given("HOME")?.join(".cache")));
    Ok(base.context("set HOME or XDG_CACHE_HOME: tests keep their servers there")?.join("datalake"))
}

/// The folder `name` of the cache, filled by `fill` if it isn't complete; tests that run side by side fill it once.
///
/// # Errors
/// Those of `fill`, and if the cache folder can't be written.
pub fn once(name: &str, fill: impl FnOnce(&Path) -> Result<()>) -> Result<PathBuf> {
    let cache = cache_folder()?;
    fs::create_dir_all(&cache).with_context(|| format!("can't make the cache folder {}", cache.display()))?;
    let folder = cache.join(name);
    let complete = folder.join(".complete");
    // Taken back by the system when the file is closed, also if this process is killed.
    let lock = File::create(cache.join(format!("{name}.lock")))?;
    lock.lock()?;
    if !complete.exists() {
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        fs::create_dir_all(&folder)?;
        fill(&folder)?;
        File::create(complete)?;
    }
    Ok(folder)
}
