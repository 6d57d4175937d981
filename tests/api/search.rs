//! `/search`.

use datalake_tests_api::{World, seconds};
use domain::{
    Principal,
    governance::{TagRule, TagType},
};
use serde_json::json;
use testkit::builders::{PrincipalExt as _, member};

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
