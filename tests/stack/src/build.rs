//! The functions that are deployed: those of this very build, stripped and packed as `scripts/package` packs releases, or
//! what it packed, with which a release is tried before it is one.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result, ensure};

/// A program that `cargo build --workspace` put beside this test.
///
/// # Errors
/// If it is not there, with what to do.
pub fn program(name: &str) -> Result<PathBuf> {
    let path = programs()?.join(name);
    ensure!(path.exists(), "{} is not there: run `cargo build --workspace` first", path.display());
    Ok(path)
}

/// The folder of programs: that of this program, or the one above it where this is a test.
pub(crate) fn programs() -> Result<PathBuf> {
    let this = env::current_exe()?;
    let folder = this.parent().context("a program lies in a folder")?;
    let above = if folder.ends_with("deps") { folder.parent() } else { Some(folder) };
    Ok(above.context("a test lies in the target folder")?.to_path_buf())
}

/// The names of all functions: the folders below `functions/` that have a program.
pub(crate) fn functions(tree: &Path) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(tree.join("functions"))? {
        let entry = entry?;
        if entry.path().join("src/main.rs").exists() {
            names.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    names.sort_unstable();
    Ok(names)
}

/// Puts every function into `folder` as `FUNCTION.zip`: from the folder that `DATALAKE_ZIPS` names, else packed anew.
#[expect(clippy::disallowed_methods, reason = "a choice of whoever runs the tests, as which of them run is")]
pub(crate) fn pack(tree: &Path, folder: &Path) -> Result<()> {
    let functions = functions(tree)?;
    ensure!(!functions.is_empty(), "there is no function to deploy");
    if let Some(packed) = env::var_os("DATALAKE_ZIPS").map(PathBuf::from) {
        fs::create_dir_all(folder)?;
        for zip in functions.iter().map(|function| format!("{function}.zip")) {
            fs::copy(packed.join(&zip), folder.join(&zip)).with_context(|| format!("{} in {}", zip, packed.display()))?;
        }
        return Ok(());
    }
    for function in &functions {
        program(&format!("datalake-function-{function}"))?;
    }
    let mut packing = Command::new("python3");
    packing.arg(tree.join("scripts/package.d/pack.py"));
    // Nobody downloads them: fast is better than small.
    packing.args(["--newest-glibc", "9.9", "--level", "1", "--binaries"]).arg(programs()?).arg("--into").arg(folder).args(&functions);
    let output = packing.output().context("install Python 3 and binutils")?;
    ensure!(output.status.success(), "can't pack the functions: {}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}
