//! The adapter in an account.

use std::{sync::Arc, time::Duration};

use aws_config::{SdkConfig, sts::AssumeRoleProvider};
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider, error::CredentialsError, future};
use aws_sdk_s3::{Client, config::Builder};
use domain::ports::Clock;

use super::{S3Objects, plain, signing::SigningCredentials};
use crate::account::Account;

/// A role that is assumed by a role gets an hour at most.
const SESSION: Duration = Duration::from_secs(3_600);

/// What sessions are named; who asked for a URL stands in the audit log.
const SESSION_NAME: &str = "data-lake-signer";

impl Account {
    /// The buckets of this account, reached as the process itself; requests for others are signed as `signer_role_arn`,
    /// whose sessions live for an hour and are renewed for what would outlive them.
    ///
    /// Writes say nothing of encryption: the bucket's default holds, for signed requests too, so that their holders need
    /// no header for it. Asks nobody over the network.
    #[must_use]
    pub fn objects(&self, signer_role_arn: &str, clock: Arc<dyn Clock>) -> Arc<S3Objects> {
        self.objects_signed_with(SignerRole { arn: Some(signer_role_arn.to_owned()), config: self.config().clone() }, clock)
    }

    /// The same for a process that signs nothing: there is no role that it could sign as, and it is told so.
    #[must_use]
    pub fn objects_unsigned(&self, clock: Arc<dyn Clock>) -> Arc<S3Objects> {
        self.objects_signed_with(SignerRole { arn: None, config: self.config().clone() }, clock)
    }

    fn objects_signed_with(&self, role: SignerRole, clock: Arc<dyn Clock>) -> Arc<S3Objects> {
        // Another endpoint than Amazon's has no names for buckets.
        let builder = Builder::from(self.config()).force_path_style(self.config().endpoint_url().is_some());
        let client = Client::from_conf(plain(builder).build());
        Arc::new(S3Objects {
            signing_client: client.clone(),
            client,
            signing_credentials: SigningCredentials::new(SharedCredentialsProvider::new(role)),
            clock,
            kms_key_id: None,
        })
    }
}

/// Begins a session of the role that signs, each time it is asked.
#[derive(Debug)]
struct SignerRole {
    arn: Option<String>,
    config: SdkConfig,
}

impl ProvideCredentials for SignerRole {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(async {
            let Some(arn) = &self.arn else { return Err(CredentialsError::not_loaded("this process has no role that signs")) };
            let role = AssumeRoleProvider::builder(arn).session_name(SESSION_NAME).session_length(SESSION).configure(&self.config);
            role.build().await.provide_credentials().await
        })
    }
}
