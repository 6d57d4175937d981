//! Tags of packages, kept in versions.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;

use crate::{
    error::{FieldError, Invalid},
    id::UserId,
    text::{is_unprintable, shown},
    time::Timestamp,
};

/// At most so many tags a package.
pub const TAGS_PER_PACKAGE: usize = 100;

/// The longest name of a tag, in characters.
pub const NAME_CHARACTERS: usize = 64;
/// The longest value of a tag, in characters.
pub const VALUE_CHARACTERS: usize = 1_024;

/// So much of a name is told when it is wrong: more than a name may have, and less than somebody may send.
const POINTED_CHARACTERS: usize = 2 * NAME_CHARACTERS;

/// All names and values of a package together, in bytes of UTF-8: a row of 400 KB must hold them.
pub const TAG_BYTES_PER_PACKAGE: usize = 256 * 1024;

/// Tags by name: printable Unicode in NFC, names 1 to 64 characters, values 1 to 1,024.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Tags(BTreeMap<String, String>);

impl Tags {
    /// Takes tags as a person entered them.
    ///
    /// # Errors
    /// Everything that is wrong, each with a pointer below `pointer`.
    pub fn parse(entered: impl IntoIterator<Item = (String, String)>, pointer: &str) -> Result<Self, Vec<FieldError>> {
        let mut tags = BTreeMap::new();
        let mut errors = Vec::new();
        for (name, value) in entered {
            let place = format!("{pointer}/{}", escape_pointer(&shown(&name, POINTED_CHARACTERS)));
            match (bounded(&name, NAME_CHARACTERS), bounded(&value, VALUE_CHARACTERS)) {
                (Ok(clean), Ok(value)) => {
                    if tags.insert(clean, value).is_some() {
                        errors.push(Invalid::new("is given twice").at(place));
                    }
                }
                (Err(why), _) => errors.push(FieldError { detail: format!("the name {}", why), pointer: place }),
                (_, Err(why)) => errors.push(why.at(place)),
            }
        }
        if tags.len() > TAGS_PER_PACKAGE {
            errors.push(Invalid::new(format!("are {} tags; at most {TAGS_PER_PACKAGE} are allowed", tags.len())).at(pointer));
        }
        let bytes: usize = tags.iter().map(|(name, value)| name.len() + value.len()).sum();
        if bytes > TAG_BYTES_PER_PACKAGE {
            errors.push(Invalid::new(format!("have {bytes} bytes together; at most {TAG_BYTES_PER_PACKAGE} are allowed")).at(pointer));
        }
        if errors.is_empty() { Ok(Self(tags)) } else { Err(errors) }
    }

    /// The tags by name.
    #[must_use]
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The value of a tag.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// Whether there are no tags.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// These tags as a plain map.
    #[must_use]
    pub fn to_map(&self) -> BTreeMap<String, String> {
        self.0.clone()
    }
}

/// A name as a segment of a JSON pointer (RFC 6901).
#[must_use]
pub fn escape_pointer(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

pub(crate) fn bounded(text: &str, limit: usize) -> Result<String, Invalid> {
    let text: String = text.trim().nfc().collect();
    match text.chars().count() {
        0 => Err(Invalid::new("is empty")),
        count if count > limit => Err(Invalid::new(format!("has {count} characters; at most {limit} are allowed"))),
        _ if text.chars().any(is_unprintable) => Err(Invalid::new("contains a control character")),
        _ => Ok(text),
    }
}

/// One version of a package's tags.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MetadataVersion {
    /// From 1.
    pub version: u64,
    /// The whole set.
    pub tags: Tags,
    /// Who wrote it.
    pub created_by: UserId,
    /// When.
    pub created_at: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(pairs: &[(&str, &str)]) -> Result<Tags, Vec<FieldError>> {
        Tags::parse(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())), "/tags")
    }

    #[test]
    fn every_bad_tag_is_named_with_its_pointer() {
        let errors = parse(&[("a/b", ""), ("ok", "yes"), ("", "x")]).expect_err("two bad tags");
        let pointers: Vec<&str> = errors.iter().map(|error| error.pointer.as_str()).collect();
        assert_eq!(pointers, ["/tags/a~1b", "/tags/"]);
    }

    #[test]
    fn the_pointer_to_a_name_that_is_no_tags_is_short() {
        let errors = parse(&[(&"n".repeat(9_000), "x"), ("a\u{7}b", "x")]).expect_err("two bad names");
        assert!(errors[0].pointer.len() < 150, "{}", errors[0].pointer);
        assert_eq!(errors[1].pointer, "/tags/ab");
    }

    #[test]
    fn tags_that_no_row_could_hold_are_refused() {
        let tags = |value: &str| Tags::parse((0..100).map(|n| (format!("tag {n}"), value.to_owned())), "/tags");
        assert!(tags(&"a".repeat(1024)).is_ok());
        let errors = tags(&"\u{1f30a}".repeat(1024)).expect_err("400 KB");
        assert_eq!(errors[0].pointer, "/tags");
    }

    #[test]
    fn names_that_differ_only_in_normal_form_are_the_same() {
        assert!(parse(&[("caf\u{e9}", "1"), ("cafe\u{301}", "2")]).is_err());
    }
}
