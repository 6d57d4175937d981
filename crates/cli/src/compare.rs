//! A folder held against a package.

use std::collections::BTreeMap;

use client::{Client, datasets::DatasetFilter};
use contract::datasets::Dataset;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use serde::Serialize;

use crate::{
    failure::{Failure, Outcome},
    push::{LocalFile, composed},
    sha256,
};

/// What is other about a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Change {
    /// The folder has it, the package has not.
    OnlyHere,
    /// The package has it, the folder has not.
    OnlyInPackage,
    /// Both have it, with other content.
    Changed,
    /// Both have it with the same size; the package does not know its hash.
    Unverified,
    /// A folder of another store that was imported as a whole: its files are not listed, and not compared.
    Folder,
}

impl Change {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::OnlyHere => "only_here",
            Self::OnlyInPackage => "only_in_package",
            Self::Changed => "changed",
            Self::Unverified => "unverified",
            Self::Folder => "folder",
        }
    }

    /// Whether it is known that folder and package are not the same.
    pub(crate) fn differs(self) -> bool {
        matches!(self, Self::OnlyHere | Self::OnlyInPackage | Self::Changed)
    }
}

/// A file that is not the same in both.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Difference {
    /// Its path.
    pub(crate) name: String,
    /// What is other.
    pub(crate) change: Change,
}

/// What was found, by path.
#[derive(Debug, Default)]
pub(crate) struct Comparison {
    /// What is not the same.
    pub(crate) differences: Vec<Difference>,
    /// How many files are.
    pub(crate) same: usize,
}

/// Holds `files` against what the package has below `prefix`; at most `parallel` files are read at a time.
pub(crate) async fn compare(
    client: &Client,
    package: &str,
    prefix: Option<String>,
    files: Vec<LocalFile>,
    parallel: usize,
) -> Outcome<Comparison> {
    let prefix = prefix.map(|prefix| composed(&prefix));
    let files = files.into_iter().filter(|file| prefix.as_ref().is_none_or(|prefix| file.name.starts_with(prefix)));
    let mut files: BTreeMap<String, LocalFile> = files.map(|file| (file.name.clone(), file)).collect();
    let filter = DatasetFilter { prefix: prefix.clone(), state: None };
    let datasets: Vec<Dataset> = client.datasets(package, &filter).try_collect().await?;
    let mut comparison = Comparison::default();
    let mut pairs = Vec::new();
    for dataset in datasets {
        let name = composed(&dataset.name);
        if dataset.kind == "prefix" {
            files.retain(|file, _| !file.strip_prefix(&name).is_some_and(|rest| rest.starts_with('/')));
            comparison.differences.push(Difference { name: dataset.name, change: Change::Folder });
            continue;
        }
        match files.remove(&name) {
            Some(file) => pairs.push((file, dataset)),
            None => comparison.differences.push(Difference { name: dataset.name, change: Change::OnlyInPackage }),
        }
    }
    comparison.differences.extend(files.into_keys().map(|name| Difference { name, change: Change::OnlyHere }));
    let changes = stream::iter(pairs).map(|(file, dataset)| held_against(file, dataset)).buffer_unordered(parallel.max(1));
    let changes: Vec<Option<Difference>> = changes.try_collect().await?;
    comparison.same = changes.iter().filter(|change| change.is_none()).count();
    comparison.differences.extend(changes.into_iter().flatten());
    comparison.differences.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(comparison)
}

async fn held_against(file: LocalFile, dataset: Dataset) -> Outcome<Option<Difference>> {
    let change = if file.size != dataset.size {
        Some(Change::Changed)
    } else if let Some(expected) = dataset.sha256 {
        let hashed = tokio::task::spawn_blocking(move || sha256::of_file(&file.path).map_err(|error| (file.path, error)));
        let (hash, _) =
            hashed.await.map_err(Failure::failed)?.map_err(|(path, error)| Failure::file(format!("read {}", path.display()), &error))?;
        (hash != expected).then_some(Change::Changed)
    } else {
        Some(Change::Unverified)
    };
    Ok(change.map(|change| Difference { name: dataset.name, change }))
}
