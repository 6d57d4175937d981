//! Asking for an import.

use app::{AppError, ErrorKind, idempotency::IdempotencyKey, imports::NewImport};
use domain::{DatasetId, access::Action, audit::AuditOutcome, import::ImportState, job::Job};
use testkit::builders::{BUCKET, dataset, dataset_id, member, pending_dataset};

use crate::lake::{LAKE, Lake, by, counts};

fn code<T>(answer: Result<T, AppError>) -> String {
    answer.err().expect("refused").code().to_owned()
}

#[tokio::test]
async fn one_job_and_one_audit_record_follow_whatever_the_import_writes() {
    let lake = Lake::new().await;
    lake.outside("raw/a.csv").await;
    let id = lake.start(format!("{LAKE},raw/a.csv\n")).await;
    let jobs = lake.jobs();
    let [Job::Import { package_id, import_id }, Job::Audit { record }] = jobs.as_slice() else { panic!("{jobs:?}") };
    assert_eq!((*package_id, *import_id), (lake.package, id));
    let said = (record.action, record.outcome, record.resource.as_str());
    assert_eq!(said, (Action::ImportStart, AuditOutcome::Allow, lake.package.to_string().as_str()));

    lake.worker().import(lake.package, id).await.expect("done");
    let after = lake.jobs();
    assert!(after.iter().all(|job| matches!(job, Job::Index { .. })) && !after.is_empty(), "{after:?}");
}

#[tokio::test]
async fn a_second_one_waits_for_the_first() {
    let lake = Lake::new().await;
    let id = lake.start("x,y\n").await;
    assert_eq!(code(lake.started("x,y\n").await), "import_running");
    lake.worker().import(lake.package, id).await.expect("done");
    lake.start("x,y\n").await;
}

#[tokio::test]
async fn a_repeat_with_its_key_starts_nothing_twice() {
    let lake = Lake::new().await;
    let (ann, new) = (by(member("ann")), NewImport::Inline { bytes: "x,y\n".into(), content_type: "text/csv" });
    let key = IdempotencyKey::new(&ann, Action::ImportStart, "k", b"x,y\n").expect("a key");
    let first = lake.imports.start(&ann, lake.package, &new, Some(&key)).await.expect("accepted");
    let again = lake.imports.start(&ann, lake.package, &new, Some(&key)).await.expect("accepted");
    assert_eq!(first, again);
}

#[tokio::test]
async fn only_an_available_file_of_the_package_is_a_manifest() {
    let lake = Lake::new().await;
    lake.outside("raw/a.csv").await;
    let start = |id: DatasetId| {
        let lake = &lake;
        async move { lake.imports.start(&by(member("ann")), lake.package, &NewImport::Uploaded(id), None).await }
    };
    assert_eq!(code(start(dataset_id(9)).await), "invalid");
    let store = &lake.core.store;
    let pending = pending_dataset(1, 8, "list.csv");
    store_row(&lake, store.put_dataset(&pending, None, None, None).expect("a row")).await;
    assert_eq!(code(start(pending.id).await), "invalid");

    let mut uploaded = dataset(1, 7, "list.csv");
    let text = format!("{LAKE},raw/a.csv\n");
    let address = uploaded.address();
    assert_eq!(address.bucket, BUCKET);
    let options = testkit::memory_objects::options_of(text.as_bytes(), "text/csv");
    let content = testkit::memory_objects::once(text.clone());
    let info = domain::ports::Objects::put(&*lake.objects, &address, &options, content).await.expect("stored");
    (uploaded.object_version, uploaded.size) = (info.version, text.len() as u64);
    store_row(&lake, store.put_dataset(&uploaded, None, None, None).expect("a row")).await;
    let import = start(uploaded.id).await.expect("accepted");
    assert_eq!(import.dataset_id, Some(uploaded.id));
    lake.worker().import(lake.package, import.id).await.expect("done");
    let import = lake.read(import.id).await;
    assert_eq!((import.state, import.counts), (ImportState::Done, counts(1, 1, 0, 0)));
}

async fn store_row(lake: &Lake, write: domain::ports::Write) {
    domain::ports::Tables::write(&*lake.tables, write).await.expect("written");
}

#[tokio::test]
async fn strangers_see_nothing_and_keys_that_read_start_nothing() {
    use testkit::builders::{PrincipalExt as _, read_only};
    let lake = Lake::new().await;
    let id = lake.start("x,y\n").await;
    let bob = by(member("bob"));
    let new = NewImport::Inline { bytes: "x,y\n".into(), content_type: "text/csv" };
    let refused = lake.imports.start(&bob, lake.package, &new, None).await.expect_err("refused");
    assert_eq!(refused.kind(), ErrorKind::NotFound);
    assert_eq!(lake.imports.read(&bob, lake.package, id).await.expect_err("refused").kind(), ErrorKind::NotFound);
    let key = by(member("ann").with_key(read_only()));
    assert_eq!(lake.imports.start(&key, lake.package, &new, None).await.expect_err("refused").kind(), ErrorKind::Forbidden);
}
