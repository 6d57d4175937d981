//! Tests of rules about tags.

use super::*;

fn rule(tag: &str, required: bool, tag_type: TagType) -> TagRule {
    TagRule { id: tag.to_owned(), tag: tag.to_owned(), required, tag_type, limits: Limits::default(), description: String::new() }
}

fn within(tag_type: TagType, minimum: &str, maximum: &str) -> TagRule {
    let given = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    TagRule { limits: Limits { pattern: None, minimum: given(minimum), maximum: given(maximum) }, ..rule("x", false, tag_type) }
}

fn matching(pattern: &str) -> TagRule {
    let pattern = Some(pattern.parse().expect("a pattern"));
    TagRule { limits: Limits { pattern, ..Limits::default() }, ..rule("x", false, TagType::Text) }
}

fn pointers(errors: Result<TagRule, Vec<FieldError>>) -> Vec<String> {
    errors.expect_err("a bad rule").into_iter().map(|error| error.pointer).collect()
}

#[test]
fn each_broken_rule_is_told() {
    let rules = [
        rule("owner", true, TagType::Text),
        rule("year", false, TagType::Number),
        rule("day", false, TagType::Date),
        rule("level", true, TagType::Enum { values: vec!["open".to_owned(), "closed".to_owned()] }),
    ];
    let tags =
        |pairs: &[(&str, &str)]| Tags::parse(pairs.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())), "/tags").expect("valid tags");
    let bad = check(&rules, &tags(&[("year", "NaN"), ("day", "2026-02-30"), ("level", "secret")]), "/tags");
    assert_eq!(bad.expect_err("four broken rules").len(), 4);
    assert_eq!(check(&rules, &tags(&[("owner", "me"), ("year", "1.5"), ("day", "2026-02-28"), ("level", "open")]), "/tags"), Ok(()));
}

#[test]
fn a_pattern_means_the_whole_value() {
    let rule = matching("a|ab|[0-9]{2}");
    for good in ["a", "ab", "12"] {
        assert_eq!(rule.check_value(good), Ok(()), "{good}");
    }
    for bad in ["abc", "xa", "123", "a\n", "é"] {
        assert!(rule.check_value(bad).is_err(), "{bad:?}");
    }
    assert!(matching("(?i)ÄÖ.").check_value("äöü").is_ok());
}

#[test]
fn a_pattern_that_costs_too_much_or_is_none_is_refused() {
    for bad in ["", "(", "a)(b", "a)|(?:b", "(?:\\w{1000}){1000}", &"a".repeat(501), &"(".repeat(200), "(a)\\1"] {
        assert!(bad.parse::<Pattern>().is_err(), "{bad}");
    }
    // What takes other matchers longer than anybody waits.
    let evil = matching("(a+)+b");
    assert!(evil.check_value(&"a".repeat(1_024)).is_err());
}

#[test]
fn a_range_includes_its_ends_and_compares_by_value() {
    let year = within(TagType::Number, "9", "10.5");
    for (value, allowed) in [("9", true), ("9.0", true), ("10.5", true), ("1e1", true), ("8.999", false), ("10.6", false), ("100", false)] {
        assert_eq!(year.check_value(value).is_ok(), allowed, "{value}");
    }
    let day = within(TagType::Date, "2026-01-31", "");
    for (value, allowed) in [("2026-01-31", true), ("2026-02-01", true), ("2026-01-30", false), ("10000-01-01", false)] {
        assert_eq!(day.check_value(value).is_ok(), allowed, "{value}");
    }
}

#[test]
fn a_rule_that_could_not_be_kept_is_told_by_place() {
    assert_eq!(
        pointers(TagRule { id: "a/b".to_owned(), tag: " ".to_owned(), ..rule("x", true, TagType::Text) }.validated()),
        ["/id", "/tag"]
    );
    assert_eq!(pointers(rule("x", true, TagType::Enum { values: Vec::new() }).validated()), ["/values"]);
    let values = ["open", "", " open "].map(str::to_owned).to_vec();
    assert_eq!(pointers(rule("x", true, TagType::Enum { values }).validated()), ["/values/1", "/values/2"]);
    assert_eq!(pointers(TagRule { tag_type: TagType::Number, ..matching("a") }.validated()), ["/pattern"]);
    assert_eq!(pointers(within(TagType::Text, "1", "2").validated()), ["/minimum", "/maximum"]);
    assert_eq!(pointers(within(TagType::Number, "1", "many").validated()), ["/maximum"]);
    assert_eq!(pointers(within(TagType::Date, "2026-02-30", "").validated()), ["/minimum"]);
    assert_eq!(pointers(within(TagType::Number, "10", "9").validated()), ["/minimum"]);
    let long = TagRule { description: "a".repeat(1_001), ..rule("x", true, TagType::Text) };
    assert_eq!(pointers(long.validated()), ["/description"]);
    assert!(within(TagType::Date, "2026-01-01", "2026-01-01").validated().is_ok());
    let kept = TagRule { tag: " Cafe\u{301} ".to_owned(), ..rule("cafe", true, TagType::Text) }.validated().expect("a rule");
    assert_eq!(kept.tag, "Caf\u{e9}");
}

#[test]
fn a_rule_is_read_as_it_was_written_and_as_earlier_versions_wrote_it() {
    let rules = [matching("[A-Z]+"), within(TagType::Number, "0", ""), rule("x", true, TagType::Enum { values: vec!["a".to_owned()] })];
    for rule in rules {
        let text = serde_json::to_string(&rule).expect("JSON");
        assert_eq!(serde_json::from_str::<TagRule>(&text).expect("a rule"), rule, "{text}");
    }
    let before = r#"{"id":"x","tag":"x","required":true,"type":"text"}"#;
    assert_eq!(serde_json::from_str::<TagRule>(before).expect("a rule"), rule("x", true, TagType::Text));
}
