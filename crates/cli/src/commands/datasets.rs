//! `datalake datasets`

use std::path::PathBuf;

use clap::{Args, Subcommand};
use client::datasets::{DatasetFilter, Listed};
use contract::datasets::{Dataset, PrefixObject};
use futures::{TryStreamExt as _, future, stream};
use serde::Serialize;

use super::{
    packages::confirm,
    transfer::{Transfer, show_pull, show_push, wanted},
};
use crate::{
    context::Context,
    failure::{Failure, FailureKind, Outcome},
    output::Column,
    pull::Pull,
    push::{Input, LocalFile, Push, composed, file, walk},
};

/// Datasets.
#[derive(Debug, Subcommand)]
pub(crate) enum Datasets {
    /// List a package's datasets, in path order.
    List {
        /// The package's id.
        package: String,
        /// Only paths that begin so. One that leads into a folder of another store (`raw/`) lists what is there now.
        #[arg(long)]
        prefix: Option<String>,
        /// Pending or removed ones instead.
        #[arg(long, value_parser = ["pending", "removed"])]
        state: Option<String>,
        /// Only what stands directly below the prefix: files, and folders.
        #[arg(long, conflicts_with = "state")]
        folders: bool,
    },
    /// Show a dataset.
    Show {
        /// The package's id.
        package: String,
        /// The dataset's id.
        dataset: String,
    },
    /// Remove datasets from a package.
    Delete {
        /// The package's id.
        package: String,
        /// The datasets' ids.
        #[arg(required = true)]
        datasets: Vec<String>,
        /// Don't ask.
        #[arg(long, short)]
        yes: bool,
    },
    /// Bring a removed dataset back; what stands under its path now is removed.
    Restore {
        /// The package's id.
        package: String,
        /// The dataset's id, as `list --state removed` shows it.
        dataset: String,
    },
    /// Upload files and folders into a package.
    Upload(Upload),
    /// Download single datasets.
    Download(Download),
}

/// Upload files and folders.
#[derive(Debug, Args)]
pub(crate) struct Upload {
    /// The package's id.
    package: String,
    /// Files, and folders whose files are meant; `-` is what comes from standard input.
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// The folder in the package.
    #[arg(long, default_value = "")]
    prefix: String,
    /// The path in that folder of what comes from standard input. It is kept in a temporary file (below `TMPDIR`, else `/tmp`) until it is sent.
    #[arg(long, value_name = "PATH")]
    name: Option<String>,
    /// Take hidden files of folders as well.
    #[arg(long)]
    hidden: bool,
    #[command(flatten)]
    transfer: Transfer,
}

/// Download single datasets.
#[derive(Debug, Args)]
pub(crate) struct Download {
    /// The package's id.
    package: String,
    /// Their paths in the package.
    #[arg(required = true)]
    paths: Vec<String>,
    /// The folder to write to.
    #[arg(long, default_value = ".", value_name = "FOLDER")]
    to: PathBuf,
    #[command(flatten)]
    transfer: Transfer,
}

const SHOWN: &[Column<Dataset>] = &[
    ("name", |dataset| dataset.name.clone()),
    ("size", |dataset| dataset.size.to_string()),
    ("content_type", |dataset| dataset.content_type.clone()),
    ("sha256", |dataset| dataset.sha256.clone().unwrap_or_default()),
    ("verified", |dataset| dataset.verified.clone().unwrap_or_default()),
    ("state", |dataset| dataset.state.clone()),
    ("id", |dataset| dataset.id.clone()),
];

/// What is listed, as it is printed.
#[derive(Serialize)]
#[serde(untagged)]
enum Entry {
    Folder { kind: &'static str, name: String },
    Dataset(Box<Dataset>),
    Object(PrefixObject),
}

impl Entry {
    /// Nothing of what can't be shown, which is told on the side.
    fn of(context: &Context, entry: Listed) -> Option<Self> {
        match entry {
            Listed::Folder(name) => Some(Self::Folder { kind: "folder", name }),
            Listed::Dataset(dataset) => Some(Self::Dataset(dataset)),
            Listed::Object(object) => Some(Self::Object(object)),
            Listed::Skipped(skipped) => {
                context.printer.note(format_args!("left out of {}: {}", skipped.dataset_id, skipped.reason));
                None
            }
        }
    }

    fn name(&self) -> String {
        match self {
            Self::Folder { name, .. } => name.clone(),
            Self::Dataset(dataset) => dataset.name.clone(),
            Self::Object(object) => object.name.clone(),
        }
    }

    fn size(&self) -> String {
        match self {
            Self::Folder { .. } => String::new(),
            Self::Dataset(dataset) => dataset.size.to_string(),
            Self::Object(object) => object.size.to_string(),
        }
    }

    /// What a column shows of a dataset; nothing of anything else.
    fn of_dataset(&self, show: fn(&Dataset) -> String) -> String {
        match self {
            Self::Folder { .. } | Self::Object(_) => String::new(),
            Self::Dataset(dataset) => show(dataset),
        }
    }
}

const LIST: &[Column<Entry>] = &[
    ("name", Entry::name),
    ("size", Entry::size),
    ("content_type", |entry| entry.of_dataset(|dataset| dataset.content_type.clone())),
    ("sha256", |entry| entry.of_dataset(|dataset| dataset.sha256.clone().unwrap_or_default())),
    ("verified", |entry| entry.of_dataset(|dataset| dataset.verified.clone().unwrap_or_default())),
    ("state", |entry| entry.of_dataset(|dataset| dataset.state.clone())),
    ("id", |entry| entry.of_dataset(|dataset| dataset.id.clone())),
];

const IN_FOLDERS: &[Column<Entry>] = &[
    ("name", Entry::name),
    ("size", Entry::size),
    ("content_type", |entry| entry.of_dataset(|dataset| dataset.content_type.clone())),
    ("id", |entry| entry.of_dataset(|dataset| dataset.id.clone())),
];

pub(crate) async fn run(context: &Context, command: Datasets) -> Outcome {
    let client = context.client()?;
    match command {
        Datasets::List { package, prefix, folders: true, .. } => {
            let prefix = prefix.unwrap_or_default();
            let found = client.folder(&package, &prefix).try_filter_map(|entry| future::ok(Entry::of(context, entry)));
            let entries = in_path_order(found.try_collect().await?);
            context.printer.list(&entries, IN_FOLDERS)
        }
        Datasets::List { package, prefix, state, folders: false } => {
            let (available, filter) = (state.is_none(), DatasetFilter { prefix, state });
            let found = client.datasets_and_objects(&package, &filter).try_filter_map(|entry| future::ok(Entry::of(context, entry)));
            let entries: Vec<Entry> = found.try_collect().await?;
            let entries = if available { in_path_order(entries) } else { entries };
            context.printer.list(&entries, LIST)
        }
        Datasets::Show { package, dataset } => context.printer.item(&client.dataset(&package, &dataset).await?, SHOWN),
        Datasets::Delete { package, datasets, yes } => {
            if !yes {
                confirm(&format!("Remove {} datasets of {package}?", datasets.len()))?;
            }
            for dataset in &datasets {
                client.remove_dataset(&package, dataset).await?;
                context.printer.note(format_args!("Removed {dataset}; `datasets restore` brings it back within 30 days."));
            }
            Ok(())
        }
        Datasets::Restore { package, dataset } => context.printer.item(&client.restore_dataset(&package, &dataset).await?, SHOWN),
        Datasets::Upload(upload) => {
            let (files, _input) = files_of(context, &upload).await?;
            let push = Push::new(&client, &upload.package, upload.transfer.parallel, context.progress());
            let report = Box::pin(push.run(files)).await?;
            show_push(context, &report)
        }
        Datasets::Download(download) => {
            let found = named(&client, &download.package, &download.paths).await?;
            let files = stream::iter(found.into_iter().map(|dataset| Ok(wanted(&download.package, dataset))));
            let (root, parallel, progress) = (download.to, download.transfer.parallel, context.progress());
            let pulling = Pull { client: &client, objects: None, root, folder: String::new(), parallel, progress };
            let report = Box::pin(pulling.run(files)).await;
            pulling.progress.finish();
            show_pull(context, &report?)
        }
    }
}

/// What other stores hold comes behind all datasets, and is listed among them.
fn in_path_order(mut entries: Vec<Entry>) -> Vec<Entry> {
    entries.sort_by_cached_key(Entry::name);
    entries
}

/// The files to be sent, and what must not go before they are.
async fn files_of(context: &Context, upload: &Upload) -> Outcome<(Vec<LocalFile>, Option<Input>)> {
    let (mut files, mut input) = (Vec::new(), None);
    for path in &upload.files {
        if path.as_os_str() == "-" {
            let name = upload.name.as_deref().ok_or_else(|| Failure::usage("`-` needs a `--name`"))?;
            if input.is_some() {
                return Err(Failure::usage("standard input can be sent once"));
            }
            let kept = Input::kept().await?;
            files.push(kept.file(&upload.prefix, name)?);
            input = Some(kept);
        } else if path.is_dir() {
            let walked = walk(path, &upload.prefix, upload.hidden)?;
            walked.left_out.iter().for_each(|left_out| context.printer.note(format_args!("left out {left_out}")));
            files.extend(walked.files);
        } else {
            files.push(file(path, upload.prefix.trim_matches('/'))?);
        }
    }
    if upload.name.is_some() && input.is_none() {
        return Err(Failure::usage("`--name` is for what comes from standard input: name the file `-`"));
    }
    files.sort_by_key(|file| file.size);
    Ok((files, input))
}

/// The datasets of these paths; each must be there.
async fn named(client: &client::Client, package: &str, paths: &[String]) -> Outcome<Vec<Dataset>> {
    let mut found = Vec::new();
    for path in paths {
        let path = &composed(path);
        let filter = DatasetFilter { prefix: Some(path.clone()), state: None };
        // In path order the path itself comes before all that begin with it.
        let mut datasets = std::pin::pin!(client.datasets(package, &filter).try_filter(|dataset| future::ready(dataset.name == *path)));
        match datasets.try_next().await? {
            Some(dataset) => found.push(dataset),
            None => return Err(Failure::new(FailureKind::NotFound, format!("There is no dataset '{path}' in {package}."))),
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_other_stores_hold_is_listed_among_the_datasets() {
        let folder = |name: &str| Entry::Folder { kind: "folder", name: name.to_owned() };
        let object = |name: &str| {
            Entry::Object(PrefixObject { dataset_id: String::new(), name: name.to_owned(), size: 1, modified_at: String::new() })
        };
        let sorted = in_path_order(vec![folder("raw/b/"), object("raw/own.txt"), object("raw/a.log"), folder("raw/c/")]);
        assert_eq!(sorted.iter().map(Entry::name).collect::<Vec<_>>(), ["raw/a.log", "raw/b/", "raw/c/", "raw/own.txt"]);
    }
}
