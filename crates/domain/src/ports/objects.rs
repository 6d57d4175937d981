//! Objects: bytes under keys in versioned buckets, and URLs that let others send and fetch them.

use std::{collections::BTreeMap, time::Duration};

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;
use secrecy::SecretString;

use crate::{error::PortResult, time::Timestamp};

/// A stream of bytes; an error ends it.
pub type ByteStream = BoxStream<'static, PortResult<Bytes>>;

/// Where an object is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ObjectAddress {
    /// The bucket.
    pub bucket: String,
    /// The key, 1 to 1,024 bytes of UTF-8.
    pub key: String,
}

/// One version of an object.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ObjectVersion {
    /// Where the object is.
    pub address: ObjectAddress,
    /// Which version; `None` is the current one.
    pub version: Option<String>,
}

/// What the store knows about a version of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectInfo {
    /// The key.
    pub key: String,
    /// The version, where the bucket keeps versions.
    pub version: Option<String>,
    /// Size in bytes.
    pub size: u64,
    /// SHA-256 of the whole content in lower-case hex, if the store verified it at upload.
    pub sha256: Option<String>,
    /// SHA-256 over the parts' SHA-256 values, in lower-case hex, for multipart uploads.
    pub composite_sha256: Option<String>,
    /// The media type, where the answer has it (not in listings).
    pub content_type: Option<String>,
    /// When it was stored.
    pub modified: Timestamp,
}

/// An object with its content (or a range of it).
pub struct ObjectBody {
    /// About the whole object.
    pub info: ObjectInfo,
    /// The bytes asked for.
    pub bytes: ByteStream,
}

/// Bytes `start` to `end`, both included; without `end` to the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ByteRange {
    /// First byte, from 0.
    pub start: u64,
    /// Last byte.
    pub end: Option<u64>,
}

/// What is known of an object before it is stored, all of it held by the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PutOptions {
    /// Size in bytes.
    pub size: u64,
    /// The media type.
    pub content_type: String,
    /// SHA-256 of the content in lower-case hex.
    pub sha256: String,
    /// Refuse (`PreconditionFailed`, or 412 at the URL) if the key is there already.
    pub only_if_absent: bool,
}

/// A request that whoever holds it can send once it is signed; headers are to be sent as they are.
#[derive(Clone, Debug)]
pub struct SignedRequest {
    /// `GET` or `PUT`.
    pub method: &'static str,
    /// The URL, a bearer secret until it expires.
    pub url: SecretString,
    /// Headers that the signature covers, lower-case names.
    pub headers: BTreeMap<String, String>,
    /// When it really stops working.
    pub expires_at: Timestamp,
}

/// A page of a listing, in order of the keys' UTF-8 bytes.
#[derive(Clone, Debug, Default)]
pub struct Listing {
    /// Current versions.
    pub objects: Vec<ObjectInfo>,
    /// Hand this back for the next page: the last key of this one.
    pub next: Option<String>,
}

/// Objects in versioned buckets.
#[async_trait]
pub trait Objects: Send + Sync {
    /// A URL for one PUT of exactly the content that `options` describes: other bytes, another length, type or (with
    /// `only_if_absent`) a second write are refused by the store itself.
    async fn sign_put(&self, address: &ObjectAddress, options: &PutOptions, expires_in: Duration) -> PortResult<SignedRequest>;

    /// A URL for GETs of that version, whole or by range; browsers save it as `file_name`.
    async fn sign_get(&self, object: &ObjectVersion, file_name: &str, expires_in: Duration) -> PortResult<SignedRequest>;

    /// Stores `content`; once this returns it survives a crash. `PreconditionFailed` as the options say.
    async fn put(&self, address: &ObjectAddress, options: &PutOptions, content: ByteStream) -> PortResult<ObjectInfo>;

    /// Content of a version, or a range of it. `NotFound`; `InvalidArgument` for a range behind the end.
    async fn get(&self, object: &ObjectVersion, range: Option<ByteRange>) -> PortResult<ObjectBody>;

    /// What is known of a version. `NotFound`.
    async fn head(&self, object: &ObjectVersion) -> PortResult<ObjectInfo>;

    /// Current objects of `bucket` whose key begins with `prefix`, at most 1,000 a page: those behind `after`, which need be
    /// no key that there is. A page with another one behind it is not empty.
    async fn list(&self, bucket: &str, prefix: &str, after: Option<String>) -> PortResult<Listing>;

    /// Removes versions for good, any number; one without a version removes the current one behind a marker.
    /// Absent ones are no error. Answers with those that could not be removed.
    async fn delete_many(&self, objects: &[ObjectVersion]) -> PortResult<Vec<ObjectVersion>>;
}

/// An upload in parts that was begun.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartUpload {
    /// Where the object will be.
    pub address: ObjectAddress,
    /// The store's name for this upload.
    pub upload_id: String,
}

/// One part to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartInfo {
    /// From 1 to 10,000.
    pub number: u32,
    /// Size in bytes; at least 5 MiB but for the last.
    pub size: u64,
    /// SHA-256 of the part in lower-case hex.
    pub sha256: String,
}

/// One part that arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredPart {
    /// Number, size and checksum.
    pub info: PartInfo,
    /// The store's tag for it, needed to complete.
    pub etag: String,
}

/// Uploads in parts.
#[async_trait]
pub trait Multipart: Send + Sync {
    /// Begins an upload of SHA-256-checked parts.
    async fn create(&self, address: &ObjectAddress, content_type: &str) -> PortResult<PartUpload>;

    /// A URL for one PUT of exactly that part.
    async fn sign_part(&self, upload: &PartUpload, part: &PartInfo, expires_in: Duration) -> PortResult<SignedRequest>;

    /// All parts that arrived, ascending (pages are read here). `NotFound` once completed or aborted.
    async fn parts(&self, upload: &PartUpload) -> PortResult<Vec<StoredPart>>;

    /// Makes the object of these parts; its `composite_sha256` is set. Doing it again after success makes nothing: it is
    /// `NotFound`, or answers like the first time.
    async fn complete(&self, upload: &PartUpload, parts: &[StoredPart]) -> PortResult<ObjectInfo>;

    /// Drops the upload and its parts; of an absent one no error.
    async fn abort(&self, upload: &PartUpload) -> PortResult<()>;
}
