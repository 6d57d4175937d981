//! Rules about tags, made by admins, held at every change.

use serde::{Deserialize, Serialize};

use crate::{
    error::{FieldError, Invalid},
    metadata::{Tags, escape_pointer},
};

/// What a governed tag's value must be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum TagType {
    /// Any text.
    Text,
    /// A decimal number.
    Number,
    /// A calendar date, `YYYY-MM-DD`.
    Date,
    /// One of these values.
    Enum {
        /// The values, in the order to show them.
        values: Vec<String>,
    },
}

/// A rule for one tag.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TagRule {
    /// The rule's id.
    pub id: String,
    /// The tag's name.
    pub tag: String,
    /// Whether every package must have it.
    pub required: bool,
    /// What its value must be.
    #[serde(flatten)]
    pub tag_type: TagType,
    /// What it means, for people.
    #[serde(default)]
    pub description: String,
}

/// Holds tags against the rules.
///
/// # Errors
/// Every broken rule, with a pointer below `pointer`.
pub fn check(rules: &[TagRule], tags: &Tags, pointer: &str) -> Result<(), Vec<FieldError>> {
    let errors: Vec<FieldError> = rules
        .iter()
        .filter_map(|rule| {
            let place = format!("{pointer}/{}", escape_pointer(&rule.tag));
            match tags.get(&rule.tag) {
                None => rule.required.then(|| Invalid::new("is required").at(place)),
                Some(value) => rule.tag_type.check(value).err().map(|why| why.at(place)),
            }
        })
        .collect();
    if errors.is_empty() { Ok(()) } else { Err(errors) }
}

impl TagType {
    fn check(&self, value: &str) -> Result<(), Invalid> {
        match self {
            Self::Text => Ok(()),
            Self::Number => match value.parse::<f64>() {
                Ok(number) if number.is_finite() => Ok(()),
                _ => Err(Invalid::new("is not a number")),
            },
            Self::Date => match value.parse::<jiff::civil::Date>() {
                Ok(_) if value.len() == 10 => Ok(()),
                _ => Err(Invalid::new("is not a date such as 2026-01-31")),
            },
            Self::Enum { values } if values.iter().any(|allowed| allowed == value) => Ok(()),
            Self::Enum { values } => Err(Invalid::new(format!("is none of the allowed values: {}", values.join(", ")))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(tag: &str, required: bool, tag_type: TagType) -> TagRule {
        TagRule { id: tag.to_owned(), tag: tag.to_owned(), required, tag_type, description: String::new() }
    }

    #[test]
    fn each_broken_rule_is_told() {
        let rules = [
            rule("owner", true, TagType::Text),
            rule("year", false, TagType::Number),
            rule("day", false, TagType::Date),
            rule("level", true, TagType::Enum { values: vec!["open".to_owned(), "closed".to_owned()] }),
        ];
        let tags = |pairs: &[(&str, &str)]| {
            Tags::parse(pairs.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())), "/tags").expect("valid tags")
        };
        let bad = check(&rules, &tags(&[("year", "NaN"), ("day", "2026-02-30"), ("level", "secret")]), "/tags");
        assert_eq!(bad.expect_err("four broken rules").len(), 4);
        assert_eq!(check(&rules, &tags(&[("owner", "me"), ("year", "1.5"), ("day", "2026-02-28"), ("level", "open")]), "/tags"), Ok(()));
    }
}
