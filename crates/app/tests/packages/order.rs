//! Authorise, then validate, read, decide, write: who may not is told nothing else, and nothing was read or written for him.

use datalake_app::{AppResult, Caller, ErrorKind, metadata::TagsEdit, packages::ChangePackage};
use domain::{PackageId, PortErrorKind};
use testkit::builders::member;

use crate::support::{Lake, caller};

/// Every change of a package, each with input that breaks a rule.
async fn broken_changes(lake: &Lake, caller: &Caller, package: PackageId) -> Vec<(&'static str, AppResult<()>)> {
    let change = ChangePackage { name: Some(String::new()), visibility: Some("nobody".to_owned()), ..ChangePackage::default() };
    let tags = TagsEdit::Replace(vec![(String::new(), String::new())]);
    let dataset = testkit::builders::dataset_id(999);
    vec![
        ("change", lake.packages.change(caller, package, &change, Some(99)).await.map(drop)),
        ("transfer", lake.packages.transfer(caller, package, "no id", Some(99)).await.map(drop)),
        ("restore package", lake.packages.restore(caller, package).await.map(drop)),
        ("delete", lake.packages.delete(caller, package, Some(99)).await),
        ("write tags", lake.metadata.write(caller, package, &tags, Some(99)).await.map(drop)),
        ("register", lake.datasets.register(caller, package, &[], None).await.map(drop)),
        ("complete", lake.datasets.complete(caller, package, &[]).await.map(drop)),
        ("sign parts", lake.datasets.sign_parts(caller, package, dataset, &[]).await.map(drop)),
        ("remove", lake.datasets.remove(caller, package, dataset).await),
        ("restore", lake.datasets.restore(caller, package, dataset).await.map(drop)),
    ]
}

#[tokio::test]
async fn a_strangers_broken_change_is_told_like_that_of_an_absent_package() {
    let (lake, ann, eve) = (Lake::new(), caller(member("ann")), caller(member("eve")));
    let package = lake.package(&ann, "Flights").await;
    drop(lake.tables.take_changes());
    let absent = broken_changes(&lake, &eve, testkit::builders::package_id(999)).await;
    // Settings, rules and lists are read by queries: one that went out would be answered by this failure.
    lake.tables.fail("tables.query", PortErrorKind::Unavailable, 1);
    let hidden = broken_changes(&lake, &eve, package).await;
    for ((name, hidden), (_, absent)) in hidden.iter().zip(&absent) {
        let (hidden, absent) = (hidden.as_ref().expect_err("refused"), absent.as_ref().expect_err("refused"));
        assert_eq!((hidden.kind(), hidden.message()), (ErrorKind::NotFound, absent.message()), "{name}");
    }
    assert!(lake.tables.take_changes().is_empty(), "nothing was written");
    assert_eq!(lake.jobs.take().len(), hidden.len() + absent.len(), "each attempt is audited");
    assert_eq!(lake.objects.keys(testkit::builders::BUCKET), Vec::<String>::new());
}

#[tokio::test]
async fn the_owners_broken_change_is_told_what_is_wrong() {
    let (lake, ann) = (Lake::new(), caller(member("ann")));
    let package = lake.package(&ann, "Flights").await;
    drop(lake.tables.take_changes());
    for (name, answer) in broken_changes(&lake, &ann, package).await {
        let kind = answer.expect_err("refused").kind();
        assert!(matches!(kind, ErrorKind::Stale | ErrorKind::RuleBroken | ErrorKind::NotFound | ErrorKind::Conflict), "{name}: {kind:?}");
    }
    assert!(lake.tables.take_changes().is_empty(), "nothing was written");
}

#[tokio::test]
async fn a_refusal_that_can_not_be_audited_is_none() {
    let (lake, ann, eve) = (Lake::new(), caller(member("ann")), caller(member("eve")));
    let package = lake.package(&ann, "Flights").await;
    for id in [package, testkit::builders::package_id(999)] {
        lake.jobs.faults.fail_next(PortErrorKind::Unavailable);
        let refused = lake.packages.read(&eve, id).await.expect_err("refused");
        assert_eq!(refused.kind(), ErrorKind::Unavailable, "the same for what is hidden and what is absent");
    }
}
