//! Every form is read alike in windows of any size, and from any place on.

use std::sync::Arc;

use domain::{
    import::FailureCode,
    ports::{ObjectAddress, ObjectVersion, Objects as _},
};
use testkit::{
    MemoryObjects,
    memory_objects::{once, options_of},
};

use super::*;

async fn manifest(text: &[u8]) -> Manifest {
    let objects = Arc::new(MemoryObjects::new());
    let address = ObjectAddress { bucket: "data".to_owned(), key: "imports/m".to_owned() };
    objects.put(&address, &options_of(text, "text/csv"), once(text.to_vec())).await.expect("stored");
    let object = ObjectVersion { address, version: None };
    Manifest { objects, object, size: text.len() as u64 }
}

fn entries(manifest: &Manifest, place: Place, block: u64) -> Entries {
    let Entries { window, records, line, returned, part } = Entries::from(manifest.clone(), place);
    Entries { window: window.in_blocks_of(block), records, line, returned, part }
}

/// All lines, or why it ended before; each is read by a run of its own if `anew`.
async fn read(manifest: &Manifest, block: u64, anew: bool) -> (Vec<Line>, Option<String>) {
    let (mut lines, mut reading) = (Vec::new(), entries(manifest, Place::default(), block));
    loop {
        match reading.next().await {
            Ok(Some(line)) => lines.push(line),
            Ok(None) => return (lines, None),
            Err(Broken::Here(reason)) => return (lines, Some(reason)),
            Err(Broken::Store(error)) => panic!("{error}"),
        }
        if anew {
            reading = entries(manifest, reading.place(), block);
        }
    }
}

/// The lines, the same in every way of reading.
async fn lines(text: impl AsRef<[u8]>) -> (Vec<Line>, Option<String>) {
    let manifest = manifest(text.as_ref()).await;
    let whole = read(&manifest, 1 << 20, false).await;
    for (block, anew) in [(1, false), (7, true), (1 << 20, true)] {
        assert_eq!(read(&manifest, block, anew).await, whole, "in blocks of {block}, anew: {anew}");
    }
    whole
}

fn object(key: &str) -> Source {
    Source::Object { bucket: "lake".to_owned(), key: key.to_owned(), version: None }
}

fn prefix(prefix: &str, exclude: &[&str]) -> Source {
    let exclude = exclude.iter().map(|glob| (*glob).to_owned()).collect();
    Source::Prefix { bucket: "lake".to_owned(), prefix: prefix.to_owned(), exclude }
}

fn good(lines: &[Line]) -> Vec<(u64, Source)> {
    lines.iter().filter_map(|line| Some((line.number, line.source.clone().ok()?))).collect()
}

fn bad(lines: &[Line]) -> Vec<(u64, FailureCode)> {
    lines.iter().filter_map(|line| Some((line.number, line.source.as_ref().err()?.code))).collect()
}

#[tokio::test]
async fn csv_with_and_without_header_quotes_versions_and_blank_lines() {
    let versioned = Source::Object { bucket: "lake".to_owned(), key: "b.csv".to_owned(), version: Some("v7".to_owned()) };
    for header in ["", "Bucket,Key,Version\r\n", "\u{feff}bucket,key\n"] {
        let first = u64::from(!header.is_empty()) + 1;
        let text = format!("{header}lake,a.csv\r\nlake,b.csv,v7\n\n\"lake\",\"c, \"\"d\"\".csv\",\nlake,e\n.csv");
        let (lines, broken) = lines(text).await;
        let expected =
            [(first, object("a.csv")), (first + 1, versioned.clone()), (first + 3, object("c, \"d\".csv")), (first + 4, object("e"))];
        assert_eq!((good(&lines), bad(&lines), broken), (expected.to_vec(), vec![(first + 5, FailureCode::Malformed)], None));
    }
}

#[tokio::test]
async fn bad_lines_of_csv_are_failures_with_their_line_and_end_nothing() {
    let long = "x".repeat(ENTRY_BYTES + 10);
    let text = [
        b"lake,a\nlake\nlake,b,c,d\nlake,a,b,c,d,e,f\nLake,x\nlake,\nlake,folder/\nlake,\xff\xfe\nlake,".as_slice(),
        long.as_bytes(),
        b"\nlake,\"multi\nline\"\nlake,z\n",
    ];
    let (lines, broken) = lines(text.concat()).await;
    assert_eq!(good(&lines), [(1, object("a")), (10, object("multi\nline")), (12, object("z"))]);
    assert_eq!(bad(&lines), (2..=9).map(|line| (line, FailureCode::Malformed)).collect::<Vec<_>>());
    assert_eq!(broken, None);
    assert!(lines.iter().all(|line| line.text.chars().count() <= SHOWN_OF_AN_ENTRY));
    assert_eq!(lines[4].text, "Lake,x");
    // Nothing of another line, whatever was in the room for fields before.
    assert_eq!([&*lines[2].text, &*lines[3].text, &*lines[8].text], ["lake,b,c,d", "lake,a,b,c", ""]);
}

#[tokio::test]
async fn what_is_wrong_with_a_line_does_not_depend_on_the_one_before() {
    let (lines, _) = lines("lake,xéééééééé\nlake,a,b,c,d,e,f\nlake,xéééééééé\nlake,aa,b,c,d,e,f\n").await;
    for line in [&lines[1], &lines[3]] {
        assert!(line.source.as_ref().expect_err("a bad line").reason.contains("more than the three fields"), "{line:?}");
    }
}

/// As old spreadsheets end lines: two records of one number would be taken for one.
#[tokio::test]
async fn records_that_lone_returns_end_have_lines_of_their_own() {
    let (lines, broken) = lines("lake,a\rlake,b\r\rlake,\"c\rd\"\r\n\nlake,e\n\rlake\r\nlake,f\r").await;
    assert_eq!(good(&lines), [(1, object("a")), (2, object("b")), (4, object("c\rd")), (7, object("e")), (10, object("f"))]);
    assert_eq!((bad(&lines), broken), (vec![(9, FailureCode::Malformed)], None));
}

/// An import keeps its last failures in its row, which no entry may outgrow.
#[tokio::test]
async fn what_is_told_of_an_entry_is_short_however_long_it_is() {
    let long = "\u{1}x".repeat(9_000);
    let (csv, _) = lines(format!("{long},a\n")).await;
    let entry = |text: String| format!(r#"{{"entries":[{text}]}}"#).replace('\u{1}', "\\u0001");
    let (named, _) = lines(entry(format!(r#"{{"{long}":1}}"#))).await;
    let (glob, _) = lines(entry(format!(r#"{{"prefix":"s3://lake/p","exclude":["{long}"]}}"#))).await;
    let (typed, _) = lines(entry(format!(r#""{long}""#))).await;
    for line in [&csv[0], &named[0], &glob[0], &typed[0]] {
        let reason = &line.source.as_ref().expect_err("a bad entry").reason;
        assert!(reason.chars().count() < 400 && !reason.contains('\u{1}'), "{reason:?}");
    }
}

#[tokio::test]
async fn json_of_version_1() {
    let text = r#" {"about": {"a": [1, "}"]}, "entries" : [
        {"url": "s3://lake/a \"b\".csv"}, {"prefix": "s3://lake/p", "exclude": ["**.tmp"]},
        {"url": "s3://lake/v", "version": "3"}, {"prefix":"s3://lake"}], "version": 1} "#;
    let (lines, broken) = lines(text).await;
    let versioned = Source::Object { bucket: "lake".to_owned(), key: "v".to_owned(), version: Some("3".to_owned()) };
    let expected = [(1, object("a \"b\".csv")), (2, prefix("p/", &["**.tmp"])), (3, versioned), (4, prefix("", &[]))];
    assert_eq!((bad(&lines), broken), (Vec::new(), None));
    assert_eq!(good(&lines), expected);
}

#[tokio::test]
async fn json_of_the_predecessor() {
    let store = r#"{"dataStore": [{"includePath": "s3://lake/some/prefix/", "excludePatterns": ["raw/**"], "more": 1},
        {"includePath": "s3://lake/one/file.csv"}, {"excludePatterns": []}]}"#;
    let (store, broken) = lines(store).await;
    let either = Source::Either { bucket: "lake".to_owned(), key: "one/file.csv".to_owned() };
    assert_eq!(good(&store), [(1, prefix("some/prefix/", &["raw/**"])), (2, either)]);
    assert_eq!((bad(&store), broken), (vec![(3, FailureCode::Malformed)], None));
    let (files, broken) = lines(r#"{"fileLocations":[{"url":"s3://lake/a"},{"url":"https://lake/b"}]}"#).await;
    assert_eq!((good(&files), bad(&files), broken), (vec![(1, object("a"))], vec![(2, FailureCode::Malformed)], None));
}

#[tokio::test]
async fn bad_entries_of_json_are_failures_with_their_number_and_end_nothing() {
    let long = "x".repeat(ENTRY_BYTES);
    let text = format!(
        r#"{{"version":1,"entries":[{{"url":"s3://lake/a"}}, 5, "text", null, {{"url":"s3://lake/"}}, {{"url": oops}},
        {{"prefix":"s3://lake/p","exclude":["["]}}, {{"url":"s3://lake/a","prefix":"s3://lake/b"}}, {{"ulr":"s3://lake/c"}},
        [{{}}], {{"url":"s3://lake/{long}"}}, {{"url":"s3://lake/z"}}]}}"#
    );
    let (lines, broken) = lines(text).await;
    assert_eq!(good(&lines), [(1, object("a")), (12, object("z"))]);
    assert_eq!(bad(&lines), (2..=11).map(|line| (line, FailureCode::Malformed)).collect::<Vec<_>>());
    assert_eq!(broken, None);
}

#[tokio::test]
async fn what_makes_the_rest_unreadable_ends_the_manifest_with_a_reason() {
    for (text, entries, reason) in [
        ("", 0, "is empty"),
        (" \n", 0, "is empty"),
        ("{}", 0, "no list of entries"),
        (r#"{"version":1}"#, 0, "no list of entries"),
        (r#"{"version":2,"entries":[{"url":"s3://lake/a"}]}"#, 0, "version is not 1"),
        (r#"{"entries":{"url":"s3://lake/a"}}"#, 0, "list 'entries' was expected"),
        (r#"{"entries" ["#, 0, "a colon"),
        (r#"{entries:[]}"#, 0, "name of a member"),
        (r#"{"entries":[{"url":"s3://lake/a"}"#, 1, "before its list"),
        (r#"{"entries":[{"url":"s3://lake/a"},{"url":"#, 1, "within a value"),
        (r#"{"entries":[{"url":"s3://lake/a"}}"#, 1, "an entry was expected"),
        (r#"{"entries":[{"url":"s3://lake/a"}]"#, 1, "closing brace"),
    ] {
        let (lines, broken) = lines(text).await;
        assert_eq!(good(&lines).len(), entries, "{text}");
        assert!(broken.as_deref().is_some_and(|why| why.contains(reason)), "{text}: {broken:?}");
    }
}
