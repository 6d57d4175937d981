//! What the store keeps, and how it fails.

use domain::{PortError, PortErrorKind, Timestamp, ports::ObjectInfo};

use crate::sqlite::kind_of;

/// What is known of a content's checksum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Checksum {
    /// SHA-256 of the content.
    Whole([u8; 32]),
    /// SHA-256 over the parts' SHA-256 values, and how many parts there are.
    Composite([u8; 32], u32),
}

/// A version of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectRecord {
    /// The key.
    pub key: String,
    /// The version's name.
    pub version: String,
    /// Size in bytes.
    pub size: u64,
    /// Checksum, always computed by the store itself.
    pub checksum: Checksum,
    /// Media type.
    pub content_type: String,
    /// When it was stored.
    pub modified: Timestamp,
}

impl ObjectRecord {
    /// The entity tag, without quotes. It is not an MD5 and must not look like one: clients compare those.
    #[must_use]
    pub fn etag(&self) -> String {
        match self.checksum {
            Checksum::Whole(sha256) => hex::encode(sha256),
            Checksum::Composite(sha256, parts) => format!("{}-{parts}", hex::encode(sha256)),
        }
    }
}

impl From<ObjectRecord> for ObjectInfo {
    fn from(record: ObjectRecord) -> Self {
        let (sha256, composite_sha256) = match record.checksum {
            Checksum::Whole(sha256) => (Some(hex::encode(sha256)), None),
            Checksum::Composite(sha256, _) => (None, Some(hex::encode(sha256))),
        };
        Self {
            key: record.key,
            version: Some(record.version),
            size: record.size,
            sha256,
            composite_sha256,
            content_type: Some(record.content_type),
            modified: record.modified,
        }
    }
}

/// One of the files that a content consists of, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContentFile {
    /// The file's name in the content folder.
    pub name: String,
    /// Its size in bytes.
    pub size: u64,
}

/// A part that arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartRecord {
    /// From 1 to 10,000.
    pub number: u32,
    /// The file with its content.
    pub file: ContentFile,
    /// SHA-256 of its content.
    pub sha256: [u8; 32],
    /// When it arrived.
    pub modified: Timestamp,
}

impl PartRecord {
    /// The entity tag, without quotes.
    #[must_use]
    pub fn etag(&self) -> String {
        hex::encode(self.sha256)
    }
}

/// A page of current versions in order of their keys' bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListPage {
    /// The versions.
    pub objects: Vec<ObjectRecord>,
    /// Whether more follow.
    pub truncated: bool,
}

/// Why the store refused or failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The bucket does not exist.
    #[error("the bucket does not exist")]
    NoSuchBucket,
    /// The key has no current version.
    #[error("the key has no current version")]
    NoSuchKey,
    /// The key has no such version.
    #[error("the key has no such version")]
    NoSuchVersion,
    /// The upload does not exist, or not any more.
    #[error("the upload does not exist")]
    NoSuchUpload,
    /// A part is not there, or is another one than named.
    #[error("part {0} is not there, or is another one")]
    InvalidPart(u32),
    /// Parts are not in ascending order.
    #[error("parts are not in ascending order")]
    PartOrder,
    /// A part that is not the last is too small.
    #[error("part {0} is too small")]
    PartTooSmall(u32),
    /// The content has another checksum than announced.
    #[error("the content has another checksum than announced")]
    BadDigest,
    /// The content has another size than announced.
    #[error("the content has another size than announced")]
    WrongSize,
    /// The key is there already.
    #[error("the key is there already")]
    PreconditionFailed,
    /// A value breaks a rule.
    #[error("{0}")]
    InvalidArgument(&'static str),
    /// The machine does not let this process read it.
    #[error("this may not be read")]
    Forbidden,
    /// The sender's stream ended in an error or stalled.
    #[error("the content did not arrive")]
    Interrupted(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The disk is full or can't be written, or a lock was not let go in time: it may pass.
    #[error("the store can't be used now")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The disk, the database or the code failed.
    #[error("the store failed")]
    Internal(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// What the store's methods return.
pub type StoreResult<T> = Result<T, StoreError>;

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        match kind_of(&error) {
            PortErrorKind::Unavailable => Self::Unavailable(Box::new(error)),
            _ => Self::Internal(Box::new(error)),
        }
    }
}

impl From<std::io::Error> for StoreError {
    fn from(error: std::io::Error) -> Self {
        use std::io::ErrorKind;
        match error.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::ReadOnlyFilesystem => Self::Unavailable(Box::new(error)),
            _ => Self::Internal(Box::new(error)),
        }
    }
}

impl From<PortError> for StoreError {
    fn from(error: PortError) -> Self {
        match error.kind() {
            PortErrorKind::Unavailable => Self::Unavailable(Box::new(error)),
            _ => Self::Internal(Box::new(error)),
        }
    }
}

impl From<tokio::task::JoinError> for StoreError {
    fn from(error: tokio::task::JoinError) -> Self {
        Self::Internal(Box::new(error))
    }
}
