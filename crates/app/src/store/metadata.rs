//! Versions of tag sets (`version#{n}`) and the history of packages (`history#{time}#{change}`).

use domain::{
    PackageId, PortResult, Timestamp,
    audit::AuditRecord,
    id::UserId,
    metadata::{MetadataVersion, Tags},
    ports::{Condition, Key, Order, Page, PageKey, Query, Range, Table, Write},
};
use serde::{Deserialize, Serialize};

use super::{Store, item_of, row_of};

#[derive(Serialize, Deserialize)]
struct VersionRow {
    package_id: PackageId,
    item: String,
    version: u64,
    tags: Tags,
    created_by: UserId,
    created_at: Timestamp,
}

#[derive(Serialize, Deserialize)]
struct HistoryRow {
    package_id: String,
    item: String,
    record: AuditRecord,
}

impl From<VersionRow> for MetadataVersion {
    fn from(row: VersionRow) -> Self {
        Self { version: row.version, tags: row.tags, created_by: row.created_by, created_at: row.created_at }
    }
}

/// Zero-padded, so that the order of keys is the order of versions.
fn version_item(version: u64) -> String {
    format!("version#{version:012}")
}

impl Store {
    /// One version of a package's tags.
    ///
    /// # Errors
    /// Those of the tables.
    pub async fn metadata(&self, id: PackageId, version: u64) -> PortResult<Option<MetadataVersion>> {
        let mut found = self.tables.get_many(Table::Metadata, &[Key::new(id.to_string(), version_item(version))], true).await?;
        found.pop().flatten().map(|item| row_of::<VersionRow>(item).map(MetadataVersion::from)).transpose()
    }

    /// Versions before this one, or from the newest on, newest first: not more than `limit`, and none is left out between.
    ///
    /// # Errors
    /// Those of the tables.
    pub async fn metadata_versions(&self, id: PackageId, limit: u32, before: Option<u64>) -> PortResult<Vec<MetadataVersion>> {
        let schema = Table::Metadata.schema();
        let place =
            |version| PageKey([(schema.partition.to_owned(), id.to_string()), (schema.sort.to_owned(), version_item(version))].into());
        let Page { items, .. } = self.tables.query(newest_first(id, "version#", limit, before.map(place))).await?;
        items.into_iter().map(|item| row_of::<VersionRow>(item).map(MetadataVersion::from)).collect()
    }

    /// The write of a new version, on condition that it does not exist.
    ///
    /// # Errors
    /// Only if the row has no JSON form.
    pub fn put_metadata(&self, id: PackageId, version: &MetadataVersion) -> PortResult<Write> {
        let row = VersionRow {
            package_id: id,
            item: version_item(version.version),
            version: version.version,
            tags: version.tags.clone(),
            created_by: version.created_by.clone(),
            created_at: version.created_at,
        };
        Ok(Write::Put { table: Table::Metadata, item: item_of(&row)?, condition: Some(Condition::Absent) })
    }

    /// A page of what happened to a package, newest first.
    ///
    /// # Errors
    /// Those of the tables.
    pub async fn history(&self, id: PackageId, limit: u32, after: Option<PageKey>) -> PortResult<(Vec<AuditRecord>, Option<PageKey>)> {
        let Page { items, next } = self.tables.query(newest_first(id, "history#", limit, after)).await?;
        let records: PortResult<Vec<AuditRecord>> =
            items.into_iter().map(|item| row_of::<HistoryRow>(item).map(|row| row.record)).collect();
        Ok((records?, next))
    }

    /// The write of a history row; the same record writes the same row.
    ///
    /// # Errors
    /// Only if the row has no JSON form.
    pub fn put_history(&self, id: PackageId, record: &AuditRecord) -> PortResult<Write> {
        let row = HistoryRow { package_id: id.to_string(), item: format!("history#{}#{}", record.time, record.id), record: record.clone() };
        Ok(Write::Put { table: Table::Metadata, item: item_of(&row)?, condition: None })
    }
}

fn newest_first(id: PackageId, prefix: &str, limit: u32, after: Option<PageKey>) -> Query {
    Query {
        table: Table::Metadata,
        index: None,
        partition: id.to_string(),
        range: Range::Prefix(prefix.to_owned()),
        order: Order::Descending,
        limit,
        after,
        consistent: true,
    }
}
