//! What becomes of each entry.

use domain::{
    dataset::{DatasetKind, DatasetState, Verified},
    import::ImportState,
    package::Package,
    ports::{ObjectAddress, Objects as _},
};
use testkit::{
    builders::{BUCKET, member, package},
    memory_objects::{once, options_of},
};

use crate::lake::{LAKE, Lake, by, counts, told};

#[tokio::test]
async fn objects_become_datasets_where_they_are() {
    let lake = Lake::new().await;
    let first = lake.outside("raw/2026/a.csv").await;
    lake.outside("raw/2026/a.csv").await;
    lake.outside("raw/b.csv").await;
    let version = first.clone().expect("a version");
    let import = lake.import(format!("bucket,key,version\n{LAKE},raw/2026/a.csv,{version}\n{LAKE},raw/b.csv\n")).await;
    assert_eq!((import.state, import.counts, import.failure), (ImportState::Done, counts(2, 2, 0, 0), None));

    let datasets = lake.datasets().await;
    let [a, b] = datasets.as_slice() else { panic!("two datasets") };
    assert_eq!((a.path.as_str(), a.bucket.as_str(), a.key.as_str(), &a.object_version), ("2026/a.csv", LAKE, "raw/2026/a.csv", &first));
    assert_eq!((a.size, a.content_type.as_str(), a.verified, a.state), (3, "text/csv", Some(Verified::Store), DatasetState::Available));
    assert_eq!((a.import_id, a.added_in), (Some(import.id), Some(2)));
    assert!(b.object_version.is_some(), "pinned to the version that it had");
    let Package { datasets, bytes, revision, .. } = lake.package().await;
    assert_eq!((datasets, bytes, revision), (2, 6, 2));
}

#[tokio::test]
async fn the_same_source_is_skipped_and_another_one_under_its_path_fails() {
    let lake = Lake::new().await;
    for key in ["raw/a.csv", "raw/b.csv", "raw/deep/a.csv"] {
        lake.outside(key).await;
    }
    let deep = app::imports::NewLocation { bucket: LAKE.to_owned(), prefix: "raw/deep".to_owned(), description: String::new() };
    lake.locations.register(&by(testkit::builders::admin("root")), &deep).await.expect("registered");
    let manifest = format!("{LAKE},raw/a.csv\n{LAKE},raw/a.csv\n{LAKE},raw/deep/a.csv\n{LAKE},raw/b.csv\n");
    let first = lake.import(manifest.clone()).await;
    assert_eq!(first.counts, counts(4, 2, 1, 1));
    let failures = lake.failures(first.id).await;
    assert_eq!(told(&failures), [(3, "path_taken")]);
    assert!(failures[0].entry.contains("raw/deep/a.csv") && failures[0].reason.contains("a.csv"), "{failures:?}");

    let again = lake.import(manifest).await;
    assert_eq!((again.counts, lake.dataset_rows()), (counts(4, 0, 3, 1), 2));
    let versioned = lake.import(format!("{LAKE},raw/a.csv,99\n")).await;
    assert_eq!(told(&lake.failures(versioned.id).await), [(1, "path_taken")], "another version is another source");
}

#[tokio::test]
async fn what_is_wrong_with_a_line_is_told_and_ends_nothing() {
    let lake = Lake::new().await;
    lake.outside("raw/z.csv").await;
    lake.outside("raw//x.csv").await;
    lake.outside("other/y.csv").await;
    let own = ObjectAddress { bucket: BUCKET.to_owned(), key: "packages/secret".to_owned() };
    lake.objects.put(&own, &options_of(b"abc", "text/csv"), once("abc")).await.expect("stored");
    let lines = ["raw/absent.csv", "raw//x.csv", "other/y.csv", "rawest/y.csv", "raw/z.csv"];
    let manifest = lines.map(|key| format!("{LAKE},{key}\n")).concat() + BUCKET + ",packages/secret\nnonsense\n";
    let import = lake.import(manifest).await;
    assert_eq!((import.state, import.counts), (ImportState::Done, counts(7, 1, 0, 6)));
    let expected =
        [(1, "not_found"), (2, "bad_path"), (3, "outside_locations"), (4, "outside_locations"), (6, "outside_locations"), (7, "malformed")];
    assert_eq!(told(&lake.failures(import.id).await), expected);
}

#[tokio::test]
async fn a_location_in_the_data_bucket_gives_nothing_away_even_if_one_is_there() {
    let lake = Lake::new().await;
    let own = app::imports::NewLocation { bucket: BUCKET.to_owned(), prefix: String::new(), description: String::new() };
    let refused = lake.locations.register(&by(testkit::builders::admin("root")), &own).await.expect_err("refused");
    assert_eq!(refused.fields()[0].pointer, "/bucket");
}

#[tokio::test]
async fn prefixes_are_one_dataset_each() {
    let lake = Lake::new().await;
    for key in ["raw/logs/1.log", "raw/logs/1.tmp", "raw/one.csv"] {
        lake.outside(key).await;
    }
    let manifest = format!(
        r#"{{"version":1,"entries":[{{"prefix":"s3://{LAKE}/raw/logs","exclude":["**.tmp"]}},{{"prefix":"s3://{LAKE}/raw/none/"}},
        {{"prefix":"s3://{LAKE}/raw/logs/","exclude":["**.tmp"]}},{{"prefix":"s3://{LAKE}/raw/"}}]}}"#
    );
    let import = lake.import(manifest).await;
    assert_eq!(import.counts, counts(4, 2, 1, 1));
    assert_eq!(told(&lake.failures(import.id).await), [(2, "not_found")]);
    let datasets = lake.datasets().await;
    let shown: Vec<_> = datasets.iter().map(|dataset| (dataset.path.as_str(), dataset.kind, dataset.key.as_str())).collect();
    assert_eq!(shown, [("logs", DatasetKind::Prefix, "raw/logs/"), ("raw", DatasetKind::Prefix, "raw/")]);
    assert_eq!(datasets[0].exclude, ["**.tmp"]);

    // As the predecessor had it: what is no object is a folder.
    let before = format!(r#"{{"dataStore":[{{"includePath":"s3://{LAKE}/raw/one.csv"}},{{"includePath":"s3://{LAKE}/raw/logs"}}]}}"#);
    let import = lake.import(before).await;
    assert_eq!(import.counts, counts(2, 1, 0, 1), "the folder is there without what its globs leave out, so this is another source");
    assert_eq!(lake.paths().await, ["logs", "one.csv", "raw"]);
}

#[tokio::test]
async fn a_manifest_that_breaks_off_keeps_what_was_read() {
    let lake = Lake::new().await;
    lake.outside("raw/a.csv").await;
    let import = lake.import(format!(r#"{{"entries":[{{"url":"s3://{LAKE}/raw/a.csv"}},5"#)).await;
    assert_eq!((import.state, import.counts), (ImportState::Failed, counts(1, 1, 0, 0)));
    assert!(import.failure.expect("a reason").contains("not valid JSON"));
    assert_eq!(lake.paths().await, ["a.csv"]);
}

#[tokio::test]
async fn whoever_lost_the_right_imports_nothing_more() {
    let lake = Lake::new().await;
    lake.outside("raw/a.csv").await;
    let manifest = format!("{LAKE},raw/a.csv\n");
    let id = lake.start(manifest.clone()).await;
    lake.person("ann", false).await;
    lake.worker().import(lake.package, id).await.expect("done");
    assert_eq!(lake.read(id).await.state, ImportState::Failed);

    lake.person("ann", true).await;
    let id = lake.start(manifest.clone()).await;
    lake.put_package(&package(1, "bob")).await;
    lake.worker().import(lake.package, id).await.expect("done");
    let import = lake.imports.read(&by(member("bob")), lake.package, id).await.expect("it is there");
    assert_eq!((import.state, lake.dataset_rows()), (ImportState::Failed, 0));
}
