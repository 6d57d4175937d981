//! `datalake exports`

use std::{collections::BTreeSet, path::PathBuf};

use clap::{Args, Subcommand};
use client::{Client, credentials::Credential};
use contract::cart::{Export, ManifestLink, Revoked};
use futures::TryStreamExt as _;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

use super::transfer::{Transfer, show_pull};
use super::wait::while_running;
use crate::{
    context::Context,
    failure::{Failure, Outcome},
    output::Column,
    paths::folder_name,
    pull::{ObjectStore, Pull, PullReport, manifest},
};

/// Entries of a manifest that are read ahead.
const AHEAD: usize = 1000;

/// Exports.
#[derive(Debug, Subcommand)]
pub(crate) enum Exports {
    /// List your exports, newest first.
    List,
    /// Show an export.
    Show {
        /// The export's id.
        export: String,
    },
    /// Wait until an export is there, and show it.
    Watch {
        /// The export's id.
        export: String,
    },
    /// Pull what an export names: a folder a package, each file verified.
    Pull(PullExport),
    /// Take an export back: its manifests and links stop working.
    Revoke {
        /// The export's id.
        export: String,
    },
    /// Start a failed export again.
    Retry {
        /// The export's id.
        export: String,
    },
}

/// Pull what an export names.
#[derive(Debug, Args)]
pub(crate) struct PullExport {
    /// The export's id. One that is still running is waited for.
    export: String,
    /// The folder; it gets a folder for each package, named like it. Format `bucket-key` asks the object store itself
    /// and needs an API key and `--object-endpoint`.
    folder: PathBuf,
    #[command(flatten)]
    transfer: Transfer,
}

const LIST: &[Column<Export>] = &[
    ("id", |export| export.id.clone()),
    ("format", |export| export.format.clone()),
    ("state", |export| export.state.clone()),
    ("packages", |export| export.packages.len().to_string()),
    ("entries", |export| export.written.entries.to_string()),
    ("bytes", |export| export.written.bytes.to_string()),
    ("skipped", |export| export.skipped_count.to_string()),
    ("expires_at", |export| export.expires_at.clone().unwrap_or_default()),
];

/// What is shown of one export. Manifests' URLs are left to the forms for programs: whoever has one can use it.
pub(super) const FIELDS: &[Column<Export>] = &[
    ("id", |export| export.id.clone()),
    ("format", |export| export.format.clone()),
    ("state", |export| export.state.clone()),
    ("failure", |export| export.failure.clone().unwrap_or_default()),
    ("packages", |export| export.packages.join("\n")),
    ("expected", |export| format!("{} files, {} bytes", export.expected.entries, export.expected.bytes)),
    ("written", |export| format!("{} files, {} bytes", export.written.entries, export.written.bytes)),
    ("skipped", |export| {
        let skipped = export
            .skipped
            .iter()
            .map(|skipped| format!("{} {}: {}", skipped.package_id, skipped.dataset_id.as_deref().unwrap_or_default(), skipped.reason));
        std::iter::once(export.skipped_count.to_string()).chain(skipped).collect::<Vec<_>>().join("\n")
    }),
    ("followed", |export| export.followed.to_string()),
    ("expires_at", |export| export.expires_at.clone().unwrap_or_default()),
    ("created_at", |export| export.created_at.clone()),
];

const REVOKED: &[Column<Revoked>] =
    &[("id", |revoked| revoked.id.clone()), ("urls_live_until", |revoked| revoked.urls_live_until.clone().unwrap_or_default())];

pub(crate) async fn run(context: &Context, command: Exports) -> Outcome {
    let client = context.client()?;
    match command {
        Exports::List => {
            let exports: Vec<Export> = client.exports().try_collect().await?;
            context.printer.list(&exports, LIST)
        }
        Exports::Show { export } => context.printer.item(&client.export(&export).await?, FIELDS),
        Exports::Watch { export } => {
            let export = wait(&client, client.export(&export).await?).await?;
            context.printer.item(&export, FIELDS)?;
            check(&export)
        }
        Exports::Pull(arguments) => Box::pin(pull(context, &client, arguments)).await,
        Exports::Revoke { export } => context.printer.item(&client.revoke_export(&export).await?, REVOKED),
        Exports::Retry { export } => context.printer.item(&client.retry_export(&export).await?, FIELDS),
    }
}

/// Waits until the export is there, or failed.
pub(super) async fn wait(client: &Client, export: Export) -> Outcome<Export> {
    let id = export.id.clone();
    while_running(export, |export| &export.state, async || Ok(client.export(&id).await?)).await
}

/// An export that failed is a failure.
pub(super) fn check(export: &Export) -> Outcome {
    match export.state.as_str() {
        "failed" => Err(Failure::failed(format!("The export failed: {}", export.failure.as_deref().unwrap_or("no reason was given")))),
        _ => Ok(()),
    }
}

async fn pull(context: &Context, client: &Client, arguments: PullExport) -> Outcome {
    let export = wait(client, client.export(&arguments.export).await?).await?;
    check(&export)?;
    if export.state != "ready" {
        return Err(Failure::failed(format!("The export is {}.", export.state)));
    }
    let objects = if export.format == "bucket-key" { Some(object_store(context, client).await?) } else { None };
    // Only manifests of packages; the index beside them says the same.
    let mut links: Vec<ManifestLink> = export.manifests.into_iter().filter(|link| link.package_id.is_some()).collect();
    // In the same order each time, so that a package of a name taken finds its folder again.
    links.sort_by(|a, b| a.package_id.cmp(&b.package_id));
    let progress = context.progress();
    let mut report = PullReport::default();
    let mut taken = BTreeSet::new();
    for link in links {
        let file = manifest::fetch(client, &arguments.folder, &link).await?;
        let reading = file.clone();
        let head = tokio::task::spawn_blocking(move || manifest::head(&reading)).await.map_err(Failure::failed)??;
        let id = folder_name(&head.package.id, "package");
        let mut folder = folder_name(&head.package.name, &id);
        if !taken.insert(folder.to_lowercase()) {
            folder = format!("{folder} {id}");
        }
        let (root, parallel) = (arguments.folder.clone(), arguments.transfer.parallel);
        let pulling = Pull { client, objects: objects.clone(), root, folder, parallel, progress: progress.clone() };
        let pulled = Box::pin(pull_manifest(&pulling, file.clone())).await;
        // Its URLs are nobody's business any more.
        let _ = tokio::fs::remove_file(&file).await;
        report.add(pulled?);
        for skipped in &head.skipped {
            progress.say(&format!("the export left out {}: {}", skipped.dataset_id.as_deref().unwrap_or("all"), skipped.reason));
        }
    }
    progress.finish();
    show_pull(context, &report)
}

async fn pull_manifest(pull: &Pull<'_>, file: PathBuf) -> Outcome<PullReport> {
    let (sender, receiver) = mpsc::channel(AHEAD);
    let reading = tokio::task::spawn_blocking(move || manifest::send_entries(&file, &sender));
    let report = pull.run(ReceiverStream::new(receiver)).await;
    // A manifest that is incomplete is worse than a file that failed: it is said first.
    reading.await.map_err(Failure::failed)??;
    report
}

async fn object_store(context: &Context, client: &Client) -> Outcome<ObjectStore> {
    let Credential::Key(key) = client.credential().await? else {
        return Err(Failure::usage("An export of format bucket-key is pulled with an API key: sign in with `datalake login --key`."));
    };
    let endpoint = context.object_endpoint().ok_or_else(|| {
        Failure::usage("Say the object store's address: --object-endpoint, DATALAKE_OBJECT_ENDPOINT or `datalake configure`.")
    })?;
    Ok(ObjectStore { endpoint, region: client.region().to_owned(), key })
}
