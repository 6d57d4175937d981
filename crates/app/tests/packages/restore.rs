//! What was removed comes back whole, or not at all: also when housekeeping is at it, and others write meanwhile.

use std::time::Duration;

use datalake_app::{
    Caller, ErrorKind, Paging,
    packages::{ChangePackage, CreatePackage},
};
use domain::{DatasetId, PackageId, PortErrorKind, dataset::DatasetState, ports::Table};
use testkit::builders::{BUCKET, PrincipalExt as _, admin, member, now, only_packages, read_only};

use crate::support::{Lake, caller, until_not_busy};

const DAY: Duration = Duration::from_secs(24 * 3600);

#[tokio::test]
async fn restorations_of_one_path_at_once_leave_one_current() {
    let (lake, ann) = (Lake::new(), caller(member("ann")));
    let package = lake.package(&ann, "Flights").await;
    let mut ids = Vec::new();
    for bytes in [&b"1"[..], b"22", b"333"] {
        ids.push(lake.uploaded(&ann, package, "a.csv", bytes).await);
    }
    for _ in 0..20 {
        let tasks: Vec<_> = ids
            .iter()
            .map(|id| {
                let (lake, ann, id) = (lake.clone(), ann.clone(), *id);
                tokio::spawn(async move { until_not_busy!(lake.datasets.restore(&ann, package, id).await) })
            })
            .collect();
        for task in tasks {
            if let Err(error) = task.await.expect("no panic") {
                assert_eq!(error.code(), "not_removed");
            }
        }
        assert_eq!(lake.counted(package).await, 1);
        let rows = lake.core.store.datasets(package, &ids).await.expect("rows").into_iter().flatten();
        assert_eq!(rows.filter(|dataset| dataset.state == DatasetState::Available).count(), 1);
    }
}

#[tokio::test]
async fn a_restored_dataset_is_due_no_more() {
    let (lake, ann) = (Lake::new(), caller(member("ann")));
    let package = lake.package(&ann, "Flights").await;
    let id = lake.uploaded(&ann, package, "a.csv", b"1").await;
    lake.datasets.remove(&ann, package, id).await.expect("removed");
    let before = lake.row(package).await;
    // The index goes on telling housekeeping of the removal.
    lake.tables.lag_indexes(u32::MAX);
    lake.datasets.restore(&ann, package, id).await.expect("restored");
    let after = lake.row(package).await;
    assert_eq!((after.revision, after.sequence), (before.revision + 1, before.sequence + 1));
    lake.housekeeping_at(31 * DAY).sweep().await;
    assert_eq!((lake.counted(package).await, lake.objects.keys(BUCKET).len()), (1, 1));
    assert_eq!(lake.datasets.read(&ann, package, id).await.expect("there").added_in, Some(after.revision));
}

/// Clocks differ: the one who restores has a moment left, housekeeping's time has come.
#[tokio::test]
async fn a_dataset_restored_while_it_is_purged_is_whole_or_gone() {
    let (lake, ann) = (Lake::new(), caller(member("ann")));
    let package = lake.package(&ann, "Flights").await;
    let (mut kept, mut lost) = (0, 0);
    for round in 0..60_u32 {
        let id = lake.uploaded(&ann, package, "a.csv", b"1").await;
        lake.datasets.remove(&ann, package, id).await.expect("removed");
        let housekeeping = lake.housekeeping_at(30 * DAY);
        let sweep = tokio::spawn(async move { housekeeping.sweep().await });
        // The sweep reads a shard after the other; sooner or later this comes in between.
        for _ in 0..round * 4 {
            tokio::task::yield_now().await;
        }
        let restored = until_not_busy!(lake.datasets.restore(&ann, package, id).await);
        assert_eq!(sweep.await.expect("no panic").failed, 0);
        match restored {
            Ok(_) => {
                kept += 1;
                assert_eq!(lake.objects.keys(BUCKET).len(), 1, "its bytes are there");
                lake.datasets.download(&ann, package, id).await.expect("a URL");
                lake.datasets.remove(&ann, package, id).await.expect("removed");
                lake.housekeeping_at(60 * DAY).sweep().await;
            }
            Err(error) => {
                lost += 1;
                assert!(matches!(error.code(), "bytes_gone" | "not_found"), "{error:?}");
                lake.housekeeping_at(60 * DAY).sweep().await;
            }
        }
        assert_eq!((lake.counted(package).await, lake.objects.keys(BUCKET).len()), (0, 0));
    }
    assert!(kept > 0 && lost > 0, "{kept} were faster, {lost} were not");
}

#[tokio::test]
async fn a_dataset_whose_purge_began_and_failed_is_told_as_gone() {
    let (lake, ann) = (Lake::new(), caller(member("ann")));
    let package = lake.package(&ann, "Flights").await;
    let id = lake.uploaded(&ann, package, "a.csv", b"1").await;
    lake.datasets.remove(&ann, package, id).await.expect("removed");
    lake.objects.faults().fail_after("objects.delete_many", PortErrorKind::Unavailable);
    assert_eq!(lake.housekeeping_at(30 * DAY).sweep().await.failed, 1);
    let refused = lake.datasets.restore(&ann, package, id).await.expect_err("its bytes are gone");
    assert_eq!((refused.kind(), refused.code()), (ErrorKind::Conflict, "bytes_gone"));
    assert_eq!(lake.housekeeping_at(30 * DAY).sweep().await.handled, 1, "the next sweep ends it");
    assert!(lake.tables.rows(Table::Datasets).is_empty());
}

/// A package that two groups see, with tags and two datasets, and an upload that is not complete.
async fn shared(lake: &Lake, owner: &Caller) -> (PackageId, Vec<DatasetId>) {
    let entered = CreatePackage {
        name: "Flights".to_owned(),
        visibility: Some("groups".to_owned()),
        groups: vec!["makers".to_owned(), "team".to_owned()],
        tags: vec![("year".to_owned(), "2001".to_owned())],
        ..CreatePackage::default()
    };
    let package = lake.packages.create(owner, &entered, None).await.expect("a package").package.id;
    let mut ids = vec![lake.uploaded(owner, package, "a.csv", b"1").await, lake.uploaded(owner, package, "b.csv", b"22").await];
    ids.extend(lake.sent(owner, package, &[("pending.csv".to_owned(), b"333".to_vec())]).await);
    (package, ids)
}

fn group_rows(lake: &Lake) -> usize {
    let rows = lake.tables.rows(Table::Packages);
    rows.iter().filter(|row| row["package_id"].as_str().is_some_and(|partition| partition.starts_with("group#"))).count()
}

async fn deleted_of(lake: &Lake, caller: &Caller, owner: Option<&str>) -> Vec<PackageId> {
    let owner = owner.map(|owner| owner.parse().expect("a user id"));
    let page = lake.packages.list_deleted(caller, owner.as_ref(), &Paging::default()).await.expect("a page");
    page.items.into_iter().map(|(package, _)| package.id).collect()
}

#[tokio::test]
async fn a_package_comes_back_with_everything_in_it_until_its_last_day() {
    let (lake, ann) = (Lake::new(), caller(member("ann")));
    let (package, ids) = shared(&lake, &ann).await;
    let bob = caller(member("bob").in_groups(&["team"]));
    lake.packages.delete(&ann, package, None).await.expect("deleted");
    assert_eq!(group_rows(&lake), 0);
    let deleted = lake.row(package).await;
    lake.clock.set(now().plus(29 * DAY));
    assert_eq!(lake.housekeeping_at(29 * DAY).sweep().await.failed, 0);

    let restored = lake.packages.restore(&ann, package).await.expect("restored");
    assert_eq!(restored.package, lake.row(package).await, "the answer is the row");
    assert_eq!((restored.package.sequence, restored.package.version), (deleted.sequence + 1, deleted.version + 1));
    assert_eq!((restored.package.revision, restored.tags.get("year")), (deleted.revision, Some("2001")));
    assert_eq!((group_rows(&lake), lake.counted(package).await), (2, 2));
    lake.datasets.download(&bob, package, ids[0]).await.expect("a group member has it again");
    // Nothing of it is due any more, although the index may say so.
    lake.housekeeping_at(31 * DAY).sweep().await;
    assert_eq!((lake.counted(package).await, lake.objects.keys(BUCKET).len()), (2, 2), "the upload's own time is over");

    let again = lake.packages.restore(&ann, package).await.expect_err("it is there");
    assert_eq!((again.kind(), again.code()), (ErrorKind::Conflict, "not_deleted"));
}

#[tokio::test]
async fn after_thirty_days_a_package_is_absent_purged_or_not() {
    let (lake, ann) = (Lake::new(), caller(member("ann")));
    let (package, _) = shared(&lake, &ann).await;
    lake.packages.delete(&ann, package, None).await.expect("deleted");
    lake.clock.set(now().plus(30 * DAY));
    let refused = async || lake.packages.restore(&ann, package).await.expect_err("too late").kind();
    assert_eq!((refused().await, deleted_of(&lake, &ann, None).await), (ErrorKind::NotFound, vec![]));
    assert_eq!(lake.housekeeping_at(30 * DAY).sweep().await.failed, 0);
    assert!(lake.core.store.package(package).await.expect("tables").is_none());
    assert_eq!(refused().await, ErrorKind::NotFound);
}

#[tokio::test]
async fn only_owners_and_admins_see_and_restore_what_was_deleted() {
    let (lake, ann) = (Lake::new(), caller(member("ann")));
    let (package, _) = shared(&lake, &ann).await;
    let other = lake.package(&ann, "Trains").await;
    let team = caller(member("bob").in_groups(&["team"]));
    let refused = lake.packages.restore(&team, package).await.expect_err("it is not his");
    assert_eq!(refused.kind(), ErrorKind::Forbidden, "he sees it");
    for id in [package, other] {
        lake.packages.delete(&ann, id, None).await.expect("deleted");
    }
    let refused = lake.packages.restore(&team, package).await.expect_err("it is not his");
    assert_eq!(refused.kind(), ErrorKind::NotFound, "he no longer sees it");
    assert_eq!(deleted_of(&lake, &team, None).await, []);
    let others = lake.packages.list_deleted(&team, Some(&ann.principal.user_id), &Paging::default()).await;
    assert_eq!(others.expect_err("not his").kind(), ErrorKind::Forbidden);

    assert_eq!(deleted_of(&lake, &ann, None).await, [other, package], "newest first");
    assert_eq!(deleted_of(&lake, &caller(admin("root")), Some("ann")).await, [other, package]);
    let reading = caller(member("ann").with_key(read_only()));
    assert_eq!(deleted_of(&lake, &reading, None).await, [other, package]);
    assert_eq!(lake.packages.restore(&reading, package).await.expect_err("it only reads").kind(), ErrorKind::Forbidden);
    let narrowed = caller(member("ann").with_key(only_packages(&[999])));
    assert_eq!(deleted_of(&lake, &narrowed, None).await, []);
    assert_eq!(lake.packages.restore(&narrowed, package).await.expect_err("of other packages").kind(), ErrorKind::NotFound);
    lake.packages.restore(&caller(admin("root")), package).await.expect("restored");
    assert_eq!(deleted_of(&lake, &ann, None).await, [other]);
}

#[tokio::test]
async fn a_late_or_repeated_job_of_the_deletion_takes_nothing_from_a_restored_package() {
    let (lake, ann) = (Lake::new(), caller(member("ann")));
    let (package, ids) = shared(&lake, &ann).await;
    lake.packages.delete(&ann, package, None).await.expect("deleted");
    lake.packages.restore(&ann, package).await.expect("restored");
    for _ in 0..2 {
        lake.housekeeping_at(DAY).package_deleted(package).await.expect("nothing to do");
    }
    lake.datasets.complete(&ann, package, &ids[2..]).await.expect("answers").remove(0).expect("the upload goes on");
    assert_eq!(lake.counted(package).await, 3);
}

#[tokio::test]
async fn of_a_package_restored_while_its_uploads_are_dropped_the_rest_stays() {
    let (lake, ann) = (Lake::new(), caller(member("ann")));
    let (mut dropped, mut kept) = (0, 0);
    for round in 0..12 {
        let package = lake.package(&ann, "Flights").await;
        let files: Vec<_> = (0..12).map(|number| (format!("{number}.csv"), b"1".to_vec())).collect();
        let ids = lake.sent(&ann, package, &files).await;
        lake.packages.delete(&ann, package, None).await.expect("deleted");
        let housekeeping = lake.housekeeping_at(DAY);
        let job = tokio::spawn(async move { housekeeping.package_deleted(package).await });
        for _ in 0..round * 3 {
            tokio::task::yield_now().await;
        }
        until_not_busy!(lake.packages.restore(&ann, package).await).expect("restored");
        // What is there when it is restored, stays.
        let left: Vec<DatasetId> = pending(&lake, package).await;
        job.await.expect("no panic").expect("done");
        assert_eq!(pending(&lake, package).await, left, "round {round}");
        let completed = if left.is_empty() { Vec::new() } else { lake.datasets.complete(&ann, package, &left).await.expect("answers") };
        assert!(completed.iter().all(Result::is_ok), "their bytes are there");
        kept += left.len();
        dropped += ids.len() - left.len();
    }
    assert!(kept > 0 && dropped > 0, "{kept} were kept, {dropped} dropped");
}

async fn pending(lake: &Lake, package: PackageId) -> Vec<DatasetId> {
    let (datasets, _) = lake.core.store.datasets_by_registration(package, 1000, None).await.expect("a page");
    datasets.into_iter().filter(|dataset| dataset.state == DatasetState::Pending).map(|dataset| dataset.id).collect()
}

/// Clocks differ: the one who restores has a moment left, housekeeping's time has come.
#[tokio::test]
async fn a_package_restored_while_it_is_purged_is_whole_or_gone() {
    let (lake, ann) = (Lake::new(), caller(member("ann")));
    let (mut kept, mut lost) = (0, 0);
    for round in 0..50_u32 {
        let (package, ids) = shared(&lake, &ann).await;
        lake.packages.delete(&ann, package, None).await.expect("deleted");
        let housekeeping = lake.housekeeping_at(30 * DAY);
        let sweep = tokio::spawn(async move { housekeeping.sweep().await });
        for _ in 0..round * 4 {
            tokio::task::yield_now().await;
        }
        let restored = until_not_busy!(lake.packages.restore(&ann, package).await);
        assert_eq!(sweep.await.expect("no panic").failed, 0);
        match restored {
            Ok(_) => {
                kept += 1;
                assert_eq!((lake.counted(package).await, group_rows(&lake)), (2, 2));
                for id in &ids[..2] {
                    lake.datasets.download(&ann, package, *id).await.expect("its bytes are there");
                }
                assert!(lake.objects.keys(BUCKET).len() >= 2);
                lake.packages.delete(&ann, package, None).await.expect("deleted");
            }
            Err(error) => {
                lost += 1;
                assert_eq!(error.kind(), ErrorKind::NotFound);
            }
        }
        lake.housekeeping_at(60 * DAY).sweep().await;
        assert_eq!((lake.objects.keys(BUCKET), lake.tables.rows(Table::Datasets).len()), (Vec::new(), 0), "round {round}");
    }
    assert!(kept > 0 && lost > 0, "{kept} were faster, {lost} were not");
}

#[tokio::test]
async fn a_package_whose_purge_began_does_not_come_back_in_part() {
    let (lake, ann) = (Lake::new(), caller(member("ann")));
    let (package, _) = shared(&lake, &ann).await;
    lake.packages.delete(&ann, package, None).await.expect("deleted");
    lake.objects.faults().fail_after("objects.delete_many", PortErrorKind::Unavailable);
    assert!(lake.housekeeping_at(30 * DAY).sweep().await.failed > 0);
    assert_eq!(lake.packages.restore(&ann, package).await.expect_err("its bytes are gone").kind(), ErrorKind::NotFound);
    lake.housekeeping_at(30 * DAY).sweep().await;
    assert!(lake.core.store.package(package).await.expect("tables").is_none(), "the next sweep ends it");
}

#[tokio::test]
async fn a_deletion_and_a_restoration_at_once_leave_the_package_one_or_the_other() {
    let (lake, ann) = (Lake::new(), caller(member("ann")));
    let (package, _) = shared(&lake, &ann).await;
    for _ in 0..20 {
        let change = ChangePackage { groups: Some(vec!["makers".to_owned(), "team".to_owned()]), ..ChangePackage::default() };
        let (deleted, restored, changed) = tokio::join!(
            lake.packages.delete(&ann, package, None),
            lake.packages.restore(&ann, package),
            lake.packages.change(&ann, package, &change, None),
        );
        for refused in [deleted.err(), restored.err(), changed.err()].into_iter().flatten() {
            assert!(matches!(refused.kind(), ErrorKind::NotFound | ErrorKind::Conflict), "{refused:?}");
        }
        let there = lake.row(package).await.deleted_at.is_none();
        assert_eq!(group_rows(&lake), if there { 2 } else { 0 });
    }
}
