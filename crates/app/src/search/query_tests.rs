//! What queries mean, written in a short form: `all:flight`, `name:"a b"`, `fl*`, `(x & y)`, `(x | y)`, `!x`.

use domain::governance::TagType;
use domain::search::{NumberField, TermField, TextField};
use proptest::prelude::*;

use super::*;

fn rules() -> Vec<TagRule> {
    let rule = |tag: &str, tag_type| TagRule {
        id: tag.to_owned(),
        tag: tag.to_owned(),
        required: false,
        tag_type,
        limits: domain::governance::Limits::default(),
        description: String::new(),
    };
    vec![
        rule("source", TagType::Text),
        rule("rows", TagType::Number),
        rule("day", TagType::Date),
        rule("level", TagType::Enum { values: vec!["Open".to_owned(), "closed".to_owned()] }),
        rule("data owner", TagType::Text),
    ]
}

fn show(node: &QueryNode) -> String {
    let list = |nodes: &[QueryNode], sign: &str| format!("({})", nodes.iter().map(show).collect::<Vec<_>>().join(sign));
    let text = |field: &TextField| format!("{field:?}").to_lowercase();
    let term = |field: &TermField| format!("{field:?}").to_lowercase();
    let end = |end: &Option<f64>| end.map(|end| end.to_string()).unwrap_or_default();
    match node {
        QueryNode::Everything => "everything".to_owned(),
        QueryNode::Nothing => "nothing".to_owned(),
        QueryNode::Token(field, token) => format!("{}:{token}", text(field)),
        QueryNode::Phrase(field, tokens) => format!("{}:\"{}\"", text(field), tokens.join(" ")),
        QueryNode::Prefix(field, begin) => format!("{}:{begin}*", text(field)),
        QueryNode::Pattern(field, pattern) => format!("{}:/{pattern}/", text(field)),
        QueryNode::Fuzzy(field, word) => format!("{}:{word}~", text(field)),
        QueryNode::Term(field, value) => format!("{}=[{value}]", term(field)),
        QueryNode::TermPrefix(field, value) => format!("{}=[{value}*]", term(field)),
        QueryNode::Range(NumberField::Tag(name), from, to) => format!("{name}={}..{}", end(from), end(to)),
        QueryNode::Range(field, from, to) => format!("{}={}..{}", format!("{field:?}").to_lowercase(), end(from), end(to)),
        QueryNode::And(nodes) => list(nodes, " & "),
        QueryNode::Or(nodes) => list(nodes, " | "),
        QueryNode::Not(node) => format!("!{}", show(node)),
    }
}

#[test]
fn queries_mean_what_the_grammar_says() {
    for (query, expected) in [
        ("", "everything"),
        ("  ", "everything"),
        ("*", "everything"),
        ("flights delayed", "(all:flight & all:delay)"),
        ("Crème", "all:creme"),
        ("\"flights delayed\"", "all:\"flight delay\""),
        ("\"say \\\"hi\\\"\"", "all:\"say hi\""),
        ("flights-2k.json", "all:\"flight 2k json\""),
        ("fli*", "all:fli*"),
        ("Çe*", "all:ce*"),
        ("flights-2*", "(all:flight & all:2*)"),
        ("fl?ght", "all:/fl?ght/"),
        ("fl?gh*", "all:/fl?gh*/"),
        ("é?é-2k", "(all:/e?e/ & all:2k)"),
        ("fl?gh\\* a?b-??", "(all:/fl?gh/ & all:/a?b/)"),
        ("fligth~", "all:fligth~"),
        ("name:flights", "name:flight"),
        ("name:\"us airports\"", "name:\"us airport\""),
        ("name: flights", "name:flight"),
        ("name:(a1 OR b1*)", "(name:a1 | name:b1*)"),
        ("file:flights.csv", "files:\"flight csv\""),
        ("column:origin", "columns:origin"),
        ("description:delay", "description:delay"),
        ("format:CSV", "format=[csv]"),
        ("format:(csv OR json)", "(format=[csv] | format=[json])"),
        ("owner:jo*", "owner=[jo*]"),
        ("group:team", "group=[team]"),
        ("tag:level=Open", "tag=[level=Open]"),
        ("tag:level=O*", "tag=[level=O*]"),
        ("tag:level=", "tag=[level=*]"),
        ("tag:\"source=two words\"", "tag=[source=two words]"),
        ("tag:source=\"two words\"", "tag=[source=two words]"),
        ("tag:weather", "tags:weather"),
        ("level:open", "tag=[level=Open]"),
        ("source:NOAA", "tagword=[source=noaa]"),
        ("source:no*", "tagword=[source=no*]"),
        ("source:\"weather service\"", "(tagword=[source=weather] & tagword=[source=servic] & tags:\"weather servic\")"),
        ("\"data owner\":me", "tagword=[data owner=me]"),
        ("rows:>=5", "rows=5.."),
        ("rows:-5..5", "rows=-5..5"),
        ("day:1970-01-01", "day=0..86399999"),
        ("created:1970-01..1970-02", "created=0..5097599999"),
        ("year:1970", "created=0..31535999999"),
        ("bytes:..1kB", "bytes=..1000"),
        ("datasets:3", "datasets=3..3"),
        ("NOT a1", "!all:a1"),
        ("-a1 b1", "(!all:a1 & all:b1)"),
        ("a1 -name:b1", "(all:a1 & !name:b1)"),
        ("a1 - b1", "(all:a1 & all:b1)"),
        ("a1 OR b1 c1", "(all:a1 | (all:b1 & all:c1))"),
        ("a1 AND NOT b1 OR c1", "((all:a1 & !all:b1) | all:c1)"),
        ("(a1 OR b1) c1", "((all:a1 | all:b1) & all:c1)"),
        ("-(a1 OR b1)", "!(all:a1 | all:b1)"),
        ("a1 & b1", "(all:a1 & all:b1)"),
        ("& !", "nothing"),
        ("NOT &", "nothing"),
        ("\"\"", "nothing"),
        ("and or not", "(all:and & all:or & all:not)"),
        ("\"AND\"", "all:and"),
    ] {
        let node = parse(query, &rules()).unwrap_or_else(|error| panic!("{query}: {error}"));
        assert_eq!(show(&node), expected, "{query}");
    }
}

#[test]
fn a_governed_year_hides_the_year_of_creation() {
    let rules = [TagRule {
        id: "year".to_owned(),
        tag: "year".to_owned(),
        required: false,
        tag_type: TagType::Number,
        limits: domain::governance::Limits::default(),
        description: String::new(),
    }];
    assert_eq!(show(&parse("year:>=2020", &rules).expect("a good query")), "year=2020..");
}

#[test]
fn a_bad_query_says_where_and_why() {
    for (query, position, message) in [
        ("a1 (b1", 3, "never closed"),
        ("a1 )", 3, "closes nothing"),
        ("()", 1, "missing before this parenthesis"),
        ("é \"abc", 2, "never closed"),
        ("AND a1", 0, "missing before this"),
        ("a1 OR", 5, "missing at the end"),
        ("a1 OR OR b1", 6, "missing before this"),
        ("NOT", 3, "missing at the end"),
        ("name:", 5, "value is missing"),
        ("colour:red", 0, "no field \u{201c}colour\u{201d}"),
        ("x1 https://example.org", 3, "quotation marks"),
        ("x1 a*", 3, "at least two characters"),
        ("a*b", 0, "only at the end"),
        ("a?", 0, "two other characters"),
        ("ab~", 0, "at least three"),
        ("rows:many", 5, "not a number"),
        ("day:>2020-02-30", 4, "not a date"),
        ("bytes:5parsec", 6, "number of bytes"),
        ("rows:5..1", 5, "ends before it begins"),
        ("rows:..", 5, "neither"),
    ] {
        let error = parse(query, &rules()).expect_err(query);
        assert_eq!(error.position, position, "{query}: {error}");
        assert!(error.message.contains(message), "{query}: {error}");
    }
}

#[test]
fn length_terms_and_depth_are_bounded() {
    assert!(parse(&"a".repeat(QUERY_CHARACTERS), &[]).is_ok());
    assert!(parse(&"a".repeat(QUERY_CHARACTERS + 1), &[]).is_err());
    assert!(parse(&"a ".repeat(QUERY_TERMS), &[]).is_ok());
    assert_eq!(parse(&"a ".repeat(QUERY_TERMS + 1), &[]).expect_err("too many").position, 2 * QUERY_TERMS);
    let nested = |depth: usize| format!("{}a{}", "(".repeat(depth), ")".repeat(depth));
    assert!(parse(&nested(QUERY_DEPTH), &[]).is_ok());
    assert!(parse(&nested(QUERY_DEPTH + 1), &[]).is_err());
    assert!(parse(&"-".repeat(QUERY_DEPTH + 5).replace('-', "NOT "), &[]).is_err());
}

/// Pieces of the language in any order, so that more than noise is tried.
fn pieces() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("(".to_owned()),
        Just(")".to_owned()),
        Just("\"".to_owned()),
        Just("-".to_owned()),
        Just(" ".to_owned()),
        Just(" AND ".to_owned()),
        Just(" OR ".to_owned()),
        Just("NOT ".to_owned()),
        Just("name:".to_owned()),
        Just("tag:".to_owned()),
        Just("rows:".to_owned()),
        Just("day:".to_owned()),
        Just("..".to_owned()),
        Just(">=".to_owned()),
        Just("*".to_owned()),
        Just("~".to_owned()),
        Just("?".to_owned()),
        "\\PC{1,6}",
    ];
    proptest::collection::vec(piece, 0..30).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn no_text_makes_it_panic_and_the_answer_is_always_the_same(text in prop_oneof![pieces(), "\\PC{0,200}"]) {
        let first = parse(&text, &rules());
        if let Err(error) = &first {
            prop_assert!(error.position <= text.chars().count());
        }
        prop_assert_eq!(first, parse(&text, &rules()));
    }

    #[test]
    fn a_quoted_text_never_means_anything_but_itself(text in "[^\"\\\\]{0,60}") {
        let node = parse(&format!("\"{text}\""), &rules()).expect("quoted text is always good");
        prop_assert!(matches!(node, QueryNode::Nothing | QueryNode::Token(..) | QueryNode::Phrase(..)));
    }
}
