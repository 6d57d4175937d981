//! Tokens, keys and secrets.

use std::time::Duration;

use datalake_app::{ErrorKind, identity::GrantKey};
use domain::{
    PortErrorKind, Principal,
    access::Action,
    ports::{Clock as _, Table, Tables as _, UserRecords as _},
    principal::{KeyScope, Via},
};
use secrecy::ExposeSecret as _;
use testkit::builders::{PrincipalExt as _, member, only_packages, read_only, user_id};

use crate::home::{Home, asked_by, by_admin};

#[tokio::test]
async fn a_secret_is_shown_once_and_no_table_holds_it() {
    let home = Home::new();
    let ann = home.invite("Ann", &[]).await;
    let key = home.grant(&ann.user_id, KeyScope::default()).await.expect("granted");
    assert!(home.identity.signing_key(&key.access_key_id).await.expect("tables answer").is_none(), "no secret was made yet");

    let caller = home.session(&ann.user_id).await;
    let secret = home.identity.rotate_secret(&caller, &key.access_key_id).await.expect("an own key");
    assert_eq!(secret.expose_secret().len(), 40);
    let signing = home.identity.signing_key(&key.access_key_id).await.expect("tables answer").expect("a secret");
    assert_eq!(signing.secret.expose_secret(), secret.expose_secret());
    for table in Table::ALL {
        let rows = serde_json::to_string(&home.tables.rows(table)).expect("rows are JSON");
        assert!(!rows.contains(secret.expose_secret()), "{table:?} holds the secret");
    }
    let record = home.directory.get(&ann.user_id).await.expect("the user is there").expect("a record");
    assert!(record.len() > 32, "32 bytes and what seals them");
}

#[tokio::test]
async fn a_new_secret_stops_the_old_one_at_once_and_no_other_keys() {
    let home = Home::new();
    let ann = home.invite("Ann", &[]).await;
    let caller = home.session(&ann.user_id).await;
    let mut secrets = Vec::new();
    let mut keys = Vec::new();
    for _ in 0..2 {
        let key = home.grant(&ann.user_id, KeyScope::default()).await.expect("granted");
        secrets.push(home.identity.rotate_secret(&caller, &key.access_key_id).await.expect("an own key"));
        keys.push(key);
    }
    assert_ne!(secrets[0].expose_secret(), secrets[1].expose_secret());
    // Both are in use, so that whatever is cached is.
    for (key, secret) in keys.iter().zip(&secrets) {
        let signing = home.identity.signing_key(&key.access_key_id).await.expect("tables answer").expect("a secret");
        assert_eq!(signing.secret.expose_secret(), secret.expose_secret());
    }
    let new = home.identity.rotate_secret(&caller, &keys[0].access_key_id).await.expect("an own key");
    let now = |index: usize| home.identity.signing_key(&keys[index].access_key_id);
    let first = now(0).await.expect("tables answer").expect("a secret");
    let second = now(1).await.expect("tables answer").expect("a secret");
    assert_eq!(first.secret.expose_secret(), new.expose_secret());
    assert_ne!(first.secret.expose_secret(), secrets[0].expose_secret());
    assert_eq!(second.secret.expose_secret(), secrets[1].expose_secret());
}

#[tokio::test]
async fn somebody_elses_key_is_not_there() {
    let home = Home::new();
    let ann = home.invite("Ann", &[]).await;
    let key = home.grant(&ann.user_id, KeyScope::default()).await.expect("granted");
    for caller in [asked_by(member("bob")), by_admin()] {
        let error = home.identity.rotate_secret(&caller, &key.access_key_id).await.expect_err("not the caller's");
        assert_eq!(error.kind(), ErrorKind::NotFound);
    }
}

#[tokio::test]
async fn a_narrowed_key_learns_no_secret() {
    let home = Home::new();
    let ann = home.invite("Ann", &[]).await;
    let wide = home.grant(&ann.user_id, KeyScope::default()).await.expect("granted");
    let session = home.session(&ann.user_id).await;
    for scope in [read_only(), only_packages(&[1])] {
        let caller = asked_by(session.principal.clone().with_key(scope));
        let error = home.identity.rotate_secret(&caller, &wide.access_key_id).await.expect_err("the key is narrowed");
        assert_eq!(error.kind(), ErrorKind::Forbidden);
    }
}

#[tokio::test]
async fn only_admins_grant_keys_and_only_to_people_who_are_there() {
    let home = Home::new();
    let ann = home.invite("Ann", &[]).await;
    let entered = |user_id| GrantKey { user_id, scope: KeyScope::default(), expires_at: None };
    let by_member = home.identity.grant_key(&asked_by(member("bob")), &entered(ann.user_id.clone())).await;
    assert_eq!(by_member.expect_err("a member").kind(), ErrorKind::Forbidden);
    let unknown = home.identity.grant_key(&by_admin(), &entered(user_id("nobody"))).await;
    assert_eq!(unknown.expect_err("nobody").kind(), ErrorKind::NotFound);
    let past = GrantKey { expires_at: Some(home.clock.now()), ..entered(ann.user_id) };
    let error = home.identity.grant_key(&by_admin(), &past).await.expect_err("over before it began");
    assert_eq!((error.kind(), error.fields()[0].pointer.as_str()), (ErrorKind::RuleBroken, "/expires_at"));
}

#[tokio::test]
async fn a_key_acts_with_its_users_rights_and_its_scope_and_ends_when_it_should() {
    let home = Home::new();
    let ann = home.invite("Ann", &["team"]).await;
    let expires_at = Some(home.clock.now().plus(Duration::from_secs(3600)));
    let entered = GrantKey { user_id: ann.user_id.clone(), scope: read_only(), expires_at };
    let granted = home.identity.grant_key(&by_admin(), &entered).await.expect("granted");
    assert_eq!(home.identity.authenticate_key(&granted).await.expect_err("no secret yet").kind(), ErrorKind::Unauthenticated);
    let caller = home.session(&ann.user_id).await;
    home.identity.rotate_secret(&caller, &granted.access_key_id).await.expect("an own key");
    let key = home.identity.signing_key(&granted.access_key_id).await.expect("tables answer").expect("a secret").key;

    let principal = home.identity.authenticate_key(&key).await.expect("usable");
    let via = Via::Key { access_key_id: key.access_key_id.clone(), scope: read_only() };
    assert_eq!(principal, Principal { via, ..caller.principal });
    home.clock.advance(Duration::from_secs(3600));
    assert_eq!(home.identity.authenticate_key(&key).await.expect_err("it ended").code(), "key_inactive");
}

#[tokio::test]
async fn the_use_of_a_key_is_noted_hourly_and_is_no_change_to_tell() {
    let home = Home::new();
    let ann = home.invite("Ann", &[]).await;
    let id = home.grant(&ann.user_id, KeyScope::default()).await.expect("granted").access_key_id;
    home.identity.rotate_secret(&home.session(&ann.user_id).await, &id).await.expect("an own key");
    home.tables.take_changes();
    let mut noted = Vec::new();
    for _ in 0..5 {
        let key = home.core.store.api_key(&id).await.expect("tables answer").expect("the key is there");
        home.identity.authenticate_key(&key).await.expect("usable");
        home.clock.advance(Duration::from_secs(20 * 60));
        let changes = home.tables.take_changes();
        assert!(changes.iter().all(|change| change.new_stamp().is_none()));
        noted.push(changes.len());
    }
    assert_eq!(noted, [1, 0, 0, 1, 0]);
}

/// Enabled, role, groups and sign-out are read from one row, which may be a minute old and no older.
#[tokio::test]
async fn disabled_users_whose_keys_work() {
    let home = Home::new();
    let ann = home.invite("Ann", &[]).await;
    let id = home.grant(&ann.user_id, KeyScope::default()).await.expect("granted").access_key_id;
    home.identity.rotate_secret(&home.session(&ann.user_id).await, &id).await.expect("an own key");
    let key = home.core.store.api_key(&id).await.expect("tables answer").expect("the key is there");
    home.identity.authenticate_key(&key).await.expect("enabled");

    home.people.set_enabled(&by_admin(), &ann.user_id, false).await.expect("an admin may");
    home.clock.advance(Duration::from_secs(60));
    let by_key = home.identity.authenticate_key(&key).await.expect_err("disabled");
    let by_token = home.identity.authenticate_token(&home.token(&ann.user_id)).await.expect_err("disabled");
    for error in [by_key, by_token] {
        assert_eq!((error.kind(), error.code()), (ErrorKind::Forbidden, "user_disabled"));
    }

    home.people.set_enabled(&by_admin(), &ann.user_id, true).await.expect("an admin may");
    home.clock.advance(Duration::from_secs(60));
    home.identity.authenticate_key(&key).await.expect("enabled again");
}

#[tokio::test]
async fn somebody_without_a_row_or_a_role_may_nothing() {
    let home = Home::new();
    let stranger = home.identity.authenticate_token(&home.token(&user_id("stranger"))).await.expect_err("unknown");
    assert_eq!((stranger.kind(), stranger.code()), (ErrorKind::Forbidden, "no_access"));
}

#[tokio::test]
async fn signing_out_ends_all_tokens_from_before_and_signing_in_does_not_bring_them_back() {
    let home = Home::new();
    let ann = home.invite("Ann", &[]).await;
    let old = home.token(&ann.user_id);
    let caller = home.session(&ann.user_id).await;
    home.clock.advance(Duration::from_secs(5));
    home.people.sign_out(&caller).await.expect("oneself");
    assert_eq!(home.directory.sign_outs(&ann.user_id).expect("there"), 1);
    home.people.sign_in(&ann.user_id, &caller.origin).await.expect("enabled");
    home.people.renew_session(&ann.user_id).await.expect("enabled");
    home.clock.advance(Duration::from_secs(60));
    let error = home.identity.authenticate_token(&old).await.expect_err("from before");
    assert_eq!((error.kind(), error.code()), (ErrorKind::Unauthenticated, "token_revoked"));
    home.session(&ann.user_id).await;

    let actions: Vec<Action> =
        home.tables.take_changes().iter().filter_map(|change| change.new_stamp()).map(|stamp| stamp.action).collect();
    assert!(actions.contains(&Action::SignOut) && actions.iter().filter(|action| **action == Action::SignIn).count() == 1);
}

#[tokio::test]
async fn who_read_the_row_before_a_sign_out_does_not_undo_it() {
    let home = Home::new();
    let ann = home.invite("Ann", &[]).await;
    let caller = home.session(&ann.user_id).await;
    let before = home.core.store.stored_principal(&ann.user_id).await.expect("tables answer").expect("a row");
    home.clock.advance(Duration::from_secs(5));
    home.people.sign_out(&caller).await.expect("oneself");
    for seen in [Some(&before), None] {
        let late = home.core.store.put_principal(&before.record, seen, None).expect("a row");
        assert!(home.tables.transact(late).await.expect_err("the row moved on").is(PortErrorKind::PreconditionFailed));
    }
    let record = home.people.renew_session(&ann.user_id).await.expect("enabled");
    assert_eq!(record.tokens_valid_after, home.clock.now());
}
