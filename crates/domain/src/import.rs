//! Imports: a manifest names objects that exist already; they become datasets where they are, without a copy.

use serde::{Deserialize, Serialize};

use crate::{
    id::{DatasetId, ImportId, PackageId, UserId},
    ports::ObjectVersion,
    time::Timestamp,
};

/// A manifest in a request has at most so many bytes; a larger one is uploaded.
pub const INLINE_LIMIT: usize = 3 * 1024 * 1024;

/// Where objects of a package's imports lie in the data bucket.
#[must_use]
pub fn folder(package_id: PackageId) -> String {
    format!("imports/{package_id}/")
}

/// The key of a manifest that came with a request.
#[must_use]
pub fn manifest_key(package_id: PackageId, id: ImportId) -> String {
    format!("{}{id}/manifest", folder(package_id))
}

/// The key of failures from number `first` on, as an attempt of the worker told them.
#[must_use]
pub fn failures_key(package_id: PackageId, id: ImportId, first: u64, attempt: u64) -> String {
    format!("{}{id}/failures/{first:012}-{attempt:06}.jsonl", folder(package_id))
}

/// Where an import stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ImportState {
    /// Its manifest is being read.
    Running,
    /// The manifest was read to its end; entries that failed are counted and kept.
    Done,
    /// It ended before the manifest did.
    Failed,
}

impl ImportState {
    /// The state's name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Done => "done",
            Self::Failed => "failed",
        }
    }
}

/// What became of the entries; `read` is the sum of the others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportCounts {
    /// Entries read.
    pub read: u64,
    /// Those that are datasets now.
    pub added: u64,
    /// Those whose source was a dataset of the package already.
    pub skipped: u64,
    /// Those that could not be taken.
    pub failed: u64,
}

/// An import.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Import {
    /// Its id.
    pub id: ImportId,
    /// Into which package.
    pub package_id: PackageId,
    /// The uploaded file that is the manifest; `None` if it came with the request.
    pub dataset_id: Option<DatasetId>,
    /// The manifest, in the data bucket.
    pub manifest: ObjectVersion,
    /// Its size in bytes.
    pub size: u64,
    /// Where it stands.
    pub state: ImportState,
    /// Why it ended before its manifest did, for people.
    pub failure: Option<String>,
    /// What became of the entries.
    pub counts: ImportCounts,
    /// Who asked for it.
    pub created_by: UserId,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When it last came further.
    pub updated_at: Timestamp,
}

/// Why an entry could not be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureCode {
    /// The entry is not one of a manifest's forms.
    Malformed,
    /// It lies below no location that an administrator registered.
    OutsideLocations,
    /// Its key is no path that a dataset can have.
    BadPath,
    /// There is no such object.
    NotFound,
    /// The data lake may not read it.
    Forbidden,
    /// The store could not say what it is.
    Unreadable,
    /// Another dataset has its path.
    PathTaken,
}

impl FailureCode {
    /// The code's name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::OutsideLocations => "outside_locations",
            Self::BadPath => "bad_path",
            Self::NotFound => "not_found",
            Self::Forbidden => "forbidden",
            Self::Unreadable => "unreadable",
            Self::PathTaken => "path_taken",
        }
    }
}

/// An entry that could not be taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportFailure {
    /// CSV: the line where it begins; JSON: the entry's number. From 1.
    pub line: u64,
    /// Why.
    pub code: FailureCode,
    /// Why, for people.
    pub reason: String,
    /// The entry as it stands in the manifest, cut after 200 characters.
    pub entry: String,
}
