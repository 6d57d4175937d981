//! Patterns of values.

use std::{fmt, str::FromStr};

use regex::{Regex, RegexBuilder};
use serde::{Deserialize, Serialize};

use crate::error::Invalid;

/// The longest pattern, in characters.
const CHARACTERS: usize = 500;
/// A pattern's program has at most so many bytes: a function keeps all of them in memory.
const COMPILED_BYTES: usize = 1024 * 1024;
/// What a match may build up while it runs: above it the matcher goes another way, which is slower and no less right.
const CACHE_BYTES: usize = 256 * 1024;
/// Groups stand at most so deep in each other.
const NESTING: u32 = 32;

/// A regular expression that a whole value must match; matching takes time in proportion to the value, whatever it says.
#[derive(Clone, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Pattern {
    text: String,
    whole: Regex,
}

impl Pattern {
    /// The expression as it was entered.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether the whole value matches.
    #[must_use]
    pub fn matches(&self, value: &str) -> bool {
        self.whole.is_match(value)
    }
}

fn compile(text: &str) -> Result<Regex, Invalid> {
    let mut builder = RegexBuilder::new(text);
    builder.size_limit(COMPILED_BYTES).dfa_size_limit(CACHE_BYTES).nest_limit(NESTING);
    builder.build().map_err(|error| match error {
        regex::Error::CompiledTooBig(_) => Invalid::new("is too large when it is worked out; repeat less"),
        // The library's text spans lines and shows the place.
        other => Invalid::new(format!("is no regular expression: {}", other.to_string().lines().last().unwrap_or_default())),
    })
}

impl FromStr for Pattern {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let characters = text.chars().count();
        if !(1..=CHARACTERS).contains(&characters) {
            return Err(Invalid::new(format!("has {characters} characters; 1 to {CHARACTERS} are allowed")));
        }
        // By itself first: a bracket that closes what stands around it would undo that the whole value is meant.
        compile(text)?;
        let whole = compile(&format!("\\A(?:{text})\\z"))?;
        Ok(Self { text: text.to_owned(), whole })
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Pattern {}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.text, f)
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl TryFrom<String> for Pattern {
    type Error = Invalid;

    fn try_from(text: String) -> Result<Self, Invalid> {
        text.parse()
    }
}

impl From<Pattern> for String {
    fn from(pattern: Pattern) -> Self {
        pattern.text
    }
}
