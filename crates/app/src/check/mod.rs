//! Whether tables, objects, index and audit log agree, for a data lake that is at rest: nothing here writes.
//!
//! What follows from a write comes later than the write; a package for which work is still waiting is no finding.

mod audit;
mod datasets;
mod index;
mod objects;
mod packages;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::Arc,
};

use async_trait::async_trait;
use domain::{
    PackageId, PortErrorKind, PortResult,
    ports::{Clock, Item, ObjectAddress, ObjectInfo, ObjectVersion, PageKey, Scan, Table, Tables},
};
use serde::Serialize;

use crate::store::Store;

/// What can be wrong, by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Damage {
    /// A database's own pages are damaged.
    DatabaseDamaged,
    /// A row can't be read.
    RowUnreadable,
    /// A file that holds an object's content is gone.
    ObjectFileMissing,
    /// It has another length than it had.
    ObjectFileLength,
    /// It has other bytes than it had.
    ObjectFileContent,
    /// The store knows an object, but no file that holds its content.
    ObjectWithoutFile,
    /// A file of content belongs to no object. The next start of the server removes it.
    FileWithoutObject,
    /// A dataset names no object version, or one that the store does not have.
    DatasetWithoutObject,
    /// The object of a dataset has another size or checksum than the dataset says.
    ObjectDiffers,
    /// An object below a package belongs to no dataset.
    ObjectWithoutDataset,
    /// A dataset's package is gone.
    DatasetWithoutPackage,
    /// A path names a dataset that is gone.
    PathWithoutDataset,
    /// A path names a dataset that was removed.
    PathOfRemovedDataset,
    /// A current dataset has no path.
    DatasetWithoutPath,
    /// A path names one current dataset, but there is another of that path.
    TwoCurrentDatasets,
    /// A package counts other datasets or bytes than it has.
    PackageCounters,
    /// The current version of a package's tags is gone.
    PackageWithoutMetadata,
    /// A group lists a package that does not name it.
    GroupRowStray,
    /// A package names a group that does not list it.
    GroupRowMissing,
    /// The search index can't be read. Build it anew.
    IndexUnreadable,
    /// The index lacks a package.
    IndexDocumentMissing,
    /// The index has a package as it was not.
    IndexDocumentStale,
    /// The index has a package that is gone.
    IndexDocumentOfGonePackage,
    /// The audit log lacks records, or has others than it had.
    AuditChainBroken,
}

impl fmt::Display for Damage {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.serialize(formatter)
    }
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Finding {
    /// What kind of thing.
    pub damage: Damage,
    /// Where.
    pub subject: String,
    /// What was found, where the kind does not say it all.
    pub detail: String,
}

/// What a check looked at and found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Packages, deleted ones too.
    pub packages: u64,
    /// Datasets, removed ones too.
    pub datasets: u64,
    /// Objects below packages.
    pub objects: u64,
    /// Packages in the index.
    pub documents: u64,
    /// What is wrong.
    pub findings: Vec<Finding>,
}

impl Report {
    /// Adds a finding.
    pub fn found(&mut self, damage: Damage, subject: impl fmt::Display, detail: impl fmt::Display) {
        self.findings.push(Finding { damage, subject: subject.to_string(), detail: detail.to_string() });
    }
}

/// What the store and the index hold, beyond what their ports tell.
#[async_trait]
pub trait Inventory: Send + Sync {
    /// Object versions, in the order asked for.
    async fn objects(&self, versions: &[ObjectVersion]) -> PortResult<Vec<Option<ObjectInfo>>>;

    /// A page of the keys below `prefix`, ascending, hidden ones too, behind `after`; an empty one is the end.
    async fn keys(&self, bucket: &str, prefix: &str, after: &str) -> PortResult<Vec<ObjectAddress>>;

    /// Which packages the index has, each as of which sequence; `None` if there is no index, so that it will be made anew.
    async fn indexed(&self) -> PortResult<Option<BTreeMap<PackageId, u64>>>;

    /// Packages of which the index still has to be told.
    async fn waiting(&self) -> PortResult<BTreeSet<PackageId>>;
}

/// The check.
pub struct Check {
    store: Store,
    inventory: Arc<dyn Inventory>,
    clock: Arc<dyn Clock>,
    bucket: String,
}

/// What is kept of every package while others are looked at.
struct Known {
    /// `None` if its row can't be read.
    sequence: Option<u64>,
    deleted: bool,
}

impl Check {
    /// Over the tables and what the store and the index hold; the product's own objects are in `bucket`.
    pub fn new(tables: Arc<dyn Tables>, inventory: Arc<dyn Inventory>, clock: Arc<dyn Clock>, bucket: &str) -> Self {
        Self { store: Store::new(tables), inventory, clock, bucket: bucket.to_owned() }
    }

    /// Looks at everything, and adds what it finds to `report`.
    ///
    /// # Errors
    /// Those of the ports; nothing can be said then.
    pub async fn run(&self, report: &mut Report) -> PortResult<()> {
        let packages = self.packages(report).await?;
        self.rows_without_package(&packages, report).await?;
        self.objects_without_dataset(report).await?;
        self.index(&packages, report).await
    }

    /// Calls `look` with every row of a table.
    async fn each_row(&self, table: Table, mut look: impl FnMut(&Item)) -> PortResult<()> {
        let mut after: Option<PageKey> = None;
        loop {
            let page = self.store.tables.scan(Scan { table, segment: 0, segments: 1, limit: 1_000, after }).await?;
            page.items.iter().for_each(&mut look);
            match page.next {
                Some(next) => after = Some(next),
                None => return Ok(()),
            }
        }
    }
}

/// Notes rows that can't be read; any other failure ends the check.
fn unless_unreadable<T>(read: PortResult<T>, subject: impl fmt::Display, report: &mut Report) -> PortResult<Option<T>> {
    match read {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.is(PortErrorKind::Unexpected) => {
            let cause = std::error::Error::source(&error).map_or_else(|| error.to_string(), ToString::to_string);
            report.found(Damage::RowUnreadable, subject, cause);
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

fn text<'a>(item: &'a Item, name: &str) -> &'a str {
    item.get(name).and_then(|value| value.as_str()).unwrap_or_default()
}
