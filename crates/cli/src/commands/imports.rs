//! `datalake imports`

use std::path::PathBuf;

use clap::{Args, Subcommand};
use client::Client;
use contract::imports::{Import, ImportEntry, ImportFailure, StartImport};
use futures::TryStreamExt as _;

use super::wait::while_running;
use crate::{
    context::Context,
    failure::{Failure, FailureKind, Outcome},
    output::Column,
};

/// The greatest manifest that fits into a request.
const INLINE_LIMIT: u64 = 3 * 1024 * 1024;

/// Imports: existing objects that become datasets where they are.
#[derive(Debug, Subcommand)]
pub(crate) enum Imports {
    /// Import what a manifest names, or single objects and folders.
    Start(Start),
    /// List a package's imports, newest first.
    List {
        /// The package's id.
        package: String,
    },
    /// Show an import.
    Status(Named),
    /// Wait until an import is done, and show it.
    Watch(Named),
    /// List the entries that could not be taken; `--output csv` makes a file of them.
    Failures(Named),
}

/// Import what a manifest names, or single objects and folders.
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("what").required(true))]
pub(crate) struct Start {
    /// The package's id.
    package: String,
    /// A manifest of at most 3 MiB: JSON, or CSV with lines `bucket,key[,version]`.
    #[arg(long, group = "what", value_name = "FILE")]
    manifest: Option<PathBuf>,
    /// A manifest of any size that was uploaded into the package: the dataset's id.
    #[arg(long, group = "what", value_name = "ID")]
    dataset: Option<String>,
    /// Objects (`s3://bucket/key`) and folders (`s3://bucket/folder/`).
    #[arg(long, group = "what", value_name = "URL", num_args = 1..)]
    url: Vec<String>,
    /// Wait until it is done.
    #[arg(long)]
    wait: bool,
}

/// An import of a package.
#[derive(Debug, Args)]
pub(crate) struct Named {
    /// The package's id.
    package: String,
    /// The import's id.
    import: String,
}

const LIST: &[Column<Import>] = &[
    ("id", |import| import.id.clone()),
    ("state", |import| import.state.clone()),
    ("read", |import| import.read.to_string()),
    ("added", |import| import.added.to_string()),
    ("skipped", |import| import.skipped.to_string()),
    ("failed", |import| import.failed.to_string()),
    ("created_at", |import| import.created_at.clone()),
];

const FIELDS: &[Column<Import>] = &[
    ("id", |import| import.id.clone()),
    ("state", |import| import.state.clone()),
    ("failure", |import| import.failure.clone().unwrap_or_default()),
    ("dataset_id", |import| import.dataset_id.clone().unwrap_or_default()),
    ("read", |import| import.read.to_string()),
    ("added", |import| import.added.to_string()),
    ("skipped", |import| import.skipped.to_string()),
    ("failed", |import| import.failed.to_string()),
    ("created_by", |import| import.created_by.clone()),
    ("created_at", |import| import.created_at.clone()),
    ("updated_at", |import| import.updated_at.clone()),
];

const FAILURES: &[Column<ImportFailure>] = &[
    ("line", |failure| failure.line.to_string()),
    ("code", |failure| failure.code.clone()),
    ("reason", |failure| failure.reason.clone()),
    ("entry", |failure| failure.entry.clone()),
];

pub(crate) async fn run(context: &Context, command: Imports) -> Outcome {
    let client = context.client()?;
    match command {
        Imports::Start(arguments) => {
            let mut import = start(&client, &arguments).await?;
            if arguments.wait {
                import = wait(&client, &arguments.package, import).await?;
            }
            context.printer.item(&import, FIELDS)?;
            check(&import)
        }
        Imports::List { package } => {
            let imports: Vec<Import> = client.imports(&package).try_collect().await?;
            context.printer.list(&imports, LIST)
        }
        Imports::Status(named) => context.printer.item(&client.import(&named.package, &named.import).await?, FIELDS),
        Imports::Watch(named) => {
            let import = client.import(&named.package, &named.import).await?;
            let import = wait(&client, &named.package, import).await?;
            context.printer.item(&import, FIELDS)?;
            check(&import)
        }
        Imports::Failures(named) => {
            let failures: Vec<ImportFailure> = client.import_failures(&named.package, &named.import).try_collect().await?;
            context.printer.list(&failures, FAILURES)
        }
    }
}

async fn start(client: &Client, arguments: &Start) -> Outcome<Import> {
    let package = &arguments.package;
    let Some(path) = &arguments.manifest else {
        let entries: Vec<ImportEntry> = arguments.url.iter().map(|url| entry(url)).collect();
        let version = (!entries.is_empty()).then_some(1);
        let entries = (!entries.is_empty()).then_some(entries);
        let body = StartImport { dataset_id: arguments.dataset.clone(), version, entries, ..StartImport::default() };
        return Ok(client.start_import(package, &body).await?);
    };
    let size = std::fs::metadata(path).map_err(|error| Failure::file(path.display(), &error))?.len();
    if size > INLINE_LIMIT {
        let advice = "Upload it with `datalake datasets upload` and name it with --dataset.";
        return Err(Failure::usage(format!("{} has more than 3 MiB. {advice}", path.display())));
    }
    let manifest = std::fs::read(path).map_err(|error| Failure::file(path.display(), &error))?;
    let json = manifest.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'{');
    Ok(client.import_manifest(package, manifest, if json { "application/json" } else { "text/csv" }).await?)
}

fn entry(url: &str) -> ImportEntry {
    if url.ends_with('/') {
        ImportEntry { prefix: Some(url.to_owned()), ..ImportEntry::default() }
    } else {
        ImportEntry { url: Some(url.to_owned()), ..ImportEntry::default() }
    }
}

/// Waits until the import has ended.
async fn wait(client: &Client, package: &str, import: Import) -> Outcome<Import> {
    let id = import.id.clone();
    while_running(import, |import| &import.state, async || Ok(client.import(package, &id).await?)).await
}

/// An import that ended before its manifest did is a failure; one of which entries failed went well in part.
fn check(import: &Import) -> Outcome {
    match import.state.as_str() {
        "failed" => Err(Failure::failed(format!("The import failed: {}", import.failure.as_deref().unwrap_or("no reason was given")))),
        "done" if import.failed > 0 => {
            let advice = format!("`datalake imports failures` lists them for {}.", import.id);
            Err(Failure::new(FailureKind::Partial, format!("{} of {} entries failed. {advice}", import.failed, import.read)))
        }
        _ => Ok(()),
    }
}
