use std::collections::BTreeMap;

use super::*;

#[derive(Serialize)]
struct Entry {
    name: &'static str,
    bytes: u64,
    tags: BTreeMap<&'static str, &'static str>,
}

const COLUMNS: &[Column<Entry>] = &[
    ("name", |entry| entry.name.to_owned()),
    ("bytes", |entry| entry.bytes.to_string()),
    ("tag_count", |entry| entry.tags.len().to_string()),
];

fn entries() -> Vec<Entry> {
    vec![
        Entry { name: "flights", bytes: 12, tags: BTreeMap::from([("year", "2026"), ("note", "yes: \"quoted\", no")]) },
        Entry { name: "データ, \"zwei\"", bytes: 3_456_789, tags: BTreeMap::new() },
        Entry { name: "red\u{1b}[31m\nline", bytes: 0, tags: BTreeMap::new() },
    ]
}

fn rendered(format: Format) -> String {
    Printer::new(format, false).render_list(&entries(), COLUMNS).expect("rendered")
}

#[test]
fn a_table_is_aligned_by_what_is_seen_and_steers_no_terminal() {
    insta::assert_snapshot!(rendered(Format::Table), @r#"
    NAME            BYTES    TAG COUNT
    flights         12       2
    データ, "zwei"  3456789  0
    red [31m line   0        0
    "#);
}

#[test]
fn csv_quotes_what_needs_it() {
    insta::assert_snapshot!(rendered(Format::Csv).replace('\u{1b}', "ESC"), @r#"
    name,bytes,tag_count
    flights,12,2
    "データ, ""zwei""",3456789,0
    "redESC[31m
    line",0,0
    "#);
}

#[test]
fn json_is_what_the_api_gives() {
    let read: serde_json::Value = serde_json::from_str(&rendered(Format::Json)).expect("JSON");
    assert_eq!(read[0]["tags"]["year"], "2026");
    assert_eq!(read[2]["name"], "red\u{1b}[31m\nline");
}

#[test]
fn yaml_reads_back_as_the_same_text() {
    let text = rendered(Format::Yaml);
    let read: serde_json::Value = serde_saphyr::from_str(&text).expect("YAML");
    let json: serde_json::Value = serde_json::from_str(&rendered(Format::Json)).expect("JSON");
    assert_eq!(read, json, "{text}");
}

#[test]
fn one_thing_is_a_line_a_field() {
    let item = Entry { name: "two\nlines", bytes: 5, tags: BTreeMap::new() };
    insta::assert_snapshot!(Printer::new(Format::Table, false).render_item(&item, COLUMNS).expect("rendered"), @r"
    name       two
               lines
    bytes      5
    tag count  0
    ");
}

#[test]
fn sizes_are_short() {
    assert_eq!([0, 1023, 1024, 42_600_000, u64::MAX].map(size), ["0 B", "1023 B", "1.0 KiB", "40.6 MiB", "16384.0 PiB"]);
}
