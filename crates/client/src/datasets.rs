//! `/packages/{id}/datasets`.

use contract::datasets::{
    ArrivedParts, CompleteDatasets, CompletedDatasets, Dataset, DatasetList, Download, Part, PrefixObject, RegisterDatasets,
    RegisteredDatasets, SignParts, SignedParts, SkippedPrefix,
};
use futures::{Stream, StreamExt as _, TryStreamExt as _, stream};

use crate::{
    call::Call,
    client::Client,
    error::Result,
    paging::{Page, entries, pages},
};

/// Which datasets to list.
#[derive(Clone, Debug, Default)]
pub struct DatasetFilter {
    /// Only paths that begin so.
    pub prefix: Option<String>,
    /// `pending` or `removed` instead of the available ones.
    pub state: Option<String>,
}

/// What stands in a list of datasets, or in a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Listed {
    /// A folder, as the prefix of all that lies in it.
    Folder(String),
    /// A dataset.
    Dataset(Box<Dataset>),
    /// What the store holds below a dataset of kind `prefix`.
    Object(PrefixObject),
    /// What of such a dataset can't be shown.
    Skipped(SkippedPrefix),
}

impl Listed {
    /// Its path; a folder's ends with a slash. Nothing for what can't be shown.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Folder(name) => name,
            Self::Dataset(dataset) => &dataset.name,
            Self::Object(object) => &object.name,
            Self::Skipped(_) => "",
        }
    }
}

fn in_path_order(page: DatasetList) -> Vec<Listed> {
    let mut entries = as_they_come(page);
    entries.sort_by(|one, other| one.name().cmp(other.name()));
    entries
}

fn as_they_come(page: DatasetList) -> Vec<Listed> {
    let datasets = page.items.into_iter().map(|dataset| Listed::Dataset(Box::new(dataset)));
    let below = page.objects.into_iter().map(Listed::Object).chain(page.skipped.into_iter().map(Listed::Skipped));
    page.folders.into_iter().map(Listed::Folder).chain(datasets).chain(below).collect()
}

impl Client {
    /// A page of datasets.
    ///
    /// # Errors
    /// Those of every call.
    pub async fn list_datasets(&self, package: &str, filter: &DatasetFilter, page: &Page) -> Result<DatasetList> {
        let call = Call::get("list datasets", &["packages", package, "datasets"]);
        let call = call.query("prefix", filter.prefix.as_deref()).query("state", filter.state.as_deref());
        self.json(call.query("limit", page.limit).query("cursor", page.cursor.as_deref())).await
    }

    /// All datasets: the available ones in path order, those in another state in order of registration.
    pub fn datasets<'a>(&'a self, package: &'a str, filter: &'a DatasetFilter) -> impl Stream<Item = Result<Dataset>> + Send + 'a {
        entries(pages(None, move |cursor| async move { self.list_datasets(package, filter, &Page::largest().at(cursor)).await }))
    }

    /// The same, and behind them what the store holds where the filter's prefix leads into datasets of kind `prefix`.
    pub fn datasets_and_objects<'a>(
        &'a self,
        package: &'a str,
        filter: &'a DatasetFilter,
    ) -> impl Stream<Item = Result<Listed>> + Send + 'a {
        let pages = pages(None, move |cursor| async move { self.list_datasets(package, filter, &Page::largest().at(cursor)).await });
        pages.map_ok(|page| stream::iter(as_they_come(page)).map(Ok)).try_flatten()
    }

    /// A page of what stands directly below a prefix: datasets, and folders.
    ///
    /// # Errors
    /// Those of every call.
    pub async fn list_folder(&self, package: &str, prefix: &str, page: &Page) -> Result<DatasetList> {
        let call = Call::get("list a folder", &["packages", package, "datasets"]).query("delimiter", Some("/"));
        let call = call.query("prefix", Some(prefix).filter(|prefix| !prefix.is_empty()));
        self.json(call.query("limit", page.limit).query("cursor", page.cursor.as_deref())).await
    }

    /// All that stands directly below a prefix, each page in path order. What only datasets of kind `prefix` hold there begins
    /// behind all datasets.
    pub fn folder<'a>(&'a self, package: &'a str, prefix: &'a str) -> impl Stream<Item = Result<Listed>> + Send + 'a {
        let pages = pages(None, move |cursor| async move { self.list_folder(package, prefix, &Page::largest().at(cursor)).await });
        pages.map_ok(|page| stream::iter(in_path_order(page)).map(Ok)).try_flatten()
    }

    /// Registers 1 to 500 uploads; each is answered on its own, in order.
    ///
    /// # Errors
    /// Those of the package and of the call as a whole.
    pub async fn register_datasets(&self, package: &str, datasets: &RegisterDatasets) -> Result<RegisteredDatasets> {
        self.json(Call::post("register files", &["packages", package, "datasets"]).json(datasets).idempotent()).await
    }

    /// Completes 1 to 500 uploads of single requests; each is answered on its own, in order.
    ///
    /// # Errors
    /// Those of the package and of the call as a whole.
    pub async fn complete_datasets(&self, package: &str, ids: Vec<String>) -> Result<CompletedDatasets> {
        let body = CompleteDatasets { ids };
        // Completing again what is complete changes nothing.
        self.json(Call::post("complete files", &["packages", package, "datasets", "complete"]).json(&body).repeatable()).await
    }

    /// Completes one upload; one in parts may answer with state `completing`.
    ///
    /// # Errors
    /// 409 while bytes are missing.
    pub async fn complete_dataset(&self, package: &str, dataset: &str) -> Result<Dataset> {
        self.json(Call::post("complete a file", &["packages", package, "datasets", dataset, "complete"]).repeatable()).await
    }

    /// Reads a dataset.
    ///
    /// # Errors
    /// 404 for what is absent or hidden.
    pub async fn dataset(&self, package: &str, dataset: &str) -> Result<Dataset> {
        self.json(Call::get("read a dataset", &["packages", package, "datasets", dataset])).await
    }

    /// Removes a dataset.
    ///
    /// # Errors
    /// 404 for what is absent or hidden.
    pub async fn remove_dataset(&self, package: &str, dataset: &str) -> Result<()> {
        self.send(Call::delete("remove a dataset", &["packages", package, "datasets", dataset])).await.map(drop)
    }

    /// Brings a removed dataset back.
    ///
    /// # Errors
    /// 404 for what is absent or hidden, 409 for what can't be brought back.
    pub async fn restore_dataset(&self, package: &str, dataset: &str) -> Result<Dataset> {
        self.json(Call::post("restore a dataset", &["packages", package, "datasets", dataset, "restore"])).await
    }

    /// Signs 1 to 100 parts.
    ///
    /// # Errors
    /// 409 unless the dataset is a pending upload in parts.
    pub async fn sign_parts(&self, package: &str, dataset: &str, parts: Vec<Part>) -> Result<SignedParts> {
        let body = SignParts { parts };
        self.json(Call::post("sign parts", &["packages", package, "datasets", dataset, "parts"]).json(&body).repeatable()).await
    }

    /// The parts that arrived.
    ///
    /// # Errors
    /// 409 unless the dataset is a pending upload in parts.
    pub async fn arrived_parts(&self, package: &str, dataset: &str) -> Result<ArrivedParts> {
        self.json(Call::get("list parts", &["packages", package, "datasets", dataset, "parts"])).await
    }

    /// A URL of a dataset's bytes.
    ///
    /// # Errors
    /// 404 for what is absent or hidden.
    pub async fn download(&self, package: &str, dataset: &str) -> Result<Download> {
        let call = Call::get("ask for a download", &["packages", package, "datasets", dataset, "download"]);
        self.json(call.header("accept", "application/json")).await
    }
}
