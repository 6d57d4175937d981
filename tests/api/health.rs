//! What is served without sign-in.

use datalake_tests_api::World;

#[tokio::test]
async fn health() {
    World::new().get("/healthz").send().await.is("health", 200, "");
}

#[tokio::test]
async fn openapi() {
    let world = World::new();
    let mut answer = world.get("/openapi.json").send().await;
    // The document is a checked-in file itself: here it only counts that it is served.
    let served = serde_json::to_value(world.document()).expect("JSON");
    assert!(answer.body == served, "the served document is the one that the code describes");
    let document = answer.body.as_object_mut().expect("an object");
    document.retain(|name, _| matches!(name.as_str(), "openapi" | "info"));
    answer.is("openapi", 200, "its_head");
}
