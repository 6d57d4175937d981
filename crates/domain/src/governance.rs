//! Rules about tags, made by admins, held at every change.

mod pattern;

pub use pattern::Pattern;

use std::collections::BTreeSet;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::{
    error::{FieldError, Invalid},
    metadata::{NAME_CHARACTERS, Tags, VALUE_CHARACTERS, bounded, escape_pointer},
};

/// At most so many rules: every change of tags is held against all of them.
pub const RULES_LIMIT: usize = 100;
/// At most so many allowed values a rule.
const VALUES_LIMIT: usize = 200;
/// The longest description of a rule, in characters.
const DESCRIPTION_CHARACTERS: usize = 1_000;

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

/// What a value of the right type must be besides.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Of text: what the whole value matches.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pattern: Option<Pattern>,
    /// Of numbers and dates: the least one, written as a value is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minimum: Option<String>,
    /// Of numbers and dates: the greatest one, written as a value is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub maximum: Option<String>,
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
    /// What its value must be besides.
    #[serde(flatten)]
    pub limits: Limits,
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
                Some(value) => rule.check_value(value).err().map(|why| why.at(place)),
            }
        })
        .collect();
    if errors.is_empty() { Ok(()) } else { Err(errors) }
}

impl TagRule {
    /// The rule as it is kept, with names and values in their normal form.
    ///
    /// # Errors
    /// Everything that is wrong, each with a pointer into the rule.
    pub fn validated(mut self) -> Result<Self, Vec<FieldError>> {
        let mut errors = Vec::new();
        if !is_rule_id(&self.id) {
            errors.push(Invalid::new("must be 1 to 128 letters, digits, '.', '_' or '-', and not '.' or '..'").at("/id"));
        }
        match bounded(&self.tag, NAME_CHARACTERS) {
            Ok(tag) => self.tag = tag,
            Err(why) => errors.push(why.at("/tag")),
        }
        if let TagType::Enum { values } = &mut self.tag_type {
            errors.extend(clean_values(values));
        }
        if self.limits.pattern.is_some() && self.tag_type != TagType::Text {
            errors.push(Invalid::new("is only for text").at("/pattern"));
        }
        errors.extend(self.check_range());
        let characters = self.description.chars().count();
        if characters > DESCRIPTION_CHARACTERS {
            let detail = format!("has {characters} characters; at most {DESCRIPTION_CHARACTERS} are allowed");
            errors.push(Invalid::new(detail).at("/description"));
        }
        if errors.is_empty() { Ok(self) } else { Err(errors) }
    }

    fn check_range(&self) -> Vec<FieldError> {
        let Limits { minimum, maximum, .. } = &self.limits;
        let bounds = [("/minimum", minimum), ("/maximum", maximum)];
        let given = bounds.into_iter().filter_map(|(pointer, bound)| Some((pointer, bound.as_ref()?)));
        let mut errors: Vec<FieldError> = match self.tag_type {
            TagType::Number => given.filter_map(|(pointer, bound)| Some(number(bound).err()?.at(pointer))).collect(),
            TagType::Date => given.filter_map(|(pointer, bound)| Some(date(bound).err()?.at(pointer))).collect(),
            TagType::Text | TagType::Enum { .. } => {
                given.map(|(pointer, _)| Invalid::new("is only for numbers and dates").at(pointer)).collect()
            }
        };
        // A range that holds nothing: its least value is greater than its greatest.
        if errors.is_empty()
            && let Some(minimum) = minimum
            && self.check_value(minimum).is_err()
        {
            errors.push(Invalid::new("is greater than the maximum").at("/minimum"));
        }
        errors
    }

    fn check_value(&self, value: &str) -> Result<(), Invalid> {
        match &self.tag_type {
            TagType::Text => match &self.limits.pattern {
                Some(pattern) if !pattern.matches(value) => Err(Invalid::new(format!("does not match the pattern {pattern}"))),
                _ => Ok(()),
            },
            TagType::Number => self.limits.check(&number(value)?, |bound| number(bound).ok()),
            TagType::Date => self.limits.check(&date(value)?, |bound| date(bound).ok()),
            TagType::Enum { values } if values.iter().any(|allowed| allowed == value) => Ok(()),
            TagType::Enum { values } => Err(Invalid::new(format!("is none of the allowed values: {}", values.join(", ")))),
        }
    }
}

impl Limits {
    fn check<T: PartialOrd>(&self, value: &T, read: impl Fn(&str) -> Option<T>) -> Result<(), Invalid> {
        if let Some(least) = &self.minimum
            && read(least).is_some_and(|bound| *value < bound)
        {
            return Err(Invalid::new(format!("is less than {least}, the least that is allowed")));
        }
        if let Some(greatest) = &self.maximum
            && read(greatest).is_some_and(|bound| *value > bound)
        {
            return Err(Invalid::new(format!("is greater than {greatest}, the greatest that is allowed")));
        }
        Ok(())
    }
}

impl TagType {
    /// `text`, `number`, `date` or `enum`.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Number => "number",
            Self::Date => "date",
            Self::Enum { .. } => "enum",
        }
    }
}

fn number(value: &str) -> Result<f64, Invalid> {
    match value.parse::<f64>() {
        Ok(number) if number.is_finite() => Ok(number),
        _ => Err(Invalid::new("is not a number")),
    }
}

fn date(value: &str) -> Result<Date, Invalid> {
    match value.parse::<Date>() {
        Ok(date) if value.len() == 10 => Ok(date),
        _ => Err(Invalid::new("is not a date such as 2026-01-31")),
    }
}

/// What can stand in a path.
fn is_rule_id(id: &str) -> bool {
    (1..=128).contains(&id.len())
        && !matches!(id, "." | "..")
        && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'))
}

/// Brings allowed values into the form that values of tags have.
fn clean_values(values: &mut [String]) -> Vec<FieldError> {
    if !(1..=VALUES_LIMIT).contains(&values.len()) {
        return vec![Invalid::new(format!("must be 1 to {VALUES_LIMIT} values")).at("/values")];
    }
    let (mut errors, mut seen) = (Vec::new(), BTreeSet::new());
    for (position, value) in values.iter_mut().enumerate() {
        match bounded(value, VALUE_CHARACTERS) {
            Ok(clean) => *value = clean,
            Err(why) => errors.push(why.at(format!("/values/{position}"))),
        }
        if !seen.insert(value.clone()) {
            errors.push(Invalid::new("is given twice").at(format!("/values/{position}")));
        }
    }
    errors
}

#[cfg(test)]
#[path = "governance/tests.rs"]
mod tests;
