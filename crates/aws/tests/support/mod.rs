//! An account for the tests.

use aws_config::{BehaviorVersion, Region};
use aws_credential_types::Credentials;
use datalake_aws::account::Account;

/// The account that an emulator at `url` is, as its root.
pub(crate) async fn account(url: &str) -> Account {
    let credentials = Credentials::from_keys("test", "test", None);
    let config = aws_config::defaults(BehaviorVersion::latest()).region(Region::new("us-east-1")).credentials_provider(credentials);
    Account::of(&config.endpoint_url(url).load().await)
}
