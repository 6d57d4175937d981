//! Writing manifests.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use app::{
    exports::{Checkout, ExportView},
    workers::manifest::Manifests,
};
use domain::{
    PortErrorKind,
    access::Action,
    audit::AuditOutcome,
    cart::{ExportState, Totals},
    dataset::Dataset,
    ports::{ObjectAddress, ObjectVersion, Objects, Table},
};
use futures::TryStreamExt as _;
use secrecy::ExposeSecret as _;
use serde_json::Value;
use testkit::{
    builders::{BUCKET, dataset, member},
    memory_objects::options_of,
};

use crate::{
    lake::{LINKS, Lake, at, bob, bob_id},
    meddling::Meddling,
};

fn of(format: &str) -> Checkout {
    Checkout { format: format.to_owned(), ..Checkout::default() }
}

/// The export's files as its owner gets them, with checksums held against what was announced; the index is the last.
async fn files(lake: &Lake, view: &ExportView) -> Vec<String> {
    let mut texts = Vec::new();
    for manifest in &view.manifests {
        let bytes = lake.objects.fetch(&manifest.request).await.expect("fetched");
        assert_eq!(options_of(&bytes, "").sha256, manifest.file.sha256);
        texts.push(String::from_utf8(bytes.to_vec()).expect("text"));
    }
    texts
}

async fn read(lake: &Lake, id: domain::ExportId) -> (ExportView, Vec<String>) {
    let view = lake.exports.read(&bob(), id).await.expect("it is there");
    let texts = files(lake, &view).await;
    (view, texts)
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).expect("JSON")
}

fn names(manifest: &Value) -> Vec<&str> {
    manifest["entries"].as_array().expect("a list").iter().filter_map(|entry| entry["name"].as_str()).collect()
}

#[tokio::test]
async fn signed_urls_work_and_the_manifest_counts_and_sums_its_entries() {
    let lake = Lake::new().await;
    let id = lake.package(1).await;
    lake.dataset(1, 1, "a.csv").await;
    lake.dataset(1, 2, "b/c.csv").await;
    lake.fill(&[id]).await;
    let export = lake.checked_out(&Checkout { expires_in: Some(1_000), ..of("signed-url") }).await.id;
    lake.settle().await;
    let (view, texts) = read(&lake, export).await;
    let end = at(Duration::from_secs(1_000));
    assert_eq!((view.export.state, view.export.expires_at), (ExportState::Ready, Some(end)));
    assert_eq!((view.export.expected, view.export.written), (Totals { entries: 2, bytes: 6 }, Totals { entries: 2, bytes: 6 }));

    let manifest = json(&texts[0]);
    assert_eq!(names(&manifest), ["a.csv", "b/c.csv"]);
    assert_eq!((manifest["version"].as_u64(), manifest["expected"]["entries"].as_u64()), (Some(1), Some(2)));
    assert_eq!(manifest["expires_at"], Value::from(end.to_string()));
    let sum = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    assert_eq!(manifest["sha256"], Value::from(options_of(format!("a.csv\t{sum}\nb/c.csv\t{sum}\n").as_bytes(), "").sha256));
    for entry in manifest["entries"].as_array().expect("a list") {
        let url = entry["url"].as_str().expect("a URL").to_owned();
        let request =
            domain::ports::SignedRequest { method: "GET", url: url.into(), headers: [].into(), expires_at: domain::Timestamp::EPOCH };
        assert_eq!(&lake.objects.fetch(&request).await.expect("it works")[..], b"abc");
    }
    let index = json(&texts[1]);
    assert_eq!(index["manifests"][0]["file"], Value::from(format!("{id}.json")));
    assert_eq!(index["manifests"][0]["sha256"], Value::from(view.manifests[0].file.sha256.as_str()));
    assert_eq!(index["expected"]["bytes"].as_u64(), Some(6));
}

#[tokio::test]
async fn addresses_name_the_version_that_was_uploaded() {
    let lake = Lake::new().await;
    let id = lake.package(1).await;
    let dataset = lake.dataset(1, 1, "a.csv").await;
    lake.fill(&[id]).await;
    let export = lake.checkout("bucket-key").await;
    lake.settle().await;
    let (_, texts) = read(&lake, export).await;
    let entry = &json(&texts[0])["entries"][0];
    assert_eq!(entry["bucket"], Value::from(BUCKET));
    assert_eq!(entry["key"], Value::from(dataset.key));
    assert_eq!(entry["version"].as_str(), dataset.object_version.as_deref());
    assert!(entry.get("url").is_none() && entry.get("grant").is_none());
}

#[tokio::test]
async fn globs_choose_paths_and_what_they_leave_out_is_not_expected() {
    let lake = Lake::new().await;
    let id = lake.package(1).await;
    for (number, path) in ["a.csv", "sales/b.csv", "sales/2026/c.csv", "sales/2026/d.txt"].into_iter().enumerate() {
        lake.dataset(1, number as u64, path).await;
    }
    lake.fill(&[id]).await;
    let export = lake.checked_out(&Checkout { paths: vec!["sales/**/*.csv".to_owned()], ..of("bucket-key") }).await.id;
    lake.settle().await;
    let (view, texts) = read(&lake, export).await;
    assert_eq!(names(&json(&texts[0])), ["sales/2026/c.csv", "sales/b.csv"]);
    assert_eq!(view.export.expected, Totals { entries: 2, bytes: 6 });
}

#[tokio::test]
async fn s1_a_package_hidden_between_checkout_and_generation_is_left_out_with_its_reason() {
    let lake = Lake::new().await;
    let (hidden, kept) = (lake.package(1).await, lake.package(2).await);
    lake.dataset(1, 1, "secret.csv").await;
    lake.dataset(2, 2, "open.csv").await;
    lake.fill(&[hidden, kept]).await;
    let export = lake.checkout("signed-url").await;
    lake.hide(1).await;
    lake.settle().await;
    let (view, texts) = read(&lake, export).await;
    assert_eq!(view.export.written, Totals { entries: 1, bytes: 3 });
    assert_eq!((view.export.skipped[0].package_id, view.export.skipped[0].dataset_id), (hidden, None));
    assert!(texts.iter().all(|text| !text.contains("secret.csv")));
    assert_eq!(json(&texts[1])["skipped"][0]["package_id"], Value::from(hidden.to_string()));
    let told: Vec<_> = lake.audited().into_iter().filter(|record| record.action == Action::ExportPackage).collect();
    let mut told: Vec<_> = told.iter().map(|record| (record.resource.clone(), record.outcome)).collect();
    told.sort_by_key(|(resource, _)| resource.clone());
    assert_eq!(told, [(hidden.to_string(), AuditOutcome::Deny), (kept.to_string(), AuditOutcome::Allow)]);
}

#[tokio::test]
async fn somebody_who_was_disabled_since_gets_nothing() {
    let lake = Lake::new().await;
    let id = lake.package(1).await;
    lake.dataset(1, 1, "a.csv").await;
    lake.fill(&[id]).await;
    let export = lake.checkout("signed-url").await;
    lake.person("bob", false).await;
    lake.settle().await;
    assert_eq!(lake.export(export).await.state, ExportState::Failed);
    assert!(lake.objects.keys(BUCKET).iter().all(|key| key.starts_with("packages/")));
}

#[tokio::test]
async fn a_file_that_vanished_under_the_listing_is_named_not_dropped_silently() {
    let lake = Lake::new().await;
    let id = lake.package(1).await;
    lake.dataset(1, 1, "a.csv").await;
    // The path still names it, the dataset itself is gone already.
    let removed = Dataset { state: domain::dataset::DatasetState::Removed, ..lake.dataset(1, 2, "b.csv").await };
    lake.put_dataset_row(&removed).await;
    lake.fill(&[id]).await;
    let export = lake.checkout("bucket-key").await;
    lake.settle().await;
    let (view, texts) = read(&lake, export).await;
    assert_eq!((view.export.expected.entries, view.export.written.entries, view.export.skipped_count), (2, 1, 1));
    assert_eq!(json(&texts[0])["skipped"][0]["dataset_id"], Value::from(removed.id.to_string()));
}

#[tokio::test]
async fn a_failure_of_the_store_in_the_middle_is_tried_again_and_doubles_nothing() {
    let lake = Lake::new().await;
    let (first, second) = (lake.package(1).await, lake.package(2).await);
    lake.dataset(1, 1, "a.csv").await;
    lake.dataset(2, 2, "b.csv").await;
    lake.fill(&[first, second]).await;
    let export = lake.checkout("grant").await;
    lake.objects.faults().fail_after("objects.put", PortErrorKind::Unavailable);
    assert_eq!(lake.manifests.generate(&bob_id(), export).await.expect_err("later").code(), "unavailable");
    assert_eq!(lake.export(export).await.state, ExportState::Running);
    lake.settle().await;
    let (view, texts) = read(&lake, export).await;
    assert_eq!((view.export.state, view.export.written.entries, view.manifests.len()), (ExportState::Ready, 2, 3));

    // And once more, as queues do.
    lake.manifests.generate(&bob_id(), export).await.expect("nothing to do");
    assert_eq!(read(&lake, export).await.1, texts);
    let files = lake.objects.keys(BUCKET).into_iter().filter(|key| key.starts_with("exports/")).count();
    assert_eq!(files, 3);
    lake.exports.revoke(&bob(), export).await.expect("revoked");
    lake.settle().await;
    assert!(lake.objects.keys(BUCKET).iter().all(|key| key.starts_with("packages/")), "of both attempts");
    assert_eq!(lake.rows_of_export_parts(), 0);
}

#[tokio::test]
async fn a_lost_answer_of_the_last_write_leaves_a_ready_export() {
    let lake = Lake::new().await;
    let id = lake.package(1).await;
    lake.fill(&[id]).await;
    let export = lake.checkout("bucket-key").await;
    // The first write takes the attempt, the second makes it ready.
    lake.tables.lose_answers("tables.write", 1);
    lake.manifests.generate(&bob_id(), export).await.expect_err("it is not known that the attempt was taken");
    lake.settle().await;
    assert_eq!(lake.export(export).await.state, ExportState::Ready);
    assert!(lake.core.store.cart_items(&bob_id()).await.expect("read").is_empty());
}

#[tokio::test]
async fn two_deliveries_at_once_leave_one_consistent_export() {
    let lake = Arc::new(Lake::new().await);
    let id = lake.package(1).await;
    let first = lake.dataset(1, 1, "b.csv").await;
    lake.fill(&[id]).await;
    let export = lake.checkout("grant").await;
    // While the first worker writes, a file comes before all others, and a second worker does the whole job.
    let meanwhile = {
        let lake = Arc::clone(&lake);
        async move {
            lake.dataset(1, 2, "a.csv").await;
            lake.manifests.generate(&bob_id(), export).await.expect("written");
        }
    };
    let slow = Manifests::new(lake.core.clone(), Meddling::new(Arc::clone(&lake.objects), meanwhile), BUCKET, LINKS);
    slow.generate(&bob_id(), export).await.expect("its work is not wanted any more");

    let (view, texts) = read(&lake, export).await;
    assert_eq!(view.export.written.entries, 2);
    let manifest = json(&texts[0]);
    assert_eq!(names(&manifest), ["a.csv", "b.csv"]);
    let link = manifest["entries"][1]["grant"].as_str().expect("a link");
    let (token, number) = link.strip_prefix(&format!("{LINKS}/cart/grants/")).and_then(|rest| rest.split_once('/')).expect("a link");
    let request = lake.exports.follow_grant(token, number.parse().expect("a number"), None, &bob().origin).await.expect("followed");
    assert!(request.url.expose_secret().contains(&first.key), "the link that b.csv has leads to b.csv");
}

#[tokio::test]
async fn an_export_taken_back_while_it_is_written_leaves_no_file() {
    let lake = Arc::new(Lake::new().await);
    let id = lake.package(1).await;
    lake.dataset(1, 1, "a.csv").await;
    lake.fill(&[id]).await;
    let export = lake.checkout("signed-url").await;
    let meanwhile = {
        let lake = Arc::clone(&lake);
        async move {
            lake.exports.revoke(&bob(), export).await.expect("revoked");
            lake.housekeeping.remove_export(&bob_id(), export).await.expect("nothing is there yet");
        }
    };
    let slow = Manifests::new(lake.core.clone(), Meddling::new(Arc::clone(&lake.objects), meanwhile), BUCKET, LINKS);
    slow.generate(&bob_id(), export).await.expect("it noticed");
    assert!(lake.objects.keys(BUCKET).iter().all(|key| key.starts_with("packages/")));
    assert_eq!(lake.rows_of_export_parts(), 0);
    assert_eq!(lake.core.store.cart_items(&bob_id()).await.expect("read").len(), 1, "nothing was exported");
}

#[tokio::test]
async fn s4_twenty_thousand_datasets_are_exported_whole() {
    const COUNT: u64 = 20_000;
    let lake = Lake::new().await;
    let (small, id) = (lake.package(1).await, lake.package(2).await);
    lake.dataset(1, 1, "small.csv").await;
    for number in 0..COUNT {
        lake.put_dataset(&dataset(2, 10 + number, &format!("part-{number:05}.csv"))).await;
    }
    lake.tables.take_changes();
    lake.fill(&[small, id]).await;
    let export = lake.checkout("grant").await;
    lake.settle().await;
    let view = lake.exports.read(&bob(), export).await.expect("it is there");
    assert_eq!(view.export.written, Totals { entries: COUNT + 1, bytes: 3 * (COUNT + 1) });
    assert_eq!(view.export.expected, view.export.written);

    let file = view.manifests.iter().find(|manifest| manifest.file.package_id == Some(id)).expect("its manifest");
    assert!(file.file.key.ends_with(".jsonl"));
    let address = ObjectAddress { bucket: BUCKET.to_owned(), key: file.file.key.clone() };
    let body = lake.objects.get(&ObjectVersion { address, version: file.file.version.clone() }, None).await.expect("there");
    let bytes: Vec<u8> =
        body.bytes.try_fold(Vec::new(), |all, chunk| async move { Ok([all, chunk.to_vec()].concat()) }).await.expect("read");
    let text = String::from_utf8(bytes).expect("text");
    let mut lines = text.lines().map(json);
    let head = lines.next().expect("a head");
    assert_eq!((head["expected"]["entries"].as_u64(), names(&head).len()), (Some(COUNT), 0));
    let entries: Vec<Value> = lines.collect();
    let links: BTreeSet<&str> = entries.iter().filter_map(|entry| entry["grant"].as_str()).collect();
    assert_eq!((entries.len() as u64, links.len() as u64), (COUNT, COUNT));

    let last = entries.last().expect("the last");
    let (link, number) = last["grant"].as_str().and_then(|link| link.rsplit_once('/')).expect("a link");
    let token = link.rsplit('/').next().expect("a token");
    let request = lake.exports.follow_grant(token, number.parse().expect("a number"), Some(&member("eve")), &bob().origin).await;
    assert!(request.expect("followed").url.expose_secret().contains(last["dataset_id"].as_str().expect("an id")));
    let rows = lake.tables.rows(Table::Cart);
    assert!(rows.iter().all(|row| domain::ports::tables::item_size(row) < 100 * 1024));
}
