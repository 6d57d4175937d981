//! The account that this process runs in: region, credentials and endpoints as the platform gives them, and the one
//! policy of time limits and repetitions that every client shares.

use std::time::Duration;

use aws_config::{
    BehaviorVersion, SdkConfig,
    environment::{EnvironmentVariableCredentialsProvider, EnvironmentVariableRegionProvider},
    retry::RetryConfig,
    timeout::TimeoutConfig,
};
use aws_smithy_http_client::{
    Builder,
    tls::{Provider, rustls_provider::CryptoMode},
};
use aws_smithy_runtime_api::client::{
    http::{HttpClient, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector},
    runtime_components::RuntimeComponents,
};

/// How long a connection may take to open.
const CONNECT_TIME: Duration = Duration::from_secs(2);
/// How long one attempt may take.
const ATTEMPT_TIME: Duration = Duration::from_secs(4);
/// How long a call may take with all its attempts: well below the 28 s in which a request is answered.
const CALL_TIME: Duration = Duration::from_secs(12);
/// Attempts in all. The SDK waits between them, longer each time, with a random share.
const ATTEMPTS: u32 = 4;

/// What every client of this process is made from.
#[derive(Clone, Debug)]
pub struct Account {
    config: SdkConfig,
}

impl Account {
    /// Reads region and credentials where the platform puts them, and nowhere else: asks nobody over the network.
    pub async fn connect() -> Self {
        let loader = aws_config::defaults(BehaviorVersion::latest())
            .region(EnvironmentVariableRegionProvider::new())
            .credentials_provider(EnvironmentVariableCredentialsProvider::new())
            .http_client(OneClient::new())
            .timeout_config(timeouts())
            .retry_config(retries());
        Self { config: loader.load().await }
    }

    /// Over a configuration made elsewhere, under the shared policy.
    #[must_use]
    pub fn of(config: &SdkConfig) -> Self {
        Self { config: config.to_builder().timeout_config(timeouts()).retry_config(retries()).build() }
    }

    /// What a service's client is made from.
    #[must_use]
    pub fn config(&self) -> &SdkConfig {
        &self.config
    }
}

/// The HTTP client of all services. Left alone each service's client would read and parse the system's certificates for
/// itself, and once more to see whether that works: twice as much memory, and twice the time until a function answers.
#[derive(Debug)]
struct OneClient(SharedHttpClient);

impl OneClient {
    fn new() -> Self {
        Self(Builder::new().tls_provider(Provider::Rustls(CryptoMode::AwsLc)).build_https())
    }
}

impl HttpClient for OneClient {
    // The connector is made at the first call and kept for all that have the same time limits to connect and to read.
    fn http_connector(&self, settings: &HttpConnectorSettings, components: &RuntimeComponents) -> SharedHttpConnector {
        self.0.http_connector(settings, components)
    }
}

/// The time limits of a call whose answer is small.
#[must_use]
pub fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder().connect_timeout(CONNECT_TIME).operation_attempt_timeout(ATTEMPT_TIME).operation_timeout(CALL_TIME).build()
}

/// How often a call is repeated that failed for a while only.
#[must_use]
pub fn retries() -> RetryConfig {
    RetryConfig::standard().with_max_attempts(ATTEMPTS)
}
