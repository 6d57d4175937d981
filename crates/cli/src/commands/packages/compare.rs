//! `datalake packages diff` and `datalake packages verify`

use std::path::PathBuf;

use clap::Args;
use client::Client;
use serde::Serialize;

use crate::{
    commands::transfer::Transfer,
    compare::{Change, Comparison, Difference, compare},
    context::Context,
    failure::{Failure, Outcome},
    output::Column,
    push::walk,
};

/// A folder and the package that it is held against.
#[derive(Debug, Args)]
pub(crate) struct Compare {
    /// The package's id.
    package: String,
    /// The folder.
    folder: PathBuf,
    /// Only paths that begin so.
    #[arg(long)]
    prefix: Option<String>,
    /// List hidden files that only the folder has as well.
    #[arg(long)]
    hidden: bool,
    #[command(flatten)]
    transfer: Transfer,
}

/// Whether a folder holds what the package holds.
#[derive(Debug, Serialize)]
struct Verification {
    /// Files that are the same.
    same: usize,
    /// Files whose hash the package does not know: their size is the same.
    unverified: usize,
    /// Files of the package that the folder lacks.
    missing: usize,
    /// Files that are other ones.
    changed: usize,
    /// Folders of another store that were imported as a whole, and can't be compared.
    folders: usize,
    /// Files of the folder that the package has not; they are no fault.
    further: usize,
}

const DIFFERENCES: &[Column<Difference>] =
    &[("change", |difference| difference.change.name().to_owned()), ("name", |difference| difference.name.clone())];

const VERIFICATION: &[Column<Verification>] = &[
    ("same", |found| found.same.to_string()),
    ("unverified", |found| found.unverified.to_string()),
    ("missing", |found| found.missing.to_string()),
    ("changed", |found| found.changed.to_string()),
    ("folders", |found| found.folders.to_string()),
    ("further", |found| found.further.to_string()),
];

async fn compared(context: &Context, client: &Client, arguments: Compare) -> Outcome<Comparison> {
    let Compare { package, folder, prefix, hidden, transfer } = arguments;
    let walked = tokio::task::spawn_blocking(move || walk(&folder, "", true)).await.map_err(Failure::failed)??;
    for left_out in &walked.left_out {
        context.printer.note(format_args!("left out {left_out}"));
    }
    let mut comparison = compare(client, &package, prefix, walked.files, transfer.parallel).await?;
    // Hidden files of the package are compared like all others.
    let is_hidden = |name: &str| name.split('/').any(|part| part.starts_with('.'));
    comparison.differences.retain(|found| hidden || found.change != Change::OnlyHere || !is_hidden(&found.name));
    Ok(comparison)
}

/// Lists what is not the same; fails if anything is not, as `diff` does.
pub(super) async fn diff(context: &Context, client: &Client, arguments: Compare) -> Outcome {
    let comparison = compared(context, client, arguments).await?;
    context.printer.list(&comparison.differences, DIFFERENCES)?;
    match comparison.differences.iter().filter(|difference| difference.change.differs()).count() {
        0 => Ok(()),
        count => Err(Failure::failed(format!("{count} files differ, {} are the same", comparison.same))),
    }
}

/// Says whether the folder has all of the package, as it is there; names what it lacks on stderr.
pub(super) async fn verify(context: &Context, client: &Client, arguments: Compare) -> Outcome {
    let comparison = compared(context, client, arguments).await?;
    let count = |change: Change| comparison.differences.iter().filter(|difference| difference.change == change).count();
    let found = Verification {
        same: comparison.same,
        unverified: count(Change::Unverified),
        missing: count(Change::OnlyInPackage),
        changed: count(Change::Changed),
        folders: count(Change::Folder),
        further: count(Change::OnlyHere),
    };
    let progress = context.progress();
    for Difference { name, change } in &comparison.differences {
        match change {
            Change::OnlyInPackage => progress.say(&format!("{}: it is missing", name.escape_debug())),
            Change::Changed => progress.say(&format!("{}: its bytes are not those of the package", name.escape_debug())),
            Change::Unverified => progress.say(&format!("{}: the package does not know its hash; its size is right", name.escape_debug())),
            Change::Folder => progress.say(&format!("{}: a folder of another store can't be compared", name.escape_debug())),
            Change::OnlyHere => {}
        }
    }
    context.printer.item(&found, VERIFICATION)?;
    match found.missing + found.changed + found.folders {
        0 => Ok(()),
        wrong => {
            Err(Failure::failed(format!("{wrong} files and folders of the package are not known to be in the folder as they are there")))
        }
    }
}
