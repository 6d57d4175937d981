//! What an entry names.

use domain::{
    location::check_bucket,
    text::{SHOWN_OF_AN_ENTRY, shown},
};

use super::Fault;
use crate::imports::exclude::Excluded;

/// What an entry names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// One object.
    Object { bucket: String, key: String, version: Option<String> },
    /// What lies below a prefix, without what the globs leave out.
    Prefix { bucket: String, prefix: String, exclude: Vec<String> },
    /// An object if there is one of that key, or the folder of that name.
    Either { bucket: String, key: String },
}

impl Source {
    pub(super) fn object(bucket: &str, key: &str, version: Option<&str>) -> Result<Self, Fault> {
        check_address(bucket, key)?;
        if key.is_empty() || key.ends_with('/') {
            return Err(Fault::malformed("The key names no object. A folder is taken by an entry of a 'prefix'."));
        }
        Ok(Self::Object { bucket: bucket.to_owned(), key: key.to_owned(), version: version.map(str::to_owned) })
    }

    pub(super) fn url(url: &str, version: Option<&str>) -> Result<Self, Fault> {
        let (bucket, key) = address(url)?;
        Self::object(bucket, key, version)
    }

    pub(super) fn prefix(url: &str, exclude: Vec<String>) -> Result<Self, Fault> {
        let (bucket, prefix) = address(url)?;
        check_address(bucket, prefix)?;
        Excluded::new(&exclude).map_err(Fault::malformed)?;
        // `raw` must not take `rawest/` with it.
        let slash = if prefix.is_empty() || prefix.ends_with('/') { "" } else { "/" };
        Ok(Self::Prefix { bucket: bucket.to_owned(), prefix: format!("{prefix}{slash}"), exclude })
    }

    /// As the predecessor had it: a folder or an object, whichever there is.
    pub(super) fn include_path(url: &str, exclude: Vec<String>) -> Result<Self, Fault> {
        let (bucket, key) = address(url)?;
        check_address(bucket, key)?;
        if key.is_empty() || key.ends_with('/') || !exclude.is_empty() {
            return Self::prefix(url, exclude);
        }
        Ok(Self::Either { bucket: bucket.to_owned(), key: key.to_owned() })
    }

    /// The bucket, and the key or what keys begin with.
    pub(crate) fn address(&self) -> (&str, &str) {
        match self {
            Self::Object { bucket, key, .. } | Self::Either { bucket, key } => (bucket, key),
            Self::Prefix { bucket, prefix, .. } => (bucket, prefix),
        }
    }
}

/// Bucket and key of `s3://bucket/key`, as they stand there: S3's own tools don't escape keys in these either.
fn address(url: &str) -> Result<(&str, &str), Fault> {
    let rest = ["s3://", "s3a://", "s3n://"].iter().find_map(|scheme| url.strip_prefix(scheme));
    let rest = rest.ok_or_else(|| Fault::malformed("The address does not begin with s3://."))?;
    Ok(rest.split_once('/').unwrap_or((rest, "")))
}

fn check_address(bucket: &str, key: &str) -> Result<(), Fault> {
    check_bucket(bucket).map_err(|why| Fault::malformed(format!("\u{201c}{}\u{201d} {why}.", shown(bucket, SHOWN_OF_AN_ENTRY))))?;
    if key.len() > 1_024 {
        return Err(Fault::malformed("The key has more than 1,024 bytes."));
    }
    Ok(())
}
