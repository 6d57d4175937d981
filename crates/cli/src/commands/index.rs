//! `datalake index`

use clap::Subcommand;
use client::Client;
use contract::search::Reindex;

use super::wait::while_running;
use crate::{
    context::Context,
    failure::{Failure, FailureKind, Outcome},
    output::Column,
};

/// The search index: it follows every change by itself; this is for administrators who do not trust that.
#[derive(Debug, Subcommand)]
pub(crate) enum Index {
    /// Index a package now, as it is.
    Put {
        /// The package's id.
        package: String,
    },
    /// Remove a package from the index now. The package stays, and is found again once it changes.
    Remove {
        /// The package's id.
        package: String,
    },
    /// Build the whole index anew. The old one answers searches until the new one stands.
    Rebuild {
        /// Wait until it is done.
        #[arg(long)]
        wait: bool,
    },
    /// Show how far the rebuild of the index is, or how the last one ended.
    Status,
}

const FIELDS: &[Column<Reindex>] = &[
    ("state", |reindex| reindex.state.clone()),
    ("done", |reindex| reindex.done.to_string()),
    ("total", |reindex| reindex.total.map(|total| total.to_string()).unwrap_or_default()),
    ("failed", |reindex| reindex.failed.to_string()),
    ("failure", |reindex| reindex.failure.clone().unwrap_or_default()),
    ("started_by", |reindex| reindex.started_by.clone().unwrap_or_default()),
    ("started_at", |reindex| reindex.started_at.clone()),
    ("updated_at", |reindex| reindex.updated_at.clone()),
];

pub(crate) async fn run(context: &Context, command: Index) -> Outcome {
    let client = context.client()?;
    match command {
        Index::Put { package } => Ok(client.index_package(&package).await?),
        Index::Remove { package } => Ok(client.unindex_package(&package).await?),
        Index::Status => context.printer.item(&client.reindex().await?, FIELDS),
        Index::Rebuild { wait } => {
            let mut reindex = client.start_reindex().await?;
            if wait {
                reindex = wait_for(&client, reindex).await?;
            }
            context.printer.item(&reindex, FIELDS)?;
            check(&reindex)
        }
    }
}

/// Waits until the rebuild has ended.
async fn wait_for(client: &Client, reindex: Reindex) -> Outcome<Reindex> {
    while_running(reindex, |reindex| &reindex.state, async || Ok(client.reindex().await?)).await
}

fn check(reindex: &Reindex) -> Outcome {
    match reindex.state.as_str() {
        "failed" => {
            Err(Failure::failed(format!("The index was not built: {}", reindex.failure.as_deref().unwrap_or("no reason was given"))))
        }
        "done" if reindex.failed > 0 => Err(Failure::new(
            FailureKind::Partial,
            format!("{} of {} packages are tried again on their own.", reindex.failed, reindex.done),
        )),
        _ => Ok(()),
    }
}
