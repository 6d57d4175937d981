//! Python packages, for tests that use our API as others do.

use std::{path::PathBuf, process::Command};

use anyhow::Result;

use crate::{once, process::run};

/// A virtual environment with these packages (`boto3==1.43.106`), made once; its programs are in `bin`.
///
/// # Panics
/// If it can't be had, with what to install.
pub fn python_environment(requirements: &[&str]) -> PathBuf {
    environment(requirements).unwrap_or_else(|error| panic!("Python environment: {error:#}"))
}

pub(crate) fn environment(requirements: &[&str]) -> Result<PathBuf> {
    let mut sorted = requirements.to_vec();
    sorted.sort_unstable();
    let plain = |character: char| if character.is_ascii_alphanumeric() || "=.-_".contains(character) { character } else { '_' };
    let name: String = format!("python-{}", sorted.join("+")).chars().map(plain).collect();
    // Its programs name their folder, so it is made where it stays.
    once(&name, |folder| {
        let advice = "install Python 3 with its modules venv and pip";
        run(Command::new("python3").args(["-m", "venv"]).arg(folder), advice)?;
        run(
            Command::new(folder.join("bin/python")).args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]).args(&sorted),
            advice,
        )
    })
}
