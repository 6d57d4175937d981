//! Packages: many at once, lost answers, handing over, deletion.

use datalake_app::{
    ErrorKind, Paging,
    idempotency::IdempotencyKey,
    packages::{ChangePackage, CreatePackage},
};
use domain::{PackageId, access::Action, ports::Tables as _, user::PrincipalRecord};
use testkit::builders::{member, now};

use crate::support::{Lake, caller, until_not_busy};

fn named(name: &str) -> CreatePackage {
    CreatePackage { name: name.to_owned(), ..CreatePackage::default() }
}

async fn owned(lake: &Lake, owner: &datalake_app::Caller) -> Vec<PackageId> {
    let listed = lake.packages.list(owner, None, &Paging::default()).await.expect("a page");
    listed.items.into_iter().map(|(package, _)| package.id).collect()
}

#[tokio::test]
async fn one_idempotency_key_makes_one_package_however_many_ask_at_once() {
    let (lake, ann) = (Lake::new(), caller(member("ann")));
    let tasks: Vec<_> = (0..20)
        .map(|_| {
            let (lake, ann) = (lake.clone(), ann.clone());
            tokio::spawn(async move {
                let key = IdempotencyKey::new(&ann, Action::PackageCreate, "key", b"request").expect("a key");
                lake.packages.create(&ann, &named("Flights"), Some(&key)).await
            })
        })
        .collect();
    let mut made = Vec::new();
    for task in tasks {
        made.push(task.await.expect("no panic").expect("a package").package.id);
    }
    made.dedup();
    assert_eq!(made, owned(&lake, &ann).await);
    assert_eq!(made.len(), 1);
}

#[tokio::test]
async fn a_creation_whose_answer_was_lost_is_found_by_its_key() {
    let (lake, ann) = (Lake::new(), caller(member("ann")));
    let key = IdempotencyKey::new(&ann, Action::PackageCreate, "key", b"request").expect("a key");
    lake.tables.lose_answers("tables.transact", 1);
    let lost = lake.packages.create(&ann, &named("Flights"), Some(&key)).await.expect_err("the answer was lost");
    assert_eq!(lost.kind(), ErrorKind::Unavailable);
    let again = lake.packages.create(&ann, &named("Flights"), Some(&key)).await.expect("the package");
    assert_eq!(owned(&lake, &ann).await, [again.package.id]);
}

#[tokio::test]
async fn changes_of_different_fields_at_once_both_hold() {
    let (lake, ann) = (Lake::new(), caller(member("ann")));
    let package = lake.package(&ann, "Flights").await;
    for round in 0..20 {
        let change = |entered: ChangePackage| {
            let (lake, ann) = (lake.clone(), ann.clone());
            tokio::spawn(async move { until_not_busy!(lake.packages.change(&ann, package, &entered, None).await) })
        };
        let (name, description) = (format!("Name {round}"), format!("Description {round}"));
        let first = change(ChangePackage { name: Some(name.clone()), ..ChangePackage::default() });
        let second = change(ChangePackage { description: Some(description.clone()), ..ChangePackage::default() });
        first.await.expect("no panic").expect("changed");
        second.await.expect("no panic").expect("changed");
        let row = lake.row(package).await;
        assert_eq!((row.name.as_str(), row.description.as_str()), (name.as_str(), description.as_str()));
    }
}

#[tokio::test]
async fn a_package_is_handed_over_with_everything_in_it() {
    let (lake, ann, bob) = (Lake::new(), caller(member("ann")), caller(member("bob")));
    let record = PrincipalRecord {
        user_id: bob.principal.user_id.clone(),
        directory_name: "bob".to_owned(),
        email: "bob@example.org".to_owned(),
        name: "Bob".to_owned(),
        role: Some(bob.principal.role),
        groups: Vec::new(),
        enabled: true,
        tokens_valid_after: now(),
        last_sign_in: None,
        federated: false,
    };
    lake.tables.transact(lake.core.store.put_principal(&record, None, None).expect("rows")).await.expect("Bob is known");
    let package = lake.package(&ann, "Flights").await;
    let ids = lake.sent(&ann, package, &[("a.csv".to_owned(), b"1".to_vec())]).await;
    lake.datasets.complete(&ann, package, &ids).await.expect("answers").remove(0).expect("complete");
    lake.packages.transfer(&ann, package, "bob", Some(1)).await.expect("handed over");
    assert_eq!((owned(&lake, &ann).await, owned(&lake, &bob).await), (Vec::new(), vec![package]));
    lake.datasets.download(&bob, package, ids[0]).await.expect("Bob has the bytes");
    let refused = lake.datasets.download(&ann, package, ids[0]).await.expect_err("it was private");
    assert_eq!(refused.kind(), ErrorKind::NotFound);
}

#[tokio::test]
async fn nobody_gets_a_package_who_is_unknown_or_disabled() {
    let (lake, ann) = (Lake::new(), caller(member("ann")));
    let package = lake.package(&ann, "Flights").await;
    for owner in ["nobody", "", "no id", "a/b"] {
        let refused = lake.packages.transfer(&ann, package, owner, None).await.expect_err("nobody");
        assert_eq!((refused.kind(), refused.fields()[0].pointer.as_str()), (ErrorKind::RuleBroken, "/owner"));
    }
    assert_eq!(lake.row(package).await.owner, ann.principal.user_id);
}

#[tokio::test]
async fn a_deleted_package_is_absent_everywhere() {
    let (lake, ann) = (Lake::new(), caller(member("ann")));
    let package = lake.package(&ann, "Flights").await;
    let ids = lake.sent(&ann, package, &[("a.csv".to_owned(), b"1".to_vec())]).await;
    lake.datasets.complete(&ann, package, &ids).await.expect("answers").remove(0).expect("complete");
    lake.packages.delete(&ann, package, None).await.expect("deleted");
    assert_eq!(owned(&lake, &ann).await, Vec::new());
    let paging = Paging::default();
    let kinds = [
        lake.packages.read(&ann, package).await.map(drop),
        lake.packages.delete(&ann, package, None).await,
        lake.packages.change(&ann, package, &ChangePackage::default(), None).await.map(drop),
        lake.packages.transfer(&ann, package, "ann", None).await.map(drop),
        lake.datasets.restore(&ann, package, ids[0]).await.map(drop),
        lake.packages.history(&ann, package, &paging).await.map(drop),
        lake.packages.descriptor(&ann, package).await.map(drop),
        lake.metadata.read(&ann, package).await.map(drop),
        lake.metadata.versions(&ann, package, &paging).await.map(drop),
        lake.datasets.list(&ann, package, "", &paging).await.map(drop),
        lake.datasets.read(&ann, package, ids[0]).await.map(drop),
        lake.datasets.download(&ann, package, ids[0]).await.map(drop),
        lake.datasets.remove(&ann, package, ids[0]).await,
        lake.datasets.complete(&ann, package, &ids).await.map(drop),
    ]
    .map(|answer| answer.map_err(|error| error.kind()));
    assert!(kinds.iter().all(|answer| *answer == Err(ErrorKind::NotFound)), "{kinds:?}");
}
