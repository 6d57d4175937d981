//! Datasets and their uploads.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::problem::ProblemField;

/// Files to be uploaded.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RegisterDatasets {
    /// 1 to 500 files.
    #[schema(max_items = 500)]
    pub datasets: Vec<NewDataset>,
}

/// A file to be uploaded. Where it is kept is the product's choice.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewDataset {
    /// Relative path in the package (`sales/2026.csv`), at most 900 bytes.
    pub name: String,
    /// Size in bytes.
    pub size: u64,
    /// Media type; `application/octet-stream` if absent.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub content_type: String,
    /// SHA-256 in lower-case hex; required up to 64 MiB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
}

/// What became of each file, in order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct RegisteredDatasets {
    /// One for each file of the request.
    pub results: Vec<RegisteredDataset>,
}

/// What became of one file: `dataset` and `upload`, or `error`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct RegisteredDataset {
    /// The dataset, state `pending`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dataset: Option<Dataset>,
    /// What to send.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upload: Option<Upload>,
    /// What is wrong with this file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<EntryError>,
}

/// What is wrong with one entry of a batch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EntryError {
    /// The status that the entry alone would have had.
    pub status: u16,
    /// A stable code for programs.
    pub code: String,
    /// What went wrong and what to do, for people.
    pub detail: String,
    /// What is wrong with parts of the entry; pointers are relative to it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<ProblemField>,
}

/// What to send.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Upload {
    /// One request with the file as its body, exactly as it is. A 412 on a retry means: it is there, complete it.
    Put(SignedRequest),
    /// Parts: ask for each one's URL when you send it.
    Parts {
        /// Bytes of each part but the last.
        part_size: u64,
        /// How many parts.
        parts: u64,
    },
}

/// A request that works as it is, without further authorisation, until it expires.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SignedRequest {
    /// `GET` or `PUT`.
    pub method: String,
    /// The URL: whoever has it can use it.
    pub url: String,
    /// Headers to send as they are.
    pub headers: BTreeMap<String, String>,
    /// When it stops working.
    #[schema(format = DateTime)]
    pub expires_at: String,
}

/// A dataset.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Dataset {
    /// `ds_…`.
    pub id: String,
    /// `object`; `prefix`: what lies below a prefix; `manifest`: an import's manifest.
    pub kind: String,
    /// Relative path in the package.
    pub name: String,
    /// Media type.
    pub content_type: String,
    /// Size in bytes.
    pub size: u64,
    /// SHA-256 in lower-case hex, if known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// How the checksum is known: `store`, `parts`, `background` or `declared`; absent until the bytes are there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verified: Option<String>,
    /// `pending`, `completing`, `available` or `removed`.
    pub state: String,
    /// The package's revision that added it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub added_in: Option<u64>,
    /// The package's revision that removed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub removed_in: Option<u64>,
    /// When it last changed.
    #[schema(format = DateTime)]
    pub updated_at: String,
}

/// A page of datasets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DatasetList {
    /// Available ones in path order; in another state in order of registration.
    pub items: Vec<Dataset>,
    /// With `delimiter`: the folders of this page, each as the `prefix` that lists it, with the slash at its end. Items and
    /// folders that items are in together stand, by name, behind those of the page before.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub folders: Vec<String>,
    /// With a `prefix` that leads into datasets of kind `prefix`: what the store holds below them now, behind all items. With
    /// `delimiter`, folders there that no item is in come with them. What one of those datasets holds is in order of its keys,
    /// all folders and objects once; what another one holds follows.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub objects: Vec<PrefixObject>,
    /// What of datasets of kind `prefix` can't be shown.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub skipped: Vec<SkippedPrefix>,
    /// Asks for the next page; absent at the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

/// An object below a dataset of kind `prefix`. It has no id of its own: an export has it as an entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PrefixObject {
    /// The dataset, `ds_…`.
    pub dataset_id: String,
    /// Relative path in the package.
    pub name: String,
    /// Size in bytes.
    pub size: u64,
    /// When it was stored.
    #[schema(format = DateTime)]
    pub modified_at: String,
}

/// What of a dataset of kind `prefix` can't be shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SkippedPrefix {
    /// The dataset, `ds_…`.
    pub dataset_id: String,
    /// Why, for people.
    pub reason: String,
}

/// Datasets whose bytes were sent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CompleteDatasets {
    /// 1 to 500 ids.
    #[schema(max_items = 500)]
    pub ids: Vec<String>,
}

/// What became of each, in order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CompletedDatasets {
    /// One for each id of the request.
    pub results: Vec<CompletedDataset>,
}

/// What became of one: `dataset`, or `error`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CompletedDataset {
    /// The dataset, now current.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dataset: Option<Dataset>,
    /// Why it could not be completed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<EntryError>,
}

/// Parts to be sent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SignParts {
    /// 1 to 100 parts.
    #[schema(max_items = 100)]
    pub parts: Vec<Part>,
}

/// One part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// From 1.
    pub number: u32,
    /// Size in bytes.
    pub size: u64,
    /// SHA-256 in lower-case hex.
    pub sha256: String,
}

/// Signed parts, in the order asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SignedParts {
    /// The parts.
    pub parts: Vec<SignedPart>,
}

/// A part that can be sent now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SignedPart {
    /// From 1.
    pub number: u32,
    /// What to send.
    pub upload: SignedRequest,
}

/// Parts that arrived, ascending; all of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ArrivedParts {
    /// The parts.
    pub parts: Vec<Part>,
}

/// Where a dataset's bytes are for a while.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Download {
    /// The URL: whoever has it can use it.
    pub url: String,
    /// When it stops working.
    #[schema(format = DateTime)]
    pub expires_at: String,
}
