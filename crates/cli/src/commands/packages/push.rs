//! `datalake packages push`

use std::{collections::BTreeMap, path::PathBuf};

use clap::Args;
use client::{Client, PackageFilter};
use contract::{
    metadata::MergeMetadata,
    packages::{ChangePackage, CreatePackage, Package},
};
use futures::{TryStreamExt as _, future};

use super::Description;
use crate::{
    commands::transfer::{Transfer, show_push},
    context::Context,
    failure::{Failure, Outcome},
    push::{Push, composed, descriptor, walk},
};

/// Push a folder: create a package of it, or bring one up to date.
///
/// Without `--package` and `--update` a new package is made. To go on after an interruption, or to bring a package up to
/// date later, name it by `--package`, or say `--update`: then it is your package of that name, and it is made if there
/// is none. Files that the package holds with the same path, size and SHA-256 are not sent again, parts of large files
/// that arrived neither. Files that are only in the package stay there.
///
/// A `datapackage.json` (Frictionless Data Package) in the folder gives title, description, licences, keywords,
/// contributors and sources; options go before it. Without it and `--name`, the package is called like the folder.
#[derive(Debug, Args)]
pub(crate) struct PushFolder {
    /// The folder.
    folder: PathBuf,
    /// The package's name.
    #[arg(long)]
    name: Option<String>,
    #[command(flatten)]
    description: Description,
    /// Push into this package.
    #[arg(long, value_name = "PACKAGE_ID", conflicts_with = "update")]
    package: Option<String>,
    /// Push into your package of that name; make it if there is none.
    #[arg(long)]
    update: bool,
    /// Push hidden files and folders as well.
    #[arg(long)]
    hidden: bool,
    #[command(flatten)]
    transfer: Transfer,
}

pub(super) async fn run(context: &Context, client: &Client, arguments: PushFolder) -> Outcome {
    let folder = arguments.folder;
    let walked = {
        let (folder, hidden) = (folder.clone(), arguments.hidden);
        tokio::task::spawn_blocking(move || walk(&folder, "", hidden)).await.map_err(Failure::failed)??
    };
    for left_out in &walked.left_out {
        context.printer.note(format_args!("left out {left_out}"));
    }
    let described = descriptor::read(&folder)?;
    let named = arguments.name.clone();
    let mut wish = described.clone().unwrap_or_default();
    if let Some(name) = named.clone() {
        wish.name = name;
        wish.title = None;
    }
    if wish.name.is_empty() && wish.title.is_none() {
        wish.name = folder_name(&folder)?;
    }
    // As the service keeps them: else `--update` would miss the package of a decomposed name, and make another.
    wish.name = composed(wish.name.trim());
    wish.title = wish.title.map(|title| composed(title.trim()));
    arguments.description.describe(&mut wish);

    let found = match (&arguments.package, arguments.update) {
        (Some(id), _) => Some(client.package(id).await?),
        (None, true) => find(client, wish.title.as_deref().unwrap_or(&wish.name)).await?,
        (None, false) => None,
    };
    let package = match found {
        Some(package) => bring_up_to_date(client, package, wish, named.is_some() || described.is_some()).await?,
        None => {
            let package = client.create_package(&wish).await?;
            context.printer.note(format_args!("Created {} '{}'.", package.id, package.name.escape_debug()));
            package
        }
    };

    let push = Push::new(client, &package.id, arguments.transfer.parallel, context.progress());
    let report = Box::pin(push.run(walked.files)).await.and_then(|report| show_push(context, &report));
    if report.is_err() {
        context.printer.note(format_args!("To go on: datalake packages push {} --package {}", folder.display(), package.id));
    }
    report
}

/// The caller's package of that name.
async fn find(client: &Client, name: &str) -> Outcome<Option<Package>> {
    let filter = PackageFilter::default();
    let found: Vec<Package> = client.packages(&filter).try_filter(|package| future::ready(package.name == name)).try_collect().await?;
    match found.len() {
        0 | 1 => Ok(found.into_iter().next()),
        count => Err(Failure::usage(format!("You have {count} packages named '{}'. Say which by --package.", name.escape_debug()))),
    }
}

/// Changes what is said otherwise by options or descriptor; what they don't speak of stays.
async fn bring_up_to_date(client: &Client, package: Package, wish: CreatePackage, rename: bool) -> Outcome<Package> {
    let mut tags: BTreeMap<String, String> = descriptor::tags(&wish);
    tags.extend(wish.metadata);
    let before = package.metadata.clone().unwrap_or_default();
    let tags: BTreeMap<String, Option<String>> =
        tags.into_iter().filter(|(name, value)| before.get(name) != Some(value)).map(|(name, value)| (name, Some(value))).collect();
    if !tags.is_empty() {
        client.merge_metadata(&package.id, &MergeMetadata { tags }, None).await?;
    }
    let change = change_of(&package, rename.then(|| wish.title.unwrap_or(wish.name)), wish.description, wish.visibility, wish.groups);
    if change == ChangePackage::default() {
        return Ok(package);
    }
    Ok(client.change_package(&package.id, &change, None).await?)
}

fn change_of(
    package: &Package,
    name: Option<String>,
    description: String,
    visibility: Option<String>,
    groups: Vec<String>,
) -> ChangePackage {
    let mut sorted = groups.clone();
    sorted.sort();
    let mut now = package.groups.clone();
    now.sort();
    ChangePackage {
        name: name.filter(|name| *name != package.name),
        description: Some(description).filter(|text| !text.is_empty() && *text != package.description),
        visibility: visibility.filter(|visibility| *visibility != package.visibility),
        // None given means: as they are. An update never wipes groups.
        groups: (!groups.is_empty() && sorted != now).then_some(groups),
    }
}

fn folder_name(folder: &std::path::Path) -> Outcome<String> {
    let path = std::fs::canonicalize(folder).map_err(|error| Failure::file(format!("read {}", folder.display()), &error))?;
    path.file_name()
        .and_then(|name| name.to_str())
        .map(str::to_owned)
        .ok_or_else(|| Failure::usage("This folder has no name that a package could have. Say one by --name."))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package() -> Package {
        Package {
            id: "pkg_1".to_owned(),
            name: "Flights".to_owned(),
            description: "Old".to_owned(),
            owner: "u".to_owned(),
            visibility: "groups".to_owned(),
            groups: vec!["a".to_owned(), "b".to_owned()],
            version: 1,
            revision: 1,
            datasets: 0,
            bytes: 0,
            metadata: None,
            created_at: String::new(),
            updated_at: String::new(),
            deleted_at: None,
            restorable_until: None,
            actions: Vec::new(),
        }
    }

    #[test]
    fn what_is_not_said_stays_as_it_is() {
        assert_eq!(change_of(&package(), None, String::new(), None, Vec::new()), ChangePackage::default());
        let same = change_of(
            &package(),
            Some("Flights".to_owned()),
            "Old".to_owned(),
            Some("groups".to_owned()),
            vec!["b".to_owned(), "a".to_owned()],
        );
        assert_eq!(same, ChangePackage::default());
    }

    #[test]
    fn what_is_said_otherwise_is_changed() {
        let change = change_of(&package(), Some("Delays".to_owned()), "New".to_owned(), None, vec!["c".to_owned()]);
        let expected = ChangePackage {
            name: Some("Delays".to_owned()),
            description: Some("New".to_owned()),
            visibility: None,
            groups: Some(vec!["c".to_owned()]),
        };
        assert_eq!(change, expected);
    }
}
