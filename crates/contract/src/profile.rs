//! The caller's own record, people, and API keys.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Who the caller is and what this deployment can do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Profile {
    /// The user id.
    pub user_id: String,
    /// The display name.
    pub name: String,
    /// The e-mail address.
    pub email: String,
    /// `member` or `admin`.
    pub role: String,
    /// Groups, sorted.
    pub groups: Vec<String>,
    /// The API's address.
    pub endpoint: String,
    /// The product's version.
    pub version: String,
    /// What is possible here (`users.manage`, `groups.manage`, `grants` …).
    pub capabilities: Vec<String>,
}

/// Groups the caller may share with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct GroupList {
    /// The groups, by name.
    pub items: Vec<Group>,
    /// Asks for the next page; absent at the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

/// A group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Group {
    /// Its name.
    pub name: String,
}

/// People by name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PeopleList {
    /// The people.
    pub items: Vec<Person>,
    /// Asks for the next page; absent at the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

/// Somebody.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Person {
    /// The user id.
    pub user_id: String,
    /// The display name.
    pub name: String,
}

/// API keys of the caller.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ApiKeyList {
    /// The keys, oldest first.
    pub items: Vec<ApiKey>,
    /// Asks for the next page; absent at the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

/// An API key without its secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ApiKey {
    /// `DLAK…`.
    pub access_key_id: String,
    /// `active` or `inactive`.
    pub status: String,
    /// `full` or `read`.
    pub scope: String,
    /// The packages it is limited to; absent if it is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub packages: Option<Vec<String>>,
    /// Whether a secret was made.
    pub has_secret: bool,
    /// When it was granted.
    #[schema(format = DateTime)]
    pub created_at: String,
    /// When it was last used, roughly.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    pub last_used_at: Option<String>,
    /// When it ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    pub expires_at: Option<String>,
}

/// A new secret, shown this once; the old one stopped working.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
pub struct ApiKeySecret {
    /// `DLAK…`.
    pub access_key_id: String,
    /// 40 characters.
    pub secret_access_key: String,
}
