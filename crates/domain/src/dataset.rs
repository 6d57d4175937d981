//! Datasets: files of a package under relative paths.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;

use crate::{
    error::Invalid,
    id::{DatasetId, ImportId, PackageId, UserId},
    ports::PartUpload,
    time::Timestamp,
};

/// Up to this size one signed PUT carries the file.
pub const SINGLE_PUT_LIMIT: u64 = 64 * 1024 * 1024;
/// The greatest file: 10,000 parts of 5 GiB each hold more, S3 takes 48.8 TiB
/// (*Amazon S3 User Guide*, "Multipart upload limits").
pub const SIZE_LIMIT: u64 = 48 * 1024 * 1024 * 1024 * 1024;
/// At most so many parts an upload.
pub const PARTS_LIMIT: u64 = 10_000;
/// No part but the last is smaller.
pub const PART_MINIMUM: u64 = 16 * 1024 * 1024;

/// Size of an upload's parts: whole mebibytes, so that `PARTS_LIMIT` parts suffice for `size`.
#[must_use]
pub fn part_size(size: u64) -> u64 {
    const MEBIBYTE: u64 = 1024 * 1024;
    size.div_ceil(PARTS_LIMIT).div_ceil(MEBIBYTE).saturating_mul(MEBIBYTE).max(PART_MINIMUM)
}

/// A dataset's relative path: Unicode NFC, segments between `/`, none of them empty, `.` or `..`; no control
/// character and no backslash; 1 to 900 bytes, because keys of 1,024 bytes must hold it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct DatasetPath(String);

impl DatasetPath {
    /// The path as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The last segment.
    #[must_use]
    pub fn file_name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or(&self.0)
    }

    /// The file's format by its last extension, lower case (`csv`); compression suffixes are looked through.
    #[must_use]
    pub fn format(&self) -> Option<String> {
        let name = self.file_name().to_lowercase();
        let mut parts: Vec<&str> = name.split('.').skip(1).collect();
        if parts.last().is_some_and(|last| matches!(*last, "gz" | "zst" | "bz2" | "xz")) && parts.len() > 1 {
            parts.pop();
        }
        parts.pop().filter(|last| !last.is_empty() && last.len() <= 16).map(str::to_owned)
    }
}

impl FromStr for DatasetPath {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let path: String = text.nfc().collect();
        if path.is_empty() {
            return Err(Invalid::new("is empty"));
        }
        if path.len() > 900 {
            return Err(Invalid::new(format!("has {} bytes; at most 900 are allowed", path.len())));
        }
        if path.chars().any(|c| crate::text::is_unprintable(c) || c == '\\') {
            return Err(Invalid::new("contains a control character or a backslash"));
        }
        if path.split('/').any(|segment| matches!(segment, "" | "." | "..")) {
            return Err(Invalid::new("has an empty, '.' or '..' segment; it must be a relative path such as sales/2026.csv"));
        }
        Ok(Self(path))
    }
}

impl TryFrom<String> for DatasetPath {
    type Error = Invalid;

    fn try_from(text: String) -> Result<Self, Invalid> {
        text.parse()
    }
}

impl From<DatasetPath> for String {
    fn from(path: DatasetPath) -> Self {
        path.0
    }
}

impl fmt::Display for DatasetPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How a dataset's SHA-256 is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verified {
    /// The store checked the whole content.
    Store,
    /// The store checked each part.
    Parts,
    /// The product read it all and compared.
    Background,
    /// Only the uploader said so.
    Declared,
}

/// Where a dataset stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DatasetState {
    /// Registered; the bytes are awaited.
    Pending,
    /// The store is putting the parts together.
    Completing,
    /// There.
    Available,
    /// Removed or replaced; restorable for a while.
    Removed,
}

impl DatasetState {
    /// The state's name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Completing => "completing",
            Self::Available => "available",
            Self::Removed => "removed",
        }
    }
}

/// What a dataset is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DatasetKind {
    /// One object.
    Object,
    /// What lies below a prefix of a bucket, without what its globs leave out, whenever somebody looks.
    Prefix,
    /// An import's manifest.
    Manifest,
}

impl DatasetKind {
    /// The kind's name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Object => "object",
            Self::Prefix => "prefix",
            Self::Manifest => "manifest",
        }
    }
}

/// A dataset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dataset {
    /// The package it belongs to.
    pub package_id: PackageId,
    /// Its id.
    pub id: DatasetId,
    /// What it is.
    pub kind: DatasetKind,
    /// Its path in the package.
    pub path: DatasetPath,
    /// Where its bytes are: bucket and key, chosen by the product, or below a location that an administrator registered.
    pub bucket: String,
    /// Key in the bucket; of a prefix what its keys begin with.
    pub key: String,
    /// Of a prefix: globs of keys below it that it leaves out.
    pub exclude: Vec<String>,
    /// The object's version, once it is there.
    pub object_version: Option<String>,
    /// Media type.
    pub content_type: String,
    /// Size in bytes.
    pub size: u64,
    /// SHA-256 of the whole content in lower-case hex; for multipart uploads what the client declared, if it did.
    pub sha256: Option<String>,
    /// How the checksum is known; `None` until the bytes are there.
    pub verified: Option<Verified>,
    /// Where it stands.
    pub state: DatasetState,
    /// The upload in parts, if it is one.
    pub upload_id: Option<String>,
    /// The import that made it, if one did.
    pub import_id: Option<ImportId>,
    /// The package's revision that added it.
    pub added_in: Option<u64>,
    /// The package's revision that removed it.
    pub removed_in: Option<u64>,
    /// Who registered it.
    pub created_by: UserId,
    /// When it was registered.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

impl Dataset {
    /// The key of the object of a new dataset: `packages/{package}/{dataset}/{file name}`. Never the client's choice.
    #[must_use]
    pub fn object_key(package_id: PackageId, id: DatasetId, path: &DatasetPath) -> String {
        format!("packages/{package_id}/{id}/{}", path.file_name())
    }

    /// Whether it is uploaded in parts.
    #[must_use]
    pub fn is_multipart(&self) -> bool {
        self.size > SINGLE_PUT_LIMIT
    }

    /// Where its bytes are.
    #[must_use]
    pub fn address(&self) -> crate::ports::ObjectAddress {
        crate::ports::ObjectAddress { bucket: self.bucket.clone(), key: self.key.clone() }
    }

    /// The version of the object that this dataset is.
    #[must_use]
    pub fn object(&self) -> crate::ports::ObjectVersion {
        crate::ports::ObjectVersion { address: self.address(), version: self.object_version.clone() }
    }

    /// The upload in parts, if one was begun.
    #[must_use]
    pub fn part_upload(&self) -> Option<PartUpload> {
        let upload_id = self.upload_id.clone()?;
        Some(PartUpload { address: self.address(), upload_id })
    }
}

/// Whether `text` is a SHA-256 in lower-case hex.
#[must_use]
pub fn is_sha256(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_can_climb_nowhere() {
        for bad in ["", "/a", "a/", "a//b", "../a", "a/./b", "a\\b", "a\nb", "a\u{fffe}b", "a\u{ffff}", &"x".repeat(901)] {
            assert!(bad.parse::<DatasetPath>().is_err(), "{bad:?}");
        }
        assert_eq!("sales/year=2026/part-0.CSV.gz".parse::<DatasetPath>().expect("valid").format().as_deref(), Some("csv"));
        assert_eq!("README".parse::<DatasetPath>().expect("valid").format(), None);
    }

    #[test]
    fn ten_thousand_parts_hold_the_greatest_file() {
        for size in [1, SINGLE_PUT_LIMIT, 1 << 40, SIZE_LIMIT] {
            assert!(size.div_ceil(part_size(size)) <= PARTS_LIMIT);
            assert!(part_size(size) <= 5 * 1024 * 1024 * 1024);
        }
    }
}
