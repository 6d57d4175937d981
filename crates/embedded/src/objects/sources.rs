//! Where what is read comes from: the store, or a folder that is served as a bucket.

use std::{io, ops::Range, sync::Arc};

use bytes::Bytes;
use domain::Timestamp;
use futures::{StreamExt as _, stream::BoxStream};
use s3s::dto::ChecksumType;

use super::{
    conversion::checksum,
    record::{ContentFile, ObjectRecord, StoreResult},
    roots::{ImportRoots, RootFile},
    store::ObjectStore,
};

/// The media type of content that came without one, as S3 has it.
pub(super) const UNKNOWN_TYPE: &str = "binary/octet-stream";

/// Everything that can be read.
pub(super) struct Sources {
    store: Arc<ObjectStore>,
    roots: ImportRoots,
}

/// An object, wherever it lies.
pub(super) enum Found {
    /// A version in the store, with the files of its content.
    Stored(ObjectRecord, Vec<ContentFile>),
    /// A file of a folder.
    Rooted(RootFile),
}

impl Sources {
    pub(super) fn new(store: Arc<ObjectStore>, roots: ImportRoots) -> Self {
        Self { store, roots }
    }

    /// An object: the named version, or else the current one.
    pub(super) async fn find(&self, bucket: &str, key: &str, version: Option<&str>) -> StoreResult<Found> {
        if self.roots.has(bucket) {
            return self.roots.find(bucket, key, version).await.map(Found::Rooted);
        }
        self.store.find(bucket, key, version).await.map(|(record, files)| Found::Stored(record, files))
    }

    /// At most `limit` objects whose key begins with `prefix` and comes after `after`, and whether there are more.
    pub(super) async fn list(&self, bucket: &str, prefix: &str, after: &str, limit: usize) -> StoreResult<(Vec<Found>, bool)> {
        if self.roots.has(bucket) {
            let page = self.roots.list(bucket, prefix, after, limit).await?;
            return Ok((page.files.into_iter().map(Found::Rooted).collect(), page.truncated));
        }
        let page = self.store.list(bucket, prefix, after, limit).await?;
        Ok((page.objects.into_iter().map(|record| Found::Stored(record, Vec::new())).collect(), page.truncated))
    }

    /// A range of an object's content.
    pub(super) async fn read(&self, found: Found, range: Range<u64>) -> StoreResult<BoxStream<'static, io::Result<Bytes>>> {
        Ok(match found {
            Found::Stored(_, files) => self.store.read(files, range).await?.boxed(),
            Found::Rooted(file) => file.read(range).await?.boxed(),
        })
    }
}

impl Found {
    pub(super) fn key(&self) -> &str {
        match self {
            Self::Stored(record, _) => &record.key,
            Self::Rooted(file) => &file.key,
        }
    }

    pub(super) fn size(&self) -> u64 {
        match self {
            Self::Stored(record, _) => record.size,
            Self::Rooted(file) => file.size,
        }
    }

    pub(super) fn etag(&self) -> String {
        match self {
            Self::Stored(record, _) => record.etag(),
            Self::Rooted(file) => file.etag(),
        }
    }

    pub(super) fn modified(&self) -> Timestamp {
        match self {
            Self::Stored(record, _) => record.modified,
            Self::Rooted(file) => file.modified,
        }
    }

    pub(super) fn content_type(&self) -> &str {
        match self {
            Self::Stored(record, _) => &record.content_type,
            Self::Rooted(_) => UNKNOWN_TYPE,
        }
    }

    /// Its version; files of a folder have none.
    pub(super) fn version(&self) -> Option<&str> {
        match self {
            Self::Stored(record, _) => Some(&record.version),
            Self::Rooted(_) => None,
        }
    }

    /// Its checksum, as headers have it; that of a folder's file nobody knows.
    pub(super) fn checksum(&self) -> Option<(String, ChecksumType)> {
        match self {
            Self::Stored(record, _) => Some(checksum(record)),
            Self::Rooted(_) => None,
        }
    }
}
