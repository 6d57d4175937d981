//! `/cart` and `/cart/items`.

use datalake_tests_api::{World, seconds};
use serde_json::json;
use testkit::builders::member;

#[tokio::test]
async fn cart() {
    let world = World::new();
    let (ann, bob) = (member("ann"), member("bob"));
    let flights = world.package(&ann, json!({ "name": "Flights", "visibility": "everyone" })).await;
    let trains = world.package(&bob, json!({ "name": "Trains" })).await;
    world.uploaded(&ann, &flights, "a.csv", b"12345").await;
    let add = |id: &str| world.post("/cart/items").by(&bob).json(&json!({ "package_id": id }));
    let added = add(&flights).send().await;
    added.is("add_cart_item", 201, "");
    add(&flights).send().await.is("add_cart_item", 200, "again");
    world.later(seconds(60));
    add(&trains).send().await.is("add_cart_item", 201, "second");
    world.get("/cart").by(&bob).send().await.is("read_cart", 200, "");
    let item = format!("/cart/items/{}", added.text("/id"));
    world.get(&item).by(&bob).send().await.is("read_cart_item", 200, "");
    world.get(&item).by(&ann).send().await.is("read_cart_item", 404, "of_another");

    let hidden = world.patch(format!("/packages/{flights}")).by(&ann).json(&json!({ "visibility": "private" })).send().await;
    assert_eq!(hidden.status, 200);
    world.get("/cart?limit=1").by(&bob).send().await.is("read_cart", 200, "with_a_package_that_was_hidden");
    world.delete(&item).by(&bob).send().await.is("remove_cart_item", 204, "");
    world.delete("/cart").by(&bob).send().await.is("empty_cart", 204, "");
    world.get("/cart").by(&bob).send().await.is("read_cart", 200, "empty");
    world.delete("/cart").by(&bob).send().await.is("empty_cart", 204, "already_empty");
}

#[tokio::test]
async fn a_package_that_the_caller_does_not_see_gets_into_no_cart() {
    let world = World::new();
    let id = world.package(&member("ann"), json!({ "name": "Secret" })).await;
    let answer = world.post("/cart/items").by(&member("bob")).json(&json!({ "package_id": id })).send().await;
    answer.is("add_cart_item", 404, "hidden_package");
    assert_eq!(world.get("/cart").by(&member("bob")).send().await.items().len(), 0);
}

#[tokio::test]
async fn a_package_that_is_added_twice_at_once_is_one_item() {
    let world = World::new();
    let ann = member("ann");
    let id = world.package(&ann, json!({ "name": "Flights" })).await;
    let body = json!({ "package_id": id });
    let add = || world.post("/cart/items").by(&ann).json(&body).send();
    let (first, second) = tokio::join!(add(), add());
    let mut statuses = [first.status.as_u16(), second.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!((statuses, &first.body), ([200, 201], &second.body));
    assert_eq!(world.get("/cart").by(&ann).send().await.items().len(), 1);
}
