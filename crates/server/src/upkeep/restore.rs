//! `datalake-server restore`.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::Context as _;

use super::backup::{LABEL, Label, copy, label, make_folder, prepare, sync_folder, write};
use crate::home::RESTORING;

/// Makes the data folder `folder`, which is empty or not there yet, out of a backup. Blocks.
///
/// # Errors
/// If `backup` is none, or something can't be copied; no server opens `folder` then.
pub fn restore(backup: &Path, folder: &Path) -> anyhow::Result<Label> {
    let label = label(backup)?;
    prepare(folder)?;
    let marker = folder.join(RESTORING);
    write(&marker, &[]).with_context(|| format!("can't write {}", marker.display()))?;
    sync_folder(folder)?;
    let mut open = vec![PathBuf::new()];
    while let Some(below) = open.pop() {
        let target = folder.join(&below);
        make_folder(&target)?;
        for entry in fs::read_dir(backup.join(&below)).with_context(|| format!("can't read {}", backup.display()))? {
            let entry = entry?;
            let place = below.join(entry.file_name());
            if entry.file_type()?.is_dir() {
                open.push(place);
            } else if place != Path::new(LABEL) {
                copy(&entry.path(), &folder.join(&place), None).with_context(|| format!("can't copy {}", place.display()))?;
            }
        }
        sync_folder(&target)?;
    }
    fs::remove_file(&marker)?;
    sync_folder(folder)?;
    Ok(label)
}
