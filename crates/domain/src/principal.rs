//! Who asks.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::{
    group::GroupName,
    id::{AccessKeyId, PackageId, UserId},
};

/// What a person may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// May do what the rules of packages allow.
    Member,
    /// May do everything.
    Admin,
}

impl Role {
    /// The role's name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Member => "member",
            Self::Admin => "admin",
        }
    }
}

/// What an API key is narrowed to: the caller's rights are the role's and the scope's.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyScope {
    /// Only reading.
    pub read_only: bool,
    /// Only these packages; `None` for all.
    pub packages: Option<BTreeSet<PackageId>>,
}

/// How the caller proved who it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Via {
    /// A signed-in session's access token.
    Session,
    /// An API key.
    Key {
        /// Which.
        access_key_id: AccessKeyId,
        /// What it is narrowed to.
        scope: KeyScope,
    },
}

/// An authenticated caller with its rights at this moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Principal {
    /// The user.
    pub user_id: UserId,
    /// The user's role.
    pub role: Role,
    /// The user's groups.
    pub groups: BTreeSet<GroupName>,
    /// Session or key.
    pub via: Via,
}

impl Principal {
    /// Whether the user is an administrator.
    #[must_use]
    pub fn is_admin(&self) -> bool {
        self.role == Role::Admin
    }

    /// The key's scope, if the caller came with a key.
    #[must_use]
    pub fn scope(&self) -> Option<&KeyScope> {
        match &self.via {
            Via::Session => None,
            Via::Key { scope, .. } => Some(scope),
        }
    }
}
