//! The search index on tantivy keeps the port's contract, also across restarts.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use datalake_embedded::search::TantivyIndex;
use domain::{
    PackageId,
    ports::{SearchIndex, SearchRebuild},
    search::Indexed,
};
use testkit::{Subject, builders::package_id, search::RebuildableIndex};

async fn index() -> Subject<dyn RebuildableIndex> {
    let directory = tempfile::tempdir().expect("a directory");
    let index = TantivyIndex::open(directory.path()).expect("an index");
    Subject::new(Arc::new(index), directory)
}

testkit::search_suite!(index);

fn document(number: u64, sequence: u64, name: &str) -> domain::search::SearchDocument {
    let package = domain::package::Package {
        sequence,
        name: testkit::builders::package_name(name),
        visibility: domain::package::Visibility::Everyone,
        ..testkit::builders::package(number, "ann")
    };
    app::search::document::build(&package, &testkit::builders::tags(&[]), [])
}

async fn ids(index: &TantivyIndex) -> Vec<PackageId> {
    index.ids(None, 100).await.expect("ids")
}

async fn write(index: &TantivyIndex, document: domain::search::SearchDocument) -> Indexed {
    SearchIndex::upsert_many(index, &[document]).await.expect("writes")[0]
}

#[tokio::test]
async fn what_was_applied_is_there_after_a_restart_with_versions_and_removals() {
    let directory = tempfile::tempdir().expect("a directory");
    let index = TantivyIndex::open(directory.path()).expect("an index");
    assert!(index.is_fresh());
    assert_eq!(write(&index, document(1, 5, "one")).await, Indexed::Applied);
    assert_eq!(write(&index, document(2, 5, "two")).await, Indexed::Applied);
    index.remove_many(&[(package_id(2), 6)]).await.expect("removes");
    drop(index);
    let index = TantivyIndex::open(directory.path()).expect("the index again");
    assert!(!index.is_fresh());
    assert_eq!(ids(&index).await, [package_id(1)]);
    assert_eq!(write(&index, document(1, 4, "late")).await, Indexed::Stale);
    assert_eq!(write(&index, document(2, 5, "late")).await, Indexed::Stale);
    assert_eq!(write(&index, document(2, 6, "two")).await, Indexed::Applied);
}

/// All files below a directory, by their paths in it.
fn files(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut directories = vec![directory.to_path_buf()];
    while let Some(next) = directories.pop() {
        for entry in std::fs::read_dir(next).expect("a directory") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                directories.push(path);
            } else {
                found.push(path.strip_prefix(directory).expect("below it").to_path_buf());
            }
        }
    }
    found
}

fn copy(from: &Path, to: &Path, file: &Path) {
    std::fs::create_dir_all(to.join(file).parent().expect("a directory")).expect("made");
    std::fs::copy(from.join(file), to.join(file)).expect("copied");
}

#[tokio::test]
async fn a_write_that_was_killed_before_its_commit_can_be_done_again() {
    let (first, second) = (tempfile::tempdir().expect("a directory"), tempfile::tempdir().expect("a directory"));
    let index = TantivyIndex::open(first.path()).expect("an index");
    // Both in one segment, so that the next write marks one of its documents as removed.
    SearchIndex::upsert_many(&index, &[document(1, 1, "one"), document(2, 1, "two")]).await.expect("writes");
    drop(index);
    let before = files(first.path());
    before.iter().for_each(|file| copy(first.path(), second.path(), file));

    let index = TantivyIndex::open(first.path()).expect("the index again");
    assert_eq!(write(&index, document(1, 2, "new")).await, Indexed::Applied);
    drop(index);
    // What the dead process had written: the marks, and that they are a file of the index; not the commit.
    let left = files(first.path()).into_iter().filter(|file| {
        file.extension().is_some_and(|extension| extension == "del") || file.file_name().is_some_and(|name| name == ".managed.json")
    });
    let left: Vec<PathBuf> = left.collect();
    assert_eq!(left.len(), 2, "{left:?}");
    left.iter().for_each(|file| copy(first.path(), second.path(), file));

    let index = TantivyIndex::open(second.path()).expect("the other index");
    assert_eq!(write(&index, document(1, 2, "new")).await, Indexed::Applied);
    assert_eq!(ids(&index).await, [package_id(1), package_id(2)]);
}

#[tokio::test]
async fn a_restart_in_the_middle_of_a_rebuild_keeps_the_live_index_and_one_directory() {
    let directory = tempfile::tempdir().expect("a directory");
    let index = TantivyIndex::open(directory.path()).expect("an index");
    write(&index, document(1, 1, "one")).await;
    index.begin().await.expect("begins");
    SearchRebuild::upsert_many(&index, &[document(2, 1, "two")]).await.expect("writes");
    drop(index);
    let index = TantivyIndex::open(directory.path()).expect("the index again");
    assert_eq!(ids(&index).await, [package_id(1)]);
    let generations =
        || std::fs::read_dir(directory.path()).expect("a directory").filter(|entry| entry.as_ref().expect("an entry").path().is_dir());
    assert_eq!(generations().count(), 1);
    index.begin().await.expect("begins");
    SearchRebuild::upsert_many(&index, &[document(2, 1, "two")]).await.expect("writes");
    index.swap().await.expect("swaps");
    drop(index);
    let index = TantivyIndex::open(directory.path()).expect("the index again");
    assert_eq!(ids(&index).await, [package_id(2)]);
    assert!(!index.is_fresh());
    assert_eq!(generations().count(), 1);
}

#[tokio::test]
async fn a_second_process_can_not_open_the_index_and_a_damaged_one_begins_anew() {
    let directory = tempfile::tempdir().expect("a directory");
    let index = TantivyIndex::open(directory.path()).expect("an index");
    write(&index, document(1, 1, "one")).await;
    let refused = TantivyIndex::open(directory.path()).err().expect("the index is in use");
    assert!(refused.is(domain::PortErrorKind::Unavailable));
    drop(index);
    let live = std::fs::read_to_string(directory.path().join("current")).expect("a pointer");
    std::fs::write(directory.path().join(live).join("meta.json"), "{}").expect("damages it");
    let index = TantivyIndex::open(directory.path()).expect("a new index");
    assert!(index.is_fresh());
    assert!(ids(&index).await.is_empty());
}

#[tokio::test]
async fn what_people_type_finds_what_they_wrote() {
    let directory = tempfile::tempdir().expect("a directory");
    let index = TantivyIndex::open(directory.path()).expect("an index");
    let package = domain::package::Package {
        visibility: domain::package::Visibility::Everyone,
        name: testkit::builders::package_name("Flüge und FlightDelays"),
        description: "Delayed flights of 2001, by the bureau's statistics.".parse().expect("a description"),
        ..testkit::builders::package(1, "ann")
    };
    let tags = testkit::builders::tags(&[("source", "Bureau of Transportation"), ("rows", "231083"), ("day", "2001-03-31")]);
    let paths: Vec<domain::dataset::DatasetPath> =
        ["data/flights-2k.json", "AirportList.csv"].iter().map(|path| path.parse().expect("a path")).collect();
    let document = app::search::document::build(&package, &tags, paths.iter().map(|path| (path, path.format(), 10)));
    write(&index, document).await;
    let rule = |tag: &str, tag_type| domain::governance::TagRule {
        id: tag.to_owned(),
        tag: tag.to_owned(),
        required: false,
        tag_type,
        limits: domain::governance::Limits::default(),
        description: String::new(),
    };
    use domain::governance::TagType::{Date, Number, Text};
    let rules = [rule("source", Text), rule("rows", Number), rule("day", Date)];
    let found = async |query: &str| {
        let request = domain::search::SearchRequest {
            query: app::search::query::parse(query, &rules).unwrap_or_else(|error| panic!("{query}: {error}")),
            visibility: domain::search::VisibilityFilter { any_of: Some(vec!["everyone".to_owned()]), packages: None },
            sort: domain::search::Sort::Relevance,
            facets: Vec::new(),
            after: None,
            limit: 10,
        };
        index.search(&request).await.expect("an answer").total == 1
    };
    for query in [
        "flights delay",
        "fluge",
        "\"flights of 2001\"",
        "format:parquet OR format:csv",
        "file:flights-2k.json",
        "airportlist.csv",
        "airport",
        "AirportList.csv",
        "name:flightdelays",
        "flihgts~",
        "fl?ghts",
        "delaye*",
        "source:transport*",
        "source:bureau",
        "tag:rows=231083",
        "rows:>=200000",
        "day:2001",
        "day:2001-03..",
        "owner:ann",
        "bytes:20",
        "datasets:2",
        "created:>1999",
        "-winter",
        "tag:source=",
    ] {
        assert!(found(query).await, "{query} finds nothing");
    }
    for query in
        ["winter", "\"of flights\"", "format:parquet", "name:bureau", "rows:<200000", "day:2002", "-flights", "2k*json", "source:flights"]
    {
        if app::search::query::parse(query, &rules).is_ok() {
            assert!(!found(query).await, "{query} finds it");
        }
    }
}
