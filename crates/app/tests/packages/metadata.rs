//! Tags: many writers at once, and lost answers.

use std::collections::{BTreeMap, BTreeSet};

use datalake_app::{ErrorKind, Paging, metadata::TagsEdit};
use testkit::builders::member;

use crate::support::{Lake, caller, until_not_busy};

fn tag(name: &str, value: &str) -> TagsEdit {
    TagsEdit::Merge(BTreeMap::from([(name.to_owned(), Some(value.to_owned()))]))
}

#[tokio::test]
async fn merges_at_once_lose_no_tag() {
    let (lake, ann) = (Lake::new(), caller(member("ann")));
    let package = lake.package(&ann, "Flights").await;
    let tasks: Vec<_> = (0..40)
        .map(|number| {
            let (lake, ann) = (lake.clone(), ann.clone());
            tokio::spawn(async move {
                let edit = tag(&format!("tag{number}"), "x");
                until_not_busy!(lake.metadata.write(&ann, package, &edit, None).await)
            })
        })
        .collect();
    let mut versions = BTreeSet::new();
    for task in tasks {
        assert!(versions.insert(task.await.expect("no panic").expect("a new version").version), "no version is given twice");
    }
    assert_eq!(versions, (2..=41).collect());
    let now = lake.metadata.read(&ann, package).await.expect("the tags");
    assert_eq!((now.version, now.tags.to_map().len()), (41, 40));
    let listed = lake.metadata.versions(&ann, package, &Paging { limit: 200, cursor: None }).await.expect("versions");
    let sizes: Vec<usize> = listed.items.iter().map(|change| change.version.tags.to_map().len()).collect();
    assert_eq!(sizes, (0..=40).rev().collect::<Vec<_>>(), "each version has one tag more than the one before");
}

#[tokio::test]
async fn of_two_replacements_of_one_version_one_is_told_that_it_is_late() {
    let (lake, ann) = (Lake::new(), caller(member("ann")));
    let package = lake.package(&ann, "Flights").await;
    for version in 1..=20 {
        let replace = |value: &'static str| {
            let (lake, ann) = (lake.clone(), ann.clone());
            let edit = TagsEdit::Replace(vec![("year".to_owned(), format!("{value}{version}"))]);
            tokio::spawn(async move { lake.metadata.write(&ann, package, &edit, Some(version)).await })
        };
        let (first, second) = (replace("a"), replace("b"));
        let answers = [first.await.expect("no panic"), second.await.expect("no panic")];
        let late = answers.iter().filter(|answer| answer.as_ref().is_err_and(|error| error.kind() == ErrorKind::Stale)).count();
        let held: Vec<_> = answers.iter().filter_map(|answer| answer.as_ref().ok()).collect();
        assert_eq!((late, held.len()), (1, 1), "{answers:?}");
        assert_eq!(lake.metadata.read(&ann, package).await.expect("the tags"), *held[0]);
    }
}

#[tokio::test]
async fn an_upload_between_is_no_conflict() {
    let (lake, ann) = (Lake::new(), caller(member("ann")));
    let package = lake.package(&ann, "Flights").await;
    let ids = lake.sent(&ann, package, &[("a.csv".to_owned(), b"1".to_vec())]).await;
    lake.datasets.complete(&ann, package, &ids).await.expect("answers").remove(0).expect("complete");
    let version = lake.metadata.write(&ann, package, &tag("year", "2001"), Some(1)).await.expect("the tags are still version 1");
    assert_eq!(version.version, 2);
}

#[tokio::test]
async fn a_merge_whose_answer_was_lost_makes_one_version() {
    let (lake, ann) = (Lake::new(), caller(member("ann")));
    let package = lake.package(&ann, "Flights").await;
    lake.tables.lose_answers("tables.transact", 1);
    let lost = lake.metadata.write(&ann, package, &tag("year", "2001"), None).await.expect_err("the answer was lost");
    assert_eq!(lost.kind(), ErrorKind::Unavailable);
    let again = lake.metadata.write(&ann, package, &tag("year", "2001"), None).await.expect("the tags");
    assert_eq!((again.version, lake.row(package).await.metadata_version), (2, 2));
}

/// Whether one read tells a package with its tags.
async fn in_one_read(lake: &Lake, package: domain::PackageId) -> bool {
    let (_, tags) = lake.core.store.package_and_tags(package).await.expect("tables").expect("the package");
    tags.is_some()
}

#[tokio::test]
async fn few_tags_are_read_with_their_package_and_many_beside_it() {
    let (lake, ann) = (Lake::new(), caller(member("ann")));
    let package = lake.package(&ann, "Flights").await;
    assert!(in_one_read(&lake, package).await, "there are none yet");
    let many = || (0..100).map(|number| (format!("tag{number}"), "x".repeat(100)));
    let few = || many().take(3);
    for (tags, together) in [(few().collect(), true), (many().collect(), false), (few().collect::<Vec<_>>(), true)] {
        let written = lake.metadata.write(&ann, package, &TagsEdit::Replace(tags), None).await.expect("a new version");
        assert_eq!(in_one_read(&lake, package).await, together, "{} tags", written.tags.to_map().len());
        let read = lake.packages.read(&ann, package).await.expect("the package");
        assert_eq!((read.tags, read.package.metadata_version), (written.tags, written.version));
    }
}

/// Each change against the version before it, whatever the pages; and no page is larger than an answer may be.
#[tokio::test]
async fn versions_tell_each_change_on_pages_of_any_size() {
    let (lake, ann) = (Lake::new(), caller(member("ann")));
    let package = lake.package(&ann, "Flights").await;
    for number in 0..12_u32 {
        // 100 KB a version: a page of all would have more than a megabyte before and after.
        let tags = (0..100).map(|tag| (format!("tag {tag}"), format!("{number}{}", "x".repeat(1_000)))).collect();
        lake.metadata.write(&ann, package, &TagsEdit::Replace(tags), None).await.expect("a version");
    }
    for limit in [1, 3, 200] {
        let (mut seen, mut paging) = (Vec::new(), Paging { limit, cursor: None });
        loop {
            let page = lake.metadata.versions(&ann, package, &paging).await.expect("a page");
            let size = |tags: &domain::metadata::Tags| tags.iter().map(|(name, value)| name.len() + value.len()).sum::<usize>();
            let bytes: usize = page.items.iter().map(|item| size(&item.version.tags) + size(&item.before)).sum();
            assert!(bytes <= 1024 * 1024 && !page.items.is_empty(), "{bytes}");
            seen.extend(page.items);
            match page.next_cursor {
                Some(next) => paging.cursor = Some(next),
                None => break,
            }
        }
        assert_eq!(seen.iter().map(|item| item.version.version).collect::<Vec<_>>(), (1..=13).rev().collect::<Vec<_>>());
        for pair in seen.windows(2) {
            assert_eq!(pair[0].before, pair[1].version.tags);
        }
        assert!(seen.last().is_some_and(|first| first.before.is_empty()));
    }
}
