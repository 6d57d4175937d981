//! Signed requests: what they cover and how long they really live.

use std::{
    collections::BTreeMap,
    time::{Duration, SystemTime},
};

use aws_credential_types::{
    Credentials,
    provider::{ProvideCredentials, SharedCredentialsProvider, error::CredentialsError},
};
use aws_sdk_s3::{
    config::{Builder, Config},
    error::DisplayErrorContext,
    presigning::{PresignedRequest, PresigningConfig},
};
use domain::{PortError, PortErrorKind, PortResult, Timestamp, ports::SignedRequest};
use secrecy::SecretString;
use tokio::sync::Mutex;

/// Longest life of a signed URL: seven days.
const LONGEST: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// By so much credentials must outlive what they sign, for clocks differ a little.
const MARGIN: Duration = Duration::from_secs(60);

/// Credentials that began so short a time ago are not renewed for a longer life: new ones would live hardly longer, and
/// what signs a thousand URLs of an hour would begin a thousand sessions.
const FRESH: Duration = Duration::from_secs(60);

/// Credentials to sign with. A signed URL dies with them, so they are renewed when they would not outlive it.
pub(super) struct SigningCredentials {
    provider: SharedCredentialsProvider,
    /// Locked while they are renewed, so that whoever signs meanwhile waits for the same ones.
    last: Mutex<Option<Session>>,
}

/// Credentials, and since when they are used.
struct Session {
    credentials: Credentials,
    begun: Timestamp,
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
        // A signature knows whole seconds only; rounding down both keeps the promise of `expires_at`.
        let wanted = Duration::from_secs(expires_in.as_secs());
        if wanted.is_zero() || expires_in > LONGEST {
            return Err(invalid());
        }
        let start = now.minus(Duration::from_millis(now.as_millis().rem_euclid(1000).unsigned_abs()));
        let credentials = self.lasting(operation, now, start.plus(wanted)).await?;
        let lifetime = Duration::from_secs(wanted.min(left(&credentials, start)).as_secs());
        if lifetime.is_zero() {
            return Err(PortError::new(PortErrorKind::Unavailable, operation).with("reason", "the credentials to sign with have ended"));
        }
        let presigning = PresigningConfig::builder().start_time(system_time(start)).expires_in(lifetime).build();
        Ok(Signing { presigning: presigning.map_err(|error| invalid().because(error))?, expires_at: start.plus(lifetime), credentials })
    }

    /// The last credentials if they live until `end`, or else new ones.
    async fn lasting(&self, operation: &'static str, now: Timestamp, end: Timestamp) -> PortResult<Credentials> {
        let mut last = self.last.lock().await;
        if let Some(session) = last.as_ref().filter(|session| session.serves(now, end)) {
            return Ok(session.credentials.clone());
        }
        let fresh = self.provider.provide_credentials().await.map_err(|error| no_credentials(operation, &error))?;
        *last = Some(Session { credentials: fresh.clone(), begun: now });
        Ok(fresh)
    }
}

/// What the role's trust or the network refuses today they may grant once somebody has mended it: it is worth another try.
fn no_credentials(operation: &'static str, error: &CredentialsError) -> PortError {
    let kind = match error {
        CredentialsError::CredentialsNotLoaded(_) => PortErrorKind::Unsupported,
        _ => PortErrorKind::Unavailable,
    };
    let told = PortError::new(kind, operation).with("reason", "there are no credentials to sign with");
    told.because(DisplayErrorContext(error).to_string())
}

impl Session {
    /// Whether to sign with it at `now` what shall live until `end`.
    fn serves(&self, now: Timestamp, end: Timestamp) -> bool {
        let fresh = now.since(self.begun) < FRESH && left(&self.credentials, now) > MARGIN;
        fresh || left(&self.credentials, end) >= MARGIN
    }
}

/// How long credentials live from `time` on.
fn left(credentials: &Credentials, time: Timestamp) -> Duration {
    credentials.expiry().map_or(Duration::MAX, |expiry| since_epoch(expiry).saturating_sub(since_epoch(system_time(time))))
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
