//! `/search`.

use datalake_tests_api::{World, seconds};
use domain::{
    Principal,
    governance::{TagRule, TagType},
};
use serde_json::json;
use testkit::builders::{PrincipalExt as _, admin, member, package_id};

/// Four packages of two people; Bob sees three of them.
async fn filled() -> (World, Principal, Principal) {
    let world = World::new();
    let levels = TagType::Enum { values: vec!["open".to_owned(), "internal".to_owned()] };
    let rule = TagRule {
        id: "level".to_owned(),
        tag: "level".to_owned(),
        required: false,
        tag_type: levels,
        limits: domain::governance::Limits::default(),
        description: String::new(),
    };
    world.store().save_tag_rule(&rule).await.expect("a rule");
    let (ann, bob) = (member("ann"), member("bob").in_groups(&["team"]));
    let packages = [
        (
            &ann,
            json!({ "name": "Flights", "description": "Delayed flights <b>by day</b>", "visibility": "everyone", "metadata": { "level": "open", "year": "2001" } }),
        ),
        (&ann, json!({ "name": "Flight crews", "visibility": "groups", "groups": ["team"], "metadata": { "level": "internal" } })),
        (&ann, json!({ "name": "Secret flights", "visibility": "private" })),
        (&bob, json!({ "name": "Trains", "description": "Never flying", "metadata": { "level": "open" } })),
    ];
    for (owner, body) in packages {
        let id = world.package(owner, body).await;
        world.uploaded(owner, &id, "2001/data.csv", b"day,delay\n").await;
        world.later(seconds(60));
    }
    world.drain().await;
    (world, ann, bob)
}

#[tokio::test]
async fn search_finds_only_what_the_caller_sees() {
    let (world, ann, bob) = filled().await;
    world.get("/search?q=flights").by(&bob).send().await.is("search", 200, "by_a_group_member");
    let names = |answer: &datalake_tests_api::Answer| {
        answer.items().iter().map(|hit| hit["name"].as_str().unwrap_or_default().to_owned()).collect::<Vec<_>>()
    };
    assert!(names(&world.get("/search?q=secret").by(&ann).send().await).contains(&"Secret flights".to_owned()));
    let stranger = world.get("/search?q=secret").by(&member("eve")).send().await;
    stranger.is("search", 200, "nothing_found");
}

#[tokio::test]
async fn search_by_filters_in_an_order() {
    let (world, _, bob) = filled().await;
    let answer = world.get("/search?filter=level%3Dopen&filter=format%3Dcsv&sort=name").by(&bob).send().await;
    answer.is("search", 200, "filtered_by_facets");
    let page = world.get("/search?sort=created&limit=2").by(&bob).send().await;
    page.is("search", 200, "first_page");
    let next = world.get(format!("/search?sort=created&limit=2&cursor={}", page.text("/next_cursor"))).by(&bob).send().await;
    next.is("search", 200, "last_page");
}

#[tokio::test]
async fn queries_that_can_not_be_read_name_the_place() {
    let (world, _, bob) = filled().await;
    world.get("/search?q=flights%20AND%20(delay").by(&bob).send().await.is("search", 400, "bad_query");
    world.get("/search?filter=colour%3Dred").by(&bob).send().await.is("search", 400, "unknown_filter");
    world.get("/search?sort=colour").by(&bob).send().await.is("search", 400, "unknown_order");
}

#[tokio::test]
async fn suggest_from_what_the_caller_sees() {
    let (world, _, bob) = filled().await;
    world.get("/search/suggest?q=fli").by(&bob).send().await.is("suggest", 200, "");
    world.get("/search/suggest?q=secr").by(&bob).send().await.is("suggest", 200, "nothing_visible");
}

#[tokio::test]
async fn search_stats_of_what_the_caller_sees() {
    let (world, _, bob) = filled().await;
    world.get("/search/stats").by(&bob).send().await.is("search_stats", 200, "");
}

/// The names that a search finds, in its order.
async fn found(world: &World, caller: &Principal, query: &str) -> Vec<String> {
    let answer = world.get(format!("/search?sort=name&q={query}")).by(caller).send().await;
    answer.items().iter().map(|hit| hit["name"].as_str().unwrap_or_default().to_owned()).collect()
}

#[tokio::test]
async fn unindex_package_and_index_package_again() {
    let (world, ann, _) = filled().await;
    let root = admin("root");
    let hit = world.get("/search?q=secret").by(&ann).send().await;
    let path = format!("/search/index/{}", hit.text("/items/0/id"));
    world.delete(&path).by(&root).send().await.is("unindex_package", 204, "");
    world.drain().await;
    assert!(found(&world, &ann, "secret").await.is_empty());
    assert_eq!(world.get(path.replace("/search/index/", "/packages/")).by(&ann).send().await.status, 200, "the package stays");
    world.put(&path).by(&root).send().await.is("index_package", 204, "");
    world.drain().await;
    assert_eq!(found(&world, &ann, "secret").await, ["Secret flights"]);
}

#[tokio::test]
async fn index_package_that_was_deleted() {
    let (world, ann, _) = filled().await;
    let root = admin("root");
    let id = world.get("/search?q=secret").by(&ann).send().await.text("/items/0/id");
    assert_eq!(world.delete(format!("/packages/{id}")).by(&ann).send().await.status, 204);
    world.put(format!("/search/index/{id}")).by(&root).send().await.is("index_package", 404, "deleted");
    // That it is still in the index would be a reason to ask for this.
    assert_eq!(world.delete(format!("/search/index/{id}")).by(&root).send().await.status, 204);
    world.drain().await;
    assert!(found(&world, &ann, "secret").await.is_empty());
}

#[tokio::test]
async fn unindex_package_that_only_the_index_knows() {
    let (world, ann, _) = filled().await;
    let root = admin("root");
    let path = format!("/search/index/{}", package_id(999));
    world.delete(&path).by(&root).send().await.is("unindex_package", 404, "unknown");
    let id = world.get("/search?q=secret").by(&ann).send().await.text("/items/0/id");
    // As if the feed had never told that it is gone.
    let key = domain::ports::Key::new(&id, "package");
    let gone = domain::ports::Write::Delete { table: domain::ports::Table::Packages, key, condition: None };
    world.tables().write(gone).await.expect("a row that is gone");
    assert_eq!(world.delete(format!("/search/index/{id}")).by(&root).send().await.status, 204);
    world.drain().await;
    assert!(found(&world, &ann, "secret").await.is_empty());
}

#[tokio::test]
async fn reindex_while_searches_are_answered() {
    let (world, ann, _) = filled().await;
    let root = admin("root");
    world.get("/search/reindex").by(&root).send().await.is("read_reindex", 404, "");
    let before = found(&world, &ann, "flight*").await;
    let started = world.post("/search/reindex").by(&root).header("idempotency-key", "anew").send().await;
    started.is("start_reindex", 202, "");
    assert_eq!(started.header("location"), "/search/reindex");
    world.post("/search/reindex").by(&root).send().await.is("start_reindex", 409, "running");
    assert_eq!(found(&world, &ann, "flight*").await, before);
    world.package(&ann, json!({ "name": "Flights of late" })).await;
    world.drain().await;
    let done = world.get("/search/reindex").by(&root).send().await;
    done.is("read_reindex", 200, "done");
    assert_eq!(found(&world, &ann, "flight*").await.len(), before.len() + 1);
    let again = world.post("/search/reindex").by(&root).header("idempotency-key", "anew").send().await;
    assert_eq!((again.status.as_u16(), &again.body), (202, &done.body), "a repeat begins no other rebuild");
    let bad = world.post("/search/reindex").by(&root).header("idempotency-key", "x".repeat(129)).send().await;
    bad.is("start_reindex", 400, "bad_idempotency_key");
    world.get("/search/reindex").by(&ann).send().await.is("read_reindex", 403, "of_a_member");
}
