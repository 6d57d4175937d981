//! `/packages/{id}/datasets`.

use datalake_tests_api::{World, seconds, sha256};
use domain::dataset::{Dataset, DatasetKind};
use serde_json::{Value, json};
use testkit::builders::{dataset_id, member};

const MIB: u64 = 1024 * 1024;

#[tokio::test]
async fn register_datasets_answers_each_on_its_own() {
    let world = World::new();
    let ann = member("ann");
    let id = world.package(&ann, json!({ "name": "Flights" })).await;
    let body = json!({ "datasets": [
        { "name": "2001/January.csv", "size": 15, "content_type": "text/csv", "sha256": sha256(b"day,delay\n1,20\n") },
        { "name": "../secrets", "size": 3, "sha256": "abc" },
        { "name": "2001/all.parquet", "size": 200 * MIB },
    ] });
    let answer = world.post(format!("/packages/{id}/datasets")).by(&ann).json(&body).send().await;
    answer.is("register_datasets", 200, "one_of_three_refused");
    world.get(format!("/packages/{id}/datasets?state=pending")).by(&ann).send().await.is("list_datasets", 200, "pending");
}

#[tokio::test]
async fn register_datasets_of_no_or_too_many_entries() {
    let world = World::new();
    let ann = member("ann");
    let id = world.package(&ann, json!({ "name": "Flights" })).await;
    let path = format!("/packages/{id}/datasets");
    world.post(&path).by(&ann).json(&json!({ "datasets": [] })).send().await.is("register_datasets", 422, "no_entries");
    let many: Vec<Value> = (0..501).map(|number| json!({ "name": format!("{number}.csv"), "size": 0 })).collect();
    world.post(&path).by(&ann).json(&json!({ "datasets": many })).send().await.is("register_datasets", 422, "too_many_entries");
}

#[tokio::test]
async fn upload_of_one_file() {
    let world = World::new();
    let ann = member("ann");
    let id = world.package(&ann, json!({ "name": "Flights" })).await;
    let (dataset, upload) = world.registered(&ann, &id, "2001/January.csv", b"day,delay\n1,20\n").await;
    let path = format!("/packages/{id}/datasets/{dataset}");
    world.get(&path).by(&ann).send().await.is("read_dataset", 200, "pending");
    world.post(format!("{path}/complete")).by(&ann).send().await.is("complete_dataset", 409, "not_uploaded");
    world.get(format!("{path}/download")).by(&ann).send().await.is("download_dataset", 409, "not_uploaded");

    world.send(&upload, b"day,delay\n1,20\n").await;
    world.later(seconds(60));
    world.post(format!("{path}/complete")).by(&ann).send().await.is("complete_dataset", 200, "");
    world.later(seconds(60));
    world.post(format!("{path}/complete")).by(&ann).send().await.is("complete_dataset", 200, "again");
    world.get(&path).by(&ann).send().await.is("read_dataset", 200, "");
    world.get(format!("/packages/{id}/datasets")).by(&ann).send().await.is("list_datasets", 200, "");

    let redirect = world.get(format!("{path}/download")).by(&ann).send().await;
    redirect.is("download_dataset", 302, "");
    assert_eq!(world.fetch(redirect.header("location")).await, b"day,delay\n1,20\n");
    let link = world.get(format!("{path}/download")).by(&ann).header("accept", "application/json").send().await;
    link.is("download_dataset", 200, "as_json");
}

#[tokio::test]
async fn complete_datasets_answers_each_on_its_own() {
    let world = World::new();
    let ann = member("ann");
    let id = world.package(&ann, json!({ "name": "Flights" })).await;
    let mut ids = Vec::new();
    for (path, sent) in [("a.csv", true), ("b.csv", false), ("a.csv", true)] {
        let (dataset, upload) = world.registered(&ann, &id, path, b"1").await;
        if sent {
            world.send(&upload, b"1").await;
        }
        ids.push(dataset);
    }
    ids.push(testkit::builders::dataset_id(999).to_string());
    let answer = world.post(format!("/packages/{id}/datasets/complete")).by(&ann).json(&json!({ "ids": ids })).send().await;
    answer.is("complete_datasets", 200, "done_absent_bytes_duplicate_path_unknown");
    let package = world.get(format!("/packages/{id}")).by(&ann).send().await;
    assert_eq!((&package.body["datasets"], &package.body["bytes"]), (&json!(1), &json!(1)));
    let bad = world.post(format!("/packages/{id}/datasets/complete")).by(&ann).json(&json!({ "ids": ["x", ids[0], "y"] })).send().await;
    bad.is("complete_datasets", 422, "no_ids");
}

#[tokio::test]
async fn a_second_dataset_of_a_path_replaces_the_first() {
    let world = World::new();
    let ann = member("ann");
    let id = world.package(&ann, json!({ "name": "Flights" })).await;
    let first = world.uploaded(&ann, &id, "a.csv", b"old").await;
    world.later(seconds(60));
    world.uploaded(&ann, &id, "a.csv", b"newer").await;
    let read = world.get(format!("/packages/{id}/datasets/{first}")).by(&ann).send().await;
    read.is("read_dataset", 200, "replaced");
    world.get(format!("/packages/{id}/datasets/{first}/download")).by(&ann).send().await.is("download_dataset", 409, "replaced");
    world.post(format!("/packages/{id}/datasets/{first}/complete")).by(&ann).send().await.is("complete_dataset", 409, "replaced");
    world.get(format!("/packages/{id}")).by(&ann).send().await.is("read_package", 200, "with_a_replaced_dataset");
    world.get(format!("/packages/{id}/datasets?state=removed")).by(&ann).send().await.is("list_datasets", 200, "removed");
}

#[tokio::test]
async fn list_datasets_below_a_prefix_in_path_order() {
    let world = World::new();
    let ann = member("ann");
    let id = world.package(&ann, json!({ "name": "Flights", "visibility": "everyone" })).await;
    for path in ["b/2.csv", "a.txt", "b/1.csv", "c.txt"] {
        world.uploaded(&ann, &id, path, b"1").await;
    }
    world.get(format!("/packages/{id}/datasets?prefix=b%2F")).by(&member("bob")).send().await.is("list_datasets", 200, "below_a_prefix");
    let page = world.get(format!("/packages/{id}/datasets?limit=3")).by(&member("bob")).send().await;
    page.is("list_datasets", 200, "first_page");
    world.get(format!("/packages/{id}/datasets?state=lost")).by(&ann).send().await.is("list_datasets", 400, "unknown_state");
    world.get(format!("/packages/{id}/datasets?state=removed&prefix=b")).by(&ann).send().await.is(
        "list_datasets",
        400,
        "prefix_of_removed",
    );
}

#[tokio::test]
async fn list_datasets_as_folders() {
    let world = World::new();
    let ann = member("ann");
    let id = world.package(&ann, json!({ "name": "Flights" })).await;
    for path in ["2001/01.csv", "2001/02.csv", "2001/extra/notes.txt", "2001.csv", "README", "b", "b/1.csv"] {
        world.uploaded(&ann, &id, path, b"1").await;
    }
    let list = async |query: String| world.get(format!("/packages/{id}/datasets?delimiter=%2F{query}")).by(&ann).send().await;
    let page = list("&limit=3".to_owned()).await;
    page.is("list_datasets", 200, "folders_first_page");
    list(format!("&limit=3&cursor={}", page.text("/next_cursor"))).await.is("list_datasets", 200, "folders_last_page");
    list("&prefix=2001%2F".to_owned()).await.is("list_datasets", 200, "below_a_folder");
    list("&prefix=b".to_owned()).await.is("list_datasets", 200, "folders_below_half_a_name");
    let another = world.get(format!("/packages/{id}/datasets?delimiter=-")).by(&ann).send().await;
    another.is("list_datasets", 400, "another_delimiter");
    list("&state=removed".to_owned()).await.is("list_datasets", 400, "folders_of_removed");
}

#[tokio::test]
async fn list_datasets_below_a_dataset_of_kind_prefix() {
    let world = World::new();
    let ann = member("ann");
    let id = world.package(&ann, json!({ "name": "Flights", "visibility": "everyone" })).await;
    let file = world.uploaded(&ann, &id, "2001.csv", b"a,b\n").await;
    // An administrator's locations are another bucket each; this one is there in every home.
    let (package_id, file) = (id.parse().expect("an id"), file.parse().expect("an id"));
    let stored = world.store().datasets(package_id, &[file]).await.expect("read").pop().flatten().expect("a row");
    let key = stored.key.trim_end_matches("2001.csv").to_owned();
    let folder = Dataset {
        id: dataset_id(900),
        kind: DatasetKind::Prefix,
        path: "raw".parse().expect("a path"),
        key,
        size: 0,
        sha256: None,
        verified: None,
        object_version: None,
        ..stored
    };
    for write in [world.store().put_dataset(&folder, None, None, None), world.store().put_path(&folder, None)] {
        world.tables().write(write.expect("a row")).await.expect("written");
    }
    let list = async |query: &str| world.get(format!("/packages/{id}/datasets?{query}")).by(&member("bob")).send().await;
    list("prefix=raw").await.is("list_datasets", 200, "with_a_dataset_of_kind_prefix");
    for form in ["prefix=raw%2F", "prefix=raw%2F2&delimiter=%2F"] {
        list(form).await.is("list_datasets", 200, "below_a_dataset_of_kind_prefix");
    }
    list("prefix=raw%2F2002").await.is("list_datasets", 200, "nothing_below_a_dataset_of_kind_prefix");
}

#[tokio::test]
async fn upload_in_parts() {
    let world = World::new();
    let ann = member("ann");
    let id = world.package(&ann, json!({ "name": "Flights" })).await;
    let body = json!({ "datasets": [{ "name": "all.parquet", "size": 65 * MIB, "content_type": "application/vnd.apache.parquet" }] });
    let answer = world.post(format!("/packages/{id}/datasets")).by(&ann).json(&body).send().await;
    answer.is("register_datasets", 200, "in_parts");
    let path = format!("/packages/{id}/datasets/{}", answer.text("/results/0/dataset/id"));

    let size = answer.body["results"][0]["upload"]["part_size"].as_u64().expect("a part size");
    let contents: Vec<Vec<u8>> =
        (0..5).map(|number| vec![number; usize::try_from(size.min(65 * MIB - u64::from(number) * size)).expect("fits")]).collect();
    let parts =
        contents.iter().enumerate().map(|(place, bytes)| json!({ "number": place + 1, "size": bytes.len(), "sha256": sha256(bytes) }));
    let signed = world.post(format!("{path}/parts")).by(&ann).json(&json!({ "parts": parts.collect::<Vec<_>>() })).send().await;
    signed.is("sign_parts", 200, "");
    for (place, bytes) in contents.iter().enumerate().take(4) {
        world.send(&signed.body["parts"][place]["upload"], bytes).await;
    }
    world.get(format!("{path}/parts")).by(&ann).send().await.is("list_parts", 200, "one_is_missing");
    world.post(format!("{path}/complete")).by(&ann).send().await.is("complete_dataset", 409, "parts_missing");
    world.send(&signed.body["parts"][4]["upload"], &contents[4]).await;
    world.post(format!("{path}/complete")).by(&ann).send().await.is("complete_dataset", 200, "in_parts");
    world.get(format!("{path}/parts")).by(&ann).send().await.is("list_parts", 409, "complete");
}

#[tokio::test]
async fn sign_parts_that_the_dataset_does_not_have() {
    let world = World::new();
    let ann = member("ann");
    let id = world.package(&ann, json!({ "name": "Flights" })).await;
    let body = json!({ "datasets": [{ "name": "all.parquet", "size": 65 * MIB }] });
    let answer = world.post(format!("/packages/{id}/datasets")).by(&ann).json(&body).send().await;
    let path = format!("/packages/{id}/datasets/{}/parts", answer.text("/results/0/dataset/id"));
    let parts = json!({ "parts": [
        { "number": 6, "size": MIB, "sha256": sha256(b"") },
        { "number": 1, "size": MIB, "sha256": "ABC" },
    ] });
    world.post(&path).by(&ann).json(&parts).send().await.is("sign_parts", 422, "by_place");
}

#[tokio::test]
async fn remove_dataset() {
    let world = World::new();
    let ann = member("ann");
    let id = world.package(&ann, json!({ "name": "Flights" })).await;
    let dataset = world.uploaded(&ann, &id, "a.csv", b"1").await;
    let path = format!("/packages/{id}/datasets/{dataset}");
    world.delete(&path).by(&ann).send().await.is("remove_dataset", 204, "");
    world.delete(&path).by(&ann).send().await.is("remove_dataset", 404, "again");
    world.get(&path).by(&ann).send().await.is("read_dataset", 200, "removed");
    let package = world.get(format!("/packages/{id}")).by(&ann).send().await;
    assert_eq!((&package.body["datasets"], &package.body["bytes"]), (&json!(0), &json!(0)));
}

#[tokio::test]
async fn restore_dataset() {
    let world = World::new();
    let ann = member("ann");
    let id = world.package(&ann, json!({ "name": "Flights" })).await;
    let dataset = world.uploaded(&ann, &id, "a.csv", b"1").await;
    let path = format!("/packages/{id}/datasets/{dataset}");
    world.delete(&path).by(&ann).send().await;
    world.later(seconds(60));
    world.post(format!("{path}/restore")).by(&ann).send().await.is("restore_dataset", 200, "");
    world.post(format!("{path}/restore")).by(&ann).send().await.is("restore_dataset", 409, "not_removed");
    let link = world.get(format!("{path}/download")).by(&ann).header("accept", "application/json").send().await;
    assert_eq!(world.fetch(&link.text("/url")).await, b"1");
    let package = world.get(format!("/packages/{id}")).by(&ann).send().await;
    assert_eq!((&package.body["datasets"], &package.body["bytes"], &package.body["revision"]), (&json!(1), &json!(1), &json!(4)));
    world.drain().await;
    let history = world.get(format!("/packages/{id}/history")).by(&ann).send().await;
    let told = history.items().iter().find(|entry| entry["action"] == "dataset.restore").expect("it is told");
    assert_eq!(told["changed"], json!(["state"]));
}

#[tokio::test]
async fn restore_dataset_that_was_replaced_removes_what_replaced_it() {
    let world = World::new();
    let ann = member("ann");
    let id = world.package(&ann, json!({ "name": "Flights" })).await;
    let first = world.uploaded(&ann, &id, "a.csv", b"old").await;
    let second = world.uploaded(&ann, &id, "a.csv", b"newer").await;
    world.later(seconds(60));
    let restore = |dataset: &str| world.post(format!("/packages/{id}/datasets/{dataset}/restore")).by(&ann);
    restore(&first).send().await.is("restore_dataset", 200, "that_was_replaced");
    world.get(format!("/packages/{id}/datasets")).by(&ann).send().await.is("list_datasets", 200, "after_a_restoration");
    world.get(format!("/packages/{id}/datasets/{second}")).by(&ann).send().await.is("read_dataset", 200, "replaced_by_a_restored_one");
    // And back again.
    assert_eq!(restore(&second).send().await.status, 200);
    let package = world.get(format!("/packages/{id}")).by(&ann).send().await;
    assert_eq!((&package.body["datasets"], &package.body["bytes"]), (&json!(1), &json!(5)));
}

#[tokio::test]
async fn restore_dataset_that_never_was_in_the_package() {
    let world = World::new();
    let ann = member("ann");
    let id = world.package(&ann, json!({ "name": "Flights" })).await;
    let (dataset, _) = world.registered(&ann, &id, "a.csv", b"1").await;
    let path = format!("/packages/{id}/datasets/{dataset}");
    world.post(format!("{path}/restore")).by(&ann).send().await.is("restore_dataset", 409, "pending");
    world.delete(&path).by(&ann).send().await;
    world.post(format!("{path}/restore")).by(&ann).send().await.is("restore_dataset", 409, "never_available");
}
