//! Locations: where existing objects may be imported from, registered by administrators.

use serde::{Deserialize, Serialize};

use crate::{
    error::Invalid,
    id::{LocationId, UserId},
    text::is_unprintable,
    time::Timestamp,
};

/// A bucket, or what begins with a prefix in one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Location {
    /// Its id.
    pub id: LocationId,
    /// The bucket.
    pub bucket: String,
    /// What keys begin with: empty, or a folder that ends in `/`.
    pub prefix: String,
    /// What it is, for people.
    #[serde(default)]
    pub description: String,
    /// Who registered it.
    pub created_by: UserId,
    /// When.
    pub created_at: Timestamp,
}

impl Location {
    /// What `key` is below this location; `None` if it is not below it.
    #[must_use]
    pub fn relative<'a>(&self, bucket: &str, key: &'a str) -> Option<&'a str> {
        if self.bucket == bucket { key.strip_prefix(self.prefix.as_str()) } else { None }
    }

    /// The name of a dataset that is all of this location.
    #[must_use]
    pub fn folder_name(&self) -> &str {
        self.prefix.trim_end_matches('/').rsplit('/').next().filter(|name| !name.is_empty()).unwrap_or(&self.bucket)
    }
}

/// The location that `key` lies below: of several the one with the longest prefix.
#[must_use]
pub fn location_of<'a>(locations: &'a [Location], bucket: &str, key: &str) -> Option<&'a Location> {
    locations.iter().filter(|location| location.relative(bucket, key).is_some()).max_by_key(|location| location.prefix.len())
}

/// A bucket's name: 3 to 63 lower-case letters, digits, dots and hyphens, as S3 has them.
///
/// # Errors
/// If it is none.
pub fn check_bucket(bucket: &str) -> Result<(), Invalid> {
    let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'.' || byte == b'-';
    let edge = |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    let bytes = bucket.as_bytes();
    if (3..=63).contains(&bytes.len()) && bytes.iter().copied().all(inner) && edge(bytes.first()) && edge(bytes.last()) {
        Ok(())
    } else {
        Err(Invalid::new("is not a bucket's name: 3 to 63 lower-case letters, digits, dots and hyphens"))
    }
}

/// A location's prefix as it is kept: empty, or with the `/` at its end that makes it a folder: `raw` must not take
/// `rawest/` with it.
///
/// # Errors
/// If keys can't begin with it.
pub fn folder_prefix(prefix: &str) -> Result<String, Invalid> {
    if prefix.len() > 1_000 || prefix.starts_with('/') || prefix.chars().any(is_unprintable) {
        return Err(Invalid::new("must be empty or a folder such as raw/2026/, of at most 1,000 bytes and without '/' at its begin"));
    }
    Ok(if prefix.is_empty() || prefix.ends_with('/') { prefix.to_owned() } else { format!("{prefix}/") })
}

#[cfg(test)]
mod tests {
    use ulid::Ulid;

    use super::*;

    fn location(bucket: &str, prefix: &str) -> Location {
        let created_by = "ann".parse().expect("a valid user id");
        let (bucket, prefix) = (bucket.to_owned(), folder_prefix(prefix).expect("a valid prefix"));
        let id = LocationId::new(Ulid(1));
        Location { id, bucket, prefix, description: String::new(), created_by, created_at: Timestamp::EPOCH }
    }

    #[test]
    fn a_key_lies_below_the_narrowest_location_and_never_below_a_neighbour() {
        let all = [location("lake", "raw"), location("lake", "raw/2026"), location("other", "")];
        let found = |bucket, key| location_of(&all, bucket, key).map(|location| location.prefix.as_str());
        assert_eq!(found("lake", "raw/2026/a.csv"), Some("raw/2026/"));
        assert_eq!(found("lake", "raw/2025/a.csv"), Some("raw/"));
        assert_eq!(found("other", "a.csv"), Some(""));
        assert_eq!([found("lake", "rawest/a.csv"), found("lake", "raw"), found("lakes", "raw/a")], [None; 3]);
        assert_eq!(all[1].relative("lake", "raw/2026/x/a.csv"), Some("x/a.csv"));
        assert_eq!([all[1].folder_name(), all[2].folder_name()], ["2026", "other"]);
    }

    #[test]
    fn buckets_and_prefixes_are_those_of_s3() {
        for bad in ["", "ab", "Lake", "-lake", "lake.", "a/b", &"x".repeat(64)] {
            assert!(check_bucket(bad).is_err(), "{bad:?}");
        }
        assert!(check_bucket("lake-1.example").is_ok());
        assert!(folder_prefix("/raw").is_err() && folder_prefix("a\nb").is_err() && folder_prefix(&"x".repeat(1_001)).is_err());
    }
}
