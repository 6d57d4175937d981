//! Datasets as folders and files: nothing is missed or doubled, and what lies in a folder is not read.

use std::collections::BTreeSet;

use datalake_app::{
    Paging,
    datasets::Found,
    store::{FolderEntry, FolderPlace},
};
use domain::{PackageId, dataset::Dataset, ports::Tables as _};
use proptest::prelude::*;
use testkit::builders::{dataset, member, package_id};

use crate::support::{Lake, caller};

/// Makes files of these paths current, without bytes.
async fn files(lake: &Lake, package_id: PackageId, paths: impl IntoIterator<Item = String>) {
    let row = |(number, path): (u64, String)| Dataset { package_id, ..dataset(1, number, &path) };
    let rows: Vec<_> = (1_000..).zip(paths).map(row).map(|dataset| lake.core.store.put_path(&dataset, None).expect("a row")).collect();
    for rows in rows.chunks(100) {
        lake.tables.transact(rows.to_vec()).await.expect("rows");
    }
}

fn name(entry: FolderEntry) -> String {
    match entry {
        FolderEntry::Folder(name) => name,
        FolderEntry::Dataset(summary) => summary.path.to_string(),
    }
}

fn shown(found: Found) -> String {
    match found {
        Found::Folder(name) => name,
        Found::Dataset(summary) => summary.path.to_string(),
        other => panic!("{other:?} is neither folder nor dataset"),
    }
}

/// All pages of what stands below a prefix, by name.
async fn browsed(lake: &Lake, package_id: PackageId, prefix: &str, limit: u32) -> Vec<String> {
    let (mut names, mut place): (Vec<String>, Option<FolderPlace>) = (Vec::new(), None);
    loop {
        let (entries, next) = lake.core.store.datasets_in_folder(package_id, prefix, limit, place).await.expect("a page");
        assert!(entries.len() <= limit as usize);
        names.extend(entries.into_iter().map(name));
        place = next;
        if place.is_none() {
            return names;
        }
    }
}

#[tokio::test]
async fn a_folder_of_thousands_is_stepped_over() {
    let (lake, ann) = (Lake::new(), caller(member("ann")));
    let package = lake.package(&ann, "Many").await;
    let deep = (0..150).flat_map(|folder| (0..100).map(move |file| format!("{folder:03}/{file:03}.csv")));
    files(&lake, package, deep.chain(["000.txt".to_owned(), "last.txt".to_owned()])).await;
    let expected: Vec<String> =
        ["000.txt".to_owned()].into_iter().chain((0..150).map(|folder| format!("{folder:03}/"))).chain(["last.txt".to_owned()]).collect();
    let (mut names, mut pages, mut paging) = (Vec::new(), 0, Paging { limit: 200, cursor: None });
    loop {
        let page = lake.datasets.browse(&ann, package, "", &paging).await.expect("a page");
        pages += 1;
        names.extend(page.items.into_iter().map(shown));
        match page.next_cursor {
            Some(next) => paging.cursor = Some(next),
            None => break,
        }
    }
    assert_eq!(names, expected);
    assert!(pages <= 5, "{pages} pages");
}

#[tokio::test]
async fn one_page_tells_what_is_behind_a_folder_of_twenty_thousand() {
    let (lake, ann) = (Lake::new(), caller(member("ann")));
    let package = lake.package(&ann, "Many").await;
    files(&lake, package, (0..20_000).map(|number| format!("a/{number:05}")).chain(["b".to_owned()])).await;
    let page = lake.datasets.browse(&ann, package, "", &Paging { limit: 2, cursor: None }).await.expect("a page");
    // Read through by three rows a query, it would be short.
    assert_eq!((page.items.into_iter().map(shown).collect::<Vec<_>>(), page.next_cursor), (vec!["a/".to_owned(), "b".to_owned()], None));
}

#[tokio::test]
async fn what_is_written_meanwhile_neither_hides_nor_doubles_the_rest() {
    let (lake, ann) = (Lake::new(), caller(member("ann")));
    let package = lake.package(&ann, "Flights").await;
    files(&lake, package, ["a/1", "b/1", "c", "d/1", "e"].map(str::to_owned)).await;
    let first = lake.datasets.browse(&ann, package, "", &Paging { limit: 2, cursor: None }).await.expect("a page");
    let names: Vec<String> = first.items.into_iter().map(shown).collect();
    assert_eq!(names, ["a/", "b/"]);
    // Before the place, in the last folder, and behind it.
    for path in ["Z", "b/0", "b/2", "b/\u{10ffff}", "b0"] {
        lake.uploaded(&ann, package, path, b"1").await;
    }
    let rest = lake.datasets.browse(&ann, package, "", &Paging { limit: 200, cursor: first.next_cursor }).await.expect("a page");
    assert_eq!(rest.items.into_iter().map(shown).collect::<Vec<_>>(), ["b0", "c", "d/", "e"]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn pages_of_folders_are_what_the_paths_say(
        paths in prop::collection::btree_set("[abé/]{1,7}", 0..40),
        prefix in "[abé/]{0,3}",
        limit in 1_u32..9,
    ) {
        let paths: BTreeSet<String> = paths.into_iter().filter(|path| path.parse::<domain::dataset::DatasetPath>().is_ok()).collect();
        let mut expected = BTreeSet::new();
        for path in &paths {
            if let Some(below) = path.strip_prefix(&prefix) {
                expected.insert(below.split_once('/').map_or_else(|| path.clone(), |(name, _)| format!("{prefix}{name}/")));
            }
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
        let found = runtime.block_on(async {
            let lake = Lake::new();
            files(&lake, package_id(1), paths).await;
            browsed(&lake, package_id(1), &prefix, limit).await
        });
        prop_assert_eq!(found, expected.into_iter().collect::<Vec<_>>());
    }
}
