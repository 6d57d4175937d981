//! Lists that lead into datasets of kind `prefix`: what the store holds there now, nothing missed and nothing twice.

use std::{sync::Arc, time::Duration};

use datalake_app::{
    Caller, Core, ErrorKind, Paging,
    datasets::{Datasets, Found},
};
use domain::{
    PackageId, PortErrorKind, Timestamp,
    dataset::{Dataset, DatasetKind},
    ports::{Clock, ObjectAddress, Objects as _, Tables as _},
};
use testkit::{
    FixedClock, MemoryCipher, SequentialIds,
    builders::{BUCKET, dataset, member},
    memory_objects::{once, options_of},
};

use crate::support::{Lake, caller};

const OUTSIDE: &str = "outside-lake";

/// Ann, and a package of hers with a folder of another bucket under a path.
struct House {
    lake: Lake,
    ann: Caller,
    package: PackageId,
}

impl House {
    async fn new(keys: &[&str]) -> Self {
        let (lake, ann) = (Lake::new(), caller(member("ann")));
        let package = lake.package(&ann, "Logs").await;
        let house = Self { lake, ann, package };
        for key in keys {
            house.store(key).await;
        }
        house
    }

    async fn store(&self, key: &str) {
        let address = ObjectAddress { bucket: OUTSIDE.to_owned(), key: key.to_owned() };
        self.lake.objects.put(&address, &options_of(b"abc", "text/plain"), once("abc")).await.expect("stored");
    }

    async fn folder(&self, number: u64, path: &str, key: &str, exclude: &[&str]) {
        let folder = Dataset {
            package_id: self.package,
            kind: DatasetKind::Prefix,
            bucket: OUTSIDE.to_owned(),
            key: key.to_owned(),
            exclude: exclude.iter().copied().map(str::to_owned).collect(),
            size: 0,
            sha256: None,
            object_version: None,
            ..dataset(1, 1_000 + number, path)
        };
        let store = &self.lake.core.store;
        let before = store.current_datasets(self.package, std::slice::from_ref(&folder.path)).await.expect("read").pop().flatten();
        for write in [store.put_dataset(&folder, None, None, None), store.put_path(&folder, before.map(|before| before.id))] {
            self.lake.tables.write(write.expect("a row")).await.expect("written");
        }
    }

    /// All pages of what begins with `prefix`, as texts.
    async fn listed(&self, prefix: &str, in_folders: bool, limit: u32) -> Vec<String> {
        let (mut all, mut paging) = (Vec::new(), Paging { limit, cursor: None });
        for _ in 0..1_000 {
            let page = if in_folders {
                self.lake.datasets.browse(&self.ann, self.package, prefix, &paging).await
            } else {
                self.lake.datasets.list(&self.ann, self.package, prefix, &paging).await
            };
            let page = page.expect("a page");
            assert!(page.items.len() <= limit as usize, "{:?}", page.items);
            all.extend(page.items.into_iter().map(shown));
            paging.cursor = page.next_cursor;
            if paging.cursor.is_none() {
                return all;
            }
        }
        panic!("it does not end")
    }
}

fn shown(found: Found) -> String {
    match found {
        Found::Folder(name) => name,
        Found::Dataset(summary) => format!("{} {}", summary.kind.name(), summary.path),
        Found::Object { member, .. } => member.name.to_string(),
        Found::Skipped { reason, .. } => format!("skipped: {reason}"),
    }
}

#[tokio::test]
async fn what_lies_below_is_listed_once_whatever_the_pages_are() {
    let keys = ["raw/", "raw/a.log", "raw/b/1.log", "raw/b/1.tmp", "raw/b/2.log", "raw/c/", "raw/c/x.tmp", "raw/d.log", "rawest/a.log"];
    let house = House::new(&keys).await;
    house.folder(1, "in/raw", "raw/", &["**.tmp"]).await;
    house.lake.uploaded(&house.ann, house.package, "in/raw/own.txt", b"1").await;
    house.lake.uploaded(&house.ann, house.package, "in/raw/b/own.txt", b"1").await;
    for limit in 1..=8 {
        assert_eq!(house.listed("", false, limit).await, ["prefix in/raw", "object in/raw/b/own.txt", "object in/raw/own.txt"]);
        let all = ["object in/raw/b/own.txt", "object in/raw/own.txt", "in/raw/a.log", "in/raw/b/1.log", "in/raw/b/2.log", "in/raw/d.log"];
        assert_eq!(house.listed("in/raw/", false, limit).await, all, "{limit}");
        let half = ["object in/raw/b/own.txt", "in/raw/b/1.log", "in/raw/b/2.log"];
        assert_eq!(house.listed("in/raw/b", false, limit).await, half, "{limit}");
        assert_eq!(house.listed("in/raw/b/", true, limit).await, half, "{limit}");
        assert_eq!(house.listed("in/", true, limit).await, ["prefix in/raw", "in/raw/"], "{limit}");
        // A folder that uploads have, too, stands among them; without its temporary files `c` is empty.
        let folders = ["in/raw/b/", "object in/raw/own.txt", "in/raw/a.log", "in/raw/d.log"];
        assert_eq!(house.listed("in/raw/", true, limit).await, folders, "{limit}");
    }
    assert_eq!(house.listed("in/rawest/", false, 8).await, [""; 0]);
}

#[tokio::test]
async fn thousands_are_paged_and_folders_of_thousands_are_stepped_over() {
    let house = House::new(&["raw/a", "raw/z"]).await;
    house.folder(1, "raw", "raw/", &[]).await;
    for number in 0..2_100 {
        house.store(&format!("raw/m/{number:05}")).await;
    }
    let files = (0..2_100).map(|number| format!("raw/m/{number:05}"));
    let expected: Vec<String> = ["raw/a".to_owned()].into_iter().chain(files).chain(["raw/z".to_owned()]).collect();
    assert_eq!(house.listed("raw/", false, 200).await, expected);
    assert_eq!(house.listed("raw/", true, 200).await, ["raw/a", "raw/m/", "raw/z"]);
    assert_eq!(house.listed("raw/", true, 1).await, ["raw/a", "raw/m/", "raw/z"]);
}

#[tokio::test]
async fn a_folder_that_no_key_steps_over_is_listed_once() {
    let house = House::new(&["raw/a", "raw/z"]).await;
    house.folder(1, "raw", "raw/", &[]).await;
    // With the slash and the last character behind it, it is longer than any key.
    let long = "m".repeat(1_016);
    for number in 0..1_100 {
        house.store(&format!("raw/{long}/{number:03x}")).await;
    }
    for limit in [1, 2, 200] {
        let before = house.lake.objects.faults().calls("objects.list");
        assert_eq!(house.listed("raw/", true, limit).await, ["raw/a".to_owned(), format!("raw/{long}/"), "raw/z".to_owned()], "{limit}");
        let listings = house.lake.objects.faults().calls("objects.list") - before;
        assert!(listings <= 4, "{listings} of {limit}");
    }
}

/// A clock that moves on whenever it is read.
struct Ticking(FixedClock);

impl Clock for Ticking {
    fn now(&self) -> Timestamp {
        self.0.advance(Duration::from_secs(3));
        self.0.now()
    }
}

#[tokio::test]
async fn a_page_of_a_slow_store_is_short() {
    let house = House::new(&["raw/z"]).await;
    house.folder(1, "raw", "raw/", &["**.tmp"]).await;
    for number in 0..7_000 {
        house.store(&format!("raw/{number:05}.tmp")).await;
    }
    let Lake { tables, jobs, objects, .. } = &house.lake;
    let (cipher, clock) = (Arc::new(MemoryCipher::default()), Arc::new(Ticking(FixedClock::default())));
    let core = Core::new(tables.clone(), jobs.clone(), cipher, clock, Arc::new(SequentialIds::new(500)));
    let slow = Datasets::new(core, objects.clone(), objects.clone(), BUCKET);
    let (mut all, mut paging, mut pages) = (Vec::new(), Paging { limit: 9, cursor: None }, 0);
    loop {
        let page = slow.list(&house.ann, house.package, "raw/", &paging).await.expect("a page");
        all.extend(page.items.into_iter().map(shown));
        (paging.cursor, pages) = (page.next_cursor, pages + 1);
        if paging.cursor.is_none() {
            break;
        }
    }
    assert_eq!(all, ["raw/z"]);
    assert!((2..=8).contains(&pages), "eight listings, some of them a page: {pages}");
}

#[tokio::test]
async fn folders_within_folders_are_both_listed() {
    let house = House::new(&["one/in/a", "two/b"]).await;
    house.folder(1, "x", "one/", &[]).await;
    house.folder(2, "x/in", "two/", &[]).await;
    for limit in 1..=3 {
        assert_eq!(house.listed("x/in/", false, limit).await, ["x/in/a", "x/in/b"], "{limit}");
        assert_eq!(house.listed("x/", false, limit).await, ["prefix x/in", "x/in/a"], "{limit}");
    }
}

#[tokio::test]
async fn what_can_not_be_shown_is_told() {
    let house = House::new(&["raw/a", "raw/b//c"]).await;
    house.folder(1, "raw", "raw/", &[]).await;
    let listed = house.listed("raw/", false, 1).await;
    assert_eq!(listed[0], "raw/a");
    assert!(listed[1].starts_with("skipped: the key \"raw/b//c\" can't be a path"), "{listed:?}");
    for kind in [PortErrorKind::PermissionDenied, PortErrorKind::NotFound] {
        house.lake.objects.faults().fail_once("objects.list", kind);
        assert_eq!(house.listed("raw/", false, 5).await, ["skipped: the data lake can't list the folder"]);
    }
    house.lake.objects.faults().fail_once("objects.list", PortErrorKind::Unavailable);
    let broken = house.lake.datasets.list(&house.ann, house.package, "raw/", &Paging::default()).await.expect_err("not silently short");
    assert_eq!(broken.kind(), ErrorKind::Unavailable);
}

#[tokio::test]
async fn what_is_written_meanwhile_neither_hides_nor_doubles_the_rest() {
    let house = House::new(&["raw/b", "raw/d", "raw/f"]).await;
    house.folder(1, "raw", "raw/", &[]).await;
    let page = async |paging: Paging| house.lake.datasets.list(&house.ann, house.package, "raw/", &paging).await;
    let first = page(Paging { limit: 2, cursor: None }).await.expect("a page");
    assert_eq!(first.items.into_iter().map(shown).collect::<Vec<_>>(), ["raw/b", "raw/d"]);
    for key in ["raw/a", "raw/c", "raw/e"] {
        house.store(key).await;
    }
    let cursor = first.next_cursor.expect("more");
    let rest = page(Paging { limit: 9, cursor: Some(cursor.clone()) }).await.expect("a page");
    assert_eq!(rest.items.into_iter().map(shown).collect::<Vec<_>>(), ["raw/e", "raw/f"]);
    // The cursor is of this list, in this form, for ann.
    let paging = Paging { limit: 9, cursor: Some(cursor) };
    let datasets = &house.lake.datasets;
    for refused in
        [datasets.list(&house.ann, house.package, "raw", &paging).await, datasets.browse(&house.ann, house.package, "raw/", &paging).await]
    {
        assert_eq!(refused.expect_err("another list").kind(), ErrorKind::Malformed);
    }
}

#[tokio::test]
async fn what_replaces_a_folder_meanwhile_is_listed_from_its_begin() {
    let house = House::new(&["old/b", "old/x", "new/a", "new/y"]).await;
    house.folder(1, "raw", "old/", &[]).await;
    let page = async |paging: Paging| house.lake.datasets.list(&house.ann, house.package, "raw/", &paging).await.expect("a page");
    let first = page(Paging { limit: 1, cursor: None }).await;
    assert_eq!(first.items.into_iter().map(shown).collect::<Vec<_>>(), ["raw/b"]);
    house.folder(2, "raw", "new/", &[]).await;
    let rest = page(Paging { limit: 9, cursor: first.next_cursor }).await;
    assert_eq!(rest.items.into_iter().map(shown).collect::<Vec<_>>(), ["raw/a", "raw/y"]);
}
