//! Carts, and exports made of them.

use serde::{Deserialize, Serialize};

use crate::{
    id::{DatasetId, ExportId, ItemId, PackageId, UserId},
    time::Timestamp,
};

/// At most so many packages a cart.
pub const ITEMS_PER_CART: usize = 1_000;

/// A package in a cart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CartItem {
    /// Its id.
    pub id: ItemId,
    /// Whose cart.
    pub user_id: UserId,
    /// The package.
    pub package_id: PackageId,
    /// When it was added.
    pub added_at: Timestamp,
}

/// What an export's manifests hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ExportFormat {
    /// URLs that work for a while.
    SignedUrl,
    /// Buckets, keys and versions, for people with own access to the store.
    BucketKey,
    /// Stable links that answer with a URL signed at that moment; revocable.
    Grant,
}

impl ExportFormat {
    /// The least and greatest life in seconds: signed URLs die with the signer's session after an hour at most; grants
    /// last up to 30 days; buckets and keys don't end, their manifest does.
    #[must_use]
    pub const fn expiry_range(self) -> (u64, u64) {
        match self {
            Self::SignedUrl => (900, 3_600),
            Self::BucketKey | Self::Grant => (900, 30 * 24 * 3_600),
        }
    }

    /// The format's name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::SignedUrl => "signed-url",
            Self::BucketKey => "bucket-key",
            Self::Grant => "grant",
        }
    }
}

/// Where an export stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ExportState {
    /// Accepted, being written.
    Running,
    /// There.
    Ready,
    /// Could not be written; can be tried again.
    Failed,
    /// Taken back, or expired.
    Revoked,
}

impl ExportState {
    /// The state's name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Ready => "ready",
            Self::Failed => "failed",
            Self::Revoked => "revoked",
        }
    }
}

/// Numbers of entries and bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    /// Files.
    pub entries: u64,
    /// Their bytes.
    pub bytes: u64,
}

/// What an export left out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Skipped {
    /// The package.
    pub package_id: PackageId,
    /// The dataset, or `None` for the whole package.
    pub dataset_id: Option<DatasetId>,
    /// Why, for people.
    pub reason: String,
}

/// One manifest of an export.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManifestFile {
    /// The package; `None` for the index file.
    pub package_id: Option<PackageId>,
    /// Key in the data bucket.
    pub key: String,
    /// The object's version.
    pub version: Option<String>,
    /// SHA-256 of the file in lower-case hex.
    pub sha256: String,
    /// What it lists.
    pub totals: Totals,
}

/// An export.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Export {
    /// Its id.
    pub id: ExportId,
    /// Whose.
    pub user_id: UserId,
    /// What its manifests hold.
    pub format: ExportFormat,
    /// The cart items taken, in order, with their packages.
    pub packages: Vec<(ItemId, PackageId)>,
    /// Only paths that match one of these globs; empty for all.
    pub paths: Vec<String>,
    /// Where it stands.
    pub state: ExportState,
    /// Why it failed, for people.
    pub failure: Option<String>,
    /// Life in seconds, as asked for.
    pub expires_in: u64,
    /// When it really ends; `None` until it is ready.
    pub expires_at: Option<Timestamp>,
    /// What it should hold.
    pub expected: Totals,
    /// What was written.
    pub written: Totals,
    /// What was left out, at most 1,000 named here (all of it stands in the manifests).
    pub skipped: Vec<Skipped>,
    /// How many were left out.
    pub skipped_count: u64,
    /// The manifests, and the index file.
    pub manifests: Vec<ManifestFile>,
    /// The grant token as ciphertext, so that manifests can be written again after a failure.
    pub token_ciphertext: Option<String>,
    /// SHA-256 of the grant token in lower-case hex.
    pub token_hash: Option<String>,
    /// How often grant links were followed.
    pub followed: u64,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}
