//! Groups of people, by which packages are shared.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, de};

use crate::{error::Invalid, id::is_path_name};

/// At most so many groups a user.
pub const GROUPS_PER_USER: usize = 50;
/// At most so many groups a package: a change of all of them is one transaction.
pub const GROUPS_PER_PACKAGE: usize = 45;

/// A group's name: `[A-Za-z0-9._-]`, 1 to 64 bytes, no dot segment.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct GroupName(String);

impl GroupName {
    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for GroupName {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        if is_path_name(text) && text.len() <= 64 {
            Ok(Self(text.to_owned()))
        } else {
            Err(Invalid::new("is not a group name: 1 to 64 letters, digits, '.', '_' or '-'"))
        }
    }
}

impl fmt::Display for GroupName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for GroupName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

/// A group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    /// Its name.
    pub name: GroupName,
    /// A title for people.
    pub title: String,
    /// What it is for.
    pub description: String,
}
