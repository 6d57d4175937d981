//! Highlights: where stored text answers a query, found by the same analysis that found the document.
//!
//! They are lists of plain pieces, never markup: nobody's description can put script into an answer.

use std::{collections::BTreeMap, ops::Range};

use domain::search::{QueryNode, SearchDocument, TermField, TextField, tag_term};

use super::analysis::{self, Token};

/// At most so many fragments a field.
pub const FRAGMENTS: usize = 3;
/// A fragment has about so many characters.
pub const FRAGMENT_CHARACTERS: usize = 160;

/// A piece of text that answers the query, or does not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// The text as stored.
    pub text: String,
    /// Whether it answers the query.
    pub hit: bool,
}

/// A stretch of a text in pieces.
pub type Fragment = Vec<Piece>;

/// The fragments of a document; fields without a hit have none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Highlights {
    /// Of the name, whole.
    pub name: Vec<Fragment>,
    /// Of the description.
    pub description: Vec<Fragment>,
    /// Of values of tags, by the tag's name.
    pub tags: BTreeMap<String, Vec<Fragment>>,
}

/// Highlights what `query` found in `document`'s stored text.
#[must_use]
pub fn highlight(document: &SearchDocument, query: &QueryNode) -> Highlights {
    let tags = document.tags.iter().map(|(name, value)| (name.clone(), tag_fragments(name, value, query)));
    Highlights {
        name: fragments(&document.name, query, TextField::Name),
        description: fragments(&document.description, query, TextField::Description),
        tags: tags.filter(|(_, fragments)| !fragments.is_empty()).collect(),
    }
}

/// The best stretches of a text of `field`, in the text's order.
#[must_use]
pub fn fragments(text: &str, query: &QueryNode, field: TextField) -> Vec<Fragment> {
    let tokens = analysis::tokens(text);
    let mut hits = vec![false; tokens.len()];
    mark(query, &|asked| asked == TextField::All || asked == field, &tokens, &mut hits);
    cut(text, &tokens, &hits)
}

fn tag_fragments(name: &str, value: &str, query: &QueryNode) -> Vec<Fragment> {
    let term = tag_term(name, value);
    if positive(query).into_iter().any(|node| match node {
        QueryNode::Term(TermField::Tag, wanted) => *wanted == term,
        QueryNode::TermPrefix(TermField::Tag, wanted) => term.starts_with(wanted) && *wanted != tag_term(name, ""),
        _ => false,
    }) {
        return vec![vec![Piece { text: value.to_owned(), hit: true }]];
    }
    let tokens = analysis::tokens(value);
    let mut hits = vec![false; tokens.len()];
    mark(query, &|asked| matches!(asked, TextField::All | TextField::Tags), &tokens, &mut hits);
    for node in positive(query) {
        match node {
            QueryNode::Term(TermField::TagWord, wanted) => mark_each(&tokens, &mut hits, |token| tag_term(name, &token.text) == *wanted),
            QueryNode::TermPrefix(TermField::TagWord, wanted) => {
                mark_each(&tokens, &mut hits, |token| tag_term(name, &token.word).starts_with(wanted));
            }
            _ => {}
        }
    }
    cut(value, &tokens, &hits)
}

/// The leaves that speak for a document; what stands under a negation does not.
fn positive(query: &QueryNode) -> Vec<&QueryNode> {
    match query {
        QueryNode::And(nodes) | QueryNode::Or(nodes) => nodes.iter().flat_map(positive).collect(),
        QueryNode::Not(_) => Vec::new(),
        leaf => vec![leaf],
    }
}

fn mark(query: &QueryNode, asked: &dyn Fn(TextField) -> bool, tokens: &[Token], hits: &mut [bool]) {
    for node in positive(query) {
        match node {
            QueryNode::Token(field, text) if asked(*field) => mark_each(tokens, hits, |token| token.text == *text),
            QueryNode::Prefix(field, begin) if asked(*field) => mark_each(tokens, hits, |token| token.word.starts_with(begin.as_str())),
            QueryNode::Pattern(field, pattern) if asked(*field) => {
                let pattern: Vec<char> = pattern.chars().collect();
                mark_each(tokens, hits, |token| matches_pattern(&pattern, &token.word.chars().collect::<Vec<_>>()));
            }
            QueryNode::Fuzzy(field, word) if asked(*field) => mark_each(tokens, hits, |token| within_one_edit(&token.word, word)),
            QueryNode::Phrase(field, phrase) if asked(*field) && !phrase.is_empty() => {
                for start in 0..tokens.len().saturating_sub(phrase.len() - 1) {
                    let range = start..start + phrase.len();
                    if tokens[range.clone()].iter().map(|token| &token.text).eq(phrase) {
                        hits[range].fill(true);
                    }
                }
            }
            _ => {}
        }
    }
}

fn mark_each(tokens: &[Token], hits: &mut [bool], is_hit: impl Fn(&Token) -> bool) {
    for (token, hit) in tokens.iter().zip(hits) {
        *hit |= is_hit(token);
    }
}

/// Whether a pattern with `?` (one character) and `*` (any number) covers the whole word.
fn matches_pattern(pattern: &[char], word: &[char]) -> bool {
    match (pattern.split_first(), word.split_first()) {
        (None, None) => true,
        (Some(('*', rest)), _) => (0..=word.len()).any(|taken| matches_pattern(rest, &word[taken..])),
        (Some(('?', rest)), Some((_, word))) => matches_pattern(rest, word),
        (Some((wanted, rest)), Some((found, word))) => wanted == found && matches_pattern(rest, word),
        _ => false,
    }
}

/// Whether one insertion, deletion, substitution or transposition at most leads from one word to the other.
fn within_one_edit(left: &str, right: &str) -> bool {
    let (left, right): (Vec<char>, Vec<char>) = (left.chars().collect(), right.chars().collect());
    let same_begin = left.iter().zip(&right).take_while(|(left, right)| left == right).count();
    let (left, right) = (&left[same_begin..], &right[same_begin..]);
    match (left, right) {
        ([], []) => true,
        ([a, b, left @ ..], [c, d, right @ ..]) if a == d && b == c && left == right => true,
        _ => {
            let (left_rest, right_rest) = (left.get(1..).unwrap_or_default(), right.get(1..).unwrap_or_default());
            left_rest == right_rest || left_rest == right || left == right_rest
        }
    }
}

/// Cuts the stretches with the most hits.
fn cut(text: &str, tokens: &[Token], hits: &[bool]) -> Vec<Fragment> {
    let mut windows: Vec<(usize, Range<usize>)> = Vec::new();
    let mut next = 0;
    while let Some(first) = (next..tokens.len()).find(|index| hits[*index]) {
        let window = window(text, tokens, first);
        let count = window.clone().filter(|index| hits[*index]).count();
        next = window.end;
        windows.push((count, window));
    }
    // Stable, so that of equal ones the first stay.
    windows.sort_by_key(|(count, _)| std::cmp::Reverse(*count));
    windows.truncate(FRAGMENTS);
    windows.sort_by_key(|(_, window)| window.start);
    let mut taken = 0;
    windows
        .into_iter()
        .map(|(_, window)| {
            let begins = if window.start == 0 { 0 } else { tokens[window.start].start.max(taken) };
            let ends = if window.end == tokens.len() { text.len() } else { tokens[window.end - 1].end };
            let ends = if text[begins..ends].chars().count() > 2 * FRAGMENT_CHARACTERS { tokens[window.end - 1].end } else { ends };
            taken = ends;
            pieces(text, begins..ends, &tokens[window.clone()], &hits[window])
        })
        .collect()
}

/// Tokens around a hit: a quarter of the fragment before it, the rest behind.
fn window(text: &str, tokens: &[Token], hit: usize) -> Range<usize> {
    let length = |from: usize, to: usize| text[tokens[from].start..tokens[to].end].chars().count();
    let mut start = hit;
    while start > 0 && length(start - 1, hit) <= FRAGMENT_CHARACTERS / 4 {
        start -= 1;
    }
    let mut end = hit;
    while end + 1 < tokens.len() && length(start, end + 1) <= FRAGMENT_CHARACTERS {
        end += 1;
    }
    start..end + 1
}

fn pieces(text: &str, range: Range<usize>, tokens: &[Token], hits: &[bool]) -> Fragment {
    let mut fragment: Fragment = Vec::new();
    let mut at = range.start;
    let mut push = |text: &str, hit: bool| {
        if !text.is_empty() {
            fragment.push(Piece { text: text.to_owned(), hit });
        }
    };
    for (token, _) in tokens.iter().zip(hits).filter(|(token, hit)| **hit && token.start >= range.start && token.end <= range.end) {
        push(&text[at..token.start], false);
        push(&text[token.start..token.end], true);
        at = token.end;
    }
    push(&text[at..range.end], false);
    fragment
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::search::query::parse;

    /// A fragment with hits in brackets.
    fn shown(fragment: &Fragment) -> String {
        fragment.iter().map(|piece| if piece.hit { format!("[{}]", piece.text) } else { piece.text.clone() }).collect()
    }

    fn found(text: &str, query: &str) -> Vec<String> {
        let query = parse(query, &[]).expect("a good query");
        fragments(text, &query, TextField::Description).iter().map(shown).collect()
    }

    #[test]
    fn hits_are_marked_as_the_index_finds_them() {
        let text = "Flights, delayed by Météo; délais of flights.";
        assert_eq!(found(text, "flight"), ["[Flights], delayed by Météo; délais of [flights]."]);
        assert_eq!(found(text, "meteo OR nothing"), ["Flights, delayed by [Météo]; délais of flights."]);
        assert_eq!(found(text, "\"delay of\""), Vec::<String>::new());
        assert_eq!(found(text, "\"flight delayed\""), ["[Flights], [delayed] by Météo; délais of flights."]);
        assert_eq!(found(text, "dela*"), ["Flights, [delayed] by Météo; [délais] of flights."]);
        assert_eq!(found(text, "m?teo"), ["Flights, delayed by [Météo]; délais of flights."]);
        assert_eq!(found(text, "deleyad~ OR metoe~"), ["Flights, delayed by [Météo]; délais of flights."]);
        assert_eq!(found(text, "description:flight"), found(text, "flight"));
        assert!(found(text, "name:flight").is_empty() && found(text, "-flight").is_empty() && found(text, "").is_empty());
    }

    #[test]
    fn script_in_a_text_stays_text_in_pieces() {
        let pieces = fragments("<b>x</b> & <script>", &parse("script", &[]).expect("good"), TextField::Description);
        let piece = |text: &str, hit| Piece { text: text.to_owned(), hit };
        assert_eq!(pieces, [vec![piece("<b>x</b> & <", false), piece("script", true), piece(">", false)]]);
    }

    #[test]
    fn long_texts_give_at_most_three_short_fragments() {
        let text = "far away from it all ".repeat(20) + "needle " + &"hay and more hay ".repeat(20);
        let long = text.repeat(5);
        let all = found(&long, "needle");
        assert_eq!(all.len(), FRAGMENTS);
        assert!(
            all.iter().all(|fragment| fragment.contains("[needle]") && fragment.chars().count() <= FRAGMENT_CHARACTERS + 40),
            "{all:?}"
        );
    }

    #[test]
    fn tags_are_marked_by_word_and_by_exact_value() {
        let rules = [domain::governance::TagRule {
            id: "source".to_owned(),
            tag: "source".to_owned(),
            required: false,
            tag_type: domain::governance::TagType::Text,
            limits: domain::governance::Limits::default(),
            description: String::new(),
        }];
        let marked = |query: &str| {
            let query = parse(query, &rules).expect("a good query");
            tag_fragments("source", "Weather Service", &query).iter().map(shown).collect::<Vec<_>>()
        };
        assert_eq!(marked("source:weather"), ["[Weather] Service"]);
        assert_eq!(marked("source:servi*"), ["Weather [Service]"]);
        assert_eq!(marked("tag:source=\"Weather Service\""), ["[Weather Service]"]);
        assert_eq!(marked("services"), ["Weather [Service]"]);
        assert!(marked("tag:other=Weather").is_empty());
    }

    proptest! {
        #[test]
        fn pieces_are_the_text_itself(text in "\\PC{0,120}", query in "[a-e ]{1,12}") {
            let query = parse(&query, &[]).expect("plain words");
            for fragment in fragments(&text, &query, TextField::Description) {
                let joined: String = fragment.iter().map(|piece| piece.text.as_str()).collect();
                prop_assert!(text.contains(&joined));
                prop_assert!(fragment.iter().any(|piece| piece.hit));
            }
        }
    }
}
