//! Rows about objects: which versions a key has, which is current, and which files hold the content.

use std::{
    path::Path,
    sync::{Mutex, PoisonError},
};

use domain::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};

use super::{
    record::{Checksum, ContentFile, ListPage, ObjectRecord, StoreError, StoreResult},
    schema,
};
use crate::sqlite::{self, Readers};

/// The file's name below the store's folder.
pub(super) const FILE_NAME: &str = "objects.sqlite";

/// One connection that writes, some that read.
pub(super) struct Database {
    writer: Mutex<Connection>,
    readers: Readers,
}

impl Database {
    /// Opens the file, or makes it.
    pub(super) fn open(path: &Path) -> StoreResult<Self> {
        Ok(Self { writer: Mutex::new(schema::FILE.open(path)?), readers: Readers::new(path) })
    }

    /// Runs `work` in a transaction that is committed, and on the disk, when this returns without an error.
    pub(super) fn write<T>(&self, work: impl FnOnce(&Transaction<'_>) -> StoreResult<T>) -> StoreResult<T> {
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        sqlite::transact(&mut writer, work)
    }

    /// Runs `work` on one state of the database.
    pub(super) fn read<T>(&self, work: impl FnOnce(&Transaction<'_>) -> StoreResult<T>) -> StoreResult<T> {
        self.readers.read(work)
    }
}

/// Makes a bucket if it is not there.
pub(super) fn ensure_bucket(transaction: &Transaction<'_>, bucket: &str) -> StoreResult<()> {
    transaction.prepare_cached("INSERT INTO buckets (name) VALUES (?1) ON CONFLICT DO NOTHING")?.execute([bucket])?;
    Ok(())
}

/// `NoSuchBucket` unless it is there.
pub(super) fn require_bucket(transaction: &Transaction<'_>, bucket: &str) -> StoreResult<()> {
    if transaction.prepare_cached("SELECT 1 FROM buckets WHERE name = ?1")?.exists([bucket])? {
        return Ok(());
    }
    Err(StoreError::NoSuchBucket)
}

/// Whether the key has a current version.
pub(super) fn is_there(transaction: &Transaction<'_>, bucket: &str, key: &str) -> StoreResult<bool> {
    Ok(transaction.prepare_cached("SELECT 1 FROM current WHERE bucket = ?1 AND key = ?2")?.exists([bucket, key])?)
}

/// Whether a content file belongs to a version or a part.
pub(super) fn is_known_file(transaction: &Transaction<'_>, file: &str) -> StoreResult<bool> {
    let mut statement =
        transaction.prepare_cached("SELECT 1 FROM contents WHERE file = ?1 UNION ALL SELECT 1 FROM parts WHERE file = ?1")?;
    Ok(statement.exists([file])?)
}

/// Adds a version and makes it the current one.
pub(super) fn insert_version(
    transaction: &Transaction<'_>,
    bucket: &str,
    record: &ObjectRecord,
    files: impl IntoIterator<Item = ContentFile>,
) -> StoreResult<()> {
    let (sha256, parts) = match record.checksum {
        Checksum::Whole(sha256) => (sha256, None),
        Checksum::Composite(sha256, parts) => (sha256, Some(parts)),
    };
    transaction
        .prepare_cached(
            "INSERT INTO versions (bucket, key, version, size, sha256, parts, content_type, modified) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        )?
        .execute(params![
            bucket,
            record.key,
            record.version,
            record.size.cast_signed(),
            sha256,
            parts,
            record.content_type,
            record.modified.as_millis()
        ])?;
    let sequence = transaction.last_insert_rowid();
    let mut insert = transaction.prepare_cached("INSERT INTO contents (sequence, position, file, size) VALUES (?1, ?2, ?3, ?4)")?;
    for (position, file) in files.into_iter().enumerate() {
        insert.execute(params![sequence, position.cast_signed() as i64, file.name, file.size.cast_signed()])?;
    }
    set_current(transaction, bucket, &record.key, sequence)
}

/// Puts a delete marker before the current version, if there is one, and answers whether there was.
pub(super) fn insert_marker(transaction: &Transaction<'_>, bucket: &str, key: &str, version: &str, now: Timestamp) -> StoreResult<bool> {
    let removed = transaction.prepare_cached("DELETE FROM current WHERE bucket = ?1 AND key = ?2")?.execute([bucket, key])?;
    if removed == 0 {
        return Ok(false);
    }
    transaction.prepare_cached("INSERT INTO versions (bucket, key, version, modified) VALUES (?1, ?2, ?3, ?4)")?.execute(params![
        bucket,
        key,
        version,
        now.as_millis()
    ])?;
    Ok(true)
}

/// Removes a version or marker for good, if it is there, and answers with the files to be removed after the commit.
pub(super) fn remove_version(transaction: &Transaction<'_>, bucket: &str, key: &str, version: &str) -> StoreResult<Vec<ContentFile>> {
    let sequence: Option<i64> = transaction
        .prepare_cached("SELECT sequence FROM versions WHERE version = ?3 AND bucket = ?1 AND key = ?2")?
        .query_row([bucket, key, version], |row| row.get(0))
        .optional()?;
    let Some(sequence) = sequence else { return Ok(Vec::new()) };
    let files = files_of(transaction, sequence)?;
    transaction.prepare_cached("DELETE FROM current WHERE sequence = ?1")?.execute([sequence])?;
    transaction.prepare_cached("DELETE FROM contents WHERE sequence = ?1")?.execute([sequence])?;
    transaction.prepare_cached("DELETE FROM versions WHERE sequence = ?1")?.execute([sequence])?;
    let newest: Option<(i64, bool)> = transaction
        .prepare_cached("SELECT sequence, size IS NULL FROM versions WHERE bucket = ?1 AND key = ?2 ORDER BY sequence DESC LIMIT 1")?
        .query_row([bucket, key], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    if let Some((newest, false)) = newest {
        set_current(transaction, bucket, key, newest)?;
    }
    Ok(files)
}

fn set_current(transaction: &Transaction<'_>, bucket: &str, key: &str, sequence: i64) -> StoreResult<()> {
    transaction
        .prepare_cached(
            "INSERT INTO current (bucket, key, sequence) VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE SET sequence = excluded.sequence",
        )?
        .execute(params![bucket, key, sequence])?;
    Ok(())
}

/// A version with its files: the named one, or else the current one.
pub(super) fn find(
    transaction: &Transaction<'_>,
    bucket: &str,
    key: &str,
    version: Option<&str>,
) -> StoreResult<(ObjectRecord, Vec<ContentFile>)> {
    require_bucket(transaction, bucket)?;
    let found = match version {
        None => transaction
            .prepare_cached(
                "SELECT v.key, v.version, v.size, v.sha256, v.parts, v.content_type, v.modified, v.sequence \
                 FROM current c JOIN versions v ON v.sequence = c.sequence WHERE c.bucket = ?1 AND c.key = ?2",
            )?
            .query_row([bucket, key], |row| Ok((record_of(row)?, row.get::<_, i64>(7)?)))
            .optional()?,
        Some(version) => transaction
            .prepare_cached(
                "SELECT key, version, size, sha256, parts, content_type, modified, sequence \
                 FROM versions WHERE version = ?3 AND bucket = ?1 AND key = ?2 AND size IS NOT NULL",
            )?
            .query_row([bucket, key, version], |row| Ok((record_of(row)?, row.get::<_, i64>(7)?)))
            .optional()?,
    };
    match found {
        Some((record, sequence)) => Ok((record, files_of(transaction, sequence)?)),
        None if version.is_some() => Err(StoreError::NoSuchVersion),
        None => Err(StoreError::NoSuchKey),
    }
}

/// A page of current versions below `prefix`, after the key `after`.
pub(super) fn list(transaction: &Transaction<'_>, bucket: &str, prefix: &str, after: &str, limit: usize) -> StoreResult<ListPage> {
    require_bucket(transaction, bucket)?;
    let mut statement = transaction.prepare_cached(
        "SELECT v.key, v.version, v.size, v.sha256, v.parts, v.content_type, v.modified \
         FROM current c JOIN versions v ON v.sequence = c.sequence \
         WHERE c.bucket = ?1 AND c.key >= ?2 AND c.key > ?3 ORDER BY c.key LIMIT ?4",
    )?;
    let more = i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1);
    let mut objects = Vec::new();
    let mut rows = statement.query(params![bucket, prefix, after, more])?;
    while let Some(row) = rows.next()? {
        let record = record_of(row)?;
        // The range begins at the prefix, so the first key without it ends it.
        if !record.key.starts_with(prefix) {
            break;
        }
        objects.push(record);
    }
    let truncated = objects.len() > limit;
    objects.truncate(limit);
    Ok(ListPage { objects, truncated })
}

fn files_of(transaction: &Transaction<'_>, sequence: i64) -> StoreResult<Vec<ContentFile>> {
    let mut statement = transaction.prepare_cached("SELECT file, size FROM contents WHERE sequence = ?1 ORDER BY position")?;
    let files =
        statement.query_map([sequence], |row| Ok(ContentFile { name: row.get(0)?, size: row.get::<_, i64>(1)?.cast_unsigned() }))?;
    Ok(files.collect::<rusqlite::Result<_>>()?)
}

fn record_of(row: &Row<'_>) -> rusqlite::Result<ObjectRecord> {
    let sha256: [u8; 32] = row.get(3)?;
    Ok(ObjectRecord {
        key: row.get(0)?,
        version: row.get(1)?,
        size: row.get::<_, i64>(2)?.cast_unsigned(),
        checksum: match row.get::<_, Option<u32>>(4)? {
            None => Checksum::Whole(sha256),
            Some(parts) => Checksum::Composite(sha256, parts),
        },
        content_type: row.get(5)?,
        modified: Timestamp::from_millis(row.get(6)?).unwrap_or(Timestamp::EPOCH),
    })
}
