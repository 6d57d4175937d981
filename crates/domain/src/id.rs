//! Identifiers: a prefix that names the kind and a 26-character ULID, sortable by creation.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use ulid::Ulid;

use crate::error::Invalid;

macro_rules! identifiers {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Ulid);

        impl $name {
            /// What every id of this kind begins with.
            pub const PREFIX: &'static str = $prefix;

            /// The id over a ULID from [`crate::ports::Ids`].
            #[must_use]
            pub const fn new(ulid: Ulid) -> Self {
                Self(ulid)
            }

            /// The ULID without its prefix.
            #[must_use]
            pub const fn ulid(self) -> Ulid {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($prefix, "{}"), self.0)
            }
        }

        impl FromStr for $name {
            type Err = Invalid;

            fn from_str(text: &str) -> Result<Self, Invalid> {
                text.strip_prefix($prefix)
                    .filter(|rest| rest.len() == 26 && !rest.bytes().any(|byte| byte.is_ascii_lowercase()))
                    // Beyond 128 bits the first character is read as a smaller one.
                    .and_then(|rest| Ulid::from_string(rest).ok().filter(|ulid| ulid.to_string() == rest))
                    .map(Self)
                    .ok_or_else(|| Invalid::new(concat!("is not an id of the form ", $prefix, " and 26 characters")))
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
            }
        }
    )*};
}

identifiers! {
    /// Names a package.
    PackageId = "pkg_";
    /// Names a dataset.
    DatasetId = "ds_";
    /// Names an item of a cart.
    ItemId = "itm_";
    /// Names an export.
    ExportId = "exp_";
    /// Names a change: one action of one actor, from which audit record and jobs are derived.
    ChangeId = "chg_";
    /// Names a job.
    JobId = "job_";
    /// Names an import.
    ImportId = "imp_";
    /// Names a location.
    LocationId = "loc_";
}

/// Names a user: the `sub` that the directory gave, `[A-Za-z0-9._-]{1,128}`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct UserId(String);

/// Names an API key: `DLAK` and 16 upper-case letters and digits.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct AccessKeyId(String);

/// Whether `text` may stand in a path: `[A-Za-z0-9._-]{1,128}` and not `.` or `..`.
#[must_use]
pub fn is_path_name(text: &str) -> bool {
    (1..=128).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
        && text != "."
        && text != ".."
}

/// Whether `path` is one that every decoder reads alike: `/`, or names as [`is_path_name`] has them behind slashes.
#[must_use]
pub fn is_plain_path(path: &str) -> bool {
    let Some(rest) = path.strip_prefix('/') else { return false };
    let rest = rest.strip_suffix('/').unwrap_or(rest);
    rest.is_empty() && path == "/" || rest.split('/').all(is_path_name)
}

impl FromStr for UserId {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        if is_path_name(text) {
            Ok(Self(text.to_owned()))
        } else {
            Err(Invalid::new("is not a user id: 1 to 128 letters, digits, '.', '_' or '-'"))
        }
    }
}

impl FromStr for AccessKeyId {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let rest = text.strip_prefix(Self::PREFIX).unwrap_or_default();
        if rest.len() == 16 && rest.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit()) {
            Ok(Self(text.to_owned()))
        } else {
            Err(Invalid::new("is not an access key id of the form DLAK and 16 upper-case letters and digits"))
        }
    }
}

impl AccessKeyId {
    /// What every access key id begins with.
    pub const PREFIX: &'static str = "DLAK";
}

macro_rules! text_ids {
    ($($name:ident),*) => {$(
        impl $name {
            /// The id as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
            }
        }
    )*};
}

text_ids!(UserId, AccessKeyId);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_reads_back_and_refuses_other_prefixes_and_spellings() {
        let id = PackageId::new(Ulid::from_parts(1_700_000_000_000, 7));
        assert_eq!(id.to_string().parse::<PackageId>(), Ok(id));
        assert!(id.to_string().parse::<DatasetId>().is_err());
        assert!(id.to_string().to_lowercase().parse::<PackageId>().is_err());
        assert!("pkg_".parse::<PackageId>().is_err());
        assert!("pkg_7ZZZZZZZZZZZZZZZZZZZZZZZZZ".parse::<PackageId>().is_ok(), "the last one");
        assert!("pkg_8ZZZZZZZZZZZZZZZZZZZZZZZZZ".parse::<PackageId>().is_err(), "another spelling of one that begins with 0");
    }

    #[test]
    fn a_path_name_is_never_a_dot_segment() {
        assert!(is_path_name("a.b-c_1"));
        assert!(!is_path_name(".") && !is_path_name("..") && !is_path_name("") && !is_path_name("a/b"));
    }
}
