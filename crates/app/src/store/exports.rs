//! Rows of exports: `export#{id}` is the export; `manifests#{id}#{attempt}#{chunk}` names its files and
//! `entries#{id}#{attempt}#{chunk}` what its grant links stand for, both apart because a row has 400 KB; `followed#{id}`
//! counts followed links, apart because that is written often and told to nobody.

use std::time::Duration;

use domain::{
    DatasetId, ExportId, ItemId, PackageId, PortErrorKind, PortResult, Timestamp,
    cart::{Export, ExportFormat, ExportState, ManifestFile, Skipped, Totals},
    change::Stamp,
    id::UserId,
    package::RETENTION_DAYS,
    ports::{Condition, Index, Item, Key, Order, Page, PageKey, Query, Range, Table, Update, Write},
};
use serde::{Deserialize, Serialize};

use super::{Due, Store, item_of, row_of};

/// So many grant entries, or files, a row: at most 225 KB.
const CHUNK: usize = 500;
/// An export that is not there after so long never comes: its job lies among the dead letters.
const RUNNING_LIFE: Duration = Duration::from_secs(6 * 3600);
/// So long an export that ended can be looked at.
const ENDED_LIFE: Duration = Duration::from_secs(RETENTION_DAYS * 24 * 3600);

#[derive(Serialize, Deserialize)]
struct ExportRow {
    user_id: UserId,
    item: String,
    id: ExportId,
    format: ExportFormat,
    packages: Vec<(ItemId, PackageId)>,
    paths: Vec<String>,
    state: ExportState,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    failure: Option<String>,
    expires_in: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expires_at: Option<Timestamp>,
    expected: Totals,
    written: Totals,
    skipped: Vec<Skipped>,
    skipped_count: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    token_ciphertext: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    token_hash: Option<String>,
    attempt: u64,
    created_at: Timestamp,
    updated_at: Timestamp,
    #[serde(flatten)]
    due: Due,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    changed: Option<Stamp>,
}

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

/// An export with the number of the attempt at writing it.
///
/// Whoever begins to write takes the next number; only the last one may say that it is done, and only its files and
/// entries are read. So a job that is delivered twice at the same moment mixes nothing.
#[derive(Clone, Debug)]
pub struct ExportRecord {
    /// The export, without its manifests.
    pub export: Export,
    /// The attempt.
    pub attempt: u64,
}

impl From<ExportRow> for ExportRecord {
    fn from(row: ExportRow) -> Self {
        let export = Export {
            id: row.id,
            user_id: row.user_id,
            format: row.format,
            packages: row.packages,
            paths: row.paths,
            state: row.state,
            failure: row.failure,
            expires_in: row.expires_in,
            expires_at: row.expires_at,
            expected: row.expected,
            written: row.written,
            skipped: row.skipped,
            skipped_count: row.skipped_count,
            manifests: Vec::new(),
            token_ciphertext: row.token_ciphertext,
            token_hash: row.token_hash,
            followed: 0,
            created_at: row.created_at,
            updated_at: row.updated_at,
        };
        Self { export, attempt: row.attempt }
    }
}

impl ExportRecord {
    /// That the stored export still is in this state and attempt.
    #[must_use]
    pub fn unchanged(&self) -> Condition {
        Condition::All(vec![
            Condition::Equals("state".to_owned(), self.export.state.name().into()),
            Condition::Equals("attempt".to_owned(), self.attempt.into()),
        ])
    }

    /// When housekeeping must look at it.
    fn due_at(&self) -> Timestamp {
        let export = &self.export;
        match export.state {
            ExportState::Running => export.updated_at.plus(RUNNING_LIFE),
            ExportState::Ready => export.expires_at.unwrap_or(export.updated_at),
            ExportState::Failed | ExportState::Revoked => export.updated_at.plus(ENDED_LIFE),
        }
    }
}

fn export_key(user_id: &UserId, id: ExportId) -> Key {
    Key::new(user_id.as_str(), format!("export#{id}"))
}

fn followed_key(user_id: &UserId, id: ExportId) -> Key {
    Key::new(user_id.as_str(), format!("followed#{id}"))
}

fn part_item(kind: &str, id: ExportId, attempt: u64, chunk: usize) -> String {
    format!("{kind}#{id}#{attempt:06}#{chunk:08}")
}

fn record_of(item: Item) -> PortResult<ExportRecord> {
    row_of::<ExportRow>(item).map(ExportRecord::from)
}

impl Store {
    /// An export as it is now.
    ///
    /// # Errors
    /// Those of the tables.
    pub async fn export(&self, user_id: &UserId, id: ExportId) -> PortResult<Option<ExportRecord>> {
        let keys = [export_key(user_id, id), followed_key(user_id, id)];
        let mut found = self.tables.get_many(Table::Cart, &keys, true).await?;
        let (followed, export) = (found.pop().flatten(), found.pop().flatten());
        let mut record = export.map(record_of).transpose()?;
        if let Some(record) = &mut record {
            record.export.followed = followed_of(followed.as_ref());
        }
        Ok(record)
    }

    /// A page of a user's exports, newest first.
    ///
    /// # Errors
    /// Those of the tables.
    pub async fn exports_of(&self, user_id: &UserId, limit: u32, after: Option<PageKey>) -> PortResult<(Vec<Export>, Option<PageKey>)> {
        let query = Query {
            table: Table::Cart,
            index: None,
            partition: user_id.to_string(),
            range: Range::Prefix("export#".to_owned()),
            order: Order::Descending,
            limit,
            after,
            consistent: true,
        };
        let Page { items, next } = self.tables.query(query).await?;
        let found: PortResult<Vec<Export>> = items.into_iter().map(|item| record_of(item).map(|record| record.export)).collect();
        let mut found = found?;
        let keys: Vec<Key> = found.iter().map(|export| followed_key(user_id, export.id)).collect();
        let counts = self.tables.get_many(Table::Cart, &keys, true).await?;
        for (export, count) in found.iter_mut().zip(counts) {
            export.followed = followed_of(count.as_ref());
        }
        Ok((found, next))
    }

    /// Whose and which export has the token of this hash: as the index knows it, to be read again by its key.
    ///
    /// # Errors
    /// Those of the tables.
    pub async fn export_with_token(&self, hash: &str) -> PortResult<Option<(UserId, ExportId)>> {
        let query = Query {
            table: Table::Cart,
            index: Some(Index::Token),
            partition: hash.to_owned(),
            range: Range::All,
            order: Order::Ascending,
            limit: 1,
            after: None,
            consistent: false,
        };
        let found = self.tables.query(query).await?.items.pop().map(record_of).transpose()?;
        Ok(found.map(|record| (record.export.user_id, record.export.id)))
    }

    /// The write of a whole export.
    ///
    /// # Errors
    /// Only if the row has no JSON form.
    pub fn put_export(&self, record: &ExportRecord, stamp: Option<&Stamp>, condition: Condition) -> PortResult<Write> {
        let export = &record.export;
        let row = ExportRow {
            user_id: export.user_id.clone(),
            item: format!("export#{}", export.id),
            id: export.id,
            format: export.format,
            packages: export.packages.clone(),
            paths: export.paths.clone(),
            state: export.state,
            failure: export.failure.clone(),
            expires_in: export.expires_in,
            expires_at: export.expires_at,
            expected: export.expected,
            written: export.written,
            skipped: export.skipped.clone(),
            skipped_count: export.skipped_count,
            token_ciphertext: export.token_ciphertext.clone(),
            token_hash: export.token_hash.clone(),
            attempt: record.attempt,
            created_at: export.created_at,
            updated_at: export.updated_at,
            due: Due::at(record.due_at(), &export.id.to_string()),
            changed: stamp.cloned(),
        };
        Ok(Write::Put { table: Table::Cart, item: item_of(&row)?, condition: Some(condition) })
    }

    /// Stores `changed` in place of `before`; `false` if that is no longer what is stored.
    ///
    /// # Errors
    /// Those of the tables.
    pub async fn replace_export(&self, before: &ExportRecord, changed: &ExportRecord, stamp: Option<&Stamp>) -> PortResult<bool> {
        match self.tables.write(self.put_export(changed, stamp, before.unchanged())?).await {
            Ok(()) => Ok(true),
            Err(error) if error.is(PortErrorKind::PreconditionFailed) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Takes the next attempt at writing a running export; `None` if somebody else did at the same moment.
    ///
    /// # Errors
    /// Those of the tables.
    pub async fn begin_attempt(&self, record: &ExportRecord) -> PortResult<Option<ExportRecord>> {
        let attempt = record.attempt + 1;
        let update = Update { set: [("attempt".to_owned(), attempt.into())].into(), ..Update::default() };
        let key = export_key(&record.export.user_id, record.export.id);
        match self.tables.write(Write::Update { table: Table::Cart, key, update, condition: Some(record.unchanged()) }).await {
            Ok(()) => Ok(Some(ExportRecord { export: record.export.clone(), attempt })),
            Err(error) if error.is(PortErrorKind::PreconditionFailed) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Keeps the names of an attempt's files.
    ///
    /// # Errors
    /// Those of the tables.
    pub async fn put_manifests(&self, record: &ExportRecord, files: &[ManifestFile]) -> PortResult<()> {
        let rows = files.chunks(CHUNK).enumerate().map(|(chunk, files)| ManifestsRow {
            user_id: record.export.user_id.clone(),
            item: part_item("manifests", record.export.id, record.attempt, chunk),
            files: files.to_vec(),
        });
        let writes: PortResult<Vec<Write>> =
            rows.map(|row| Ok(Write::Put { table: Table::Cart, item: item_of(&row)?, condition: None })).collect();
        self.tables.write_many(writes?).await
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
        let item = part_item("entries", record.export.id, record.attempt, number / CHUNK);
        let mut found = self.tables.get_many(Table::Cart, &[Key::new(record.export.user_id.as_str(), item)], true).await?;
        let row: Option<EntriesRow> = found.pop().flatten().map(row_of).transpose()?;
        Ok(row.and_then(|row| row.entries.get(number % CHUNK).copied()))
    }

    /// Counts a followed grant link; no change that anybody is told of.
    ///
    /// # Errors
    /// Those of the tables.
    pub async fn count_follow(&self, user_id: &UserId, id: ExportId) -> PortResult<()> {
        let update = Update { add: [("followed".to_owned(), 1)].into(), ..Update::default() };
        self.tables.write(Write::Update { table: Table::Cart, key: followed_key(user_id, id), update, condition: None }).await
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

    /// Removes the row of an export that still is what was read, and its count.
    ///
    /// # Errors
    /// Those of the tables; `PreconditionFailed` if it changed.
    pub async fn remove_export(&self, record: &ExportRecord) -> PortResult<()> {
        let (user_id, id) = (&record.export.user_id, record.export.id);
        let row = Write::Delete { table: Table::Cart, key: export_key(user_id, id), condition: Some(record.unchanged()) };
        let count = Write::Delete { table: Table::Cart, key: followed_key(user_id, id), condition: None };
        self.tables.transact(vec![row, count]).await
    }
}

fn followed_of(row: Option<&Item>) -> u64 {
    row.and_then(|item| item.get("followed")).and_then(serde_json::Value::as_u64).unwrap_or_default()
}
