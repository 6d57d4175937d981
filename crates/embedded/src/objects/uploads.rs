//! Rows about uploads in parts.

use std::collections::BTreeMap;

use aws_lc_rs::digest::{Context, SHA256};
use domain::Timestamp;
use rusqlite::{OptionalExtension, Row, Transaction, params};

use super::{
    database,
    record::{Checksum, ContentFile, ObjectRecord, PartRecord, StoreError, StoreResult},
};

/// Smallest size of a part that is not the last, as S3 has it.
const SMALLEST_PART: u64 = 5 * 1024 * 1024;

/// Highest part number.
pub(super) const MOST_PARTS: u32 = 10_000;

/// A part as its sender names it to complete an upload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct NamedPart {
    pub(super) number: u32,
    pub(super) etag: String,
    pub(super) sha256: Option<[u8; 32]>,
}

/// Where an upload goes.
#[derive(Clone, Debug)]
pub(super) struct UploadAddress {
    pub(super) id: String,
    pub(super) bucket: String,
    pub(super) key: String,
}

pub(super) fn insert(transaction: &Transaction<'_>, upload: &UploadAddress, content_type: &str, now: Timestamp) -> StoreResult<()> {
    database::require_bucket(transaction, &upload.bucket)?;
    transaction
        .prepare_cached("INSERT INTO uploads (id, bucket, key, content_type, created) VALUES (?1, ?2, ?3, ?4, ?5)")?
        .execute(params![upload.id, upload.bucket, upload.key, content_type, now.as_millis()])?;
    Ok(())
}

/// The upload's content type; `NoSuchUpload` unless it is there, at that address.
pub(super) fn require(transaction: &Transaction<'_>, upload: &UploadAddress) -> StoreResult<String> {
    transaction
        .prepare_cached("SELECT content_type FROM uploads WHERE id = ?1 AND bucket = ?2 AND key = ?3")?
        .query_row([&upload.id, &upload.bucket, &upload.key], |row| row.get(0))
        .optional()?
        .ok_or(StoreError::NoSuchUpload)
}

/// Adds a part, and answers with the file of one that it replaced.
pub(super) fn put_part(transaction: &Transaction<'_>, upload: &UploadAddress, part: &PartRecord) -> StoreResult<Option<ContentFile>> {
    require(transaction, upload)?;
    let replaced = transaction
        .prepare_cached("DELETE FROM parts WHERE upload = ?1 AND number = ?2 RETURNING file, size")?
        .query_row(params![upload.id, part.number], |row| {
            Ok(ContentFile { name: row.get(0)?, size: row.get::<_, i64>(1)?.cast_unsigned() })
        })
        .optional()?;
    transaction
        .prepare_cached("INSERT INTO parts (upload, number, file, size, sha256, modified) VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?
        .execute(params![upload.id, part.number, part.file.name, part.file.size.cast_signed(), part.sha256, part.modified.as_millis()])?;
    Ok(replaced)
}

/// Parts with numbers after `after`, ascending.
pub(super) fn parts(transaction: &Transaction<'_>, upload: &UploadAddress, after: u32, limit: usize) -> StoreResult<Vec<PartRecord>> {
    require(transaction, upload)?;
    let mut statement = transaction.prepare_cached(
        "SELECT number, file, size, sha256, modified FROM parts WHERE upload = ?1 AND number > ?2 ORDER BY number LIMIT ?3",
    )?;
    let rows = statement.query_map(params![upload.id, after, i64::try_from(limit).unwrap_or(i64::MAX)], part_of)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Makes a version of the named parts without touching their content, and answers with the files of parts that were not named.
pub(super) fn complete(
    transaction: &Transaction<'_>,
    upload: &UploadAddress,
    named: &[NamedPart],
    only_if_absent: bool,
    version: String,
    now: Timestamp,
) -> StoreResult<(ObjectRecord, Vec<ContentFile>)> {
    let content_type = require(transaction, upload)?;
    if only_if_absent && database::is_there(transaction, &upload.bucket, &upload.key)? {
        return Err(StoreError::PreconditionFailed);
    }
    let mut stored: BTreeMap<u32, PartRecord> =
        parts(transaction, upload, 0, MOST_PARTS as usize)?.into_iter().map(|part| (part.number, part)).collect();
    let (files, checksum) = choose(&mut stored, named)?;
    let size = files.iter().map(|file| file.size).sum();
    let record = ObjectRecord { key: upload.key.clone(), version, size, checksum, content_type, modified: now };
    remove(transaction, upload)?;
    database::insert_version(transaction, &upload.bucket, &record, files)?;
    Ok((record, stored.into_values().map(|part| part.file).collect()))
}

/// Takes the named parts out of `stored`, in order, and computes the composite checksum as S3 does.
fn choose(stored: &mut BTreeMap<u32, PartRecord>, named: &[NamedPart]) -> StoreResult<(Vec<ContentFile>, Checksum)> {
    let mut files = Vec::with_capacity(named.len());
    let mut hash = Context::new(&SHA256);
    let mut last = 0;
    for (position, name) in named.iter().enumerate() {
        if name.number <= last {
            return Err(StoreError::PartOrder);
        }
        last = name.number;
        let part = stored.remove(&name.number).ok_or(StoreError::InvalidPart(name.number))?;
        if part.etag() != name.etag || name.sha256.is_some_and(|sha256| sha256 != part.sha256) {
            return Err(StoreError::InvalidPart(name.number));
        }
        if position + 1 < named.len() && part.file.size < SMALLEST_PART {
            return Err(StoreError::PartTooSmall(name.number));
        }
        hash.update(&part.sha256);
        files.push(part.file);
    }
    if files.is_empty() {
        return Err(StoreError::InvalidArgument("an upload is completed with at least one part"));
    }
    let mut sha256 = [0; 32];
    sha256.copy_from_slice(hash.finish().as_ref());
    let parts = u32::try_from(files.len()).unwrap_or(MOST_PARTS);
    Ok((files, Checksum::Composite(sha256, parts)))
}

/// Drops an upload and answers with the files of its parts; `NoSuchUpload` if it is not there.
pub(super) fn abort(transaction: &Transaction<'_>, upload: &UploadAddress) -> StoreResult<Vec<ContentFile>> {
    let files = parts(transaction, upload, 0, MOST_PARTS as usize)?.into_iter().map(|part| part.file).collect();
    remove(transaction, upload)?;
    Ok(files)
}

fn remove(transaction: &Transaction<'_>, upload: &UploadAddress) -> StoreResult<()> {
    transaction.prepare_cached("DELETE FROM parts WHERE upload = ?1")?.execute([&upload.id])?;
    transaction.prepare_cached("DELETE FROM uploads WHERE id = ?1")?.execute([&upload.id])?;
    Ok(())
}

fn part_of(row: &Row<'_>) -> rusqlite::Result<PartRecord> {
    Ok(PartRecord {
        number: row.get(0)?,
        file: ContentFile { name: row.get(1)?, size: row.get::<_, i64>(2)?.cast_unsigned() },
        sha256: row.get(3)?,
        modified: Timestamp::from_millis(row.get(4)?).unwrap_or(Timestamp::EPOCH),
    })
}
