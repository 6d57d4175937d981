//! `/packages/{id}/metadata`.

use datalake_tests_api::{World, seconds};
use domain::governance::{Limits, TagRule, TagType};
use serde_json::json;
use testkit::builders::{admin, member};

#[tokio::test]
async fn metadata_in_versions() {
    let world = World::new();
    let ann = member("ann");
    let id = world.package(&ann, json!({ "name": "Flights", "metadata": { "year": "2001", "source": "BTS" } })).await;
    let path = format!("/packages/{id}/metadata");
    world.get(&path).by(&ann).send().await.is("read_metadata", 200, "");

    world.later(seconds(60));
    let replaced = world.put(&path).by(&ann).header("if-match", "\"1\"").json(&json!({ "tags": { "year": "2002" } })).send().await;
    replaced.is("replace_metadata", 200, "");
    world.later(seconds(60));
    let merge = json!({ "tags": { "year": null, "Überschrift": "Flüge ✈" } });
    world.patch(&path).by(&ann).json(&merge).send().await.is("merge_metadata", 200, "");
    let unchanged = world.patch(&path).by(&ann).json(&json!({ "tags": { "absent": null } })).send().await;
    unchanged.is("merge_metadata", 200, "nothing_changed");

    let page = world.get(format!("{path}/versions?limit=2")).by(&ann).send().await;
    page.is("list_metadata_versions", 200, "first_page");
    let next = world.get(format!("{path}/versions?limit=2&cursor={}", page.text("/next_cursor"))).by(&ann).send().await;
    next.is("list_metadata_versions", 200, "last_page");
    world.get(format!("{path}/versions/1")).by(&ann).send().await.is("read_metadata_version", 200, "");
    world.get(format!("{path}/versions/4")).by(&ann).send().await.is("read_metadata_version", 404, "not_yet_written");
    world.get(format!("{path}/versions/first")).by(&ann).send().await.is("read_metadata_version", 400, "no_number");
}

#[tokio::test]
async fn metadata_that_was_changed_meanwhile() {
    let world = World::new();
    let ann = member("ann");
    let id = world.package(&ann, json!({ "name": "Flights" })).await;
    let path = format!("/packages/{id}/metadata");
    world.patch(&path).by(&ann).json(&json!({ "tags": { "year": "2001" } })).send().await.is("merge_metadata", 200, "first_tag");
    let replace = |etag: &'static str| world.put(&path).by(&ann).header("if-match", etag).json(&json!({ "tags": {} }));
    replace("\"1\"").send().await.is("replace_metadata", 412, "changed_meanwhile");
    replace("2").send().await.is("replace_metadata", 400, "etag_without_quotes");
    replace("\"2\"").send().await.is("replace_metadata", 200, "with_the_new_etag");
}

#[tokio::test]
async fn governed_tags_are_held_at_every_change() {
    let world = World::new();
    let ann = member("ann");
    let rule = |tag: &str, required, tag_type| TagRule {
        id: tag.to_owned(),
        tag: tag.to_owned(),
        required,
        tag_type,
        limits: Limits::default(),
        description: String::new(),
    };
    let levels = TagType::Enum { values: vec!["open".to_owned(), "internal".to_owned()] };
    for rule in [rule("level", true, levels), rule("year", false, TagType::Number)] {
        world.store().save_tag_rule(&rule).await.expect("a rule");
    }
    let without = world.post("/packages").by(&ann).json(&json!({ "name": "Flights" })).send().await;
    without.is("create_package", 422, "required_tag_missing");
    let id = world.package(&ann, json!({ "name": "Flights", "metadata": { "level": "open" } })).await;
    let wrong = json!({ "tags": { "level": "secret", "year": "last" } });
    world.patch(format!("/packages/{id}/metadata")).by(&ann).json(&wrong).send().await.is("merge_metadata", 422, "governed_tags");
    let replaced =
        world.put(format!("/packages/{id}/metadata")).by(&ann).header("if-match", "\"1\"").json(&json!({ "tags": {} })).send().await;
    replaced.is("replace_metadata", 422, "required_tag_missing");
}

#[tokio::test]
async fn read_governance() {
    let world = World::new();
    let ann = member("ann");
    world.get("/packages/governance").by(&ann).send().await.is("read_governance", 200, "none");
    let rule = |tag: &str, required, tag_type, limits| TagRule {
        id: tag.to_owned(),
        tag: tag.to_owned(),
        required,
        tag_type,
        limits,
        description: format!("What {tag} means."),
    };
    let range =
        |minimum: &str, maximum: &str| Limits { minimum: Some(minimum.to_owned()), maximum: Some(maximum.to_owned()), ..Limits::default() };
    let pattern = Limits { pattern: Some("[A-Z]{2}[0-9]+".parse().expect("a pattern")), ..Limits::default() };
    let levels = TagType::Enum { values: vec!["open".to_owned(), "internal".to_owned()] };
    let rules = app::governance::Governance::new(world.core());
    for rule in [
        rule("level", true, levels, Limits::default()),
        rule("contract", false, TagType::Text, pattern),
        rule("rows", false, TagType::Number, range("0", "1e6")),
        rule("until", false, TagType::Date, range("2026-01-01", "2030-12-31")),
    ] {
        rules.save(&world.caller(&admin("root")), rule).await.expect("a rule");
    }
    world.get("/packages/governance").by(&ann).send().await.is("read_governance", 200, "");

    // Held at creation, at PUT and at PATCH.
    let good = json!({ "level": "open", "contract": "DE12", "rows": "1000000", "until": "2030-12-31" });
    let bad = json!({ "level": "secret", "contract": "DE12x", "rows": "-1", "until": "2031-01-01" });
    let id = world.package(&ann, json!({ "name": "Flights", "metadata": good })).await;
    let created = world.post("/packages").by(&ann).json(&json!({ "name": "Trains", "metadata": bad })).send().await;
    created.is("create_package", 422, "governed_tags");
    let path = format!("/packages/{id}/metadata");
    let tags = json!({ "tags": bad });
    let replaced = world.put(&path).by(&ann).header("if-match", "\"1\"").json(&tags).send().await;
    replaced.is("replace_metadata", 422, "governed_tags");
    world.patch(&path).by(&ann).json(&tags).send().await.is("merge_metadata", 422, "pattern_and_range");
}

#[tokio::test]
async fn too_many_tags_and_too_long_values_are_told_by_place() {
    let world = World::new();
    let ann = member("ann");
    let id = world.package(&ann, json!({ "name": "Flights" })).await;
    let path = format!("/packages/{id}/metadata");
    let long = json!({ "tags": { "n".repeat(65): "long name", "a/b": "x".repeat(1_025), "c": "a\u{7}bell" } });
    world.patch(&path).by(&ann).json(&long).send().await.is("merge_metadata", 422, "by_place");
    let many: serde_json::Map<_, _> = (0..101).map(|number| (format!("tag{number}"), "x".into())).collect();
    world.patch(&path).by(&ann).json(&json!({ "tags": many })).send().await.is("merge_metadata", 422, "too_many");
}
