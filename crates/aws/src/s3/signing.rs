//! Signed requests: what they cover and how long they really live.

use std::{
    collections::BTreeMap,
    time::{Duration, SystemTime},
};

use aws_credential_types::{
    Credentials,
    provider::{ProvideCredentials, SharedCredentialsProvider},
};
use aws_sdk_s3::{
    config::{Builder, Config},
    presigning::{PresignedRequest, PresigningConfig},
};
use domain::{PortError, PortErrorKind, PortResult, Timestamp, ports::SignedRequest};
use secrecy::SecretString;
use tokio::sync::Mutex;

/// Longest life of a signed URL: seven days.
const LONGEST: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// Credentials to sign with. A signed URL dies with them, so they are renewed when they would not outlive it.
pub(super) struct SigningCredentials {
    provider: SharedCredentialsProvider,
    last: Mutex<Option<Credentials>>,
}

/// When and with what a request is signed.
pub(super) struct Signing {
    pub(super) presigning: PresigningConfig,
    pub(super) expires_at: Timestamp,
    credentials: Credentials,
}

impl SigningCredentials {
    pub(super) fn new(provider: SharedCredentialsProvider) -> Self {
        Self { provider, last: Mutex::new(None) }
    }

    /// A signature from `now` on for `expires_in`, or less if the credentials end before.
    pub(super) async fn signing(&self, operation: &'static str, now: Timestamp, expires_in: Duration) -> PortResult<Signing> {
        let invalid = || PortError::new(PortErrorKind::InvalidArgument, operation).with("expires_in", expires_in.as_secs());
        if expires_in > LONGEST {
            return Err(invalid());
        }
        // A signature knows whole seconds only; rounding down both keeps the promise of `expires_at`.
        let start = now.minus(Duration::from_millis(now.as_millis().rem_euclid(1000).unsigned_abs()));
        let credentials = self.lasting(operation, start.plus(expires_in)).await?;
        let end = credentials.expiry().map_or(Duration::MAX, |expiry| since_epoch(expiry).saturating_sub(since_epoch(system_time(start))));
        let lifetime = Duration::from_secs(expires_in.min(end).as_secs());
        if lifetime.is_zero() {
            return Err(invalid());
        }
        let presigning = PresigningConfig::builder().start_time(system_time(start)).expires_in(lifetime).build();
        Ok(Signing { presigning: presigning.map_err(|error| invalid().because(error))?, expires_at: start.plus(lifetime), credentials })
    }

    /// The last credentials if they live until `end`, or else new ones.
    async fn lasting(&self, operation: &'static str, end: Timestamp) -> PortResult<Credentials> {
        let mut last = self.last.lock().await;
        let lasts = |credentials: &&Credentials| credentials.expiry().is_none_or(|expiry| expiry >= system_time(end));
        if let Some(credentials) = last.as_ref().filter(lasts) {
            return Ok(credentials.clone());
        }
        let fresh = self.provider.provide_credentials().await;
        let fresh = fresh.map_err(|error| PortError::new(PortErrorKind::Unavailable, operation).because(error))?;
        *last = Some(fresh.clone());
        Ok(fresh)
    }
}

impl Signing {
    /// Makes the operation sign with exactly the credentials whose end was looked at.
    pub(super) fn config(&self) -> Builder {
        Config::builder().credentials_provider(self.credentials.clone())
    }

    /// The request that was signed.
    pub(super) fn request(&self, method: &'static str, signed: &PresignedRequest) -> SignedRequest {
        let headers: BTreeMap<String, String> =
            signed.headers().map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned())).collect();
        SignedRequest { method, url: SecretString::from(signed.uri()), headers, expires_at: self.expires_at }
    }
}

fn system_time(time: Timestamp) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_millis(time.as_millis().unsigned_abs())
}

fn since_epoch(time: SystemTime) -> Duration {
    time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default()
}
