//! Packages.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A new package.
///
/// A Frictionless Data Package descriptor is taken as well: `title` (or else `name`) becomes the name,
/// `licenses`, `keywords`, `contributors`, `sources`, `version` and `homepage` become tags; its `resources` are ignored.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CreatePackage {
    /// 1 to 100 characters.
    #[serde(default)]
    pub name: String,
    /// Takes the place of `name`, as in a Frictionless descriptor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Plain text or Markdown, at most 4,000 characters.
    #[serde(default)]
    pub description: String,
    /// `private`, `groups` or `everyone`; by default what the settings say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub visibility: Option<String>,
    /// Groups that see the package, with visibility `groups`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<String>,
    /// Tags by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub metadata: BTreeMap<String, String>,
    /// From a Frictionless descriptor: becomes the tag `license`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub licenses: Vec<License>,
    /// From a Frictionless descriptor: become the tag `keywords`, separated by commas.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub keywords: Vec<String>,
    /// From a Frictionless descriptor: become the tag `contributors`, separated by commas.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub contributors: Vec<Contributor>,
    /// From a Frictionless descriptor: become the tag `sources`, separated by commas.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<Source>,
    /// From a Frictionless descriptor: becomes the tag `version`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// From a Frictionless descriptor: becomes the tag `homepage`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub homepage: Option<String>,
}

/// A licence of a Frictionless descriptor.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct License {
    /// An Open Definition licence id (`CC0-1.0`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Where it stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Its name for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
}

/// A contributor of a Frictionless descriptor.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Contributor {
    /// The person's or organisation's name.
    #[serde(default)]
    pub title: String,
}

/// A source of a Frictionless descriptor.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Source {
    /// Its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Where it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
}

/// A change of the descriptive part (JSON merge patch, RFC 7396): what is absent stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangePackage {
    /// The new name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The new description.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// `private`, `groups` or `everyone`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub visibility: Option<String>,
    /// The groups, in place of all before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub groups: Option<Vec<String>>,
}

/// To whom a package is handed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TransferPackage {
    /// The new owner's user id.
    pub owner: String,
}

/// A package.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Package {
    /// `pkg_…`.
    pub id: String,
    /// The name.
    pub name: String,
    /// The description: plain text or Markdown, to be shown sanitised.
    pub description: String,
    /// The owner's user id.
    pub owner: String,
    /// `private`, `groups` or `everyone`.
    pub visibility: String,
    /// Groups that see it.
    pub groups: Vec<String>,
    /// Version of the descriptive part; the `ETag`.
    pub version: u64,
    /// Raised by every change of datasets or tags.
    pub revision: u64,
    /// Number of current datasets.
    pub datasets: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Current tags by name; absent in lists.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<BTreeMap<String, String>>,
    /// When it was made.
    #[schema(format = DateTime)]
    pub created_at: String,
    /// When it last changed.
    #[schema(format = DateTime)]
    pub updated_at: String,
    /// When it was deleted; absent for one that is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    pub deleted_at: Option<String>,
    /// Until when the deletion can be undone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    pub restorable_until: Option<String>,
    /// What the caller may do with it.
    pub actions: Vec<String>,
}

/// A page of packages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PackageList {
    /// The packages, newest first.
    pub items: Vec<Package>,
    /// Asks for the next page; absent at the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

/// Something that happened to a package.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct HistoryEntry {
    /// When.
    #[schema(format = DateTime)]
    pub time: String,
    /// What (`package.create`).
    pub action: String,
    /// Who; absent for the product itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_id: Option<String>,
    /// With which API key; absent for a session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access_key_id: Option<String>,
    /// `allow`, `deny` or `error`.
    pub outcome: String,
    /// Names of the fields that changed.
    pub changed: Vec<String>,
}

/// A page of history.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct HistoryList {
    /// The entries, newest first.
    pub items: Vec<HistoryEntry>,
    /// Asks for the next page; absent at the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}
