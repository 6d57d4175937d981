//! Objects of two stores: our own, and the one whose buckets are imported from.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use async_trait::async_trait;
use domain::{
    PortError, PortErrorKind, PortResult,
    ports::{ByteRange, ByteStream, Listing, ObjectAddress, ObjectBody, ObjectInfo, ObjectVersion, Objects, PutOptions, SignedRequest},
};

/// Our own store, but for some buckets, which are read from another one and never written.
pub(crate) struct ImportObjects {
    own: Arc<dyn Objects>,
    other: Arc<dyn Objects>,
    buckets: BTreeSet<String>,
}

impl ImportObjects {
    /// `buckets` are those of `other`.
    pub(crate) fn new(own: Arc<dyn Objects>, other: Arc<dyn Objects>, buckets: BTreeSet<String>) -> Self {
        Self { own, other, buckets }
    }

    fn of(&self, bucket: &str) -> &dyn Objects {
        if self.buckets.contains(bucket) { &*self.other } else { &*self.own }
    }

    /// The store that `bucket` may be written in.
    fn writable(&self, operation: &'static str, bucket: &str) -> PortResult<&dyn Objects> {
        if self.buckets.contains(bucket) {
            return Err(PortError::new(PortErrorKind::PermissionDenied, operation).with("bucket", bucket));
        }
        Ok(&*self.own)
    }
}

#[async_trait]
impl Objects for ImportObjects {
    async fn sign_put(&self, address: &ObjectAddress, options: &PutOptions, expires_in: Duration) -> PortResult<SignedRequest> {
        self.writable("objects.sign_put", &address.bucket)?.sign_put(address, options, expires_in).await
    }

    async fn sign_get(&self, object: &ObjectVersion, file_name: &str, expires_in: Duration) -> PortResult<SignedRequest> {
        self.of(&object.address.bucket).sign_get(object, file_name, expires_in).await
    }

    async fn put(&self, address: &ObjectAddress, options: &PutOptions, content: ByteStream) -> PortResult<ObjectInfo> {
        self.writable("objects.put", &address.bucket)?.put(address, options, content).await
    }

    async fn get(&self, object: &ObjectVersion, range: Option<ByteRange>) -> PortResult<ObjectBody> {
        self.of(&object.address.bucket).get(object, range).await
    }

    async fn head(&self, object: &ObjectVersion) -> PortResult<ObjectInfo> {
        self.of(&object.address.bucket).head(object).await
    }

    async fn list(&self, bucket: &str, prefix: &str, after: Option<String>) -> PortResult<Listing> {
        self.of(bucket).list(bucket, prefix, after).await
    }

    async fn delete_many(&self, objects: &[ObjectVersion]) -> PortResult<Vec<ObjectVersion>> {
        let (others, own): (Vec<_>, Vec<_>) = objects.iter().cloned().partition(|object| self.buckets.contains(&object.address.bucket));
        let mut left = self.own.delete_many(&own).await?;
        left.extend(others);
        Ok(left)
    }
}
