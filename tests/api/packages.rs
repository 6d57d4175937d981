//! `/packages` and `/packages/{id}`.

use datalake_tests_api::{World, seconds};
use serde_json::json;
use testkit::builders::{PrincipalExt as _, admin, dataset, dataset_id, member, read_only};

#[tokio::test]
async fn create_package() {
    let world = World::new();
    let body =
        json!({ "name": "Flights", "description": "# Delays", "visibility": "groups", "groups": ["team"], "metadata": { "year": "2001" } });
    let answer = world.post("/packages").by(&member("ann")).json(&body).send().await;
    answer.is("create_package", 201, "");
    let read = world.get(format!("/packages/{}", answer.text("/id"))).by(&admin("root")).send().await;
    read.is("read_package", 200, "by_an_admin");
}

#[tokio::test]
async fn create_package_of_a_frictionless_descriptor() {
    let world = World::new();
    let descriptor = json!({
        "$schema": "https://datapackage.org/profiles/2.0/datapackage.json",
        "name": "gdp",
        "title": "Gross domestic product",
        "description": "By country and year.",
        "licenses": [{ "name": "CC0-1.0", "path": "https://creativecommons.org/publicdomain/zero/1.0/" }],
        "keywords": ["money", "world"],
        "contributors": [{ "title": "Ada Lovelace", "roles": ["author"] }],
        "sources": [{ "title": "World Bank", "path": "https://data.worldbank.org" }],
        "version": "2.1.0",
        "resources": [{ "name": "gdp", "path": "gdp.csv" }],
    });
    world.post("/packages").by(&member("ann")).json(&descriptor).send().await.is("create_package", 201, "frictionless_descriptor");
}

#[tokio::test]
async fn create_package_that_breaks_rules_names_each_place() {
    let world = World::new();
    let body = json!({ "name": "", "visibility": "groups", "groups": ["no/group"], "metadata": { "": "nameless" } });
    world.post("/packages").by(&member("ann")).json(&body).send().await.is("create_package", 422, "several_rules_broken");
}

#[tokio::test]
async fn read_package_tells_each_caller_what_may_be_done() {
    let world = World::new();
    let ann = member("ann");
    let id = world.package(&ann, json!({ "name": "Flights", "visibility": "groups", "groups": ["team"] })).await;
    let path = format!("/packages/{id}");
    world.get(&path).by(&ann).send().await.is("read_package", 200, "by_its_owner");
    world.get(&path).by(&member("bob").in_groups(&["team"])).send().await.is("read_package", 200, "by_a_group_member");
    world.get(&path).by(&ann.with_key(read_only())).send().await.is("read_package", 200, "by_its_owner_with_a_reading_key");
    world.get(&path).by(&member("eve")).send().await.is("read_package", 404, "hidden");
}

#[tokio::test]
async fn list_packages() {
    let world = World::new();
    let ann = member("ann");
    for name in ["First", "Second", "Third"] {
        world.package(&ann, json!({ "name": name })).await;
        world.later(seconds(60));
    }
    world.package(&member("bob"), json!({ "name": "Another's" })).await;
    let page = world.get("/packages?limit=2").by(&ann).send().await;
    page.is("list_packages", 200, "first_page");
    let next = world.get(format!("/packages?limit=2&cursor={}", page.text("/next_cursor"))).by(&ann).send().await;
    next.is("list_packages", 200, "last_page");
    world.get("/packages?owner=bob").by(&admin("root")).send().await.is("list_packages", 200, "of_another_by_an_admin");
    world.get("/packages?owner=bob").by(&ann).send().await.is("list_packages", 403, "of_another");
    world.get("/packages").by(&member("eve")).send().await.is("list_packages", 200, "none");
}

#[tokio::test]
async fn change_package_leaves_what_it_does_not_name() {
    let world = World::new();
    let ann = member("ann");
    let id = world.package(&ann, json!({ "name": "Flights", "visibility": "groups", "groups": ["team"] })).await;
    world.later(seconds(60));
    let changed = world.patch(format!("/packages/{id}")).by(&ann).header("if-match", "\"1\"").json(&json!({ "description": "Delays" }));
    changed.send().await.is("change_package", 200, "");
    let opened = world.patch(format!("/packages/{id}")).by(&ann).json(&json!({ "visibility": "everyone" })).send().await;
    opened.is("change_package", 200, "opened_to_everyone");
    let by_another = world.patch(format!("/packages/{id}")).by(&member("bob")).json(&json!({ "name": "Mine" })).send().await;
    by_another.is("change_package", 403, "by_a_reader");
}

#[tokio::test]
async fn delete_package() {
    let world = World::new();
    let ann = member("ann");
    let id = world.package(&ann, json!({ "name": "Flights" })).await;
    world.delete(format!("/packages/{id}")).by(&ann).header("if-match", "\"1\"").send().await.is("delete_package", 204, "");
    world.get(format!("/packages/{id}")).by(&ann).send().await.is("read_package", 404, "deleted");
    world.delete(format!("/packages/{id}")).by(&ann).send().await.is("delete_package", 404, "deleted");
}

#[tokio::test]
async fn restore_package() {
    let world = World::new();
    let ann = member("ann");
    let body = json!({ "name": "Flights", "visibility": "groups", "groups": ["team"], "metadata": { "year": "2001" } });
    let id = world.package(&ann, body).await;
    let dataset = world.uploaded(&ann, &id, "a.csv", b"1").await;
    let path = format!("/packages/{id}/restore");
    world.post(&path).by(&ann).send().await.is("restore_package", 409, "");
    world.delete(format!("/packages/{id}")).by(&ann).send().await;
    world.drain().await;
    let bob = member("bob").in_groups(&["team"]);
    assert_eq!(world.get("/search").by(&bob).send().await.items().len(), 0);
    world.later(seconds(60));
    world.post(&path).by(&bob).send().await.is("restore_package", 404, "of_another");
    world.post(&path).by(&ann).send().await.is("restore_package", 200, "");
    world.drain().await;
    assert_eq!(world.get("/search").by(&bob).send().await.items().len(), 1, "its group finds it again");
    let link = world.get(format!("/packages/{id}/datasets/{dataset}/download")).by(&bob).header("accept", "application/json").send().await;
    assert_eq!(world.fetch(&link.text("/url")).await, b"1");
    let history = world.get(format!("/packages/{id}/history")).by(&bob).send().await;
    let actions: Vec<&str> = history.items().iter().filter_map(|entry| entry["action"].as_str()).take(2).collect();
    assert_eq!(actions, ["package.restore", "package.delete"]);
    world.post(&path).by(&bob).send().await.is("restore_package", 403, "by_a_reader");
}

#[tokio::test]
async fn list_packages_that_were_deleted() {
    let world = World::new();
    let ann = member("ann");
    let mut ids = Vec::new();
    for name in ["First", "Second", "Third"] {
        ids.push(world.package(&ann, json!({ "name": name })).await);
        world.later(seconds(60));
    }
    for id in &ids[..2] {
        world.delete(format!("/packages/{id}")).by(&ann).send().await;
        world.later(seconds(60));
    }
    let of_another = world.package(&member("bob"), json!({ "name": "Another's" })).await;
    world.delete(format!("/packages/{of_another}")).by(&member("bob")).send().await;
    world.get("/packages?state=deleted").by(&ann).send().await.is("list_packages", 200, "deleted");
    world.get("/packages?state=deleted&owner=ann").by(&admin("root")).send().await.is("list_packages", 200, "deleted_by_an_admin");
    world.get("/packages?state=deleted&owner=bob").by(&ann).send().await.is("list_packages", 403, "deleted_of_another");
    world.get("/packages?state=lost").by(&ann).send().await.is("list_packages", 400, "unknown_state");
    assert_eq!(world.get("/packages").by(&ann).send().await.items().len(), 1);
}

#[tokio::test]
async fn transfer_package() {
    let world = World::new();
    let (ann, bob) = (member("ann"), member("bob"));
    world.person(&bob, "Bob").await;
    let id = world.package(&ann, json!({ "name": "Flights" })).await;
    let path = format!("/packages/{id}/owner");
    world.put(&path).by(&ann).json(&json!({ "owner": "bob" })).send().await.is("transfer_package", 200, "");
    world.get(format!("/packages/{id}")).by(&ann).send().await.is("read_package", 404, "handed_over");
    world.put(&path).by(&bob).json(&json!({ "owner": "nobody" })).send().await.is("transfer_package", 422, "to_nobody");
}

#[tokio::test]
async fn read_datapackage() {
    let world = World::new();
    let ann = member("ann");
    let body =
        json!({ "name": "Flights of 2001", "description": "Delays", "metadata": { "license": "CC0-1.0", "keywords": "air, delay" } });
    let id = world.package(&ann, body).await;
    world.uploaded(&ann, &id, "2001/January.csv", b"day,delay\n1,20\n").await;
    world.get(format!("/packages/{id}/datapackage.json")).by(&ann).send().await.is("read_datapackage", 200, "");
}

#[tokio::test]
async fn read_datapackage_that_is_too_large_for_an_answer() {
    let world = World::new();
    let ann = member("ann");
    let id = world.package(&ann, json!({ "name": "Large" })).await;
    let package_id = id.parse().expect("the package's id");
    let folder = vec!["a".repeat(200); 4].join("/");
    let mut writes = Vec::new();
    for number in 0..3_300 {
        let file =
            domain::dataset::Dataset { package_id, id: dataset_id(number), ..dataset(1, number, &format!("{folder}/{number:05}.csv")) };
        writes.push(world.store().put_path(&file, None).expect("a row"));
    }
    for chunk in writes.chunks(100) {
        domain::ports::Tables::transact(&*world.tables(), chunk.to_vec()).await.expect("rows");
    }
    let answer = world.get(format!("/packages/{id}/datapackage.json")).by(&ann).send().await;
    answer.is("read_datapackage", 302, "");
    let document: serde_json::Value = serde_json::from_slice(&world.fetch(answer.header("location")).await).expect("JSON");
    assert_eq!(document["resources"].as_array().map(Vec::len), Some(3_300));
}

#[tokio::test]
async fn list_history() {
    let world = World::new();
    let ann = member("ann");
    let id = world.package(&ann, json!({ "name": "Flights" })).await;
    world.later(seconds(60));
    world.patch(format!("/packages/{id}")).by(&ann).json(&json!({ "visibility": "everyone", "description": "Delays" })).send().await;
    world.later(seconds(60));
    world.uploaded(&ann, &id, "a.csv", b"1").await;
    world.later(seconds(60));
    // What was refused is for auditors only.
    world.delete(format!("/packages/{id}")).by(&member("eve")).send().await;
    world.drain().await;
    world.get(format!("/packages/{id}/history")).by(&member("bob")).send().await.is("list_history", 200, "");
}
