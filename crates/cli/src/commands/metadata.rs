//! `datalake metadata`

use std::collections::BTreeMap;

use clap::Subcommand;
use contract::metadata::{ChangedTag, MergeMetadata, Metadata as Tags, MetadataVersion, ReplaceMetadata, TagChanges};
use futures::TryStreamExt as _;

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
    /// Show who changed a package's tags, when, and how; newest first.
    History {
        /// The package's id.
        package: String,
    },
    /// Show what is other in one version of a package's tags than in another.
    Diff {
        /// The package's id.
        package: String,
        /// The one version.
        #[arg(value_name = "FROM")]
        from: u64,
        /// The other one; the current one if absent.
        #[arg(value_name = "TO")]
        to: Option<u64>,
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
    ("tags", |tags| pairs(&tags.tags).join("\n")),
];

const VERSIONS: &[Column<MetadataVersion>] = &[
    ("version", |version| version.version.to_string()),
    ("created_at", |version| version.created_at.clone()),
    ("created_by", |version| version.created_by.clone()),
    ("added", |version| pairs(&version.changes.added).join(", ")),
    ("changed", |version| changed(&version.changes).join(", ")),
    ("removed", |version| pairs(&version.changes.removed).join(", ")),
];

const CHANGES: &[Column<TagChanges>] = &[
    ("added", |changes| pairs(&changes.added).join("\n")),
    ("changed", |changes| changed(changes).join("\n")),
    ("removed", |changes| pairs(&changes.removed).join("\n")),
];

fn pairs(tags: &BTreeMap<String, String>) -> Vec<String> {
    tags.iter().map(|(name, value)| format!("{name}={value}")).collect()
}

fn changed(changes: &TagChanges) -> Vec<String> {
    changes.changed.iter().map(|(name, ChangedTag { old, new })| format!("{name}={old} -> {new}")).collect()
}

pub(crate) async fn run(context: &Context, command: Metadata) -> Outcome {
    let client = context.client()?;
    let tags = match command {
        Metadata::Show { package, version: None } => client.metadata(&package).await?,
        Metadata::Show { package, version: Some(version) } => client.metadata_version(&package, version).await?,
        Metadata::History { package } => {
            let versions: Vec<MetadataVersion> = client.metadata_versions(&package).try_collect().await?;
            return context.printer.list(&versions, VERSIONS);
        }
        Metadata::Diff { package, from, to } => {
            let before = client.metadata_version(&package, from).await?.tags;
            let after = match to {
                Some(version) => client.metadata_version(&package, version).await?.tags,
                None => client.metadata(&package).await?.tags,
            };
            return context.printer.item(&TagChanges::between(&before, &after), CHANGES);
        }
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
