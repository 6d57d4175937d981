//! Rows of datasets: `ds#{id}` is the dataset, `path#{path}` says which dataset is current under a path and holds
//! what a listing shows.

use domain::{
    DatasetId, ImportId, PackageId, PortResult, Timestamp,
    change::Stamp,
    dataset::{Dataset, DatasetKind, DatasetPath, DatasetState, Verified},
    id::UserId,
    ports::{Condition, Item, Key, Order, Page, PageKey, Query, Range, Table, Write},
};
use serde::{Deserialize, Serialize};

use super::{Due, Store, item_of, row_of};

#[derive(Serialize, Deserialize)]
struct DatasetRow {
    package_id: PackageId,
    item: String,
    id: DatasetId,
    kind: DatasetKind,
    path: DatasetPath,
    bucket: String,
    key: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    exclude: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    object_version: Option<String>,
    content_type: String,
    size: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sha256: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    verified: Option<Verified>,
    state: DatasetState,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    upload_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    import_id: Option<ImportId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    added_in: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    removed_in: Option<u64>,
    created_by: UserId,
    created_at: Timestamp,
    updated_at: Timestamp,
    #[serde(flatten, default, skip_serializing_if = "Option::is_none")]
    due: Option<Due>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    changed: Option<Stamp>,
}

/// What a listing shows of a current dataset.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DatasetSummary {
    /// Its path.
    pub path: DatasetPath,
    /// Its id.
    pub id: DatasetId,
    /// What it is.
    #[serde(default = "object", skip_serializing_if = "is_object")]
    pub kind: DatasetKind,
    /// Media type.
    pub content_type: String,
    /// Size in bytes.
    pub size: u64,
    /// SHA-256 in lower-case hex, if known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// How the checksum is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verified: Option<Verified>,
    /// When it became current.
    pub updated_at: Timestamp,
}

const fn object() -> DatasetKind {
    DatasetKind::Object
}

fn is_object(kind: &DatasetKind) -> bool {
    *kind == DatasetKind::Object
}

#[derive(Serialize, Deserialize)]
struct PathRow {
    package_id: PackageId,
    item: String,
    #[serde(flatten)]
    summary: DatasetSummary,
}

impl From<DatasetRow> for Dataset {
    fn from(row: DatasetRow) -> Self {
        Self {
            package_id: row.package_id,
            id: row.id,
            kind: row.kind,
            path: row.path,
            bucket: row.bucket,
            key: row.key,
            exclude: row.exclude,
            object_version: row.object_version,
            content_type: row.content_type,
            size: row.size,
            sha256: row.sha256,
            verified: row.verified,
            state: row.state,
            upload_id: row.upload_id,
            import_id: row.import_id,
            added_in: row.added_in,
            removed_in: row.removed_in,
            created_by: row.created_by,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

impl From<&Dataset> for DatasetSummary {
    fn from(dataset: &Dataset) -> Self {
        Self {
            path: dataset.path.clone(),
            id: dataset.id,
            kind: dataset.kind,
            content_type: dataset.content_type.clone(),
            size: dataset.size,
            sha256: dataset.sha256.clone(),
            verified: dataset.verified,
            updated_at: dataset.updated_at,
        }
    }
}

fn dataset_key(package_id: PackageId, id: DatasetId) -> Key {
    Key::new(package_id.to_string(), format!("ds#{id}"))
}

fn path_key(package_id: PackageId, path: &DatasetPath) -> Key {
    Key::new(package_id.to_string(), format!("path#{path}"))
}

fn dataset_of(item: Item) -> PortResult<Dataset> {
    row_of::<DatasetRow>(item).map(Dataset::from)
}

/// What a path's row shows.
pub(super) fn summary_of(item: Item) -> PortResult<DatasetSummary> {
    row_of::<PathRow>(item).map(|row| row.summary)
}

impl Store {
    /// Datasets of a package by id, in the order asked for.
    ///
    /// # Errors
    /// Those of the tables.
    pub async fn datasets(&self, package_id: PackageId, ids: &[DatasetId]) -> PortResult<Vec<Option<Dataset>>> {
        let ids: Vec<(PackageId, DatasetId)> = ids.iter().map(|id| (package_id, *id)).collect();
        self.datasets_of(&ids).await
    }

    /// Datasets of several packages, in the order asked for.
    ///
    /// # Errors
    /// Those of the tables.
    pub async fn datasets_of(&self, ids: &[(PackageId, DatasetId)]) -> PortResult<Vec<Option<Dataset>>> {
        let keys: Vec<Key> = ids.iter().map(|(package_id, id)| dataset_key(*package_id, *id)).collect();
        let found = self.tables.get_many(Table::Datasets, &keys, true).await?;
        found.into_iter().map(|item| item.map(dataset_of).transpose()).collect()
    }

    /// Whether housekeeping removes a dataset's bytes, or did.
    ///
    /// # Errors
    /// Those of the tables.
    pub async fn is_dataset_being_purged(&self, package_id: PackageId, id: DatasetId) -> PortResult<bool> {
        self.is_being_purged(Table::Datasets, dataset_key(package_id, id)).await
    }

    /// Whether housekeeping is to look at a dataset.
    ///
    /// # Errors
    /// Those of the tables.
    pub async fn is_dataset_due(&self, package_id: PackageId, id: DatasetId, now: Timestamp) -> PortResult<bool> {
        Ok(self.really_due(Table::Datasets, &dataset_key(package_id, id), now).await?.is_some())
    }

    /// Which datasets are current under these paths, in the order asked for.
    ///
    /// # Errors
    /// Those of the tables.
    pub async fn current_datasets(&self, package_id: PackageId, paths: &[DatasetPath]) -> PortResult<Vec<Option<DatasetSummary>>> {
        let keys: Vec<Key> = paths.iter().map(|path| path_key(package_id, path)).collect();
        let found = self.tables.get_many(Table::Datasets, &keys, true).await?;
        found.into_iter().map(|item| item.map(summary_of).transpose()).collect()
    }

    /// A page of current datasets in path order, of those whose path begins with `prefix`.
    ///
    /// # Errors
    /// Those of the tables.
    pub async fn datasets_by_path(
        &self,
        package_id: PackageId,
        prefix: &str,
        limit: u32,
        after: Option<PageKey>,
    ) -> PortResult<(Vec<DatasetSummary>, Option<PageKey>)> {
        let Page { items, next } = self.tables.query(page_of(package_id, format!("path#{prefix}"), limit, after)).await?;
        let found: PortResult<Vec<DatasetSummary>> = items.into_iter().map(summary_of).collect();
        Ok((found?, next))
    }

    /// Whether there are current datasets whose path begins with `prefix`.
    ///
    /// # Errors
    /// Those of the tables.
    pub async fn has_datasets_below(&self, package_id: PackageId, prefix: &str) -> PortResult<bool> {
        let mut after = None;
        loop {
            let (found, next) = self.datasets_by_path(package_id, prefix, 1, after).await?;
            if !found.is_empty() || next.is_none() {
                return Ok(!found.is_empty());
            }
            after = next;
        }
    }

    /// A page of datasets in any state, in order of registration.
    ///
    /// # Errors
    /// Those of the tables.
    pub async fn datasets_by_registration(
        &self,
        package_id: PackageId,
        limit: u32,
        after: Option<PageKey>,
    ) -> PortResult<(Vec<Dataset>, Option<PageKey>)> {
        let Page { items, next } = self.tables.query(page_of(package_id, "ds#".to_owned(), limit, after)).await?;
        let found: PortResult<Vec<Dataset>> = items.into_iter().map(dataset_of).collect();
        Ok((found?, next))
    }

    /// The write of a whole dataset row; `due` is when housekeeping must look at it.
    ///
    /// # Errors
    /// Only if the row has no JSON form.
    pub fn put_dataset(
        &self,
        dataset: &Dataset,
        due: Option<Timestamp>,
        stamp: Option<&Stamp>,
        condition: Option<Condition>,
    ) -> PortResult<Write> {
        let row = DatasetRow {
            package_id: dataset.package_id,
            item: format!("ds#{}", dataset.id),
            id: dataset.id,
            kind: dataset.kind,
            path: dataset.path.clone(),
            bucket: dataset.bucket.clone(),
            key: dataset.key.clone(),
            exclude: dataset.exclude.clone(),
            object_version: dataset.object_version.clone(),
            content_type: dataset.content_type.clone(),
            size: dataset.size,
            sha256: dataset.sha256.clone(),
            verified: dataset.verified,
            state: dataset.state,
            upload_id: dataset.upload_id.clone(),
            import_id: dataset.import_id,
            added_in: dataset.added_in,
            removed_in: dataset.removed_in,
            created_by: dataset.created_by.clone(),
            created_at: dataset.created_at,
            updated_at: dataset.updated_at,
            due: due.map(|time| Due::at(time, &dataset.id.to_string())),
            changed: stamp.cloned(),
        };
        Ok(Write::Put { table: Table::Datasets, item: item_of(&row)?, condition })
    }

    /// The write that makes a dataset the current one of its path, if `before` still is (`None`: if there is none).
    ///
    /// # Errors
    /// Only if the row has no JSON form.
    pub fn put_path(&self, dataset: &Dataset, before: Option<DatasetId>) -> PortResult<Write> {
        let row = PathRow { package_id: dataset.package_id, item: format!("path#{}", dataset.path), summary: dataset.into() };
        Ok(Write::Put { table: Table::Datasets, item: item_of(&row)?, condition: Some(still_current(before)) })
    }

    /// The write that leaves a path without a dataset, if `before` still is the current one.
    #[must_use]
    pub fn delete_path(&self, package_id: PackageId, path: &DatasetPath, before: DatasetId) -> Write {
        Write::Delete { table: Table::Datasets, key: path_key(package_id, path), condition: Some(still_current(Some(before))) }
    }
}

/// The condition that a dataset row still is in `state`.
pub(crate) fn still_in(state: DatasetState) -> Condition {
    Condition::Equals("state".to_owned(), state.name().into())
}

fn still_current(before: Option<DatasetId>) -> Condition {
    before.map_or(Condition::Absent, |id| Condition::Equals("id".to_owned(), id.to_string().into()))
}

fn page_of(package_id: PackageId, prefix: String, limit: u32, after: Option<PageKey>) -> Query {
    Query {
        table: Table::Datasets,
        index: None,
        partition: package_id.to_string(),
        range: Range::Prefix(prefix),
        order: Order::Ascending,
        limit,
        after,
        consistent: true,
    }
}
