//! Packages: the unit of description, visibility and ownership.

use std::{collections::BTreeSet, fmt, str::FromStr, time::Duration};

use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;

use crate::{
    error::Invalid,
    group::GroupName,
    id::{PackageId, UserId},
    text::is_unprintable,
    time::Timestamp,
};

/// Removed packages, datasets and their objects can be restored for so many days.
pub const RETENTION_DAYS: u64 = 30;

/// [`RETENTION_DAYS`] as a span of time.
pub const RETENTION: Duration = Duration::from_secs(RETENTION_DAYS * 24 * 3600);

/// A package's name: 1 to 100 characters, normalised to NFC and trimmed, without control characters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PackageName(String);

/// A package's description: at most 4,000 characters of plain text or Markdown.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Description(String);

impl PackageName {
    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Description {
    /// The description as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for PackageName {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let name: String = text.trim().nfc().collect();
        match name.chars().count() {
            0 => Err(Invalid::new("is empty")),
            1..=100 if name.chars().any(is_unprintable) => Err(Invalid::new("contains a control character")),
            1..=100 if !name.chars().any(is_visible) => Err(Invalid::new("has no visible character")),
            1..=100 => Ok(Self(name)),
            count => Err(Invalid::new(format!("has {count} characters; at most 100 are allowed"))),
        }
    }
}

impl FromStr for Description {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let text: String = text.nfc().collect();
        match text.chars().count() {
            0..=4000 if text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) => {
                Err(Invalid::new("contains a control character"))
            }
            0..=4000 => Ok(Self(text)),
            count => Err(Invalid::new(format!("has {count} characters; at most 4,000 are allowed"))),
        }
    }
}

fn is_visible(c: char) -> bool {
    !c.is_whitespace() && !matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{2064}' | '\u{feff}')
}

macro_rules! text_conversions {
    ($($name:ident),*) => {$(
        impl TryFrom<String> for $name {
            type Error = Invalid;

            fn try_from(text: String) -> Result<Self, Invalid> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(value: $name) -> Self {
                value.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )*};
}

text_conversions!(PackageName, Description);

/// Who sees a package besides its owner and admins.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Visibility {
    /// Nobody.
    Private,
    /// Members of these groups (1 to 45).
    Groups(BTreeSet<GroupName>),
    /// Everybody who is signed in.
    Everyone,
}

impl Visibility {
    /// The groups named, if any.
    #[must_use]
    pub fn groups(&self) -> BTreeSet<GroupName> {
        match self {
            Self::Groups(groups) => groups.clone(),
            Self::Private | Self::Everyone => BTreeSet::new(),
        }
    }

    /// `private`, `groups` or `everyone`.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Private => "private",
            Self::Groups(_) => "groups",
            Self::Everyone => "everyone",
        }
    }
}

/// A package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Package {
    /// Its id.
    pub id: PackageId,
    /// Its name.
    pub name: PackageName,
    /// What it is about.
    pub description: Description,
    /// Who may change it.
    pub owner: UserId,
    /// Who sees it.
    pub visibility: Visibility,
    /// Raised by every write to the package, its tags, visibility or datasets; the index's external version.
    pub sequence: u64,
    /// Raised by every change of the descriptive part; the `ETag`.
    pub version: u64,
    /// Raised by every change of datasets or tags.
    pub revision: u64,
    /// Version of the current tag set, from 1.
    pub metadata_version: u64,
    /// Number of current datasets.
    pub datasets: u64,
    /// Bytes of current datasets.
    pub bytes: u64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it, its tags or datasets last changed.
    pub updated_at: Timestamp,
    /// When it was deleted, if it was.
    pub deleted_at: Option<Timestamp>,
}

impl Package {
    /// Until when a deleted package can be restored; `None` for one that is not deleted.
    #[must_use]
    pub fn restorable_until(&self) -> Option<Timestamp> {
        Some(self.deleted_at?.plus(RETENTION))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_trimmed_normalised_and_bounded() {
        assert_eq!(" Cafe\u{301} ".parse::<PackageName>().expect("valid").as_str(), "Caf\u{e9}");
        assert!("  ".parse::<PackageName>().is_err());
        for bad in ["a\u{7}", "\u{200b}", "\u{202e}abc", "a\u{ffff}"] {
            assert!(bad.parse::<PackageName>().is_err(), "{bad:?}");
        }
        assert!("é".repeat(100).parse::<PackageName>().is_ok());
        assert!("é".repeat(101).parse::<PackageName>().is_err());
    }

    #[test]
    fn a_description_keeps_script_as_the_text_it_is() {
        let text = "<script>alert(1)</script>\n# Title";
        assert_eq!(text.parse::<Description>().expect("valid").as_str(), text);
        assert!("a\u{0}".parse::<Description>().is_err());
        assert!("a".repeat(4001).parse::<Description>().is_err());
    }
}
