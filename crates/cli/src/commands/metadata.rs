//! `datalake metadata`

use std::collections::BTreeMap;

use clap::Subcommand;
use contract::metadata::{MergeMetadata, Metadata as Tags, ReplaceMetadata};

use super::packages::pair;
use crate::{context::Context, failure::Outcome, output::Column};

/// Metadata.
#[derive(Debug, Subcommand)]
pub(crate) enum Metadata {
    /// Show a package's tags.
    Show {
        /// The package's id.
        package: String,
        /// This version of them.
        #[arg(long, value_name = "N")]
        version: Option<u64>,
    },
    /// Set tags; others stay as they are.
    Set {
        /// The package's id.
        package: String,
        /// The tags.
        #[arg(value_name = "NAME=VALUE", value_parser = pair, required_unless_present = "remove")]
        tags: Vec<(String, String)>,
        /// Take this tag away; may be repeated.
        #[arg(long, value_name = "NAME", conflicts_with = "replace")]
        remove: Vec<String>,
        /// Take all other tags away.
        #[arg(long)]
        replace: bool,
    },
}

const FIELDS: &[Column<Tags>] = &[
    ("version", |tags| tags.version.to_string()),
    ("created_by", |tags| tags.created_by.clone()),
    ("created_at", |tags| tags.created_at.clone()),
    ("tags", |tags| tags.tags.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("\n")),
];

pub(crate) async fn run(context: &Context, command: Metadata) -> Outcome {
    let client = context.client()?;
    let tags = match command {
        Metadata::Show { package, version: None } => client.metadata(&package).await?,
        Metadata::Show { package, version: Some(version) } => client.metadata_version(&package, version).await?,
        Metadata::Set { package, tags, replace: true, .. } => {
            let before = client.metadata(&package).await?.version;
            client.replace_metadata(&package, &ReplaceMetadata { tags: tags.into_iter().collect() }, before).await?
        }
        Metadata::Set { package, tags, remove, replace: false } => {
            let mut changes: BTreeMap<String, Option<String>> = remove.into_iter().map(|name| (name, None)).collect();
            changes.extend(tags.into_iter().map(|(name, value)| (name, Some(value))));
            client.merge_metadata(&package, &MergeMetadata { tags: changes }, None).await?
        }
    };
    context.printer.item(&tags, FIELDS)
}
