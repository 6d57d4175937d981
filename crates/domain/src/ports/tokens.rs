//! Access tokens of the OpenID Connect issuer.

use async_trait::async_trait;
use secrecy::SecretString;

use crate::{error::PortResult, id::UserId, time::Timestamp};

/// What a verified access token says. Rights come from the principal row, never from the token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedToken {
    /// The user.
    pub user_id: UserId,
    /// When the token was issued.
    pub issued_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
}

/// Verifies access tokens.
#[async_trait]
pub trait TokenVerifier: Send + Sync {
    /// Checks signature (by an algorithm list), issuer, audience or client, use (`access`) and times.
    /// `PermissionDenied` for any token that fails; `Unavailable` when the issuer's keys can't be had.
    async fn verify(&self, token: &SecretString) -> PortResult<VerifiedToken>;
}
