//! Values of a query to nodes of its tree, by field.

use domain::{
    governance::{TagRule, TagType},
    search::{NumberField, QueryNode, TermField, TextField, tag_term},
    text::{SHOWN_OF_A_WORD, shown},
};
use unicode_normalization::UnicodeNormalization;

use super::{
    analysis,
    query::combine,
    value::{self, NumberKind},
};

/// What a value is looked for in.
#[derive(Clone, Copy, Debug)]
pub(super) enum Field<'a> {
    /// Analysed text.
    Text(TextField),
    /// Exact terms.
    Term(TermField),
    /// Numbers.
    Number(BuiltIn, NumberKind),
    /// Any tag: `name=value`, or a word of any.
    AnyTag,
    /// The tag of this rule.
    Governed(&'a TagRule),
}

/// Numbers that every document has.
#[derive(Clone, Copy, Debug)]
pub(super) enum BuiltIn {
    Created,
    Changed,
    Bytes,
    Datasets,
}

type Lowered = Result<Option<QueryNode>, String>;

/// Names of the fields that are always there.
const NAMES: &[&str] =
    &["name", "description", "tag", "owner", "group", "column", "file", "format", "created", "changed", "bytes", "datasets", "year"];

impl Default for Field<'_> {
    fn default() -> Self {
        Self::Text(TextField::All)
    }
}

impl<'a> Field<'a> {
    /// The field of this name: a built-in one, or a governed tag's. A governed `year` hides the year of creation.
    pub(super) fn named(name: &str, rules: &'a [TagRule]) -> Option<Self> {
        let normal: String = name.nfc().collect();
        let governed = || rules.iter().find(|rule| rule.tag == normal).map(Self::Governed);
        Some(match name {
            "name" => Self::Text(TextField::Name),
            "description" => Self::Text(TextField::Description),
            "column" => Self::Text(TextField::Columns),
            "file" => Self::Text(TextField::Files),
            "tag" => Self::AnyTag,
            "owner" => Self::Term(TermField::Owner),
            "group" => Self::Term(TermField::Group),
            "format" => Self::Term(TermField::Format),
            "created" => Self::Number(BuiltIn::Created, NumberKind::Date),
            "changed" => Self::Number(BuiltIn::Changed, NumberKind::Date),
            "bytes" => Self::Number(BuiltIn::Bytes, NumberKind::Bytes),
            "datasets" => Self::Number(BuiltIn::Datasets, NumberKind::Plain),
            "year" => return governed().or(Some(Self::Number(BuiltIn::Created, NumberKind::Date))),
            _ => return governed(),
        })
    }
}

/// The sentence for a field that is not there.
pub(super) fn unknown_field(name: &str, rules: &[TagRule]) -> String {
    let names: Vec<&str> = NAMES.iter().copied().chain(rules.iter().map(|rule| rule.tag.as_str())).take(40).collect();
    format!(
        "There is no field \u{201c}{}\u{201d}; there are {}. Put quotation marks around text that contains a colon.",
        shown(name, SHOWN_OF_A_WORD),
        names.join(", ")
    )
}

/// A word, with its `*`, `?` or `~`.
pub(super) fn word(field: &Field<'_>, text: &str) -> Lowered {
    match field {
        Field::Text(field) => text_word(*field, text),
        Field::Term(field) => Ok(Some(term(*field, text, text.strip_suffix('*')))),
        Field::AnyTag => match text.split_once('=') {
            Some((name, value)) => Ok(Some(tag_value(name, value))),
            None => text_word(TextField::Tags, text),
        },
        Field::Governed(TagRule { tag, tag_type: TagType::Text, .. }) => governed_word(tag, text),
        _ => quoted(field, text),
    }
}

/// A text in quotation marks: nothing in it has a meaning of its own.
pub(super) fn quoted(field: &Field<'_>, text: &str) -> Lowered {
    match field {
        Field::Text(field) => Ok(phrase(*field, text)),
        Field::Term(field) => Ok(Some(term(*field, text, None))),
        Field::Number(field, kind) => {
            let (from, to) = value::range(text, *kind)?;
            Ok(Some(QueryNode::Range(field.number_field(), from, to)))
        }
        Field::AnyTag => Ok(match text.split_once('=') {
            Some((name, value)) => Some(exact_tag(name, value)),
            None => phrase(TextField::Tags, text),
        }),
        Field::Governed(rule) => governed_quoted(rule, text),
    }
}

impl BuiltIn {
    fn number_field(self) -> NumberField {
        match self {
            Self::Created => NumberField::Created,
            Self::Changed => NumberField::Changed,
            Self::Bytes => NumberField::Bytes,
            Self::Datasets => NumberField::Datasets,
        }
    }
}

fn term(field: TermField, text: &str, prefix: Option<&str>) -> QueryNode {
    let normal = |text: &str| if field == TermField::Format { text.to_lowercase() } else { text.to_owned() };
    match prefix {
        Some(prefix) => QueryNode::TermPrefix(field, normal(prefix)),
        None => QueryNode::Term(field, normal(text)),
    }
}

fn exact_tag(name: &str, value: &str) -> QueryNode {
    let clean = |text: &str| text.trim().nfc().collect::<String>();
    QueryNode::Term(TermField::Tag, tag_term(&clean(name), &clean(value)))
}

/// `name=value`, `name=begin*`; `name=` is any value.
fn tag_value(name: &str, value: &str) -> QueryNode {
    let begin = if value.is_empty() { Some("") } else { value.strip_suffix('*') };
    match begin {
        Some(begin) => {
            let clean = |text: &str| text.nfc().collect::<String>();
            QueryNode::TermPrefix(TermField::Tag, tag_term(&clean(name), &clean(begin)))
        }
        None => exact_tag(name, value),
    }
}

fn governed_quoted(rule: &TagRule, text: &str) -> Lowered {
    let number = |kind| {
        let (from, to) = value::range(text, kind)?;
        Ok(Some(QueryNode::Range(NumberField::Tag(rule.tag.clone()), from, to)))
    };
    match &rule.tag_type {
        TagType::Number => number(NumberKind::Plain),
        TagType::Date => number(NumberKind::Date),
        TagType::Enum { values } => {
            let folded = text.trim().to_lowercase();
            let value = values.iter().find(|value| value.to_lowercase() == folded).map_or(text, String::as_str);
            Ok(Some(exact_tag(&rule.tag, value)))
        }
        TagType::Text => {
            let words = governed_tokens(&rule.tag, text);
            Ok(combine(words.into_iter().map(Some).chain([phrase(TextField::Tags, text)]).collect(), QueryNode::And))
        }
    }
}

fn governed_tokens(tag: &str, text: &str) -> Vec<QueryNode> {
    analysis::tokens(text).into_iter().map(|token| QueryNode::Term(TermField::TagWord, tag_term(tag, &token.text))).collect()
}

/// Words of one tag's value.
fn governed_word(tag: &str, text: &str) -> Lowered {
    if let Some(begin) = text.strip_suffix('*').filter(|begin| !begin.contains(['*', '?', '~'])) {
        let mut words = analysis::words(begin);
        let last = words.pop().unwrap_or_default();
        let mut nodes: Vec<Option<QueryNode>> = words.iter().flat_map(|word| governed_tokens(tag, word)).map(Some).collect();
        nodes.push(Some(QueryNode::TermPrefix(TermField::TagWord, tag_term(tag, &last))));
        return Ok(combine(nodes, QueryNode::And));
    }
    if text.contains(['*', '?']) || text.ends_with('~') {
        // No index holds patterns of one tag's words: the tag is there, and a tag has such a word.
        let has_tag = QueryNode::TermPrefix(TermField::Tag, tag_term(tag, ""));
        return Ok(combine(vec![Some(has_tag), text_word(TextField::Tags, text)?], QueryNode::And));
    }
    Ok(combine(governed_tokens(tag, text).into_iter().map(Some).collect(), QueryNode::And))
}

fn phrase(field: TextField, text: &str) -> Option<QueryNode> {
    let mut tokens: Vec<String> = analysis::tokens(text).into_iter().map(|token| token.text).collect();
    match tokens.len() {
        0 => None,
        1 => tokens.pop().map(|token| QueryNode::Token(field, token)),
        _ => Some(QueryNode::Phrase(field, tokens)),
    }
}

fn text_word(field: TextField, text: &str) -> Lowered {
    if text == "*" {
        return Ok(Some(QueryNode::Everything));
    }
    if !text.chars().any(char::is_alphanumeric) {
        return Ok(None);
    }
    if let Some(word) = text.strip_suffix('~') {
        return fuzzy(field, word);
    }
    if let Some(begin) = text.strip_suffix('*').filter(|begin| !begin.contains('?')) {
        return prefix(field, begin);
    }
    if text.contains(['?', '*']) {
        return pattern(field, text);
    }
    Ok(phrase(field, text))
}

fn fuzzy(field: TextField, text: &str) -> Lowered {
    if text.contains(['*', '?']) {
        return Err("\u{201c}~\u{201d} can't be used together with \u{201c}*\u{201d} or \u{201c}?\u{201d}.".to_owned());
    }
    let mut words = analysis::words(text);
    let last = words.pop().unwrap_or_default();
    if last.chars().count() < 3 {
        return Err("\u{201c}~\u{201d} needs a word of at least three characters before it.".to_owned());
    }
    Ok(with_whole_words(field, &words, QueryNode::Fuzzy(field, last)))
}

fn prefix(field: TextField, text: &str) -> Lowered {
    if text.contains('*') {
        return Err("\u{201c}*\u{201d} may stand only at the end of a word.".to_owned());
    }
    let mut words = analysis::words(text);
    if words.iter().map(|word| word.chars().count()).sum::<usize>() < 2 {
        return Err("\u{201c}*\u{201d} needs at least two characters before it.".to_owned());
    }
    let last = words.pop().unwrap_or_default();
    Ok(with_whole_words(field, &words, QueryNode::Prefix(field, last)))
}

fn with_whole_words(field: TextField, words: &[String], last: QueryNode) -> Option<QueryNode> {
    combine(words.iter().map(|word| phrase(field, word)).chain([Some(last)]).collect(), QueryNode::And)
}

/// A word with `?`; signs that join names cut it, as they cut text.
fn pattern(field: TextField, text: &str) -> Lowered {
    if text.strip_suffix('*').unwrap_or(text).contains('*') {
        return Err("\u{201c}*\u{201d} may stand only at the end of a word.".to_owned());
    }
    let parts: Vec<String> = text.split(|character: char| !is_pattern_character(character)).map(folded_pattern).collect();
    let letters = |part: &String| part.chars().filter(|character| !matches!(character, '?' | '*')).count();
    if parts.iter().map(letters).sum::<usize>() < 2 {
        return Err("\u{201c}?\u{201d} needs at least two other characters in its word.".to_owned());
    }
    let nodes = parts
        .into_iter()
        // Signs alone would look through every word.
        .filter(|part| part.contains(char::is_alphanumeric))
        .map(|part| if part.contains(['?', '*']) { Some(QueryNode::Pattern(field, part)) } else { phrase(field, &part) });
    Ok(combine(nodes.collect(), QueryNode::And))
}

fn is_pattern_character(character: char) -> bool {
    character.is_alphanumeric()
        || matches!(character, '?' | '*' | '\'' | '\u{2019}')
        || unicode_normalization::char::is_combining_mark(character)
}

fn folded_pattern(part: &str) -> String {
    let folded: String = part
        .split_inclusive(['?', '*'])
        .map(|chunk| {
            let sign = chunk.chars().next_back().filter(|last| matches!(last, '?' | '*'));
            let letters = chunk.trim_end_matches(['?', '*']);
            analysis::fold(letters) + sign.map(String::from).unwrap_or_default().as_str()
        })
        .collect();
    folded.chars().take(analysis::TOKEN_CHARACTERS).collect()
}
