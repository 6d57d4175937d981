//! Prints the tree of a query in the language of queries, as far as that can say it.

use app::search::analysis;
use domain::{
    Timestamp,
    governance::{TagRule, TagType},
    search::{NumberField, QueryNode, TermField, TextField},
};

/// `None` for a tree that no text of this printer's means: a stem that is no word of itself, a name that needs what the
/// language has no sign for.
pub(crate) fn print(node: &QueryNode, rules: &[TagRule]) -> Option<String> {
    match node {
        QueryNode::Everything => Some("*".to_owned()),
        QueryNode::Nothing => Some("\"\"".to_owned()),
        QueryNode::And(nodes) => joined(nodes, " AND ", rules),
        QueryNode::Or(nodes) => joined(nodes, " OR ", rules),
        QueryNode::Not(node) => Some(format!("NOT {}", print(node, rules)?)),
        QueryNode::Token(field, token) => phrase(*field, std::slice::from_ref(token)),
        QueryNode::Phrase(field, tokens) => phrase(*field, tokens),
        // Behind a word that signs cut there may be less than a prefix needs.
        QueryNode::Prefix(_, begin) if begin.chars().count() < 2 => None,
        QueryNode::Prefix(field, begin) => Some(format!("{}{}*", name(*field), word(begin)?)),
        QueryNode::Fuzzy(field, text) => Some(format!("{}{}~", name(*field), word(text)?)),
        QueryNode::Pattern(field, pattern) => {
            let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '?';
            let letters = pattern.chars().filter(char::is_ascii_alphanumeric).count();
            let says_it = letters >= 2 && pattern.contains('?') && pattern.strip_suffix('*').unwrap_or(pattern).chars().all(plain);
            says_it.then(|| format!("{}{pattern}", name(*field)))
        }
        QueryNode::Term(field, text) => term(*field, text),
        QueryNode::TermPrefix(field, text) => term_prefix(*field, text),
        QueryNode::Range(field, from, to) => range(field, *from, *to, rules),
    }
}

fn joined(nodes: &[QueryNode], sign: &str, rules: &[TagRule]) -> Option<String> {
    Some(format!("({})", nodes.iter().map(|node| print(node, rules)).collect::<Option<Vec<_>>>()?.join(sign)))
}

fn name(field: TextField) -> &'static str {
    match field {
        TextField::All => "",
        TextField::Name => "name:",
        TextField::Description => "description:",
        TextField::Tags => "tag:",
        TextField::Files => "file:",
        TextField::Columns => "column:",
    }
}

fn phrase(field: TextField, tokens: &[String]) -> Option<String> {
    let text = tokens.join(" ");
    let again: Vec<String> = analysis::tokens(&text).into_iter().map(|token| token.text).collect();
    (again == tokens).then(|| format!("{}\"{text}\"", name(field)))
}

fn word(text: &str) -> Option<&str> {
    (analysis::words(text) == [text]).then_some(text)
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// Whether a text stands in a query without quotation marks.
fn is_bare(text: &str) -> bool {
    !text.chars().any(|c| c.is_whitespace() || matches!(c, '(' | ')' | '"'))
}

/// Name and value of a tag's term; `None` for a name with an equals sign, which only a filter can say.
fn tag(text: &str) -> Option<(String, &str)> {
    let (mut name, mut characters) = (String::new(), text.char_indices());
    while let Some((at, character)) = characters.next() {
        match character {
            '=' => return Some((name, &text[at + 1..])),
            '\\' => name.push(characters.next().map(|(_, escaped)| escaped).filter(|escaped| *escaped != '=')?),
            other => name.push(other),
        }
    }
    None
}

fn term(field: TermField, text: &str) -> Option<String> {
    match field {
        TermField::Owner => Some(format!("owner:{}", quoted(text))),
        TermField::Group => Some(format!("group:{}", quoted(text))),
        TermField::Format => (text.to_lowercase() == text).then(|| format!("format:{}", quoted(text))),
        TermField::Tag => tag(text).map(|(name, value)| format!("tag:{}", quoted(&format!("{name}={value}")))),
        TermField::TagWord => {
            let (name, value) = tag(text)?;
            let again: Vec<String> = analysis::tokens(value).into_iter().map(|token| token.text).collect();
            (again == [value] && is_bare(value)).then(|| format!("{}:{value}", quoted(&name)))
        }
        TermField::Access | TermField::Year => panic!("no query asks for {field:?}"),
    }
}

fn term_prefix(field: TermField, text: &str) -> Option<String> {
    match field {
        TermField::Owner if is_bare(text) => Some(format!("owner:{text}*")),
        TermField::Group if is_bare(text) => Some(format!("group:{text}*")),
        TermField::Format if is_bare(text) && text.to_lowercase() == text => Some(format!("format:{text}*")),
        TermField::Tag => {
            let (name, begin) = tag(text)?;
            let star = if begin.is_empty() { "" } else { "*" };
            (is_bare(&name) && is_bare(begin)).then(|| format!("tag:{name}={begin}{star}"))
        }
        TermField::TagWord => {
            let (name, begin) = tag(text)?;
            (begin.is_empty() || word(begin).is_some()).then(|| format!("{}:{begin}*", quoted(&name)))
        }
        TermField::Access | TermField::Year => panic!("no query asks for {field:?}"),
        _ => None,
    }
}

fn range(field: &NumberField, from: Option<f64>, to: Option<f64>, rules: &[TagRule]) -> Option<String> {
    let (name, is_date) = match field {
        NumberField::Created => ("created".to_owned(), true),
        NumberField::Changed => ("changed".to_owned(), true),
        NumberField::Bytes => ("bytes".to_owned(), false),
        NumberField::Datasets => ("datasets".to_owned(), false),
        NumberField::Tag(tag) => {
            let rule = rules.iter().find(|rule| rule.tag == *tag)?;
            (quoted(tag), rule.tag_type == TagType::Date)
        }
    };
    let end = |end: Option<f64>| match end {
        None => Some(String::new()),
        Some(number) if !is_date => Some(number.to_string()),
        Some(millis) => date(millis),
    };
    Some(format!("{name}:\"{}..{}\"", end(from)?, end(to)?))
}

#[expect(clippy::cast_possible_truncation, reason = "what is no whole number of milliseconds is left out")]
fn date(millis: f64) -> Option<String> {
    let whole = millis as i64;
    let time = Timestamp::from_millis(whole).filter(|_| (millis - millis.trunc()).abs() == 0.0)?;
    Some(time.to_string())
}
