//! Queries and filters of `GET /search`.

use app::search::{
    FILTERS, parse_filters,
    query::{QUERY_CHARACTERS, QUERY_DEPTH, QUERY_TERMS, parse},
};
use domain::{
    governance::{Limits, TagRule, TagType},
    search::QueryNode,
};

use crate::{printer, told};

/// The longest sentence: it may list forty names of fields.
const SENTENCE: usize = 1_000;

/// Governed tags of every type; names that need quotation marks, and one that hides a built-in field.
pub(crate) fn rules() -> Vec<TagRule> {
    let rule = |tag: &str, tag_type| TagRule {
        id: "rule".to_owned(),
        tag: tag.to_owned(),
        required: false,
        tag_type,
        limits: Limits::default(),
        description: String::new(),
    };
    vec![
        rule("source", TagType::Text),
        rule("rows", TagType::Number),
        rule("day", TagType::Date),
        rule("level", TagType::Enum { values: vec!["Open".to_owned(), "closed".to_owned()] }),
        rule("data owner", TagType::Text),
        rule("caf\u{e9}", TagType::Text),
        rule("year", TagType::Number),
    ]
}

pub(crate) fn holds(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let rules = rules();
    query(&text, &rules);
    // Each line a filter, as the parameter is repeated.
    filters(&text.lines().collect::<Vec<_>>(), &rules);
}

fn query(text: &str, rules: &[TagRule]) {
    let characters = text.chars().count();
    let node = match parse(text, rules) {
        Ok(node) => node,
        Err(error) => {
            assert!(error.position <= characters.min(QUERY_CHARACTERS), "{error:?}");
            told::fits(&error.to_string(), SENTENCE, text);
            return;
        }
    };
    assert!(characters <= QUERY_CHARACTERS);
    let size = size(&node);
    // A word that signs cut, or of a governed tag, is several leaves, never more than it has characters.
    assert!(size.leaves <= 2 * characters + 1 && size.depth <= QUERY_DEPTH + 3, "{size:?}");
    bounded(&node);

    // What stands in parentheses, or alone on both sides of an OR, means what it means without.
    let framed = parse(&format!("({text})"), rules);
    if let Ok(framed) = framed {
        assert_eq!(framed, node, "parentheses");
    }
    if characters < QUERY_CHARACTERS {
        assert_eq!(parse(&format!(" {text}"), rules).as_ref(), Ok(&node), "a blank");
    }
    let terms = text.split_whitespace().count();
    let has_room = size.depth + 3 < QUERY_DEPTH && 2 * terms < QUERY_TERMS;
    if has_room
        && !matches!(node, QueryNode::Nothing | QueryNode::Everything)
        && let Ok(both) = parse(&format!("({text}) OR ({text})"), rules)
    {
        assert_eq!(both, QueryNode::Or(vec![node.clone(), node.clone()]), "or");
    }
    // Read again as it is printed.
    if let Some(printed) = printer::print(&node, rules).filter(|printed| printed.chars().count() <= QUERY_CHARACTERS)
        && size.depth + 2 < QUERY_DEPTH / 2
        && size.leaves <= QUERY_TERMS
    {
        assert_eq!(parse(&printed, rules).as_ref(), Ok(&node), "printed as {printed:?}");
        // What is printed closes what it opens, so that parentheses are always understood; a stranger's may not be.
        let framed = format!("({printed})");
        if framed.chars().count() <= QUERY_CHARACTERS {
            assert_eq!(parse(&framed, rules).as_ref(), Ok(&node), "framed as {framed:?}");
        }
        let both = format!("{framed} OR {framed}");
        if both.chars().count() <= QUERY_CHARACTERS && has_room && 2 * size.leaves <= QUERY_TERMS {
            let expected = if matches!(node, QueryNode::Nothing | QueryNode::Everything) {
                None
            } else {
                Some(QueryNode::Or(vec![node.clone(), node]))
            };
            let read = parse(&both, rules).unwrap_or_else(|error| panic!("{both:?}: {error}"));
            assert!(expected.is_none_or(|expected| expected == read), "printed as {both:?}: {read:?}");
        }
    }
}

#[derive(Debug, Default)]
struct Size {
    leaves: usize,
    depth: usize,
}

fn size(node: &QueryNode) -> Size {
    let below: Vec<Size> = match node {
        QueryNode::And(nodes) | QueryNode::Or(nodes) => nodes.iter().map(size).collect(),
        QueryNode::Not(node) => vec![size(node)],
        _ => return Size { leaves: 1, depth: 0 },
    };
    let depth = below.iter().map(|size| size.depth).max().unwrap_or_default() + 1;
    Size { leaves: below.iter().map(|size| size.leaves).sum(), depth }
}

/// What indexes are handed is what they can look up.
fn bounded(node: &QueryNode) {
    let token = |token: &String| {
        assert!(!token.is_empty() && token.chars().count() <= app::search::analysis::TOKEN_CHARACTERS, "{token:?}");
        assert!(!token.chars().any(|c| c.is_whitespace() || c.is_control()) && token != domain::search::VALUE_BREAK, "{token:?}");
    };
    match node {
        QueryNode::And(nodes) | QueryNode::Or(nodes) => {
            assert!(nodes.len() > 1, "a frame around nothing");
            nodes.iter().for_each(bounded);
        }
        QueryNode::Not(node) => bounded(node),
        QueryNode::Token(_, text) | QueryNode::Fuzzy(_, text) => token(text),
        QueryNode::Phrase(_, tokens) => {
            assert!(tokens.len() > 1);
            tokens.iter().for_each(token);
        }
        QueryNode::Prefix(_, text) | QueryNode::Pattern(_, text) => {
            token(text);
            assert!(text.chars().any(char::is_alphanumeric), "{text:?} looks through everything");
        }
        QueryNode::Range(_, from, to) => {
            assert!(from.is_some() || to.is_some());
            assert!([from, to].into_iter().flatten().all(|end| end.is_finite()), "{from:?} to {to:?}");
            assert!(from.zip(*to).is_none_or(|(from, to)| from <= to), "{from:?} to {to:?}");
        }
        QueryNode::Everything | QueryNode::Nothing | QueryNode::Term(..) | QueryNode::TermPrefix(..) => {}
    }
}

fn filters(lines: &[&str], rules: &[TagRule]) {
    match parse_filters(lines, rules) {
        Ok(node) => {
            assert!(lines.len() <= FILTERS);
            let size = size(&node);
            assert!(size.leaves == lines.len().max(1) && size.depth <= 2, "{size:?} of {} filters", lines.len());
            // The order of filters says nothing.
            let back: Vec<&str> = lines.iter().rev().copied().collect();
            assert_eq!(parse_filters(&back, rules).map(sorted), Ok(sorted(node)));
        }
        Err(why) => told::fits(&why.to_string(), SENTENCE, &lines.join("\n")),
    }
}

fn sorted(node: QueryNode) -> QueryNode {
    let sort = |nodes: Vec<QueryNode>| {
        let mut nodes: Vec<QueryNode> = nodes.into_iter().map(sorted).collect();
        nodes.sort_by_key(|node| format!("{node:?}"));
        nodes
    };
    match node {
        QueryNode::And(nodes) => QueryNode::And(sort(nodes)),
        QueryNode::Or(nodes) => QueryNode::Or(sort(nodes)),
        other => other,
    }
}
