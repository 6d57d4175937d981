//! Changes of people's rights: the directory and the principal row in the same call.

use std::{collections::BTreeSet, time::Duration};

use datalake_app::{ErrorKind, identity::InviteUser};
use domain::{
    access::Action,
    audit::AuditOutcome,
    job::Job,
    ports::{Directory, Groups as _},
    principal::Role,
};
use testkit::builders::{group, member, user_id};

use crate::home::{Home, asked_by, by_admin};

#[tokio::test]
async fn groups_and_role_hold_within_a_minute() {
    let home = Home::new();
    let ann = home.invite("Ann", &["team"]).await;
    home.invite("Bob", &["other"]).await;
    assert_eq!(home.session(&ann.user_id).await.principal.groups, [group("team")].into());

    home.people.set_groups(&by_admin(), &ann.user_id, &[group("other")].into()).await.expect("an admin may");
    home.people.set_role(&by_admin(), &ann.user_id, Role::Admin).await.expect("an admin may");
    home.clock.advance(Duration::from_secs(60));
    let principal = home.session(&ann.user_id).await.principal;
    assert_eq!((principal.groups, principal.role), ([group("other")].into(), Role::Admin));
    assert_eq!(home.directory.members(&group("team"), None).await.expect("there").members, []);
    let told = home
        .tables
        .take_changes()
        .iter()
        .filter_map(|change| change.new_stamp())
        .filter(|stamp| stamp.action == Action::UserManage)
        .count();
    assert_eq!(told, 4, "each change once");
}

/// The predecessor's update of a user's role wiped the user's groups.
#[tokio::test]
async fn an_update_that_wipes_groups() {
    let home = Home::new();
    let ann = home.invite("Ann", &["one", "two"]).await;
    home.people.set_role(&by_admin(), &ann.user_id, Role::Admin).await.expect("an admin may");
    home.people.set_enabled(&by_admin(), &ann.user_id, false).await.expect("an admin may");
    let record = home.people.set_enabled(&by_admin(), &ann.user_id, true).await.expect("an admin may");
    assert_eq!(record.groups, [group("one"), group("two")]);
}

#[tokio::test]
async fn members_manage_nobody_and_it_is_audited() {
    let home = Home::new();
    let ann = home.invite("Ann", &[]).await;
    home.jobs.take();
    let caller = asked_by(member("bob"));
    let error = home.people.set_role(&caller, &ann.user_id, Role::Admin).await.expect_err("a member");
    assert_eq!(error.kind(), ErrorKind::Forbidden);
    assert_eq!(home.directory.get(&ann.user_id).await.expect("there").role, Some(Role::Member));
    let jobs = home.jobs.take();
    assert!(matches!(&jobs[..], [Job::Audit { record }] if record.outcome == AuditOutcome::Deny && record.action == Action::UserManage));
}

#[tokio::test]
async fn what_breaks_a_rule_is_named_and_nobody_is_made() {
    let home = Home::new();
    let entered = InviteUser { email: "nobody".to_owned(), name: " ".to_owned(), role: Role::Member, groups: [group("absent")].into() };
    let error = home.people.invite(&by_admin(), &entered).await.expect_err("three faults");
    let pointers: BTreeSet<&str> = error.fields().iter().map(|field| field.pointer.as_str()).collect();
    assert_eq!(pointers, ["/email", "/groups", "/name"].into());
    assert!(Directory::page(home.directory.as_ref(), None, None).await.expect("there").users.is_empty());

    let ann = home.invite("Ann", &[]).await;
    let many: BTreeSet<_> = (0..51).map(|number| group(&format!("g{number}"))).collect();
    let error = home.people.set_groups(&by_admin(), &ann.user_id, &many).await.expect_err("51 groups");
    assert_eq!(error.kind(), ErrorKind::RuleBroken);
    let again = InviteUser { email: "ANN@example.org".to_owned(), name: "Ann".to_owned(), role: Role::Member, groups: BTreeSet::new() };
    assert_eq!(home.people.invite(&by_admin(), &again).await.expect_err("taken").code(), "email_taken");
}

#[tokio::test]
async fn there_is_one_first_administrator() {
    let home = Home::new();
    let first = home.people.first_administrator("root@example.org", "Root").await.expect("an empty directory");
    assert_eq!(home.session(&first.user_id).await.principal.role, Role::Admin);
    let again = home.people.first_administrator("root@example.org", "Root").await.expect("an interrupted call is repeated");
    assert_eq!(again.user_id, first.user_id);
    let error = home.people.first_administrator("other@example.org", "Other").await.expect_err("somebody is there");
    assert_eq!(error.code(), "already_initialised");
}

#[tokio::test]
async fn a_disabled_person_does_not_sign_in_and_it_is_audited() {
    let home = Home::new();
    let ann = home.invite("Ann", &[]).await;
    // Behind the product's back.
    home.directory.set_enabled(&ann.user_id, false).await.expect("there");
    let origin = by_admin().origin;
    assert_eq!(home.people.sign_in(&ann.user_id, &origin).await.expect_err("disabled").code(), "user_disabled");
    assert_eq!(home.people.renew_session(&ann.user_id).await.expect_err("disabled").code(), "user_disabled");
    assert!(!home.core.store.principal(&ann.user_id).await.expect("tables answer").expect("a row").enabled);
    let denied = home.jobs.take();
    assert!(matches!(&denied[..], [Job::Audit { record }] if record.action == Action::SignIn && record.outcome == AuditOutcome::Deny));
    assert_eq!(home.people.sign_in(&user_id("nobody"), &origin).await.expect_err("unknown").kind(), ErrorKind::NotFound);
}

#[tokio::test]
async fn who_is_gone_from_the_directory_may_nothing() {
    let home = Home::new();
    let ann = home.invite("Ann", &["team"]).await;
    Directory::delete(home.directory.as_ref(), &ann.user_id).await.expect("there");
    let record = home.people.sync_principal(&ann.user_id).await.expect("the row is there");
    assert_eq!((record.enabled, record.role, record.groups), (false, None, Vec::new()));
    let error = home.identity.authenticate_token(&home.token(&ann.user_id)).await.expect_err("gone");
    assert_eq!(error.kind(), ErrorKind::Forbidden);
}
