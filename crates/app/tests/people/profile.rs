//! The caller's own record, people, groups and keys.

use datalake_app::{ErrorKind, Paging};
use domain::{principal::KeyScope, settings::Settings};
use testkit::builders::member;

use crate::home::{Home, asked_by, by_admin};

#[tokio::test]
async fn a_profile_says_who_and_where() {
    let home = Home::new();
    let ann = home.invite("Ann", &["team"]).await;
    let view = home.profile.read(&home.session(&ann.user_id).await).await.expect("oneself");
    assert_eq!((view.user_id, view.name.as_str(), view.email.as_str()), (ann.user_id, "Ann", "ann@example.org"));
    assert_eq!(view.groups, ann.groups);
    assert_eq!(view.deployment.endpoint, "https://lake.example");
}

async fn names(home: &Home, caller: &datalake_app::Caller, prefix: &str, limit: u32) -> Vec<String> {
    let (mut names, mut cursor) = (Vec::new(), None);
    loop {
        let page = home.profile.people(caller, prefix, &Paging { limit, cursor }).await.expect("a page");
        assert!(page.items.len() <= limit as usize);
        names.extend(page.items.into_iter().map(|person| person.name));
        cursor = page.next_cursor;
        if cursor.is_none() {
            return names;
        }
    }
}

#[tokio::test]
async fn people_are_found_by_the_beginning_of_their_names_without_accents_or_case() {
    let home = Home::new();
    for name in ["Ärne", "Anna", "Bob"] {
        home.invite(name, &[]).await;
    }
    let arno = home.invite("Arno", &[]).await;
    let caller = asked_by(member("ann"));
    assert_eq!(names(&home, &caller, "AR", 1).await, ["Ärne", "Arno"]);
    assert_eq!(names(&home, &caller, "", 3).await.len(), 4);
    home.people.set_enabled(&by_admin(), &arno.user_id, false).await.expect("an admin may");
    assert_eq!(names(&home, &caller, "ar", 50).await, ["Ärne"]);
    let error = home.profile.people(&caller, &"a".repeat(101), &Paging::default()).await.expect_err("too long");
    assert_eq!(error.kind(), ErrorKind::Malformed);
}

#[tokio::test]
async fn a_setting_narrows_people_to_the_callers_groups() {
    let home = Home::new();
    home.core.store.save_settings(&Settings { people_in_own_groups_only: true, ..Settings::default() }).await.expect("tables answer");
    let ann = home.invite("Ann", &["team"]).await;
    home.invite("Bob", &["team", "other"]).await;
    home.invite("Cleo", &["other"]).await;
    let caller = home.session(&ann.user_id).await;
    assert_eq!(names(&home, &caller, "", 1).await, ["Ann", "Bob"]);
    assert_eq!(names(&home, &by_admin(), "", 1).await, ["Ann", "Bob", "Cleo"]);
}

#[tokio::test]
async fn a_member_shares_with_own_groups_and_an_admin_with_all() {
    let home = Home::new();
    let ann = home.invite("Ann", &["b", "a", "c"]).await;
    home.invite("Bob", &["d"]).await;
    let caller = home.session(&ann.user_id).await;
    let mut found = Vec::new();
    let mut paging = Paging { limit: 2, cursor: None };
    loop {
        let page = home.profile.groups(&caller, &paging).await.expect("a page");
        found.extend(page.items.iter().map(ToString::to_string));
        paging.cursor = page.next_cursor;
        if paging.cursor.is_none() {
            break;
        }
    }
    assert_eq!(found, ["a", "b", "c"]);
    assert_eq!(home.profile.groups(&by_admin(), &Paging::default()).await.expect("a page").items.len(), 4);
}

#[tokio::test]
async fn own_keys_are_listed_and_nobody_elses() {
    let home = Home::new();
    let (ann, bob) = (home.invite("Ann", &[]).await, home.invite("Bob", &[]).await);
    let mut granted = Vec::new();
    for _ in 0..3 {
        granted.push(home.grant(&ann.user_id, KeyScope::default()).await.expect("granted").access_key_id);
    }
    home.grant(&bob.user_id, KeyScope::default()).await.expect("granted");
    let caller = home.session(&ann.user_id).await;
    let first = home.profile.api_keys(&caller, &Paging { limit: 2, cursor: None }).await.expect("a page");
    let rest = home.profile.api_keys(&caller, &Paging { limit: 2, cursor: first.next_cursor.clone() }).await.expect("a page");
    let mut listed: Vec<_> = first.items.into_iter().chain(rest.items).map(|key| key.access_key_id).collect();
    listed.sort();
    granted.sort();
    assert_eq!(listed, granted);
    let foreign = home.profile.api_keys(&asked_by(member("bob")), &Paging { limit: 2, cursor: first.next_cursor }).await;
    assert_eq!(foreign.expect_err("somebody else's cursor").kind(), ErrorKind::Malformed);
}
