//! People who may sign in, on SQLite: the directory, groups, secret records, and what the sign-in issuer keeps of them.
//!
//! The file is separate from the product's tables: a copy of the tables holds no credential, and losing neither breaks the other.

mod codes;
mod credentials;
mod directory;
mod groups;
mod hashing;
mod password_rules;
mod records;
mod refresh;
mod schema;
mod sessions;
mod store;
mod tokens;

use std::{path::Path, sync::Arc};

use domain::{
    PortResult,
    ports::{Clock, Ids},
};

pub use codes::{CODE_LIFE, CodeGrant, NewCode};
pub use credentials::{ONE_TIME_PASSWORD_LIFE, PasswordCheck};
pub use password_rules::{PASSWORD_MAX, PASSWORD_MIN};
pub use refresh::{REFRESH_LIFE, RefreshGrant};
pub use sessions::{SESSION_LIFE, Session};

use hashing::Hashing;
use store::Store;

/// The directory of one machine and the credentials of its people.
///
/// Implements the ports `Directory`, `Groups` and `UserRecords`. Secrets that it hands out (sessions, codes, refresh tokens) are kept
/// only as their hash.
#[derive(Clone)]
pub struct Users {
    store: Store,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
    hashing: Arc<Hashing>,
}

impl Users {
    /// The name of the file below the data folder.
    pub const FILE: &'static str = "users.sqlite3";

    /// Opens the file [`Users::FILE`] in `folder`, and makes it where it is absent. Blocks: call it before the async threads have work.
    ///
    /// # Errors
    /// `Unavailable` or `Unexpected` when the file can't be opened or is of a later version.
    pub fn open(folder: &Path, clock: Arc<dyn Clock>, ids: Arc<dyn Ids>) -> PortResult<Self> {
        let store = Store::open(&folder.join(Self::FILE))?;
        let hashing = Arc::new(Hashing::new(ids.as_ref())?);
        Ok(Self { store, clock, ids, hashing })
    }
}

/// How an e-mail address or a name is compared: without regard to case or to how accents are encoded.
fn fold(text: &str) -> String {
    use unicode_normalization::UnicodeNormalization;
    text.trim().to_lowercase().nfc().collect()
}
