//! The S3 adapter of this process, but for questions about an object: those are asked of the store itself.
//!
//! An import asks about each of its entries, and a push about each of its files: a signed request through the endpoint would
//! take most of their time. Bytes, listings and signed URLs go the adapter's way.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use aws::s3::S3Objects;
use domain::{
    PortError, PortErrorKind, PortResult,
    ports::{ByteRange, ByteStream, Listing, ObjectAddress, ObjectBody, ObjectInfo, ObjectVersion, Objects, PutOptions, SignedRequest},
};

use super::{
    record::StoreError,
    roots::ImportRoots,
    sources::{Found, Sources},
    store::ObjectStore,
};

/// The port over the store of this process and the folders that it serves as buckets.
pub struct NearObjects {
    adapter: Arc<S3Objects>,
    sources: Sources,
}

impl NearObjects {
    /// What `adapter` reaches through the endpoint must be `store` and `roots`.
    #[must_use]
    pub fn new(adapter: Arc<S3Objects>, store: Arc<ObjectStore>, roots: ImportRoots) -> Self {
        Self { adapter, sources: Sources::new(store, roots) }
    }
}

#[async_trait]
impl Objects for NearObjects {
    async fn sign_put(&self, address: &ObjectAddress, options: &PutOptions, expires_in: Duration) -> PortResult<SignedRequest> {
        self.adapter.sign_put(address, options, expires_in).await
    }

    async fn sign_get(&self, object: &ObjectVersion, file_name: &str, expires_in: Duration) -> PortResult<SignedRequest> {
        self.adapter.sign_get(object, file_name, expires_in).await
    }

    async fn put(&self, address: &ObjectAddress, options: &PutOptions, content: ByteStream) -> PortResult<ObjectInfo> {
        self.adapter.put(address, options, content).await
    }

    async fn get(&self, object: &ObjectVersion, range: Option<ByteRange>) -> PortResult<ObjectBody> {
        self.adapter.get(object, range).await
    }

    async fn head(&self, object: &ObjectVersion) -> PortResult<ObjectInfo> {
        let ObjectVersion { address: ObjectAddress { bucket, key }, version } = object;
        if key.is_empty() || key.len() > LONGEST_KEY {
            return Err(PortError::new(PortErrorKind::InvalidArgument, HEAD).with("key_bytes", key.len()));
        }
        Ok(info(self.sources.find(bucket, key, version.as_deref()).await.map_err(refused)?))
    }

    async fn list(&self, bucket: &str, prefix: &str, after: Option<String>) -> PortResult<Listing> {
        self.adapter.list(bucket, prefix, after).await
    }

    async fn delete_many(&self, objects: &[ObjectVersion]) -> PortResult<Vec<ObjectVersion>> {
        self.adapter.delete_many(objects).await
    }
}

const HEAD: &str = "objects.head";
/// As the port has it, in bytes.
const LONGEST_KEY: usize = 1024;

fn info(found: Found) -> ObjectInfo {
    match found {
        Found::Stored(record, _) => record.into(),
        // Nobody knows the checksum of a folder's file.
        Found::Rooted(_) => ObjectInfo {
            key: found.key().to_owned(),
            version: None,
            size: found.size(),
            sha256: None,
            composite_sha256: None,
            content_type: Some(found.content_type().to_owned()),
            modified: found.modified(),
        },
    }
}

/// The kinds that the adapter has of the endpoint's answers: what may pass (503 there, 500) is asked again.
fn refused(error: StoreError) -> PortError {
    let kind = match &error {
        StoreError::NoSuchBucket | StoreError::NoSuchKey | StoreError::NoSuchVersion => PortErrorKind::NotFound,
        StoreError::InvalidArgument(_) => PortErrorKind::InvalidArgument,
        StoreError::Forbidden => PortErrorKind::PermissionDenied,
        StoreError::Unavailable(_) | StoreError::Internal(_) => PortErrorKind::Unavailable,
        _ => PortErrorKind::Unexpected,
    };
    PortError::new(kind, HEAD).because(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_pass_is_no_fault_of_what_was_asked_for() {
        let kind = |error| refused(error).kind();
        let broken = || Box::new(std::io::Error::other("gone"));
        assert_eq!(kind(StoreError::Internal(broken())), PortErrorKind::Unavailable);
        assert_eq!(kind(StoreError::Unavailable(broken())), PortErrorKind::Unavailable);
        assert_eq!(kind(StoreError::NoSuchVersion), PortErrorKind::NotFound);
        assert_eq!(kind(StoreError::Forbidden), PortErrorKind::PermissionDenied);
    }
}
