//! Rules about tags.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What a tag must be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TagRule {
    /// The rule's id.
    pub id: String,
    /// The tag's name.
    pub tag: String,
    /// Whether every package must have it.
    pub required: bool,
    /// `text`, `number`, `date` (`YYYY-MM-DD`) or `enum`.
    #[serde(rename = "type")]
    pub tag_type: String,
    /// Of text: a regular expression that the whole value matches.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pattern: Option<String>,
    /// Of numbers and dates: the least value, written as the tag's value is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minimum: Option<String>,
    /// Of numbers and dates: the greatest value, written as the tag's value is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub maximum: Option<String>,
    /// Of an enum: the allowed values, in the order to show them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<String>,
    /// What the tag means, for people.
    pub description: String,
}

/// All rules about tags.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Governance {
    /// The rules, by tag.
    pub items: Vec<TagRule>,
}
