//! What a directory tells when it is about to make tokens for somebody.

use std::{collections::BTreeMap, fmt};

use crate::id::UserId;

/// Somebody proved who it is and is about to get tokens. Nothing of it is a right yet: the product decides what counts.
#[derive(Clone, PartialEq, Eq)]
pub struct SignInEvent {
    /// The person's id (`sub`).
    pub user_id: UserId,
    /// The directory's id; it names groups of its own by it.
    pub directory: String,
    /// The directory's own name for the record.
    pub directory_name: String,
    /// What the directory knows of the person, by attribute.
    pub attributes: BTreeMap<String, String>,
    /// Names of the groups that the directory has the person in.
    pub groups: Vec<String>,
    /// Whether an older session is only renewed by its refresh token.
    pub renewal: bool,
}

/// Attributes are personal, and not for logs.
impl fmt::Debug for SignInEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignInEvent").field("user_id", &self.user_id).field("renewal", &self.renewal).finish_non_exhaustive()
    }
}
