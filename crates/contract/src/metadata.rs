//! Tags in versions.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Tags in place of all before.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReplaceMetadata {
    /// Tags by name: at most 100, names of 1 to 64 and values of 1 to 1,024 characters.
    pub tags: BTreeMap<String, String>,
}

/// Tags besides the others (JSON merge patch, RFC 7396): `null` takes one away.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MergeMetadata {
    /// Tags by name.
    pub tags: BTreeMap<String, Option<String>>,
}

/// One version of a package's tags.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Metadata {
    /// From 1; the `ETag`.
    pub version: u64,
    /// The whole set.
    pub tags: BTreeMap<String, String>,
    /// Who wrote it.
    pub created_by: String,
    /// When.
    #[schema(format = DateTime)]
    pub created_at: String,
}

/// What changed in a version of a package's tags. The whole set is in the version itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MetadataVersion {
    /// From 1.
    pub version: u64,
    /// Who wrote it.
    pub created_by: String,
    /// When.
    #[schema(format = DateTime)]
    pub created_at: String,
    /// What is other than in the version before.
    #[serde(flatten)]
    pub changes: TagChanges,
}

/// What is other in one set of tags than in another.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TagChanges {
    /// Tags that were not there before, with their values.
    pub added: BTreeMap<String, String>,
    /// Tags with another value than before.
    pub changed: BTreeMap<String, ChangedTag>,
    /// Tags that are not there any more, with the values they had.
    pub removed: BTreeMap<String, String>,
}

/// The values of a tag.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ChangedTag {
    /// Before.
    pub old: String,
    /// Now.
    pub new: String,
}

impl TagChanges {
    /// What is other in `after` than in `before`.
    #[must_use]
    pub fn between(before: &BTreeMap<String, String>, after: &BTreeMap<String, String>) -> Self {
        let mut changes = Self::default();
        for (name, new) in after {
            match before.get(name) {
                None => drop(changes.added.insert(name.clone(), new.clone())),
                Some(old) if old != new => {
                    changes.changed.insert(name.clone(), ChangedTag { old: old.clone(), new: new.clone() });
                }
                Some(_) => {}
            }
        }
        let removed = before.iter().filter(|(name, _)| !after.contains_key(*name));
        changes.removed = removed.map(|(name, old)| (name.clone(), old.clone())).collect();
        changes
    }
}

/// A page of versions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MetadataVersionList {
    /// The versions, newest first.
    pub items: Vec<MetadataVersion>,
    /// Asks for the next page; absent at the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}
