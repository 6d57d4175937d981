//! Between the store's words and S3's.

use std::time::{Duration, SystemTime};

use base64::{Engine, prelude::BASE64_STANDARD};
use domain::Timestamp;
use s3s::{
    S3Error, S3ErrorCode, S3Result,
    dto::{ChecksumType, ETag, ETagCondition},
    s3_error,
};

use super::record::{Checksum, ObjectRecord, StoreError};

impl From<StoreError> for S3Error {
    fn from(error: StoreError) -> Self {
        let code = match &error {
            StoreError::NoSuchBucket => S3ErrorCode::NoSuchBucket,
            StoreError::NoSuchKey => S3ErrorCode::NoSuchKey,
            StoreError::NoSuchVersion => S3ErrorCode::NoSuchVersion,
            StoreError::NoSuchUpload => S3ErrorCode::NoSuchUpload,
            StoreError::InvalidPart(_) => S3ErrorCode::InvalidPart,
            StoreError::PartOrder => S3ErrorCode::InvalidPartOrder,
            StoreError::PartTooSmall(_) => S3ErrorCode::EntityTooSmall,
            StoreError::BadDigest => S3ErrorCode::BadDigest,
            StoreError::WrongSize | StoreError::Interrupted(_) => S3ErrorCode::IncompleteBody,
            StoreError::PreconditionFailed => S3ErrorCode::PreconditionFailed,
            StoreError::InvalidArgument(_) => S3ErrorCode::InvalidArgument,
            StoreError::Forbidden => S3ErrorCode::AccessDenied,
            // The cause was logged by the store and is nobody else's business.
            StoreError::Unavailable(_) => return Self::new(S3ErrorCode::ServiceUnavailable),
            StoreError::Internal(_) => return Self::new(S3ErrorCode::InternalError),
        };
        Self::with_message(code, error.to_string())
    }
}

/// A time in S3's type.
pub(super) fn timestamp(time: Timestamp) -> s3s::dto::Timestamp {
    (SystemTime::UNIX_EPOCH + Duration::from_millis(time.as_millis().unsigned_abs())).into()
}

/// A size in S3's type.
pub(super) fn size(bytes: u64) -> S3Result<i64> {
    i64::try_from(bytes).map_err(|error| s3_error!(error, InternalError))
}

/// The checksum as headers have it: Base64, with the number of parts behind a composite one.
pub(super) fn checksum(record: &ObjectRecord) -> (String, ChecksumType) {
    match record.checksum {
        Checksum::Whole(sha256) => (BASE64_STANDARD.encode(sha256), ChecksumType::from_static(ChecksumType::FULL_OBJECT)),
        Checksum::Composite(sha256, parts) => {
            (format!("{}-{parts}", BASE64_STANDARD.encode(sha256)), ChecksumType::from_static(ChecksumType::COMPOSITE))
        }
    }
}

/// A checksum that a client announces.
pub(super) fn announced_sha256(text: Option<String>) -> S3Result<Option<[u8; 32]>> {
    let Some(text) = text else { return Ok(None) };
    let bytes = BASE64_STANDARD.decode(text).ok().and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
    bytes.map(Some).ok_or_else(|| s3_error!(InvalidRequest, "Value for x-amz-checksum-sha256 header is invalid."))
}

/// A size that a client announces.
pub(super) fn announced_size(size: Option<i64>) -> S3Result<Option<u64>> {
    size.map(u64::try_from).transpose().map_err(|error| s3_error!(error, InvalidArgument))
}

/// Whether a write is only for an absent key. Other conditions are not offered and must not be ignored.
pub(super) fn only_if_absent(if_match: Option<&ETagCondition>, if_none_match: Option<&ETagCondition>) -> S3Result<bool> {
    match (if_match, if_none_match) {
        (None, None) => Ok(false),
        (None, Some(condition)) if condition.is_any() => Ok(true),
        _ => Err(s3_error!(NotImplemented, "Of conditions of a write, only If-None-Match: * is offered.")),
    }
}

/// Conditions of a read: 412 where `If-Match` names another version, 304 where `If-None-Match` names this one.
pub(super) fn check_conditions(etag: String, if_match: Option<&ETagCondition>, if_none_match: Option<&ETagCondition>) -> S3Result<()> {
    let its = ETag::Strong(etag);
    let names = |condition: &ETagCondition| condition.is_any() || condition.as_etag().is_some_and(|etag| etag.weak_cmp(&its));
    if if_match.is_some_and(|condition| !names(condition)) {
        return Err(s3_error!(PreconditionFailed));
    }
    if if_none_match.is_some_and(names) {
        return Err(s3_error!(NotModified));
    }
    Ok(())
}
