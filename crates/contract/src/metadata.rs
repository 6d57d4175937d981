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

/// A page of versions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MetadataVersionList {
    /// The versions, newest first.
    pub items: Vec<Metadata>,
    /// Asks for the next page; absent at the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}
