//! What the product keeps about a person.

use serde::{Deserialize, Serialize};

use crate::{group::GroupName, id::UserId, principal::Role, time::Timestamp};

/// Where a person stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum UserStatus {
    /// Invited, has not signed in yet.
    Invited,
    /// May sign in.
    Active,
    /// May not.
    Disabled,
}

/// The principal row: the directory's projection by which requests are authorised.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PrincipalRecord {
    /// The person.
    pub user_id: UserId,
    /// The directory's own name for the record.
    pub directory_name: String,
    /// E-mail address.
    pub email: String,
    /// Display name.
    pub name: String,
    /// Role; `None` for somebody who may sign in but do nothing.
    pub role: Option<Role>,
    /// Groups, sorted.
    pub groups: Vec<GroupName>,
    /// Whether the person may do anything at all.
    pub enabled: bool,
    /// Tokens issued before this are refused.
    pub tokens_valid_after: Timestamp,
    /// When the person last signed in.
    pub last_sign_in: Option<Timestamp>,
    /// Whether an identity provider owns the person: then nobody tells here that an account was closed, and API keys stop
    /// some days after the last sign-in.
    #[serde(default)]
    pub federated: bool,
}
