//! A store in which something happens at the moment of a put: what two workers or a worker and a person do at once.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use domain::{
    PortResult,
    ports::{ByteRange, ByteStream, Listing, ObjectAddress, ObjectBody, ObjectInfo, ObjectVersion, Objects, PutOptions, SignedRequest},
};
use futures::future::BoxFuture;
use testkit::MemoryObjects;

pub(crate) struct Meddling {
    objects: Arc<MemoryObjects>,
    at_first_put: Mutex<Option<BoxFuture<'static, ()>>>,
}

impl Meddling {
    pub(crate) fn new(objects: Arc<MemoryObjects>, at_first_put: impl Future<Output = ()> + Send + 'static) -> Arc<Self> {
        Arc::new(Self { objects, at_first_put: Mutex::new(Some(Box::pin(at_first_put))) })
    }
}

#[async_trait]
impl Objects for Meddling {
    async fn sign_put(&self, address: &ObjectAddress, options: &PutOptions, expires_in: Duration) -> PortResult<SignedRequest> {
        self.objects.sign_put(address, options, expires_in).await
    }

    async fn sign_get(&self, object: &ObjectVersion, file_name: &str, expires_in: Duration) -> PortResult<SignedRequest> {
        self.objects.sign_get(object, file_name, expires_in).await
    }

    async fn put(&self, address: &ObjectAddress, options: &PutOptions, content: ByteStream) -> PortResult<ObjectInfo> {
        let meddle = self.at_first_put.lock().expect("not poisoned").take();
        if let Some(meddle) = meddle {
            meddle.await;
        }
        self.objects.put(address, options, content).await
    }

    async fn get(&self, object: &ObjectVersion, range: Option<ByteRange>) -> PortResult<ObjectBody> {
        self.objects.get(object, range).await
    }

    async fn head(&self, object: &ObjectVersion) -> PortResult<ObjectInfo> {
        self.objects.head(object).await
    }

    async fn list(&self, bucket: &str, prefix: &str, after: Option<String>) -> PortResult<Listing> {
        // As S3 lists: without versions.
        let listing = self.objects.list(bucket, prefix, after).await?;
        let objects = listing.objects.into_iter().map(|object| ObjectInfo { version: None, ..object }).collect();
        Ok(Listing { objects, ..listing })
    }

    async fn delete_many(&self, objects: &[ObjectVersion]) -> PortResult<Vec<ObjectVersion>> {
        self.objects.delete_many(objects).await
    }
}
