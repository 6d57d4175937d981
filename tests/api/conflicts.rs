//! What clashes with what is there: 409, one test a kind.

use datalake_tests_api::World;
use domain::cart::ITEMS_PER_CART;
use serde_json::json;
use testkit::builders::{api_key, cart_item, member};

use crate::known::Known;

#[tokio::test]
async fn idempotency_keys_that_are_used_for_another_request() {
    let known = Known::new().await;
    let datasets = format!("/packages/{}/datasets", known.package);
    let imports = format!("/packages/{}/imports", known.package);
    let file = |name: &str| json!({ "datasets": [{ "name": name, "size": 0, "sha256": datalake_tests_api::sha256(b"") }] });
    for (operation, path, first, second) in [
        ("create_package", "/packages", json!({ "name": "Trains" }), json!({ "name": "Ships" })),
        ("register_datasets", datasets.as_str(), file("a"), file("b")),
        ("start_import", imports.as_str(), json!({ "entries": [] }), json!({ "entries": [1] })),
        ("checkout", "/cart/checkout", json!({ "format": "grant" }), json!({ "format": "bucket-key" })),
    ] {
        let send = |body| known.world.post(path).by(&known.ann).header("idempotency-key", "mine").json(body);
        let made = send(&first).send().await;
        assert!(made.status.is_success(), "{}", made.body);
        send(&second).send().await.is(operation, 409, "idempotency_key_reused");
    }
}

#[tokio::test]
async fn a_cart_that_is_full() {
    let world = World::new();
    let ann = member("ann");
    let package = world.package(&ann, json!({ "name": "Flights" })).await;
    let stamp = world.core().stamp(&world.caller(&ann), domain::access::Action::CartAdd, &[]);
    for number in 0..u64::try_from(ITEMS_PER_CART).expect("a number") {
        world.store().add_cart_item(&cart_item(10_000 + number, "ann", 10_000 + number), &stamp).await.expect("an item");
    }
    let answer = world.post("/cart/items").by(&ann).json(&json!({ "package_id": package })).send().await;
    answer.is("add_cart_item", 409, "cart_full");
}

#[tokio::test]
async fn a_cart_that_is_empty() {
    let answer = World::new().post("/cart/checkout").by(&member("ann")).json(&json!({ "format": "grant" })).send().await;
    answer.is("checkout", 409, "cart_empty");
}

#[tokio::test]
async fn a_dataset_that_is_no_upload_in_parts() {
    let known = Known::new().await;
    let path = format!("/packages/{}/datasets/{}/parts", known.package, known.dataset);
    let part = json!({ "parts": [{ "number": 1, "size": 1, "sha256": datalake_tests_api::sha256(b"1") }] });
    known.world.post(&path).by(&known.ann).json(&part).send().await.is("sign_parts", 409, "not_uploading");
    known.world.get(&path).by(&known.ann).send().await.is("list_parts", 409, "not_uploading");
}

#[tokio::test]
async fn an_api_key_that_is_inactive_gets_no_secret() {
    let world = World::new();
    let key = domain::api_key::ApiKey { active: false, ..api_key(7, "ann") };
    world.granted(&key).await;
    let answer = world.post(format!("/profile/api-keys/{}/secret", key.access_key_id)).by(&member("ann")).send().await;
    answer.is("rotate_api_key", 409, "inactive");
}
