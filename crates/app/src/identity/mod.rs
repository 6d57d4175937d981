//! Who people are and what proves it: principal rows, API keys, secrets.

mod admit;
mod authenticate;
mod claims;
mod grant_key;
mod manage_users;
mod own_secret;
mod project;
mod reconcile;
mod rotate_secret;
mod secret;
mod sign_in;
mod sign_out;
pub mod verdict;

use std::sync::Arc;

use domain::{
    api_key::ApiKey,
    id::{AccessKeyId, UserId},
    ports::{Directory, Groups, UserRecords},
    user::PrincipalRecord,
};
use secrecy::SecretBox;
use tokio::sync::Mutex;

use crate::{cache::Cache, core::Core};

pub use admit::{Admission, Admitted};
pub use authenticate::SigningKey;
pub use claims::{ClaimRules, Mapping};
pub use grant_key::GrantKey;
pub use manage_users::InviteUser;
pub use reconcile::{Reconciled, Reconciliation};

/// Use cases about proofs of identity: tokens, keys and their secrets. One per process: it caches.
#[derive(Clone)]
pub struct Identity {
    pub(crate) core: Core,
    records: Arc<dyn UserRecords>,
    principals: Arc<Cache<UserId, Arc<PrincipalRecord>>>,
    seeds: Arc<Cache<UserId, Arc<SecretBox<[u8; 32]>>>>,
    /// Where a read of a key's row costs a call over the network: rows of keys. Elsewhere each is read when it is needed.
    keys: Option<Arc<Cache<AccessKeyId, ApiKey>>>,
    /// How long keys work after a sign-in at an identity provider; the other settings are nobody's business here.
    key_days: Arc<Cache<(), u32>>,
    /// Held while a user's first record is made, so that two first secrets of one user don't come from two records.
    first_record: Arc<Mutex<()>>,
}

impl Identity {
    /// Over the core and the users' records.
    pub fn new(core: Core, records: Arc<dyn UserRecords>) -> Self {
        Self {
            core,
            records,
            principals: Arc::default(),
            seeds: Arc::default(),
            keys: None,
            key_days: Arc::default(),
            first_record: Arc::default(),
        }
    }

    /// Remembers keys for a minute, as people are remembered: an inactive key, or an old secret, may work that much longer;
    /// a new secret works at once.
    #[must_use]
    pub fn remembering_keys(self) -> Self {
        Self { keys: Some(Arc::default()), ..self }
    }
}

/// Use cases about people: the directory is the truth, principal rows are its projection.
#[derive(Clone)]
pub struct People {
    pub(crate) core: Core,
    directory: Arc<dyn Directory>,
    groups: Arc<dyn Groups>,
}

impl People {
    /// Over the core and the directory.
    pub fn new(core: Core, directory: Arc<dyn Directory>, groups: Arc<dyn Groups>) -> Self {
        Self { core, directory, groups }
    }
}
