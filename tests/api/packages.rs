//! `/packages` and `/packages/{id}`.

use axum::http::Method;
use datalake_tests_api::World;
use serde_json::json;
use testkit::builders::{admin, member};

#[tokio::test]
async fn create_package() {
    let world = World::new();
    let body = json!({ "name": "Flights", "description": "# Delays", "visibility": "groups", "groups": ["team"], "metadata": { "year": "2001" } });
    let answer = world.call(Method::POST, "/packages").by(&member("ann")).json(&body).send().await;
    answer.is("create_package", 201, "");
    let id = answer.body["id"].as_str().expect("an id").to_owned();
    let read = world.call(Method::GET, format!("/packages/{id}")).by(&admin("root")).send().await;
    read.is("read_package", 200, "");
}
