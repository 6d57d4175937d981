//! From the feed to jobs.

use datalake_app::{
    packages::{ChangePackage, CreatePackage},
    workers::changes::{Changes, is_told, jobs_of},
};
use domain::{
    PackageId, PortErrorKind,
    access::Action,
    audit::{Actor, AuditOutcome, Origin},
    change::{Change, STAMP_ATTRIBUTE},
    job::Job,
    ports::{Condition, Handler as _, Item, Key, Table, Tables as _},
};
use testkit::builders::{api_key, dataset, export_id, package_id, user_id};

use crate::support::{Lake, ann, entries, records};

/// Creates, changes and deletes a package.
async fn three_actions(lake: &Lake) -> PackageId {
    let entered = CreatePackage { name: "Flights".to_owned(), ..CreatePackage::default() };
    let id = lake.packages.create(&ann(), &entered, None).await.expect("created").package.id;
    let change = ChangePackage { name: Some("Delays".to_owned()), ..ChangePackage::default() };
    lake.packages.change(&ann(), id, &change, None).await.expect("changed");
    lake.packages.delete(&ann(), id, None).await.expect("deleted");
    id
}

#[tokio::test]
async fn one_action_is_told_once_whatever_the_number_of_rows() {
    let lake = Lake::new();
    let id = three_actions(&lake).await;
    let worker = Changes::new(lake.jobs.clone());
    let outcome = worker.handle(entries(lake.tables.take_changes())).await;
    assert!(outcome.failed.is_empty());
    let jobs = lake.jobs.take();
    let told = records(&jobs);
    let actions: Vec<Action> = told.iter().map(|record| record.action).collect();
    assert_eq!(actions, [Action::PackageCreate, Action::PackageUpdate, Action::PackageDelete]);
    for record in &told {
        assert_eq!((&record.resource, record.outcome, &record.actor), (&id.to_string(), AuditOutcome::Allow, &Actor::of(&ann().principal)));
        assert_eq!(record.origin, ann().origin);
    }
    assert_eq!(told[1].changed, ["name"]);
    assert_eq!(jobs.iter().filter(|job| **job == Job::Index { package_id: id }).count(), 1, "one hint is enough for what came together");
    assert_eq!(jobs.iter().filter(|job| **job == Job::PackageDeleted { package_id: id }).count(), 1);
}

#[tokio::test]
async fn the_same_change_makes_the_same_jobs_whenever_it_comes() {
    let lake = Lake::new();
    three_actions(&lake).await;
    let changes = lake.tables.take_changes();
    let once: Vec<Vec<Job>> = changes.iter().map(|change| jobs_of(change).expect("readable")).collect();
    let again: Vec<Vec<Job>> = changes.iter().rev().map(|change| jobs_of(change).expect("readable")).collect();
    assert_eq!(once, again.into_iter().rev().collect::<Vec<_>>());
}

#[tokio::test]
async fn datasets_of_one_call_are_one_record_of_their_package() {
    let lake = Lake::new();
    let stamp = lake.core.stamp(&ann(), Action::DatasetUpload, &["state"]);
    let put = |number, path| lake.core.store.put_dataset(&dataset(1, number, path), None, Some(&stamp), None).expect("a row");
    lake.tables.transact(vec![put(1, "a.csv"), put(2, "b.csv"), put(3, "c.csv")]).await.expect("tables answer");
    let changes = lake.tables.take_changes();
    let mut told: Vec<_> = changes.iter().flat_map(|change| records(&jobs_of(change).expect("readable"))).collect();
    told.dedup();
    assert_eq!(told.len(), 1, "identical, so that the log takes them as one");
    assert_eq!(told[0].resource, package_id(1).to_string());
    assert!(Changes::new(lake.jobs.clone()).handle(entries(changes)).await.failed.is_empty());
    assert_eq!(records(&lake.jobs.take()), told, "and of one batch they are one job");
}

#[tokio::test]
async fn what_nobody_needs_to_know_wakes_nobody() {
    let lake = Lake::new();
    let stamp = lake.core.stamp(&ann(), Action::KeyGrant, &[]);
    let key = api_key(1, "ann");
    let write = lake.core.store.put_api_key(&key, &stamp, Condition::Absent).expect("a row");
    lake.tables.write(write).await.expect("tables answer");
    lake.core.store.note_key_use(&key.access_key_id, lake.core.now()).await.expect("tables answer");
    let row = Item::from([("package_id".to_owned(), "group#team".into()), ("item".to_owned(), package_id(1).to_string().into())]);
    let grouped = Change { table: Table::Packages, key: Key::new("group#team", package_id(1).to_string()), old: None, new: Some(row) };
    let changes = lake.tables.take_changes();
    let jobs: Vec<Vec<Job>> = changes.iter().chain([&grouped]).map(|change| jobs_of(change).expect("readable")).collect();
    assert_eq!(jobs.iter().map(Vec::len).collect::<Vec<_>>(), [1, 0, 0]);
    assert_eq!(changes.iter().chain([&grouped]).map(is_told).collect::<Vec<_>>(), [true, false, false]);
    assert_eq!(records(&jobs[0])[0].resource, key.access_key_id.to_string());
}

#[tokio::test]
async fn exports_are_written_and_taken_away() {
    let lake = Lake::new();
    let exported = |action| {
        let stamp = lake.core.stamp_of(Actor::system(), &Origin::default(), action, &[]);
        let new = Item::from([(STAMP_ATTRIBUTE.to_owned(), serde_json::to_value(stamp).expect("JSON"))]);
        jobs_of(&Change { table: Table::Cart, key: Key::new("ann", format!("export#{}", export_id(1))), old: None, new: Some(new) })
    };
    let (user_id, export_id) = (user_id("ann"), export_id(1));
    for action in [Action::ExportCreate, Action::ExportRetry] {
        assert!(exported(action).expect("readable").contains(&Job::Export { user_id: user_id.clone(), export_id }));
    }
    let revoked = exported(Action::ExportRevoke).expect("readable");
    assert!(revoked.contains(&Job::RemoveExport { user_id, export_id }));
    assert_eq!(records(&revoked)[0].resource, export_id.to_string());
}

#[tokio::test]
async fn a_package_row_that_goes_leaves_the_index() {
    let key = Key::new(package_id(1).to_string(), "package");
    let gone = Change { table: Table::Packages, key, old: Some(Item::from([("sequence".to_owned(), 7.into())])), new: None };
    assert_eq!(jobs_of(&gone).expect("readable"), [Job::Index { package_id: package_id(1) }]);
}

#[tokio::test]
async fn a_change_that_can_never_be_told_stops_nothing_behind_it_and_is_not_dropped() {
    let lake = Lake::new();
    three_actions(&lake).await;
    let mut changes = lake.tables.take_changes();
    let stamped = changes.iter().position(|change| change.new_stamp().is_some()).expect("an action");
    let mut poisoned = changes[stamped].clone();
    poisoned.new.as_mut().expect("a row").insert(STAMP_ATTRIBUTE.to_owned(), "not a stamp".into());
    changes.insert(0, poisoned.clone());
    let outcome = Changes::new(lake.jobs.clone()).handle(entries(changes)).await;
    assert_eq!(outcome.failed, [""; 0]);
    let jobs = lake.jobs.take();
    assert_eq!(jobs[0], Job::Untold { change: poisoned });
    assert_eq!(records(&jobs).len(), 3);
}

#[tokio::test]
async fn of_what_is_too_large_to_be_set_aside_as_much_is_as_the_queue_takes() {
    for (refusals, old, new) in [(1, false, true), (2, false, false)] {
        let lake = Lake::new();
        let row = Item::from([(STAMP_ATTRIBUTE.to_owned(), "not a stamp".into())]);
        let key = Key::new(package_id(1).to_string(), "package");
        let change = Change { table: Table::Packages, key: key.clone(), old: Some(row.clone()), new: Some(row.clone()) };
        for _ in 0..refusals {
            lake.jobs.faults.fail_next(PortErrorKind::InvalidArgument);
        }
        assert_eq!(Changes::new(lake.jobs.clone()).handle(entries([change])).await.failed, [""; 0]);
        let row = |wanted: bool| wanted.then(|| row.clone());
        assert_eq!(lake.jobs.take(), [Job::Untold { change: Change { table: Table::Packages, key, old: row(old), new: row(new) } }]);
    }
}

#[tokio::test]
async fn what_can_be_neither_told_nor_set_aside_comes_again() {
    let lake = Lake::new();
    three_actions(&lake).await;
    let changes = lake.tables.take_changes();
    // All jobs, those of the first change, then the change whole, without the row before, and without both.
    for _ in 0..5 {
        lake.jobs.faults.fail_next(PortErrorKind::InvalidArgument);
    }
    let outcome = Changes::new(lake.jobs.clone()).handle(entries(changes)).await;
    assert!(!outcome.failed.is_empty());
    assert!(!lake.jobs.take().iter().any(|job| matches!(job, Job::Untold { .. })));
}

#[tokio::test]
async fn what_the_queue_did_not_take_comes_again_with_all_behind_it() {
    let lake = Lake::new();
    three_actions(&lake).await;
    let changes = lake.tables.take_changes();
    let worker = Changes::new(lake.jobs.clone());
    // A queue that fails once for all of the batch holds up nothing: each change is told by itself.
    lake.jobs.faults.fail_next(PortErrorKind::Unavailable);
    assert!(worker.handle(entries(changes.clone())).await.failed.is_empty());
    assert_eq!(records(&lake.jobs.take()).len(), 3);

    for _ in 0..2 {
        lake.jobs.faults.fail_next(PortErrorKind::Unavailable);
    }
    let outcome = worker.handle(entries(changes.clone())).await;
    let failed: usize = outcome.failed[0].parse().expect("a place");
    assert_eq!(outcome.failed.len(), changes.len() - failed, "nothing overtakes it");
    assert!(records(&lake.jobs.take()).is_empty());
    assert!(worker.handle(entries(changes[failed..].iter().cloned())).await.failed.is_empty());
    assert_eq!(records(&lake.jobs.take()).len(), 3);
}
