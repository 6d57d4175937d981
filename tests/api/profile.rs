//! `/profile`.

use datalake_tests_api::{World, seconds};
use domain::{api_key::ApiKey, settings::Settings};
use serde_json::json;
use testkit::builders::{PrincipalExt as _, api_key, member, now, only_packages, read_only};

#[tokio::test]
async fn read_profile() {
    let world = World::new();
    let ann = member("ann").in_groups(&["makers", "team"]);
    world.person(&ann, "Ann Lovelace").await;
    world.get("/profile").by(&ann).send().await.is("read_profile", 200, "");
}

#[tokio::test]
async fn list_profile_groups() {
    let world = World::new();
    let ann = member("ann").in_groups(&["makers", "team"]);
    world.get("/profile/groups").by(&ann).send().await.is("list_profile_groups", 200, "of_a_member");
    world.get("/profile/groups").by(&member("bob")).send().await.is("list_profile_groups", 200, "none");
}

#[tokio::test]
async fn list_people() {
    let world = World::new();
    let bob = member("bob").in_groups(&["team"]);
    for (person, name) in [(member("ann"), "Ann"), (bob.clone(), "Bob"), (member("bjorn").in_groups(&["team"]), "Björn")] {
        world.person(&person, name).await;
    }
    world.get("/profile/people?q=b").by(&bob).send().await.is("list_people", 200, "whose_names_begin_with_b");
    world.get(format!("/profile/people?q={}", "b".repeat(101))).by(&bob).send().await.is("list_people", 400, "q_too_long");
}

#[tokio::test]
async fn list_people_of_own_groups_where_the_settings_say_so() {
    let world = World::new();
    world.store().save_settings(&Settings { people_in_own_groups_only: true, ..Settings::default() }).await.expect("settings");
    let bob = member("bob").in_groups(&["team"]);
    for (person, name) in [(member("ann"), "Ann"), (bob.clone(), "Bob"), (member("cleo").in_groups(&["team"]), "Cleo")] {
        world.person(&person, name).await;
    }
    world.get("/profile/people").by(&bob).send().await.is("list_people", 200, "of_own_groups");
}

#[tokio::test]
async fn list_api_keys() {
    let world = World::new();
    let ann = member("ann");
    let plain = api_key(1, "ann");
    let reading = ApiKey { scope: read_only(), salt: None, expires_at: Some(now().plus(seconds(86_400))), ..api_key(2, "ann") };
    let narrowed = ApiKey { scope: only_packages(&[1]), active: false, last_used_at: Some(now()), ..api_key(3, "ann") };
    for key in [plain, reading, narrowed, api_key(4, "bob")] {
        world.granted(&key).await;
    }
    world.get("/profile/api-keys").by(&ann).send().await.is("list_api_keys", 200, "");
}

#[tokio::test]
async fn rotate_api_key() {
    let world = World::new();
    let ann = world.invited("ann").await;
    let key = ApiKey { salt: None, ..api_key(1, ann.user_id.as_str()) };
    world.granted(&key).await;
    let path = format!("/profile/api-keys/{}/secret", key.access_key_id);
    let first = world.post(&path).by(&ann).send().await;
    let secret = first.text("/secret_access_key");
    assert_eq!(secret.len(), 40);
    let second = world.post(&path).by(&ann).send().await;
    assert_ne!(second.text("/secret_access_key"), secret, "the old one stops at once");
    let mut shown = first;
    shown.body["secret_access_key"] = json!("[40 characters, shown once]");
    shown.is("rotate_api_key", 200, "");
    world.post(&path).by(&member("bob")).send().await.is("rotate_api_key", 404, "of_another");
}
