//! Whose requests the endpoint takes.

use std::sync::Arc;

use async_trait::async_trait;
use s3s::{
    S3Request, S3Result,
    access::{S3Access, S3AccessContext},
    auth::{S3Auth, SecretKey},
    dto::{GetObjectInput, HeadObjectInput},
    s3_error,
};
use secrecy::{ExposeSecret, SecretString};
use tracing::{Dispatch, instrument::WithSubscriber};

/// The server's own key, which may do everything that the endpoint offers: the adapter's requests and all signed URLs carry it.
#[derive(Clone, Debug)]
pub struct InternalKey {
    /// The access key's id.
    pub access_key_id: String,
    /// The secret.
    pub secret: SecretString,
}

/// What the product's API keys may do here: fetch objects that their user may see, and nothing else.
#[async_trait]
pub trait ObjectAccess: Send + Sync {
    /// The secret of an API key that is there, enabled, and whose user is enabled.
    async fn secret(&self, access_key_id: &str) -> Option<SecretString>;

    /// Whether that key's user may read the object; asked after its signature was verified.
    async fn may_read(&self, access_key_id: &str, bucket: &str, key: &str, version: Option<&str>) -> bool;
}

/// Decides by key: the internal one may do everything, others may read what [`ObjectAccess`] lets them.
#[derive(Clone)]
pub(super) struct Gate {
    internal: InternalKey,
    access: Arc<dyn ObjectAccess>,
    /// Where [`ObjectAccess`] logs to, for everything around it is silenced.
    log: Dispatch,
}

impl Gate {
    pub(super) fn new(internal: InternalKey, access: Arc<dyn ObjectAccess>) -> Self {
        Self { internal, access, log: tracing::dispatcher::get_default(Clone::clone) }
    }

    async fn may_read<T>(&self, request: &S3Request<T>, bucket: &str, key: &str, version: Option<&str>) -> S3Result<()> {
        let Some(credentials) = &request.credentials else { return Err(s3_error!(AccessDenied)) };
        if credentials.access_key == self.internal.access_key_id {
            return Ok(());
        }
        let asked = self.access.may_read(&credentials.access_key, bucket, key, version).with_subscriber(self.log.clone());
        if asked.await { Ok(()) } else { Err(s3_error!(AccessDenied)) }
    }
}

#[async_trait]
impl S3Auth for Gate {
    async fn get_secret_key(&self, access_key: &str) -> S3Result<SecretKey> {
        if access_key == self.internal.access_key_id {
            return Ok(SecretKey::from(self.internal.secret.expose_secret()));
        }
        let secret = self.access.secret(access_key).with_subscriber(self.log.clone()).await;
        secret.map(|secret| SecretKey::from(secret.expose_secret())).ok_or_else(|| s3_error!(InvalidAccessKeyId))
    }
}

#[async_trait]
impl S3Access for Gate {
    async fn check(&self, context: &mut S3AccessContext<'_>) -> S3Result<()> {
        let Some(credentials) = context.credentials() else { return Err(s3_error!(AccessDenied)) };
        let is_internal = credentials.access_key == self.internal.access_key_id;
        // For reads the decision falls below, where bucket, key and version are known.
        if is_internal || matches!(context.s3_op().name(), "GetObject" | "HeadObject") {
            return Ok(());
        }
        Err(s3_error!(AccessDenied))
    }

    async fn get_object(&self, request: &mut S3Request<GetObjectInput>) -> S3Result<()> {
        let input = &request.input;
        self.may_read(request, &input.bucket, &input.key, input.version_id.as_deref()).await
    }

    async fn head_object(&self, request: &mut S3Request<HeadObjectInput>) -> S3Result<()> {
        let input = &request.input;
        self.may_read(request, &input.bucket, &input.key, input.version_id.as_deref()).await
    }
}
