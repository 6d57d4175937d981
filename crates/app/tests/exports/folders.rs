//! Datasets that are prefixes of other buckets: an export has what lies below them when it is written.

use std::{collections::BTreeSet, time::Duration};

use app::exports::Checkout;
use domain::{
    Deadline, ExportId,
    cart::{ExportState, Totals},
    dataset::{Dataset, DatasetKind},
    ports::{Clock as _, ObjectAddress, Objects as _},
};
use serde_json::Value;
use testkit::{
    builders::dataset,
    memory_objects::{once, options_of},
};

use crate::lake::{Lake, bob, bob_id};

/// More than a page of a listing has.
const FILES: u64 = 1_500;

/// A package of ann's with one file and the folder `logs` of another bucket, without its temporary files; in bob's cart.
async fn lake() -> Lake {
    let lake = Lake::new().await;
    let id = lake.package(1).await;
    lake.dataset(1, 1, "a.csv").await;
    let exclude = vec!["**.tmp".to_owned()];
    let folder = Dataset {
        kind: DatasetKind::Prefix,
        bucket: "outside-lake".to_owned(),
        key: "raw/logs/".to_owned(),
        exclude,
        size: 0,
        sha256: None,
        object_version: None,
        ..dataset(1, 2, "logs")
    };
    lake.put_dataset(&folder).await;
    for number in 0..FILES {
        put(&lake, &format!("raw/logs/{number:05}.log")).await;
    }
    for left_out in ["raw/logs/x/1.tmp", "raw/logs/", "raw/logsother/1.log"] {
        put(&lake, left_out).await;
    }
    lake.fill(&[id]).await;
    lake
}

async fn put(lake: &Lake, key: &str) {
    let address = ObjectAddress { bucket: "outside-lake".to_owned(), key: key.to_owned() };
    lake.objects.put(&address, &options_of(b"abc", "text/plain"), once("abc")).await.expect("stored");
}

async fn manifest(lake: &Lake, id: ExportId) -> (Totals, Totals, Value) {
    let view = lake.exports.read(&bob(), id).await.expect("it is there");
    assert_eq!(view.export.state, ExportState::Ready, "{:?}", view.export.failure);
    let bytes = lake.objects.fetch(&view.manifests[0].request).await.expect("fetched");
    (view.export.expected, view.export.written, serde_json::from_slice(&bytes).expect("JSON"))
}

fn names(manifest: &Value) -> Vec<&str> {
    manifest["entries"].as_array().expect("a list").iter().filter_map(|entry| entry["name"].as_str()).collect()
}

#[tokio::test]
async fn each_object_below_it_is_an_entry_however_often_the_run_is_cut() {
    for seconds in [3_600, 0] {
        let lake = lake().await;
        let export = lake.checkout("bucket-key").await;
        let mut runs = 1;
        loop {
            let deadline = Deadline::at(lake.clock.now().plus(Duration::from_secs(seconds)));
            match lake.manifests.generate_until(&bob_id(), export, deadline).await.expect("as far as it comes") {
                Some(_) => runs += 1,
                None => break,
            }
        }
        assert_eq!(runs > 1, seconds == 0);
        let (expected, written, manifest) = manifest(&lake, export).await;
        let all = Totals { entries: FILES + 1, bytes: 3 * (FILES + 1) };
        assert_eq!((expected, written), (all, all));
        let names = names(&manifest);
        assert_eq!((names.len() as u64, names[0], names[1]), (FILES + 1, "a.csv", "logs/00000.log"));
        assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len(), "none twice");
        assert_eq!(manifest["entries"][1]["key"], "raw/logs/00000.log");
    }
}

#[tokio::test]
async fn paths_choose_among_what_lies_below_and_urls_lead_there() {
    let lake = lake().await;
    let paths = vec!["logs/0000[12].log".to_owned()];
    let checkout = Checkout { format: "signed-url".to_owned(), paths, ..Checkout::default() };
    let export = lake.checked_out(&checkout).await.id;
    lake.settle().await;
    let (_, written, manifest) = manifest(&lake, export).await;
    assert_eq!((written.entries, names(&manifest)), (2, vec!["logs/00001.log", "logs/00002.log"]));
    assert!(manifest["entries"][0]["url"].as_str().expect("a URL").contains("outside-lake/raw/logs/00001.log"));
}

#[tokio::test]
async fn grant_links_lead_to_files_so_the_folder_is_left_out_and_named() {
    let lake = lake().await;
    let export = lake.checkout("grant").await;
    lake.settle().await;
    let (expected, written, manifest) = manifest(&lake, export).await;
    assert_eq!((expected.entries, written.entries, names(&manifest)), (2, 1, vec!["a.csv"]));
    let view = lake.export(export).await;
    assert_eq!(view.skipped_count, 1);
    assert!(view.skipped[0].reason.contains("folder"), "{:?}", view.skipped);
}
