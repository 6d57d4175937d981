//! What was changed in the directory without the product.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use datalake_app::identity::{Reconciled, Reconciliation};
use domain::{
    Deadline, PortErrorKind, PortResult,
    id::UserId,
    ports::{Clock as _, Directory, DirectoryPage, DirectoryUser, Groups as _, Invitation, Table},
    principal::Role,
    user::PrincipalRecord,
};
use testkit::builders::group;

use crate::home::Home;

async fn reconcile(home: &Home) -> Reconciled {
    let reconciliation = Reconciliation::new(home.core.clone(), home.directory.clone());
    reconciliation.run(Deadline::NONE).await.expect("directory and tables answer")
}

async fn row(home: &Home, record: &PrincipalRecord) -> PrincipalRecord {
    home.core.store.stored_principal(&record.user_id).await.expect("tables").expect("a row").record
}

#[tokio::test]
async fn whoever_was_disabled_moved_or_removed_there_is_so_here() {
    let home = Home::new();
    let (ann, bob, eve) = (home.invite("Ann", &["team"]).await, home.invite("Bob", &["team"]).await, home.invite("Eve", &[]).await);
    home.directory.set_enabled(&ann.user_id, false).await.expect("Ann is there");
    home.directory.set_membership(&group("team"), &bob.user_id, false).await.expect("Bob is there");
    Directory::delete(home.directory.as_ref(), &eve.user_id).await.expect("Eve is there");

    assert_eq!(reconcile(&home).await, Reconciled { seen: 3, failed: 0, complete: true });
    assert!(!row(&home, &ann).await.enabled);
    assert_eq!(row(&home, &bob).await, PrincipalRecord { groups: Vec::new(), ..bob });
    let gone = row(&home, &eve).await;
    assert!(!gone.enabled && gone.role.is_none());

    home.directory.set_enabled(&ann.user_id, true).await.expect("Ann is there");
    reconcile(&home).await;
    assert_eq!(row(&home, &ann).await, ann, "and back again");
}

/// A directory whose page was read a while ago.
struct Late {
    page: DirectoryPage,
    directory: Arc<dyn Directory>,
}

#[async_trait]
impl Directory for Late {
    async fn invite(&self, invitation: &Invitation) -> PortResult<DirectoryUser> {
        self.directory.invite(invitation).await
    }

    async fn page(&self, _: Option<&str>, _: Option<String>) -> PortResult<DirectoryPage> {
        Ok(self.page.clone())
    }

    async fn get(&self, user_id: &UserId) -> PortResult<DirectoryUser> {
        self.directory.get(user_id).await
    }

    async fn update(&self, user_id: &UserId, name: Option<&str>, role: Option<Role>) -> PortResult<()> {
        self.directory.update(user_id, name, role).await
    }

    async fn set_enabled(&self, user_id: &UserId, enabled: bool) -> PortResult<()> {
        self.directory.set_enabled(user_id, enabled).await
    }

    async fn sign_out(&self, user_id: &UserId) -> PortResult<()> {
        self.directory.sign_out(user_id).await
    }

    async fn delete(&self, user_id: &UserId) -> PortResult<()> {
        self.directory.delete(user_id).await
    }
}

#[tokio::test]
async fn what_was_read_before_somebody_was_disabled_lets_nobody_in_again() {
    let home = Home::new();
    let ann = home.invite("Ann", &["team"]).await;
    let page = Directory::page(home.directory.as_ref(), None, None).await.expect("a page");
    home.directory.set_enabled(&ann.user_id, false).await.expect("Ann is there");
    reconcile(&home).await;
    let late = Late { page, directory: home.directory.clone() };
    let done = Reconciliation::new(home.core.clone(), Arc::new(late)).run(Deadline::NONE).await.expect("directory and tables answer");
    assert_eq!(done, Reconciled { seen: 1, failed: 0, complete: true });
    assert!(!row(&home, &ann).await.enabled);
}

#[tokio::test]
async fn what_is_in_step_is_not_written_and_whoever_never_came_gets_no_row() {
    let home = Home::new();
    let ann = home.invite("Ann", &[]).await;
    let invitation = Invitation { email: "bob@example.org".to_owned(), name: "Bob".to_owned(), role: Role::Member };
    let bob = home.directory.invite(&invitation).await.expect("a free address");
    home.tables.take_changes();
    assert!(reconcile(&home).await.complete);
    assert!(home.tables.take_changes().is_empty());
    assert!(home.core.store.stored_principal(&bob.user_id).await.expect("tables").is_none());
    assert_eq!(row(&home, &ann).await, ann);
}

#[tokio::test]
async fn one_row_that_fails_keeps_no_other_from_following() {
    let home = Home::new();
    let (ann, bob) = (home.invite("Ann", &[]).await, home.invite("Bob", &[]).await);
    for person in [&ann, &bob] {
        home.directory.set_enabled(&person.user_id, false).await.expect("they are there");
    }
    home.tables.fail("tables.transact", PortErrorKind::Unavailable, 1);
    let done = reconcile(&home).await;
    assert_eq!((done.failed, done.complete), (1, true));
    assert_eq!(reconcile(&home).await.failed, 0);
    assert!(!row(&home, &ann).await.enabled && !row(&home, &bob).await.enabled);
    assert!(!home.tables.rows(Table::Keys).is_empty());
}

#[tokio::test]
async fn shortly_before_its_end_no_further_page_is_begun() {
    let home = Home::new();
    let ann = home.invite("Ann", &[]).await;
    // The directory's pages hold 60 people.
    for number in 2..=60 {
        home.invite(&format!("Person{number}"), &[]).await;
    }
    let reconciliation = Reconciliation::new(home.core.clone(), home.directory.clone());
    let soon = Deadline::at(home.clock.now().plus(Duration::from_secs(30)));
    assert_eq!(reconciliation.run(soon).await.expect("runs"), Reconciled { seen: 60, failed: 0, complete: true }, "one page is all");
    let zoe = home.invite("Zoe", &[]).await;
    for person in [&ann, &zoe] {
        home.directory.set_enabled(&person.user_id, false).await.expect("is there");
    }
    assert_eq!(reconciliation.run(soon).await.expect("runs"), Reconciled { seen: 60, failed: 0, complete: false });
    assert!(!row(&home, &ann).await.enabled && row(&home, &zoe).await.enabled);
}
