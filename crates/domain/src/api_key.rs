//! API keys: how programs prove who they act for.

use crate::{
    id::{AccessKeyId, UserId},
    principal::KeyScope,
    time::Timestamp,
};

/// An API key. Its secret is derived, never stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKey {
    /// The public half.
    pub access_key_id: AccessKeyId,
    /// Whom it acts for.
    pub user_id: UserId,
    /// Whether it may be used.
    pub active: bool,
    /// What it is narrowed to.
    pub scope: KeyScope,
    /// Random bytes in hex that the secret is derived with; `None` until the user made a secret.
    pub salt: Option<String>,
    /// When it was granted.
    pub created_at: Timestamp,
    /// When it was last used, to the hour.
    pub last_used_at: Option<Timestamp>,
    /// When it ends.
    pub expires_at: Option<Timestamp>,
}

impl ApiKey {
    /// Whether the key may be used at `now`.
    #[must_use]
    pub fn usable_at(&self, now: Timestamp) -> bool {
        self.active && self.salt.is_some() && self.expires_at.is_none_or(|end| now < end)
    }
}
