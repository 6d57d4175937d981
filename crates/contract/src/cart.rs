//! The cart, and exports made of it.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A page of the cart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Cart {
    /// The items, oldest first.
    pub items: Vec<CartItem>,
    /// Asks for the next page; absent at the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

/// A package in the cart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CartItem {
    /// `itm_…`.
    pub id: String,
    /// `pkg_…`.
    pub package_id: String,
    /// Whether the caller may still see the package; if not, an export leaves it out.
    pub visible: bool,
    /// A summary, while the package is visible.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub package: Option<CartPackage>,
    /// When it was added.
    #[schema(format = DateTime)]
    pub added_at: String,
}

/// What the cart shows of a package.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CartPackage {
    /// The name.
    pub name: String,
    /// Number of current datasets.
    pub datasets: u64,
    /// Their bytes.
    pub bytes: u64,
}

/// A package to be put into the cart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AddCartItem {
    /// `pkg_…`.
    pub package_id: String,
}

/// A checkout.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Checkout {
    /// `signed-url`, `bucket-key` or `grant`.
    pub format: String,
    /// Only these cart items; all if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub items: Option<Vec<String>>,
    /// Only datasets whose path matches one of these globs; all if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paths: Option<Vec<String>>,
    /// Life in seconds: `signed-url` 900 to 3,600, otherwise 900 to 2,592,000.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_in: Option<u64>,
}

/// Numbers of files and bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Totals {
    /// Files.
    pub entries: u64,
    /// Their bytes.
    pub bytes: u64,
}

/// An export.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Export {
    /// `exp_…`.
    pub id: String,
    /// `signed-url`, `bucket-key` or `grant`.
    pub format: String,
    /// `running`, `ready`, `failed` or `revoked`.
    pub state: String,
    /// Why it failed, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
    /// The packages.
    pub packages: Vec<String>,
    /// The path globs.
    pub paths: Vec<String>,
    /// What it should hold.
    pub expected: Totals,
    /// What was written.
    pub written: Totals,
    /// What was left out, at most 1,000 named here; all of it stands in the manifests.
    pub skipped: Vec<Skipped>,
    /// How many were left out.
    pub skipped_count: u64,
    /// How often grant links were followed.
    pub followed: u64,
    /// When it really ends; absent until it is ready.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    pub expires_at: Option<String>,
    /// The manifests, with URLs; only in the answer about one export, while it is ready.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub manifests: Vec<ManifestLink>,
    /// When it was asked for.
    #[schema(format = DateTime)]
    pub created_at: String,
    /// When it last changed.
    #[schema(format = DateTime)]
    pub updated_at: String,
}

/// Where a manifest is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ManifestLink {
    /// The package; absent for the index file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub package_id: Option<String>,
    /// A URL of the file.
    pub url: String,
    /// When the URL stops working; ask again for a new one.
    #[schema(format = DateTime)]
    pub expires_at: String,
    /// SHA-256 of the file in lower-case hex.
    pub sha256: String,
    /// What it lists.
    pub totals: Totals,
}

/// What an export left out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Skipped {
    /// The package.
    pub package_id: String,
    /// The dataset; absent for the whole package.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dataset_id: Option<String>,
    /// Why, for people.
    pub reason: String,
}

/// A page of exports.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ExportList {
    /// The exports, newest first.
    pub items: Vec<Export>,
    /// Asks for the next page; absent at the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

/// An export was taken back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Revoked {
    /// `exp_…`.
    pub id: String,
    /// URLs that were signed before live until this time; absent if there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    pub urls_live_until: Option<String>,
}

/// The manifest of one package in an export (a file in the object store). Above 10,000 entries it is written as JSON
/// lines: the first line is this object with `entries` empty, then one entry a line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Manifest {
    /// 1.
    pub version: u32,
    /// The package.
    pub package: ManifestPackage,
    /// The package's revision that the entries are of.
    pub revision: u64,
    /// When its URLs or grants end.
    #[schema(format = DateTime)]
    pub expires_at: String,
    /// The files.
    pub entries: Vec<ManifestEntry>,
    /// How many entries and bytes there should be: those listed, and the datasets that were left out.
    pub expected: Totals,
    /// What was left out.
    pub skipped: Vec<Skipped>,
    /// SHA-256, in lower-case hex, over each entry's `name`, a tab, its `sha256` (empty if unknown) and a newline.
    pub sha256: String,
}

/// What a manifest says of its package.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ManifestPackage {
    /// `pkg_…`.
    pub id: String,
    /// The name.
    pub name: String,
}

/// One file: `url`, or `bucket`, `key` and `version`, or `grant`, by the export's format.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ManifestEntry {
    /// A URL of the bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The bucket.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bucket: Option<String>,
    /// The key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The object's version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// A stable link that answers with a redirect.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grant: Option<String>,
    /// `ds_…`.
    pub dataset_id: String,
    /// Relative path in the package.
    pub name: String,
    /// Size in bytes.
    pub size: u64,
    /// SHA-256 in lower-case hex, if known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
}

/// The index file of an export.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ManifestIndex {
    /// 1.
    pub version: u32,
    /// `exp_…`.
    pub export_id: String,
    /// `signed-url`, `bucket-key` or `grant`.
    pub format: String,
    /// When it ends.
    #[schema(format = DateTime)]
    pub expires_at: String,
    /// The manifests beside this file.
    pub manifests: Vec<ManifestIndexEntry>,
    /// How many entries and bytes there should be in all: those listed, and the datasets that were left out.
    pub expected: Totals,
    /// Packages that were left out whole.
    pub skipped: Vec<Skipped>,
}

/// One manifest in an index.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ManifestIndexEntry {
    /// The package.
    pub package_id: String,
    /// The file's name.
    pub file: String,
    /// SHA-256 of the file in lower-case hex.
    pub sha256: String,
    /// What it lists.
    pub totals: Totals,
}
