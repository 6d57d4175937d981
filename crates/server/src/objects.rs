//! What API keys may do at the object endpoint: fetch current datasets that their user may download.

use app::{Caller, datasets::Datasets, identity::Identity};
use async_trait::async_trait;
use domain::{
    audit::Origin,
    id::AccessKeyId,
    ports::{ObjectAddress, ObjectVersion},
};
use embedded::objects::ObjectAccess;
use secrecy::SecretString;

pub(crate) struct Keys {
    pub(crate) identity: Identity,
    pub(crate) datasets: Datasets,
}

#[async_trait]
impl ObjectAccess for Keys {
    async fn secret(&self, access_key_id: &str) -> Option<SecretString> {
        let id: AccessKeyId = access_key_id.parse().ok()?;
        let found = self.identity.signing_key(&id).await.inspect_err(failed).ok()??;
        Some(found.secret)
    }

    async fn may_read(&self, access_key_id: &str, bucket: &str, key: &str, version: Option<&str>) -> bool {
        let Ok(id) = access_key_id.parse::<AccessKeyId>() else { return false };
        let object = ObjectVersion {
            address: ObjectAddress { bucket: bucket.to_owned(), key: key.to_owned() },
            version: version.map(str::to_owned),
        };
        let Ok(Some(found)) = self.identity.signing_key(&id).await.inspect_err(failed) else { return false };
        let Ok(principal) = self.identity.authenticate_key(&found.key).await else { return false };
        let caller = Caller { principal, origin: Origin::default() };
        self.datasets.may_fetch(&caller, &object).await.inspect_err(failed).unwrap_or(false)
    }
}

/// Refused then: what can't be decided is not allowed.
fn failed(error: &app::AppError) {
    tracing::error!(error = error as &dyn std::error::Error, "an API key can't be checked at the object endpoint");
}
