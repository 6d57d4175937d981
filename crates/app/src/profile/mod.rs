//! The caller's own record, people to hand packages to, API keys.

mod api_keys;
mod groups;
mod people;
mod read;

use std::sync::Arc;

use domain::{group::GroupName, id::UserId, ports::Groups, principal::Role};

use crate::core::Core;

/// What the deployment tells every caller about itself.
#[derive(Clone, Debug, Default)]
pub struct Deployment {
    /// The API's address.
    pub endpoint: String,
    /// The product's version.
    pub version: String,
    /// What is possible here (`users.manage`, `groups.manage`, `grants` …).
    pub capabilities: Vec<String>,
}

/// What is possible in both homes.
const CAPABILITIES: [&str; 3] = ["exports.grant", "exports.signed-url", "exports.bucket-key"];

impl Deployment {
    /// This version, reached at `endpoint`.
    #[must_use]
    pub fn at(endpoint: &str) -> Self {
        Self {
            endpoint: endpoint.to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            capabilities: CAPABILITIES.iter().map(|name| (*name).to_owned()).collect(),
        }
    }
}

/// Use cases about the caller's own record.
#[derive(Clone)]
pub struct Profile {
    core: Core,
    groups: Arc<dyn Groups>,
    deployment: Deployment,
}

impl Profile {
    /// Over the core and the groups.
    pub fn new(core: Core, groups: Arc<dyn Groups>, deployment: Deployment) -> Self {
        Self { core, groups, deployment }
    }
}

/// Who the caller is and what this deployment can do.
#[derive(Clone, Debug)]
pub struct ProfileView {
    /// The user.
    pub user_id: UserId,
    /// Display name.
    pub name: String,
    /// E-mail address.
    pub email: String,
    /// Role.
    pub role: Role,
    /// Groups, sorted.
    pub groups: Vec<GroupName>,
    /// Address, version, capabilities.
    pub deployment: Deployment,
}
