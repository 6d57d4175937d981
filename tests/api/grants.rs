//! `/cart/grants/{token}/{entry}`.

use datalake_tests_api::{World, seconds};
use domain::settings::Settings;
use serde_json::{Value, json};
use testkit::builders::member;

use crate::known::Known;

#[tokio::test]
async fn grant_link_works_without_sign_in_until_it_is_taken_back() {
    let known = Known::new().await;
    let (world, ann) = (&known.world, &known.ann);
    let link = format!("/cart/grants/{}/{}", known.token, known.entry);
    let followed = world.get(&link).send().await;
    followed.is("follow_grant", 302, "");
    assert_eq!(world.fetch(followed.header("location")).await, b"day,delay\n1,20\n");
    let export: Value = world.get(format!("/cart/exports/{}", known.export)).by(ann).send().await.body;
    assert_eq!(export["followed"], 1);

    world.later(seconds(10));
    world.delete(format!("/cart/exports/{}", known.export)).by(ann).send().await.is("revoke_export", 200, "of_followed_links");
    world.get(&link).send().await.is("follow_grant", 404, "revoked");
}

#[tokio::test]
async fn grant_link_dies_with_the_exporters_right() {
    let world = World::new();
    let (ann, bob) = (member("ann"), member("bob"));
    world.person(&bob, "Bob").await;
    let package = world.package(&ann, json!({ "name": "Flights", "visibility": "everyone" })).await;
    world.uploaded(&ann, &package, "a.csv", b"1").await;
    world.in_cart(&bob, &package).await;
    let export = world.exported(&bob, "grant").await;
    let (token, entry) = crate::known::grant(&world, &bob, &export).await;
    let link = format!("/cart/grants/{token}/{entry}");
    assert_eq!(world.get(&link).send().await.status, 302);
    world.patch(format!("/packages/{package}")).by(&ann).json(&json!({ "visibility": "private" })).send().await;
    world.get(&link).send().await.is("follow_grant", 404, "exporter_lost_the_right");
}

#[tokio::test]
async fn grant_link_asks_for_sign_in_where_the_settings_do() {
    let world = World::new();
    world.store().save_settings(&Settings { grants_need_sign_in: true, ..Settings::default() }).await.expect("settings");
    let known = Known::in_world(world).await;
    let link = format!("/cart/grants/{}/{}", known.token, known.entry);
    known.world.get(&link).send().await.is("follow_grant", 401, "sign_in_required");
    let signed_in = known.world.get(&link).by(&member("bob")).header("authorization", "Bearer token").send().await;
    assert_eq!(signed_in.status, 302);
}
