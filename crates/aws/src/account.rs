//! The account that this process runs in: region, credentials and endpoints as the platform gives them, and the one
//! policy of time limits and repetitions that every client shares.

use std::time::Duration;

use aws_config::{BehaviorVersion, SdkConfig, retry::RetryConfig, timeout::TimeoutConfig};

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
    /// Reads region and credentials where the platform puts them; asks nobody over the network in a function.
    pub async fn connect() -> Self {
        let loader = aws_config::defaults(BehaviorVersion::latest()).timeout_config(timeouts()).retry_config(retries());
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
