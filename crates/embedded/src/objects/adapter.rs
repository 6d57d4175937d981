//! The product's own S3 adapter, pointed at the endpoint of this process.

use std::sync::Arc;

use aws::s3::{S3Config, S3Objects, static_credentials};
use domain::ports::Clock;

use super::access::InternalKey;

/// The region that signatures name; there is only one.
pub const REGION: &str = "us-east-1";

/// The adapter over the endpoint at `endpoint_url`. Signed URLs name `signing_endpoint_url`, where people reach the same
/// endpoint by another name.
#[must_use]
pub fn adapter(endpoint_url: &str, signing_endpoint_url: Option<String>, key: &InternalKey, clock: Arc<dyn Clock>) -> S3Objects {
    remote_adapter(endpoint_url, signing_endpoint_url, REGION, key, clock)
}

/// The adapter over any endpoint that speaks S3's protocol, with buckets in the path.
#[must_use]
pub fn remote_adapter(
    endpoint_url: &str,
    signing_endpoint_url: Option<String>,
    region: &str,
    key: &InternalKey,
    clock: Arc<dyn Clock>,
) -> S3Objects {
    let config = S3Config {
        region: region.to_owned(),
        endpoint_url: Some(endpoint_url.to_owned()),
        signing_endpoint_url,
        path_style: true,
        credentials: static_credentials(&key.access_key_id, &key.secret),
        kms_key_id: None,
    };
    S3Objects::new(config, clock)
}
