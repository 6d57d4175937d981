//! Defects of the predecessor, each as a test named after what went wrong there.

use datalake_tests_api::{World, sha256};
use serde_json::json;
use testkit::builders::member;

#[tokio::test]
async fn an_update_without_groups_wiped_them() {
    let world = World::new();
    let ann = member("ann");
    let id = world.package(&ann, json!({ "name": "Flights", "visibility": "groups", "groups": ["makers", "team"] })).await;
    for change in [json!({ "name": "Delays" }), json!({ "description": "x" }), json!({ "visibility": "groups" }), json!({})] {
        let answer = world.patch(format!("/packages/{id}")).by(&ann).json(&change).send().await;
        assert_eq!((answer.status.as_u16(), &answer.body["groups"]), (200, &json!(["makers", "team"])), "{change}");
    }
}

#[tokio::test]
async fn client_chosen_object_keys() {
    let world = World::new();
    let ann = member("ann");
    let id = world.package(&ann, json!({ "name": "Flights" })).await;
    for field in ["bucket", "key", "s3_bucket", "s3_key"] {
        let mut entry = json!({ "name": "a.csv", "size": 1, "sha256": sha256(b"1") });
        entry[field] = json!("another-package/secret.csv");
        let answer = world.post(format!("/packages/{id}/datasets")).by(&ann).json(&json!({ "datasets": [entry] })).send().await;
        assert_eq!(answer.status, 400, "{field}: {}", answer.body);
    }
    let (dataset, upload) = world.registered(&ann, &id, "../a.csv".trim_start_matches("../"), b"1").await;
    let url = upload["url"].as_str().expect("a URL");
    assert!(world.place(url).contains(&format!("/packages/{id}/{dataset}/")), "the product chooses: {url}");
}

#[tokio::test]
async fn script_in_descriptions_and_tags() {
    let world = World::new();
    let ann = member("ann");
    let script = "<script>alert(1)</script>";
    let body = json!({ "name": script, "description": script, "metadata": { "note": script } });
    let answer = world.post("/packages").by(&ann).json(&body).send().await;
    // Every call of these tests asserts `x-content-type-options: nosniff`; the text comes back as it is, as JSON.
    answer.is("create_package", 201, "of_script");
    assert_eq!(answer.header("content-type"), "application/json");
    world.drain().await;
    let found = world.get("/search?q=alert").by(&ann).send().await;
    assert_eq!(found.header("content-type"), "application/json");
    let pieces = found.body.pointer("/items/0/highlights/description/0").and_then(serde_json::Value::as_array).expect("pieces");
    assert_eq!(pieces.iter().filter_map(|piece| piece["text"].as_str()).collect::<String>(), script, "marked by pieces, not by markup");
}

#[tokio::test]
async fn metadata_was_readable_without_a_package_check() {
    let world = World::new();
    let ann = member("ann");
    let id = world.package(&ann, json!({ "name": "Flights", "metadata": { "secret": "value" } })).await;
    let paths = ["metadata", "metadata/versions", "metadata/versions/1", "history", "datapackage.json"]
        .map(|path| format!("/packages/{id}/{path}"));
    for path in &paths {
        assert_eq!(world.get(path).by(&member("eve")).send().await.status, 404, "{path} by a stranger");
        assert_eq!(world.get(path).by(&ann).send().await.status, 200, "{path} by its owner");
    }
    world.delete(format!("/packages/{id}")).by(&ann).send().await;
    for path in &paths {
        assert_eq!(world.get(path).by(&ann).send().await.status, 404, "{path} after the package was deleted");
    }
}

#[tokio::test]
async fn the_cart_handed_out_packages_that_its_owner_could_not_see() {
    let world = World::new();
    let (ann, bob) = (member("ann"), member("bob"));
    world.person(&bob, "Bob").await;
    let open = world.package(&bob, json!({ "name": "Own" })).await;
    let closing = world.package(&ann, json!({ "name": "Closing", "visibility": "everyone" })).await;
    world.uploaded(&ann, &closing, "secret.csv", b"secret").await;
    for package in [&open, &closing] {
        world.in_cart(&bob, package).await;
    }
    let checkout = world.post("/cart/checkout").by(&bob).json(&json!({ "format": "signed-url" })).send().await;
    // Between checkout and generation: the right is asked for again.
    world.patch(format!("/packages/{closing}")).by(&ann).json(&json!({ "visibility": "private" })).send().await;
    world.drain().await;
    let export = world.get(format!("/cart/exports/{}", checkout.text("/id"))).by(&bob).send().await;
    export.is("read_export", 200, "with_a_package_that_was_hidden");
    assert_eq!((&export.body["state"], &export.body["written"]["entries"]), (&json!("ready"), &json!(0)));
}

#[tokio::test]
async fn retries_that_doubled() {
    let world = World::new();
    let ann = member("ann");
    let create = || world.post("/packages").by(&ann).header("idempotency-key", "create").json(&json!({ "name": "Flights" })).send();
    let (first, second) = tokio::join!(create(), create());
    assert_eq!((first.status.as_u16(), second.status.as_u16()), (201, 201));
    assert_eq!((&first.body, first.header("location")), (&second.body, second.header("location")));
    let id = first.text("/id");
    let files = json!({ "datasets": [{ "name": "a.csv", "size": 1, "sha256": sha256(b"1") }, { "name": "b.csv", "size": 200 << 20 }] });
    let register = || world.post(format!("/packages/{id}/datasets")).by(&ann).header("idempotency-key", "register").json(&files).send();
    let (first, second) = tokio::join!(register(), register());
    for place in ["/results/0/dataset/id", "/results/1/dataset/id"] {
        assert_eq!(first.text(place), second.text(place));
    }
    assert_eq!(world.get(format!("/packages/{id}/datasets?state=pending")).by(&ann).send().await.items().len(), 2);

    world.in_cart(&ann, &id).await;
    let checkout =
        || world.post("/cart/checkout").by(&ann).header("idempotency-key", "checkout").json(&json!({ "format": "grant" })).send();
    let (first, second) = tokio::join!(checkout(), checkout());
    assert_eq!(first.text("/id"), second.text("/id"));
    assert_eq!(world.get("/cart/exports").by(&ann).send().await.items().len(), 1);
}

#[tokio::test]
async fn a_malformed_body_crashed_the_function() {
    let world = World::new();
    let ann = member("ann");
    let id = world.package(&ann, json!({ "name": "Flights" })).await;
    for body in [
        "",
        "null",
        "[]",
        "\"text\"",
        "{\"name\": 1}",
        "{\"nam",
        "\u{0}",
        "{\"name\": null, \"visibility\": {}}",
        "{\"metadata\": {\"a\": [[[[[]]]]]}}",
    ] {
        for (method, path) in
            [("POST", "/packages".to_owned()), ("PATCH", format!("/packages/{id}")), ("PATCH", format!("/packages/{id}/metadata"))]
        {
            let method = axum::http::Method::from_bytes(method.as_bytes()).expect("a method");
            let answer = world.call(method, &path).by(&ann).header("content-type", "application/json").bytes(body).send().await;
            assert!(matches!(answer.status.as_u16(), 400 | 422), "{path} {body}: {} {}", answer.status, answer.body);
        }
    }
    assert_eq!(world.get(format!("/packages/{id}")).by(&ann).send().await.body["name"], "Flights");
}
