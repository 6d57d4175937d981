//! What an operator does to a data folder beside serving it: check, back up, restore, build the index anew, look after jobs.

mod backup;
mod check;
mod inventory;
mod jobs;
mod reindex;
mod restore;

use std::path::Path;

use anyhow::ensure;

pub use app::check::{Finding, Report};
pub use backup::{Label, backup};
pub use check::check;
pub use embedded::jobs::ListedJob;
pub use jobs::jobs;
pub use reindex::reindex;
pub use restore::restore;

use crate::home::TABLES;

/// That there is a data lake in the folder: none is made by looking at it.
fn require_data(folder: &Path) -> anyhow::Result<()> {
    ensure!(folder.join(TABLES).is_file(), "there is no data lake in {}", folder.display());
    Ok(())
}
