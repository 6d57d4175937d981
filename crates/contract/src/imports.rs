//! Imports: existing objects become datasets where they are.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A manifest, or the file that is one. In place of JSON the body may be CSV: lines `bucket,key[,version]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StartImport {
    /// A file of this package that is the manifest, JSON or CSV of any size; then the body has nothing else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dataset_id: Option<String>,
    /// 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<u32>,
    /// What to import.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entries: Option<Vec<ImportEntry>>,
    /// Entries as version 2 of AWS's data lake solution had them.
    #[serde(default, rename = "dataStore", skip_serializing_if = "Option::is_none")]
    pub data_store: Option<Vec<DataStoreEntry>>,
    /// Entries as version 1 of AWS's data lake solution had them.
    #[serde(default, rename = "fileLocations", skip_serializing_if = "Option::is_none")]
    pub file_locations: Option<Vec<FileLocation>>,
}

/// An object (`url`) or a folder (`prefix`) below a location that an administrator registered.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ImportEntry {
    /// `s3://bucket/key`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The object's version; the current one if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// `s3://bucket/folder/`: one dataset of kind `prefix`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prefix: Option<String>,
    /// Globs over keys below the prefix that it leaves out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exclude: Vec<String>,
}

/// An object or a folder.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DataStoreEntry {
    /// `s3://bucket/key` or `s3://bucket/folder/`.
    pub include_path: String,
    /// Globs that leave something out of a folder.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exclude_patterns: Vec<String>,
}

/// An object.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FileLocation {
    /// `s3://bucket/key`.
    pub url: String,
}

/// An import. `read` is the sum of `added`, `skipped` and `failed`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Import {
    /// `imp_…`.
    pub id: String,
    /// `running`, `done` (entries that failed are counted and listed) or `failed` (it ended before its manifest did).
    pub state: String,
    /// Why it ended before its manifest did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
    /// The file that is the manifest; absent if it came with the request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dataset_id: Option<String>,
    /// Entries read.
    pub read: u64,
    /// Those that are datasets now.
    pub added: u64,
    /// Those whose source was a dataset of the package already.
    pub skipped: u64,
    /// Those that could not be taken.
    pub failed: u64,
    /// Who asked for it.
    pub created_by: String,
    /// When it was asked for.
    #[schema(format = DateTime)]
    pub created_at: String,
    /// When it last came further.
    #[schema(format = DateTime)]
    pub updated_at: String,
}

/// A page of imports, newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ImportList {
    /// The imports.
    pub items: Vec<Import>,
    /// Asks for the next page; absent at the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

/// An entry that could not be taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ImportFailure {
    /// CSV: the line where it begins; JSON: the entry's number. From 1.
    pub line: u64,
    /// `malformed`, `outside_locations`, `bad_path`, `not_found`, `forbidden`, `unreadable` or `path_taken`.
    pub code: String,
    /// Why, for people.
    pub reason: String,
    /// The entry as it stands in the manifest, cut after 200 characters.
    pub entry: String,
}

/// A page of failures in the order of the manifest; of a running import those so far.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ImportFailureList {
    /// The failures.
    pub items: Vec<ImportFailure>,
    /// Asks for the next page; absent at the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}
