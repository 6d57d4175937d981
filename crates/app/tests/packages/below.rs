//! Lists that lead into datasets of kind `prefix`: what the store holds there now, nothing missed and nothing twice.

use datalake_app::{Caller, ErrorKind, Paging, datasets::Found};
use domain::{
    PackageId, PortErrorKind,
    dataset::{Dataset, DatasetKind},
    ports::{ObjectAddress, Objects as _, Tables as _},
};
use testkit::{
    builders::{dataset, member},
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
        for write in [store.put_dataset(&folder, None, None, None), store.put_path(&folder, None)] {
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
    }
    // A folder that uploads have, too, stands once a page; without its temporary files `c` is empty.
    assert_eq!(house.listed("in/raw/", true, 8).await, ["in/raw/b/", "object in/raw/own.txt", "in/raw/a.log", "in/raw/d.log"]);
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
        assert_eq!(house.listed("raw/", false, 5).await, ["skipped: the data lake can't list the folder any more"]);
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
