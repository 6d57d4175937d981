//! Rows of what an export is made of, apart from it because a row has 400 KB: `manifests#{id}#{attempt}#{chunk}` names its
//! files, `entries#{id}#{attempt}#{chunk}` is what its grant links stand for.

use domain::{
    DatasetId, ExportId, PackageId, PortErrorKind, PortResult,
    cart::ManifestFile,
    id::UserId,
    ports::{Key, Order, Page, PageKey, Query, Range, Table, Write, tables::TRANSACTION_LIMIT_ROWS},
};
use serde::{Deserialize, Serialize};

use super::{ExportRecord, Store, cart::removals, item_of, row_of};

/// So many grant entries, or files, a row: at most 225 KB.
const CHUNK: usize = 500;

#[derive(Serialize, Deserialize)]
struct ManifestsRow {
    user_id: UserId,
    item: String,
    files: Vec<ManifestFile>,
}

#[derive(Serialize, Deserialize)]
struct EntriesRow {
    user_id: UserId,
    item: String,
    entries: Vec<(PackageId, DatasetId)>,
}

fn part_item(kind: &str, id: ExportId, attempt: u64, chunk: usize) -> String {
    format!("{kind}#{id}#{attempt:06}#{chunk:08}")
}

fn manifests_rows(record: &ExportRecord, files: &[ManifestFile]) -> PortResult<Vec<Write>> {
    let rows = files.chunks(CHUNK).enumerate().map(|(chunk, files)| ManifestsRow {
        user_id: record.export.user_id.clone(),
        item: part_item("manifests", record.export.id, record.attempt, chunk),
        files: files.to_vec(),
    });
    rows.map(|row| Ok(Write::Put { table: Table::Cart, item: item_of(&row)?, condition: None })).collect()
}

impl Store {
    /// Keeps the names of an attempt's files.
    ///
    /// # Errors
    /// Those of the tables.
    pub async fn put_manifests(&self, record: &ExportRecord, files: &[ManifestFile]) -> PortResult<()> {
        self.tables.write_many(manifests_rows(record, files)?).await
    }

    /// Makes an export ready, keeps the names of its files and takes its items out of the cart, all at once. `false` if that
    /// can't be: there is too much of it, or something was changed meanwhile. Then nothing was done.
    ///
    /// # Errors
    /// Those of the tables.
    pub async fn finish_at_once(&self, before: &ExportRecord, ready: &ExportRecord, files: &[ManifestFile]) -> PortResult<bool> {
        let export = &ready.export;
        let mut writes = vec![self.put_export(ready, None, before.unchanged())?];
        writes.extend(manifests_rows(before, files)?);
        writes.extend(removals(&export.user_id, &export.packages, None));
        if writes.len() > TRANSACTION_LIMIT_ROWS {
            return Ok(false);
        }
        match self.tables.transact(writes).await {
            Ok(()) => Ok(true),
            Err(error) if error.is(PortErrorKind::PreconditionFailed) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// The files of an export, in order.
    ///
    /// # Errors
    /// Those of the tables.
    pub async fn manifests(&self, record: &ExportRecord) -> PortResult<Vec<ManifestFile>> {
        let (mut files, mut after): (Vec<ManifestFile>, Option<PageKey>) = (Vec::new(), None);
        loop {
            let query = Query {
                table: Table::Cart,
                index: None,
                partition: record.export.user_id.to_string(),
                range: Range::Prefix(format!("manifests#{}#{:06}#", record.export.id, record.attempt)),
                order: Order::Ascending,
                limit: 1000,
                after: after.take(),
                consistent: true,
            };
            let Page { items, next } = self.tables.query(query).await?;
            for item in items {
                files.extend(row_of::<ManifestsRow>(item)?.files);
            }
            match next {
                Some(next) => after = Some(next),
                None => return Ok(files),
            }
        }
    }

    /// How many grant entries a row of them holds.
    #[must_use]
    pub fn entries_per_row() -> usize {
        CHUNK
    }

    /// Keeps what the grant links from `row` times [`Store::entries_per_row`] on stand for.
    ///
    /// # Errors
    /// Those of the tables.
    pub async fn put_entries(&self, record: &ExportRecord, row: usize, entries: &[(PackageId, DatasetId)]) -> PortResult<()> {
        let row = EntriesRow {
            user_id: record.export.user_id.clone(),
            item: part_item("entries", record.export.id, record.attempt, row),
            entries: entries.to_vec(),
        };
        self.tables.write(Write::Put { table: Table::Cart, item: item_of(&row)?, condition: None }).await
    }

    /// What the grant link `number` of an export stands for.
    ///
    /// # Errors
    /// Those of the tables.
    pub async fn entry(&self, record: &ExportRecord, number: usize) -> PortResult<Option<(PackageId, DatasetId)>> {
        let row = number / CHUNK;
        let attempt = record.entry_rows.iter().rev().find(|rows| rows.first <= row).map_or(record.attempt, |rows| rows.attempt);
        let item = part_item("entries", record.export.id, attempt, row);
        let mut found = self.tables.get_many(Table::Cart, &[Key::new(record.export.user_id.as_str(), item)], true).await?;
        let row: Option<EntriesRow> = found.pop().flatten().map(row_of).transpose()?;
        Ok(row.and_then(|row| row.entries.get(number % CHUNK).copied()))
    }

    /// Removes the rows of an export's files and grant entries, of every attempt.
    ///
    /// # Errors
    /// Those of the tables; some may be gone then.
    pub async fn remove_export_parts(&self, user_id: &UserId, id: ExportId) -> PortResult<()> {
        for kind in ["entries", "manifests"] {
            self.remove_rows(Table::Cart, user_id.as_str(), &format!("{kind}#{id}#")).await?;
        }
        Ok(())
    }
}
