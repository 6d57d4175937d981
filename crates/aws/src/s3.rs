//! Objects in Amazon S3, or behind any endpoint that speaks its protocol.
//!
//! One adapter, two ways to sign: with the endpoint's own key, which never ends ([`S3Objects::new`]), or, in an account,
//! with a role that is assumed for that alone (`Account::objects`), because a function does not know when the
//! credentials end that it is handed, and a signed URL ends with them.

#[cfg(feature = "account")]
mod account;
mod body;
mod conversion;
mod errors;
mod multipart;
mod objects;
mod signing;

use std::{sync::Arc, time::Duration};

use aws_credential_types::{Credentials, provider::SharedCredentialsProvider};
use aws_sdk_s3::{
    Client,
    config::{
        BehaviorVersion, Builder, Config, Region, RequestChecksumCalculation, ResponseChecksumValidation, StalledStreamProtectionConfig,
        retry::RetryConfig,
        timeout::{TimeoutConfig, TimeoutConfigBuilder},
    },
};
use domain::ports::Clock;
use secrecy::{ExposeSecret, SecretString};
use signing::SigningCredentials;

/// How long a connection may take to open.
const CONNECT_TIME: Duration = Duration::from_secs(5);

/// How long one attempt may take whose work is small; for reads, until the first byte. In an account its policy holds.
const ATTEMPT_TIME: Duration = Duration::from_secs(30);

/// How long one attempt may take that is about up to a thousand objects.
const BULK_ATTEMPT_TIME: Duration = Duration::from_secs(30);

/// How long one attempt may take that moves or joins content: Amazon S3 completes large uploads within minutes.
const LONG_ATTEMPT_TIME: Duration = Duration::from_secs(15 * 60);

/// How long a transfer may stand still.
const STALL_TIME: Duration = Duration::from_secs(30);

/// Attempts in all.
const ATTEMPTS: u32 = 4;

/// Where objects are and as whom they are reached. Nothing is read from the environment.
#[derive(Clone, Debug)]
pub struct S3Config {
    /// The region, also of an endpoint that has none of its own (`us-east-1`).
    pub region: String,
    /// An endpoint other than Amazon's.
    pub endpoint_url: Option<String>,
    /// The endpoint that signed URLs name, where their holders reach it by another name than this process.
    pub signing_endpoint_url: Option<String>,
    /// Buckets in the path instead of the host name.
    pub path_style: bool,
    /// Credentials, for requests and to sign.
    pub credentials: SharedCredentialsProvider,
    /// The KMS key that writes ask for; without it, the bucket's default encryption holds.
    pub kms_key_id: Option<String>,
}

/// `Objects` and `Multipart` over S3's protocol.
pub struct S3Objects {
    client: Client,
    signing_client: Client,
    signing_credentials: SigningCredentials,
    clock: Arc<dyn Clock>,
    kms_key_id: Option<String>,
}

impl S3Objects {
    /// An adapter; connects to nothing yet.
    #[must_use]
    pub fn new(config: S3Config, clock: Arc<dyn Clock>) -> Self {
        let signing_endpoint = config.signing_endpoint_url.clone().or_else(|| config.endpoint_url.clone());
        Self {
            client: Client::from_conf(sdk_config(&config, config.endpoint_url.clone())),
            signing_client: Client::from_conf(sdk_config(&config, signing_endpoint)),
            signing_credentials: SigningCredentials::new(config.credentials),
            clock,
            kms_key_id: config.kms_key_id,
        }
    }
}

/// Credentials that never end, of an endpoint with keys of its own.
#[must_use]
pub fn static_credentials(access_key_id: &str, secret: &SecretString) -> SharedCredentialsProvider {
    SharedCredentialsProvider::new(Credentials::new(access_key_id, secret.expose_secret(), None, None, "static"))
}

/// The configuration of an endpoint with keys of its own.
fn sdk_config(config: &S3Config, endpoint_url: Option<String>) -> Config {
    let mut builder = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(config.region.clone()))
        .credentials_provider(config.credentials.clone())
        .force_path_style(config.path_style)
        .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS))
        .timeout_config(attempts_of(ATTEMPT_TIME).connect_timeout(CONNECT_TIME).build());
    builder.set_endpoint_url(endpoint_url);
    plain(builder).build()
}

/// What holds for every client.
fn plain(builder: Builder) -> Builder {
    builder
        // Checksums are announced by us where there is content. What the SDK would add by itself ends up in signed URLs.
        .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
        .response_checksum_validation(ResponseChecksumValidation::WhenRequired)
        .stalled_stream_protection(StalledStreamProtectionConfig::enabled().grace_period(STALL_TIME).build())
}

/// What changes for operations that move or join content.
fn long_attempts() -> Builder {
    Config::builder().timeout_config(attempts_of(LONG_ATTEMPT_TIME).build())
}

/// What changes for operations on many objects at once.
fn bulk_attempts() -> Builder {
    Config::builder().timeout_config(attempts_of(BULK_ATTEMPT_TIME).build())
}

/// The attempts end, each by itself; the account's limit of a whole call is for small answers.
fn attempts_of(attempt: Duration) -> TimeoutConfigBuilder {
    TimeoutConfig::builder().operation_attempt_timeout(attempt).disable_operation_timeout()
}
