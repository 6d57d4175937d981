//! Accounts, buckets and clocks for the tests.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, SystemTime},
};

use aws_config::{BehaviorVersion, SdkConfig};
use aws_sdk_s3::{
    Client,
    config::{Credentials, Region},
    types::{BucketVersioningStatus, VersioningConfiguration},
};
use domain::{Timestamp, ports::Clock};

/// Where the emulators are.
pub(crate) const REGION: &str = "us-east-1";

/// The time of the machine, for servers check signatures against their own.
pub(crate) struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the servers check signatures against the machine's own clock")]
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or(Duration::ZERO);
        Timestamp::from_millis(i64::try_from(since.as_millis()).expect("this age")).expect("this age")
    }
}

/// How an account at `url` is reached with an access key.
pub(crate) async fn config(url: &str, (access_key_id, secret): (&str, &str)) -> SdkConfig {
    let credentials = Credentials::from_keys(access_key_id, secret, None);
    aws_config::defaults(BehaviorVersion::latest())
        .region(Region::new(REGION))
        .credentials_provider(credentials)
        .endpoint_url(url)
        .load()
        .await
}

/// The SDK's client, for what no port does: make buckets, set policies.
pub(crate) fn client(config: &SdkConfig) -> Client {
    Client::from_conf(aws_sdk_s3::config::Builder::from(config).force_path_style(true).build())
}

/// A new bucket that keeps versions, as Terraform makes it.
pub(crate) async fn bucket(client: &Client) -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let name = format!("data-lake-data-{}", NEXT.fetch_add(1, Ordering::Relaxed));
    client.create_bucket().bucket(&name).send().await.expect("a bucket");
    let versioning = VersioningConfiguration::builder().status(BucketVersioningStatus::Enabled).build();
    client.put_bucket_versioning().bucket(&name).versioning_configuration(versioning).send().await.expect("versions");
    name
}

pub(crate) fn clock() -> Arc<dyn Clock> {
    Arc::new(SystemClock)
}
