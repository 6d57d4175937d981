//! `/cart/checkout` and `/cart/exports`.

use datalake_tests_api::{World, seconds};
use domain::Principal;
use serde_json::{Value, json};
use testkit::builders::{PrincipalExt as _, member, only_packages};

/// Ann, and her package with two files in her cart.
async fn ready() -> (World, Principal, String) {
    let world = World::new();
    let ann = member("ann");
    world.person(&ann, "Ann").await;
    let package = world.package(&ann, json!({ "name": "Flights" })).await;
    world.uploaded(&ann, &package, "2001/January.csv", b"1,20\n").await;
    world.uploaded(&ann, &package, "notes.txt", b"Delays in minutes").await;
    world.in_cart(&ann, &package).await;
    (world, ann, package)
}

/// What a manifest says, of the export's first package.
async fn manifest(world: &World, export: &Value) -> Value {
    let links = export["manifests"].as_array().expect("links of manifests");
    let link = links.iter().find(|link| link["package_id"].is_string()).expect("a package's manifest");
    serde_json::from_slice(&world.fetch(link["url"].as_str().expect("a URL")).await).expect("a manifest")
}

#[tokio::test]
async fn export_of_signed_urls() {
    let (world, ann, _) = ready().await;
    let checkout = world.post("/cart/checkout").by(&ann).json(&json!({ "format": "signed-url", "expires_in": 900 })).send().await;
    checkout.is("checkout", 202, "");
    let path = format!("/cart/exports/{}", checkout.text("/id"));
    world.get(&path).by(&ann).send().await.is("read_export", 200, "running");
    assert_eq!(world.get("/cart").by(&ann).send().await.items().len(), 1, "the cart keeps its items until the export is there");
    world.drain().await;
    let read = world.get(&path).by(&ann).send().await;
    read.is("read_export", 200, "ready");
    assert_eq!(world.get("/cart").by(&ann).send().await.items().len(), 0);
    let manifest = manifest(&world, &read.body).await;
    assert_eq!(manifest["entries"].as_array().map(Vec::len), Some(2));
    assert_eq!(world.fetch(manifest["entries"][0]["url"].as_str().expect("a URL")).await, b"1,20\n");
    world.get("/cart/exports").by(&ann).send().await.is("list_exports", 200, "");
    world.get(&path).by(&member("eve")).send().await.is("read_export", 404, "of_another");

    world.post(format!("{path}/retry")).by(&ann).send().await.is("retry_export", 409, "not_failed");
    world.later(seconds(60));
    world.delete(&path).by(&ann).send().await.is("revoke_export", 200, "with_urls_that_still_live");
    world.get(&path).by(&ann).send().await.is("read_export", 200, "revoked");
    world.drain().await;
    assert!(world.keys().await.iter().all(|key| !key.starts_with("exports/")), "manifests go with the export");
}

#[tokio::test]
async fn export_of_buckets_and_keys() {
    let (world, ann, _) = ready().await;
    let body = json!({ "format": "bucket-key", "paths": ["**/*.csv"] });
    let checkout = world.post("/cart/checkout").by(&ann).json(&body).send().await;
    checkout.is("checkout", 202, "of_some_paths");
    world.drain().await;
    let read = world.get(format!("/cart/exports/{}", checkout.text("/id"))).by(&ann).send().await;
    read.is("read_export", 200, "of_buckets_and_keys");
    let manifest = manifest(&world, &read.body).await;
    assert_eq!(manifest["entries"].as_array().map(Vec::len), Some(1));
    assert_eq!(manifest["entries"][0]["name"], "2001/January.csv");
    assert!(manifest["entries"][0]["bucket"].is_string() && manifest["entries"][0]["key"].is_string());
    assert!(manifest["entries"][0].get("url").is_none(), "bucket and key are no permission");
}

#[tokio::test]
async fn export_of_grant_links() {
    let (world, ann, _) = ready().await;
    let id = world.exported(&ann, "grant").await;
    let path = format!("/cart/exports/{id}");
    world.get(&path).by(&ann).send().await.is("read_export", 200, "of_grant_links");
    world.delete(&path).by(&ann).send().await.is("revoke_export", 200, "with_nothing_that_lives_on");
}

#[tokio::test]
async fn checkout_by_a_narrowed_key_leaves_the_other_packages_out() {
    let (world, ann, _) = ready().await;
    let other = world.package(&ann, json!({ "name": "Trains" })).await;
    world.in_cart(&ann, &other).await;
    let mut scope = only_packages(&[]);
    scope.packages = Some([other.parse().expect("an id")].into());
    let checkout = world.post("/cart/checkout").json(&json!({ "format": "signed-url" })).signed_by(&ann.with_key(scope)).send().await;
    checkout.is("checkout", 202, "by_a_narrowed_key");
}

#[tokio::test]
async fn a_narrowed_key_changes_only_what_is_made_of_its_packages() {
    let (world, ann, package) = ready().await;
    let other = world.package(&ann, json!({ "name": "Trains" })).await;
    let narrowed = |id: &str| {
        let mut scope = only_packages(&[]);
        scope.packages = Some([id.parse().expect("an id")].into());
        ann.clone().with_key(scope)
    };
    let small = world.exported(&ann, "grant").await;
    for id in [&package, &other] {
        world.in_cart(&ann, id).await;
    }
    let wide = world.exported(&ann, "grant").await;
    let path = |id: &str| format!("/cart/exports/{id}");
    world.delete(path(&wide)).signed_by(&narrowed(&package)).send().await.is("revoke_export", 403, "by_a_narrowed_key");
    let retry = world.post(format!("{}/retry", path(&wide))).signed_by(&narrowed(&package)).send().await;
    retry.is("retry_export", 403, "by_a_narrowed_key");
    assert_eq!(world.get(path(&wide)).by(&ann).send().await.body["state"], "ready");
    assert_eq!(world.delete(path(&small)).signed_by(&narrowed(&package)).send().await.status, 200, "its own it may take back");

    for id in [&package, &other] {
        world.in_cart(&ann, id).await;
    }
    world.delete("/cart").signed_by(&narrowed(&package)).send().await.is("empty_cart", 403, "by_a_narrowed_key");
    let cart = world.get("/cart").by(&ann).send().await;
    let item = |id: &str| {
        let found = cart.items().iter().find(|item| item["package_id"] == id).and_then(|item| item["id"].as_str());
        format!("/cart/items/{}", found.expect("an item"))
    };
    let others = world.delete(item(&other)).signed_by(&narrowed(&package)).send().await;
    others.is("remove_cart_item", 403, "by_a_narrowed_key");
    assert_eq!(world.delete(item(&package)).signed_by(&narrowed(&package)).send().await.status, 204);
    assert_eq!(world.delete("/cart").signed_by(&narrowed(&other)).send().await.status, 204);
}

#[tokio::test]
async fn export_that_failed_can_be_tried_again() {
    let (world, ann, _) = ready().await;
    let checkout = world.post("/cart/checkout").by(&ann).json(&json!({ "format": "signed-url" })).send().await;
    let mut record = world.store().stored_principal(&ann.user_id).await.expect("a row").expect("Ann");
    let before = record.clone();
    record.record.enabled = false;
    let writes = world.store().put_principal(&record.record, Some(&before), None).expect("rows");
    domain::ports::Tables::transact(&*world.tables(), writes).await.expect("disabled");
    world.drain().await;
    let path = format!("/cart/exports/{}", checkout.text("/id"));
    world.get(&path).by(&ann).send().await.is("read_export", 200, "failed");
    world.person(&ann, "Ann").await;
    world.post(format!("{path}/retry")).by(&ann).send().await.is("retry_export", 202, "");
    world.drain().await;
    assert_eq!(world.get(&path).by(&ann).send().await.body["state"], "ready");
}

#[tokio::test]
async fn checkout_that_breaks_rules_names_each_place() {
    let (world, ann, _) = ready().await;
    let body = json!({ "format": "grant", "items": ["x"], "paths": ["[a"], "expires_in": 1 });
    world.post("/cart/checkout").by(&ann).json(&body).send().await.is("checkout", 422, "by_place");
    let absent = json!({ "format": "grant", "items": [domain::ItemId::new(testkit::builders::ulid(999)).to_string()] });
    world.post("/cart/checkout").by(&ann).json(&absent).send().await.is("checkout", 422, "not_in_the_cart");
    let body = json!({ "format": "signed-url", "expires_in": 86_400 });
    world.post("/cart/checkout").by(&ann).json(&body).send().await.is("checkout", 422, "a_signed_url_lives_an_hour_at_most");
}

#[tokio::test]
async fn checkout_of_packages_that_were_all_hidden() {
    let world = World::new();
    let (ann, bob) = (member("ann"), member("bob"));
    let package = world.package(&ann, json!({ "name": "Flights", "visibility": "everyone" })).await;
    world.in_cart(&bob, &package).await;
    world.patch(format!("/packages/{package}")).by(&ann).json(&json!({ "visibility": "private" })).send().await;
    world.post("/cart/checkout").by(&bob).json(&json!({ "format": "grant" })).send().await.is("checkout", 409, "nothing_visible");
}
