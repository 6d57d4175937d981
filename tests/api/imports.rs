//! `/packages/{id}/imports`.

use datalake_tests_api::{World, seconds};
use serde_json::json;
use testkit::builders::{dataset_id, member};

#[tokio::test]
async fn an_import_by_entries_tells_what_became_of_each() {
    let world = World::new();
    let ann = member("ann");
    world.person(&ann, "Ann").await;
    let id = world.package(&ann, json!({ "name": "Flights" })).await;
    let path = format!("/packages/{id}/imports");
    let manifest = json!({ "version": 1, "entries": [
        { "url": "s3://elsewhere/2001/January.csv" },
        { "prefix": "s3://elsewhere/2002/", "exclude": ["**.tmp"] },
        { "url": "https://elsewhere.example/2003.csv" },
        "2004",
    ] });
    let started = world.post(&path).by(&ann).json(&manifest).send().await;
    started.is("start_import", 202, "");
    let import = started.text("/id");
    assert_eq!(started.header("location"), format!("{path}/{import}"));
    world.drain().await;

    world.get(format!("{path}/{import}")).by(&ann).send().await.is("read_import", 200, "");
    world.get(&path).by(&ann).send().await.is("list_imports", 200, "");
    world.get(format!("{path}/{import}/failures")).by(&ann).send().await.is("list_import_failures", 200, "");
}

#[tokio::test]
async fn an_import_by_csv_tells_the_lines() {
    let world = World::new();
    let ann = member("ann");
    world.person(&ann, "Ann").await;
    let id = world.package(&ann, json!({ "name": "Flights" })).await;
    let path = format!("/packages/{id}/imports");
    let csv = "bucket,key,version\nelsewhere,2001/January.csv,\nelsewhere\n\nelsewhere,\"2002, all.csv\",v1\n";
    let started = world.post(&path).by(&ann).header("content-type", "text/csv; charset=utf-8").bytes(csv).send().await;
    started.is("start_import", 202, "of_csv");
    world.drain().await;
    let failures = world.get(format!("{path}/{}/failures", started.text("/id"))).by(&ann).send().await;
    failures.is("list_import_failures", 200, "of_csv");
    world.post(&path).by(&ann).header("content-type", "text/csv").bytes("").send().await.is("start_import", 422, "empty");
}

#[tokio::test]
async fn an_import_by_an_uploaded_file() {
    let world = World::new();
    let ann = member("ann");
    world.person(&ann, "Ann").await;
    let id = world.package(&ann, json!({ "name": "Flights" })).await;
    let path = format!("/packages/{id}/imports");
    let before = br#"{"dataStore":[{"includePath":"s3://elsewhere/2001/","excludePatterns":["**.tmp"]}]"#;
    let file = world.uploaded(&ann, &id, "manifest.json", before).await;
    world.later(seconds(60));
    let started = world.post(&path).by(&ann).json(&json!({ "dataset_id": file })).send().await;
    started.is("start_import", 202, "of_an_uploaded_file");
    world.drain().await;
    let read = world.get(format!("{path}/{}", started.text("/id"))).by(&ann).send().await;
    read.is("read_import", 200, "of_a_file_that_breaks_off");
}

#[tokio::test]
async fn what_can_be_no_manifest() {
    let world = World::new();
    let ann = member("ann");
    let id = world.package(&ann, json!({ "name": "Flights" })).await;
    let path = format!("/packages/{id}/imports");
    for (body, situation) in [
        (json!({ "dataset_id": dataset_id(999).to_string() }), "no_such_file"),
        (json!({ "dataset_id": "manifest.json" }), "no_dataset_id"),
        (json!({ "dataset_id": dataset_id(999).to_string(), "entries": [] }), "entries_beside_a_file"),
    ] {
        world.post(&path).by(&ann).json(&body).send().await.is("start_import", 422, situation);
    }
}
