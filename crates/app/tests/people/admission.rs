//! A directory asks before it makes tokens: what stands in the principal row then.

use std::{collections::BTreeMap, time::Duration};

use datalake_app::{
    ErrorKind,
    identity::{Admission, ClaimRules},
};
use domain::{
    PortErrorKind, Timestamp,
    access::Action,
    audit::AuditOutcome,
    change::Change,
    job::Job,
    ports::{Clock as _, Table, Tables as _},
    principal::{KeyScope, Role},
    settings::Settings,
    sign_in::SignInEvent,
    user::PrincipalRecord,
};
use testkit::builders::{group, user_id};

use crate::home::Home;

const DAY: Duration = Duration::from_secs(24 * 3600);

fn managed(home: &Home) -> Admission {
    Admission::new(home.core.clone(), ClaimRules::new("cognito", None, Some("admins")).expect("rules"))
}

fn federated(home: &Home) -> Admission {
    let rules = ClaimRules::new("federated", Some(r#"{"Staff": "research"}"#), Some("Lake Admins"));
    Admission::new(home.core.clone(), rules.expect("rules"))
}

fn event(attributes: &[(&str, &str)], groups: &[&str]) -> SignInEvent {
    let mut all: BTreeMap<String, String> = [("sub", "ann"), ("email", "Ann@Example.org"), ("name", "Ann")]
        .iter()
        .chain(attributes)
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    all.retain(|_, value| !value.is_empty());
    SignInEvent {
        user_id: user_id("ann"),
        directory: "pool_1".to_owned(),
        directory_name: "keycloak_ann".to_owned(),
        attributes: all,
        groups: groups.iter().map(|name| (*name).to_owned()).collect(),
        renewal: false,
    }
}

/// What comes with somebody of an identity provider.
fn from_provider(groups: &str) -> SignInEvent {
    event(&[("identities", r#"[{"userId":"ann"}]"#), ("custom:groups", groups)], &["pool_1_keycloak"])
}

fn renewal(event: &SignInEvent) -> SignInEvent {
    SignInEvent { renewal: true, ..event.clone() }
}

async fn row(home: &Home) -> PrincipalRecord {
    home.core.store.principal(&user_id("ann")).await.expect("tables answer").expect("a row")
}

fn told(changes: &[Change]) -> Vec<Action> {
    changes.iter().filter_map(Change::new_stamp).map(|stamp| stamp.action).collect()
}

fn audited(home: &Home) -> Vec<(AuditOutcome, String)> {
    let record = |job| if let Job::Audit { record } = job { Some((record.outcome, record.reason.unwrap_or_default())) } else { None };
    home.jobs.take().into_iter().filter_map(record).collect()
}

#[tokio::test]
async fn a_sign_in_writes_who_it_is_and_what_the_directory_says() {
    let home = Home::new();
    let admitted = managed(&home).admit(&event(&[], &["rivers", "admins"])).await.expect("admitted");
    assert_eq!((admitted.role, admitted.groups.as_slice()), (Some(Role::Admin), [group("rivers")].as_slice()));
    let expected = PrincipalRecord {
        user_id: user_id("ann"),
        directory_name: "keycloak_ann".to_owned(),
        email: "ann@example.org".to_owned(),
        name: "Ann".to_owned(),
        role: Some(Role::Admin),
        groups: vec![group("rivers")],
        enabled: true,
        tokens_valid_after: Timestamp::EPOCH,
        last_sign_in: Some(home.clock.now()),
        federated: false,
    };
    assert_eq!(row(&home).await, expected);
    assert_eq!(told(&home.tables.take_changes()), [Action::SignIn]);
    assert!(audited(&home).is_empty(), "the change feed tells it");
    // What was true once is not true for ever.
    let admitted = managed(&home).admit(&event(&[], &[])).await.expect("admitted");
    assert_eq!((admitted.role, row(&home).await.role, row(&home).await.groups.len()), (Some(Role::Member), Some(Role::Member), 0));
}

#[tokio::test]
async fn a_renewal_follows_a_managed_directory_and_is_no_sign_in() {
    let home = Home::new();
    let first = event(&[], &["rivers"]);
    managed(&home).admit(&first).await.expect("admitted");
    let signed_in = row(&home).await.last_sign_in;
    home.tables.take_changes();
    home.clock.advance(Duration::from_secs(900));
    managed(&home).admit(&renewal(&first)).await.expect("admitted");
    assert!(home.tables.take_changes().is_empty(), "nothing changed");
    let moved = renewal(&event(&[], &["birds", "admins"]));
    let admitted = managed(&home).admit(&moved).await.expect("admitted");
    assert_eq!((admitted.role, row(&home).await.groups), (Some(Role::Admin), vec![group("birds")]));
    assert_eq!(row(&home).await.last_sign_in, signed_in);
    assert!(told(&home.tables.take_changes()).is_empty());
}

#[tokio::test]
async fn a_providers_word_holds_from_one_sign_in_to_the_next() {
    let home = Home::new();
    let admitted = federated(&home).admit(&from_provider("[Staff, guests]")).await.expect("admitted");
    assert_eq!((admitted.role, admitted.groups), (Some(Role::Member), vec![group("guests"), group("research")]));
    assert!(row(&home).await.federated);
    // Somebody who could write own attributes, and then renews the session.
    let written = renewal(&from_provider("[Lake+Admins, secret]"));
    let admitted = federated(&home).admit(&written).await.expect("admitted");
    assert_eq!((admitted.role, admitted.groups), (Some(Role::Member), vec![group("guests"), group("research")]));
    let admitted = federated(&home).admit(&from_provider("gone")).await.expect("admitted");
    assert_eq!((admitted.role, row(&home).await.role), (None, None));
}

#[tokio::test]
async fn somebody_of_no_known_group_gets_tokens_that_open_nothing() {
    let home = Home::new();
    for (who, event) in [("no groups", from_provider("")), ("a stranger", event(&[("custom:groups", "Staff")], &["admins"]))] {
        let admitted = federated(&home).admit(&event).await.expect("admitted");
        assert_eq!((admitted.role, admitted.groups.len()), (None, 0), "{who}");
        home.clock.advance(Duration::from_secs(60));
        let error = home.identity.authenticate_token(&home.token(&user_id("ann"))).await.expect_err("no role");
        assert_eq!(error.code(), "no_access", "{who}");
    }
}

#[tokio::test]
async fn a_renewal_of_somebody_never_seen_gives_nothing() {
    let home = Home::new();
    let admitted = federated(&home).admit(&renewal(&from_provider("Staff"))).await.expect("admitted");
    assert_eq!((admitted.role, row(&home).await.last_sign_in), (None, None));
}

#[tokio::test]
async fn names_that_count_for_nothing_are_audited_once_a_sign_in() {
    let home = Home::new();
    let event = from_provider("[Staff, Domain+Users, ..]");
    federated(&home).admit(&event).await.expect("admitted");
    assert_eq!(audited(&home), [(AuditOutcome::Allow, "groups left out: Domain Users, ..".to_owned())]);
    federated(&home).admit(&renewal(&event)).await.expect("admitted");
    assert!(audited(&home).is_empty());
}

#[tokio::test]
async fn whoever_was_disabled_here_gets_no_tokens() {
    let home = Home::new();
    managed(&home).admit(&event(&[], &[])).await.expect("admitted");
    let before = home.core.store.stored_principal(&user_id("ann")).await.expect("tables answer").expect("a row");
    let disabled = PrincipalRecord { enabled: false, ..before.record.clone() };
    let writes = home.core.store.put_principal(&disabled, Some(&before), None).expect("a row");
    home.tables.transact(writes).await.expect("tables answer");
    home.tables.take_changes();
    for event in [event(&[], &["admins"]), renewal(&event(&[], &["admins"]))] {
        let error = managed(&home).admit(&event).await.expect_err("disabled");
        assert_eq!(error.code(), "user_disabled");
        assert_eq!(audited(&home), [(AuditOutcome::Deny, "the user is disabled".to_owned())]);
    }
    assert_eq!(row(&home).await, disabled);
    assert!(home.tables.take_changes().is_empty());
}

#[tokio::test]
async fn what_can_not_be_written_or_audited_is_not_admitted() {
    let home = Home::new();
    home.tables.fail("tables.transact", PortErrorKind::Unavailable, 1);
    managed(&home).admit(&event(&[], &[])).await.expect_err("the row could not be written");
    home.tables.fail("tables.get_many", PortErrorKind::RateLimited, 1);
    managed(&home).admit(&event(&[], &[])).await.expect_err("the row could not be read");
    home.jobs.faults.fail_next(PortErrorKind::Unavailable);
    federated(&home).admit(&from_provider("[Staff, Domain+Users]")).await.expect_err("what was left out could not be told");
    assert!(home.tables.rows(Table::Keys).is_empty());
    managed(&home).admit(&event(&[], &[])).await.expect("all is well again");
}

#[tokio::test]
async fn the_same_event_twice_or_late_ends_where_the_last_one_does() {
    let home = Home::new();
    let first = from_provider("Staff");
    for event in [&first, &first, &renewal(&first), &first] {
        federated(&home).admit(event).await.expect("admitted");
    }
    assert_eq!((row(&home).await.role, row(&home).await.groups), (Some(Role::Member), vec![group("research")]));
}

#[tokio::test]
async fn a_sign_out_is_not_undone_by_a_sign_in() {
    let home = Home::new();
    managed(&home).admit(&event(&[], &[])).await.expect("admitted");
    let before = home.core.store.stored_principal(&user_id("ann")).await.expect("tables answer").expect("a row");
    let signed_out = PrincipalRecord { tokens_valid_after: home.clock.now(), ..before.record.clone() };
    let writes = home.core.store.put_principal(&signed_out, Some(&before), None).expect("a row");
    home.tables.transact(writes).await.expect("tables answer");
    home.clock.advance(Duration::from_secs(5));
    managed(&home).admit(&event(&[], &[])).await.expect("admitted");
    assert_eq!(row(&home).await.tokens_valid_after, signed_out.tokens_valid_after);
}

#[tokio::test]
async fn somebody_is_shown_by_what_there_is_of_a_name() {
    let home = Home::new();
    let long = "x".repeat(300);
    let cases: [(&[(&str, &str)], &str); 4] = [
        (&[("name", " Ann\u{7}\n Ash ")], "Ann Ash"),
        (&[("name", ""), ("given_name", "Ann"), ("family_name", "Ash")], "Ann Ash"),
        (&[("name", ""), ("email", "")], "keycloak_ann"),
        (&[("name", &long)], &long[..100]),
    ];
    for (attributes, name) in cases {
        managed(&home).admit(&event(attributes, &[])).await.expect("admitted");
        assert_eq!(row(&home).await.name, name);
    }
}

/// Nobody tells here that an account was closed at the provider: its keys stop some days after the last sign-in.
#[tokio::test]
async fn keys_of_a_closed_account_stop() {
    let home = Home::new();
    let ann = home.invite("Ann", &[]).await.user_id;
    let says = |groups: &str| SignInEvent { user_id: ann.clone(), ..from_provider(groups) };
    federated(&home).admit(&says("Staff")).await.expect("admitted");
    let id = home.grant(&ann, KeyScope::default()).await.expect("granted").access_key_id;
    home.identity.rotate_secret(&home.session(&ann).await, &id).await.expect("an own key");
    let key = home.core.store.api_key(&id).await.expect("tables answer").expect("the key is there");

    home.clock.advance(7 * DAY);
    home.identity.authenticate_key(&key).await.expect("within seven days");
    home.clock.advance(Duration::from_secs(61));
    let error = home.identity.authenticate_key(&key).await.expect_err("after seven days");
    assert_eq!((error.kind(), error.code()), (ErrorKind::Unauthenticated, "sign_in_required"));
    federated(&home).admit(&renewal(&says("Staff"))).await.expect("admitted");
    home.clock.advance(Duration::from_secs(60));
    home.identity.authenticate_key(&key).await.expect_err("a renewal is no sign-in");

    federated(&home).admit(&says("Staff")).await.expect("admitted");
    home.clock.advance(Duration::from_secs(60));
    home.identity.authenticate_key(&key).await.expect("signed in again");
    federated(&home).admit(&says("")).await.expect("admitted");
    home.clock.advance(Duration::from_secs(60));
    assert_eq!(home.identity.authenticate_key(&key).await.expect_err("no group any more").code(), "no_access");
}

#[tokio::test]
async fn a_setting_says_for_how_long() {
    let home = Home::new();
    let ann = home.invite("Ann", &[]).await.user_id;
    let event = SignInEvent { user_id: ann.clone(), ..from_provider("Staff") };
    federated(&home).admit(&event).await.expect("admitted");
    let id = home.grant(&ann, KeyScope::default()).await.expect("granted").access_key_id;
    home.identity.rotate_secret(&home.session(&ann).await, &id).await.expect("an own key");
    let key = home.core.store.api_key(&id).await.expect("tables answer").expect("the key is there");
    let settings = Settings { federated_key_days: 1, ..Settings::default() };
    home.core.store.save_settings(&settings).await.expect("tables answer");
    home.clock.advance(DAY);
    home.identity.authenticate_key(&key).await.expect("within a day");
    home.clock.advance(Duration::from_secs(61));
    assert_eq!(home.identity.authenticate_key(&key).await.expect_err("after a day").code(), "sign_in_required");
}

#[tokio::test]
async fn keys_of_people_who_are_managed_here_need_no_sign_in() {
    let home = Home::new();
    let ann = home.invite("Ann", &[]).await;
    let id = home.grant(&ann.user_id, KeyScope::default()).await.expect("granted").access_key_id;
    home.identity.rotate_secret(&home.session(&ann.user_id).await, &id).await.expect("an own key");
    let key = home.core.store.api_key(&id).await.expect("tables answer").expect("the key is there");
    home.clock.advance(400 * DAY);
    home.identity.authenticate_key(&key).await.expect("whoever leaves is disabled");
}
