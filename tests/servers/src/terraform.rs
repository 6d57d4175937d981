//! Terraform's provider where it can't be fetched: an unpacked folder of plugins somewhere on the machine.

use std::{fs, path::PathBuf, process::Command};

use anyhow::{Context as _, Result};

use crate::once;

/// The provider's version that every root's lock file names.
const PROVIDER: &str = "terraform-provider-aws_v5.100.0*";

/// What `terraform init -plugin-dir=` wants, if the machine has one; else the registry is asked. Looked for once.
///
/// # Errors
/// If the machine can't be searched.
pub fn terraform_plugins() -> Result<Option<PathBuf>> {
    let folder = once("terraform-plugins", |folder| {
        let mut find = Command::new("find");
        find.args(["/", "-xdev", "-maxdepth", "10", "-type", "f", "-name", PROVIDER]);
        find.args(["-not", "-path", "/proc/*", "-not", "-path", "*/.terraform/*", "-print", "-quit"]);
        // Folders that may not be read make it fail, whatever it found.
        let found = find.output().context("install findutils")?.stdout;
        let provider = PathBuf::from(String::from_utf8(found)?.trim());
        // Above platform, version, name, namespace and host.
        let plugins = provider.ancestors().nth(6).map(|folder| folder.to_string_lossy().into_owned());
        Ok(fs::write(folder.join("found"), plugins.unwrap_or_default())?)
    })?;
    let found = PathBuf::from(fs::read_to_string(folder.join("found"))?);
    Ok(found.is_dir().then_some(found))
}
