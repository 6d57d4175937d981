//! Rows of imports: `import#{id}` is the import with exact counts and the place to go on at; `failed#{id}#{n}` says which
//! object holds the failures from number `n` on. Both move in the transactions that write the datasets.

use std::time::Duration;

use domain::{
    DatasetId, ImportId, PackageId, PortErrorKind, PortResult, Timestamp,
    change::Stamp,
    id::UserId,
    import::{Import, ImportCounts, ImportFailure, ImportState},
    ports::{Condition, Item, Key, ObjectAddress, ObjectVersion, Order, Page, PageKey, Query, Range, Table, Update, Write},
};
use serde::{Deserialize, Serialize};

use super::{Due, Store, item_of, row_of};
use crate::imports::manifest::Place;

/// An import that came no further for so long never ends: its job lies among the dead letters.
const STUCK_AFTER: Duration = Duration::from_secs(6 * 3600);

#[derive(Serialize, Deserialize)]
struct ImportRow {
    package_id: PackageId,
    item: String,
    id: ImportId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    dataset_id: Option<DatasetId>,
    bucket: String,
    key: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    version: Option<String>,
    size: u64,
    created_by: UserId,
    created_at: Timestamp,
    #[serde(flatten)]
    progress: Progress,
    #[serde(flatten, default, skip_serializing_if = "Option::is_none")]
    due: Option<Due>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    changed: Option<Stamp>,
}

/// What changes in the row while the manifest is read.
#[derive(Serialize, Deserialize)]
struct Progress {
    state: ImportState,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    failure: Option<String>,
    counts: ImportCounts,
    place: Place,
    /// The last failures, behind those that objects hold.
    recent: Vec<ImportFailure>,
    attempt: u64,
    updated_at: Timestamp,
}

/// An import with where to go on, and the number of the attempt at it.
///
/// Whoever begins takes the next number, and only the last one may write: a job that is delivered twice at the same moment
/// does nothing twice.
#[derive(Clone, Debug)]
pub struct ImportRecord {
    /// The import.
    pub import: Import,
    pub(crate) place: Place,
    /// The last failures, behind those that objects hold.
    pub(crate) recent: Vec<ImportFailure>,
    pub(crate) attempt: u64,
}

/// Which object holds the failures from number `first` on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FailurePage {
    pub(crate) first: u64,
    pub(crate) count: u64,
    pub(crate) object: ObjectVersion,
}

#[derive(Serialize, Deserialize)]
struct FailurePageRow {
    package_id: PackageId,
    item: String,
    first: u64,
    count: u64,
    bucket: String,
    key: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    version: Option<String>,
}

impl From<ImportRow> for ImportRecord {
    fn from(row: ImportRow) -> Self {
        let Progress { state, failure, counts, place, recent, attempt, updated_at } = row.progress;
        let manifest = ObjectVersion { address: ObjectAddress { bucket: row.bucket, key: row.key }, version: row.version };
        let import = Import {
            id: row.id,
            package_id: row.package_id,
            dataset_id: row.dataset_id,
            manifest,
            size: row.size,
            state,
            failure,
            counts,
            created_by: row.created_by,
            created_at: row.created_at,
            updated_at,
        };
        Self { import, place, recent, attempt }
    }
}

impl ImportRecord {
    /// An import of which nothing is read yet.
    #[must_use]
    pub(crate) fn unread(import: Import) -> Self {
        Self { import, place: Place::default(), recent: Vec::new(), attempt: 0 }
    }

    /// That the stored import still is in this state and attempt.
    fn unchanged(&self) -> Condition {
        Condition::All(vec![
            Condition::Equals("state".to_owned(), self.import.state.name().into()),
            Condition::Equals("attempt".to_owned(), self.attempt.into()),
        ])
    }

    /// How many failures objects hold.
    pub(crate) fn paged(&self) -> u64 {
        self.import.counts.failed.saturating_sub(self.recent.len() as u64)
    }

    fn progress(&self) -> Progress {
        Progress {
            state: self.import.state,
            failure: self.import.failure.clone(),
            counts: self.import.counts,
            place: self.place,
            recent: self.recent.clone(),
            attempt: self.attempt,
            updated_at: self.import.updated_at,
        }
    }

    fn due(&self) -> Option<Due> {
        let running = self.import.state == ImportState::Running;
        running.then(|| Due::at(self.import.updated_at.plus(STUCK_AFTER), &self.import.id.to_string()))
    }
}

fn import_key(package_id: PackageId, id: ImportId) -> Key {
    Key::new(package_id.to_string(), format!("import#{id}"))
}

fn failures_item(id: ImportId, first: u64) -> String {
    format!("failed#{id}#{first:012}")
}

fn record_of(item: Item) -> PortResult<ImportRecord> {
    row_of::<ImportRow>(item).map(ImportRecord::from)
}

impl Store {
    /// An import as it is now.
    ///
    /// # Errors
    /// Those of the tables.
    pub async fn import(&self, package_id: PackageId, id: ImportId) -> PortResult<Option<ImportRecord>> {
        let found = self.tables.get_many(Table::Datasets, &[import_key(package_id, id)], true).await?.pop().flatten();
        found.map(record_of).transpose()
    }

    /// A page of a package's imports, newest first.
    ///
    /// # Errors
    /// Those of the tables.
    pub async fn imports_of(
        &self,
        package_id: PackageId,
        limit: u32,
        after: Option<PageKey>,
    ) -> PortResult<(Vec<ImportRecord>, Option<PageKey>)> {
        let query = Query {
            table: Table::Datasets,
            index: None,
            partition: package_id.to_string(),
            range: Range::Prefix("import#".to_owned()),
            order: Order::Descending,
            limit,
            after,
            consistent: true,
        };
        let Page { items, next } = self.tables.query(query).await?;
        let found: PortResult<Vec<ImportRecord>> = items.into_iter().map(record_of).collect();
        Ok((found?, next))
    }

    /// The write of a new import.
    ///
    /// # Errors
    /// Only if the row has no JSON form.
    pub(crate) fn put_import(&self, record: &ImportRecord, stamp: &Stamp) -> PortResult<Write> {
        let import = &record.import;
        let row = ImportRow {
            package_id: import.package_id,
            item: format!("import#{}", import.id),
            id: import.id,
            dataset_id: import.dataset_id,
            bucket: import.manifest.address.bucket.clone(),
            key: import.manifest.address.key.clone(),
            version: import.manifest.version.clone(),
            size: import.size,
            created_by: import.created_by.clone(),
            created_at: import.created_at,
            progress: record.progress(),
            due: record.due(),
            changed: Some(stamp.clone()),
        };
        Ok(Write::Put { table: Table::Datasets, item: item_of(&row)?, condition: Some(Condition::Absent) })
    }

    /// Takes the next attempt at a running import; `false` if somebody else did at the same moment.
    ///
    /// # Errors
    /// Those of the tables.
    pub(crate) async fn begin_import(&self, found: &ImportRecord) -> PortResult<bool> {
        let key = import_key(found.import.package_id, found.import.id);
        let update = Update { set: [("attempt".to_owned(), (found.attempt + 1).into())].into(), ..Update::default() };
        match self.tables.write(Write::Update { table: Table::Datasets, key, update, condition: Some(found.unchanged()) }).await {
            Ok(()) => Ok(true),
            Err(error) if error.is(PortErrorKind::PreconditionFailed) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// The write that keeps how far an import came, if `before` still is what is stored. No change that anybody is told of.
    ///
    /// # Errors
    /// Only if the row has no JSON form.
    pub(crate) fn keep_import(&self, before: &ImportRecord, now: &ImportRecord) -> PortResult<Write> {
        let mut set = item_of(&now.progress())?;
        let mut remove = Vec::new();
        match now.due() {
            Some(due) => set.extend(item_of(&due)?),
            None => remove.extend(["due_shard".to_owned(), "due_at".to_owned()]),
        }
        let key = import_key(before.import.package_id, before.import.id);
        let update = Update { set, remove, ..Update::default() };
        Ok(Write::Update { table: Table::Datasets, key, update, condition: Some(before.unchanged()) })
    }

    /// Stores `now` in place of `before`; `false` if that is no longer what is stored.
    ///
    /// # Errors
    /// Those of the tables.
    pub(crate) async fn replace_import(&self, before: &ImportRecord, now: &ImportRecord) -> PortResult<bool> {
        match self.tables.write(self.keep_import(before, now)?).await {
            Ok(()) => Ok(true),
            Err(error) if error.is(PortErrorKind::PreconditionFailed) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// The write that says which object holds failures.
    ///
    /// # Errors
    /// Only if the row has no JSON form.
    pub(crate) fn put_failure_page(&self, record: &ImportRecord, page: &FailurePage) -> PortResult<Write> {
        let row = FailurePageRow {
            package_id: record.import.package_id,
            item: failures_item(record.import.id, page.first),
            first: page.first,
            count: page.count,
            bucket: page.object.address.bucket.clone(),
            key: page.object.address.key.clone(),
            version: page.object.version.clone(),
        };
        Ok(Write::Put { table: Table::Datasets, item: item_of(&row)?, condition: None })
    }

    /// The page that holds failure `number`, counted from 0; one before it if none does.
    ///
    /// # Errors
    /// Those of the tables.
    pub(crate) async fn failure_page(&self, record: &ImportRecord, number: u64) -> PortResult<Option<FailurePage>> {
        let id = record.import.id;
        let query = Query {
            table: Table::Datasets,
            index: None,
            partition: record.import.package_id.to_string(),
            range: Range::Between(failures_item(id, 0), failures_item(id, number)),
            order: Order::Descending,
            limit: 1,
            after: None,
            consistent: true,
        };
        let row = self.tables.query(query).await?.items.pop().map(row_of::<FailurePageRow>).transpose()?;
        Ok(row.map(|row| {
            let address = ObjectAddress { bucket: row.bucket, key: row.key };
            FailurePage { first: row.first, count: row.count, object: ObjectVersion { address, version: row.version } }
        }))
    }
}
