//! Datasets: many at once, lost answers, long lists; and the counts hold.

use std::collections::BTreeSet;

use aws_lc_rs::digest::{SHA256, digest};
use datalake_app::{
    AppResult, Caller, ErrorKind, Paging,
    datasets::{Completion, Found, NewDataset, Registration, UploadPlan},
    idempotency::IdempotencyKey,
};
use domain::{
    DatasetId, PackageId, PortErrorKind,
    access::Action,
    dataset::{Dataset, DatasetState},
    ports::{PartInfo, Tables as _},
};
use proptest::prelude::*;
use testkit::builders::{dataset, dataset_id, member};

use crate::support::{Lake, caller, file, until_not_busy};

/// Completes one dataset alone.
async fn complete_one(lake: &Lake, caller: &Caller, package: PackageId, id: DatasetId) -> Completion {
    lake.datasets.complete(caller, package, &[id]).await.and_then(|mut answers| answers.remove(0))
}

#[tokio::test]
async fn two_completions_of_one_path_at_once_leave_one_current() {
    let (lake, ann) = (Lake::new(), caller(member("ann")));
    let package = lake.package(&ann, "Flights").await;
    for round in 0..20 {
        let path = format!("{round}.csv");
        let mut ids = lake.sent(&ann, package, &[(path.clone(), b"first".to_vec())]).await;
        ids.extend(lake.sent(&ann, package, &[(path, b"the second".to_vec())]).await);
        let complete = |id| {
            let (lake, ann) = (lake.clone(), ann.clone());
            tokio::spawn(async move { complete_one(&lake, &ann, package, id).await })
        };
        let (first, second) = (complete(ids[0]), complete(ids[1]));
        first.await.expect("no panic").expect("complete");
        second.await.expect("no panic").expect("complete");
        let states: Vec<DatasetState> =
            lake.core.store.datasets(package, &ids).await.expect("rows").into_iter().flatten().map(|dataset| dataset.state).collect();
        assert_eq!(states.iter().filter(|state| **state == DatasetState::Available).count(), 1, "{states:?}");
        assert_eq!(states.iter().filter(|state| **state == DatasetState::Removed).count(), 1, "{states:?}");
        assert_eq!(lake.counted(package).await, round + 1);
    }
}

/// Objects dropped in silence: of two files of one path in a call the second is refused, not lost later. Paths that differ
/// only in their normal form are the same.
#[tokio::test]
async fn the_second_file_of_a_path_in_a_call_is_refused() {
    let (lake, ann) = (Lake::new(), caller(member("ann")));
    let package = lake.package(&ann, "Coffee").await;
    let entered = [file("caf\u{e9}.csv", b"one"), file("cafe\u{301}.csv", b"two"), file("tea.csv", b"three")];
    let registered = lake.datasets.register(&ann, package, &entered, None).await.expect("answered one by one");
    let codes: Vec<Option<&str>> = registered.iter().map(|entry| entry.as_ref().err().map(|error| error.code())).collect();
    assert_eq!(codes, [None, Some("duplicate_path"), None]);
}

#[tokio::test]
async fn one_dataset_completed_twice_at_once_is_counted_once() {
    let (lake, ann) = (Lake::new(), caller(member("ann")));
    let package = lake.package(&ann, "Flights").await;
    for round in 0..20 {
        let id = lake.sent(&ann, package, &[(format!("{round}.csv"), b"1".to_vec())]).await[0];
        let complete = || {
            let (lake, ann) = (lake.clone(), ann.clone());
            tokio::spawn(async move { complete_one(&lake, &ann, package, id).await })
        };
        let (first, second) = (complete(), complete());
        let answers = [first.await.expect("no panic").expect("complete"), second.await.expect("no panic").expect("complete")];
        assert_eq!(answers[0], answers[1], "both are told the row as it is");
        assert_eq!(answers[0].added_in, Some(lake.row(package).await.revision));
        assert_eq!(lake.counted(package).await, round + 1);
    }
}

#[tokio::test]
async fn a_hundred_completions_at_once_are_all_counted() {
    let (lake, ann) = (Lake::new(), caller(member("ann")));
    let package = lake.package(&ann, "Flights").await;
    let files: Vec<(String, Vec<u8>)> = (0..100_usize).map(|number| (format!("{number}.csv"), vec![b'x'; number])).collect();
    let ids = lake.sent(&ann, package, &files).await;
    let tasks: Vec<_> = ids
        .iter()
        .map(|id| {
            let (lake, ann, id) = (lake.clone(), ann.clone(), *id);
            tokio::spawn(async move { until_not_busy!(complete_one(&lake, &ann, package, id).await) })
        })
        .collect();
    for task in tasks {
        task.await.expect("no panic").expect("complete");
    }
    assert_eq!(lake.counted(package).await, 100);
    assert_eq!(lake.row(package).await.revision, 101, "one revision a completion");
}

#[tokio::test]
async fn more_than_a_transaction_holds_is_completed_in_chunks() {
    let (lake, ann) = (Lake::new(), caller(member("ann")));
    let package = lake.package(&ann, "Flights").await;
    let files: Vec<(String, Vec<u8>)> = (0..100).map(|number| (format!("{number}.csv"), b"1".to_vec())).collect();
    // The second time every path has one to be replaced: three rows each.
    for (round, revision) in [(1, 5), (2, 9)] {
        let ids = lake.sent(&ann, package, &files).await;
        let done = lake.datasets.complete(&ann, package, &ids).await.expect("answers");
        let done: Vec<Dataset> = done.into_iter().map(|completion| completion.expect("complete")).collect();
        assert_eq!(done.iter().map(|dataset| dataset.id).collect::<Vec<_>>(), ids, "answers stand in order");
        assert_eq!((lake.counted(package).await, lake.row(package).await.revision), (100, revision), "round {round}");
    }
}

#[tokio::test]
async fn a_chunk_that_fails_leaves_the_chunks_before_it_done() {
    let (lake, ann) = (Lake::new(), caller(member("ann")));
    let package = lake.package(&ann, "Flights").await;
    let files: Vec<(String, Vec<u8>)> = (0..40).map(|number| (format!("{number:02}.csv"), b"1".to_vec())).collect();
    let ids = lake.sent(&ann, package, &files).await;
    lake.tables.lose_answers("tables.transact", 1);
    let answers = lake.datasets.complete(&ann, package, &ids).await.expect("answers");
    let failed = answers.iter().filter(|answer| answer.as_ref().is_err_and(|error| error.kind() == ErrorKind::Unavailable)).count();
    assert_eq!((answers.len(), failed), (40, 33));
    // The answer of the first chunk was lost, its work was not: a repeat does nothing twice.
    let again = lake.datasets.complete(&ann, package, &ids).await.expect("answers");
    assert!(again.iter().all(Result::is_ok));
    assert_eq!((lake.counted(package).await, lake.row(package).await.revision), (40, 3));
}

#[tokio::test]
async fn an_upload_in_parts_whose_assembly_was_not_answered_is_completed_by_a_repeat() {
    const MIB: usize = 1024 * 1024;
    let (lake, ann) = (Lake::new(), caller(member("ann")));
    let package = lake.package(&ann, "Flights").await;
    let entered = NewDataset { name: "all.parquet".to_owned(), size: 65 * MIB as u64, ..NewDataset::default() };
    let (dataset, plan) = lake.datasets.register(&ann, package, &[entered], None).await.expect("answers").remove(0).expect("registered");
    let UploadPlan::Parts { part_size, parts } = plan else { panic!("a large file is sent in parts") };
    let part_size = usize::try_from(part_size).expect("fits");
    let bytes = vec![7_u8; 65 * MIB];
    let contents: Vec<&[u8]> = bytes.chunks(part_size).collect();
    assert_eq!(contents.len() as u64, parts);
    let infos: Vec<PartInfo> = contents
        .iter()
        .zip(1..)
        .map(|(bytes, number)| PartInfo { number, size: bytes.len() as u64, sha256: hex::encode(digest(&SHA256, bytes)) })
        .collect();
    let signed = lake.datasets.sign_parts(&ann, package, dataset.id, &infos).await.expect("signed parts");
    for ((_, request), bytes) in signed.iter().zip(&contents) {
        lake.objects.send(request, bytes.to_vec()).await.expect("a sent part");
    }
    lake.objects.faults().fail_after("multipart.complete", PortErrorKind::Unavailable);
    let lost = complete_one(&lake, &ann, package, dataset.id).await;
    assert_eq!(lost.expect_err("the answer was lost").kind(), ErrorKind::Unavailable);
    let parts = lake.datasets.parts(&ann, package, dataset.id).await.expect_err("they are one object now");
    assert_eq!((parts.kind(), parts.code()), (ErrorKind::Conflict, "parts_assembled"));
    complete_one(&lake, &ann, package, dataset.id).await.expect("complete");
    assert_eq!(lake.counted(package).await, 1);
}

#[tokio::test]
async fn a_registration_repeated_at_once_begins_each_upload_once() {
    let (lake, ann) = (Lake::new(), caller(member("ann")));
    let package = lake.package(&ann, "Flights").await;
    let large = NewDataset { name: "all.parquet".to_owned(), size: 200 << 20, ..NewDataset::default() };
    let entered = [file("a.csv", b"1"), large];
    let key = IdempotencyKey::new(&ann, Action::DatasetUpload, "key", b"request").expect("a key");
    let register = || lake.datasets.register(&ann, package, &entered, Some(&key));
    let answers = tokio::join!(register(), register(), register());
    let ids = |answer: AppResult<Vec<Registration>>| -> Vec<(DatasetId, Option<String>)> {
        let answers = answer.expect("answers").into_iter().map(|registration| registration.expect("registered").0);
        answers.map(|dataset| (dataset.id, dataset.upload_id)).collect()
    };
    let (first, second, third) = (ids(answers.0), ids(answers.1), ids(answers.2));
    assert_eq!((&first, &first), (&second, &third));
    let pending = lake.datasets.list_in_state(&ann, package, DatasetState::Pending, &Paging::default()).await.expect("a page");
    let rows: BTreeSet<_> = pending.items.into_iter().map(|dataset| (dataset.id, dataset.upload_id)).collect();
    assert_eq!(rows, first.into_iter().collect());
    let calls = |operation| lake.objects.faults().calls(operation);
    assert_eq!(calls("multipart.create"), calls("multipart.abort") + 1, "what lost the race is given up");
}

#[tokio::test]
async fn lists_were_cut_at_a_page() {
    const FILES: u64 = 20_000;
    let (lake, ann) = (Lake::new(), caller(member("ann")));
    let package_id = lake.package(&ann, "Many").await;
    let rows: Vec<_> = (0..FILES)
        .map(|number| Dataset { package_id, ..dataset(1, number, &format!("{number:05}.csv")) })
        .map(|dataset| lake.core.store.put_path(&dataset, None).expect("a row"))
        .collect();
    for rows in rows.chunks(100) {
        lake.tables.transact(rows.to_vec()).await.expect("rows");
    }
    let mut seen = BTreeSet::new();
    let mut paging = Paging { limit: 200, cursor: None };
    loop {
        let page = lake.datasets.list(&ann, package_id, "", &paging).await.expect("a page");
        for found in page.items {
            let Found::Dataset(dataset) = found else { panic!("{found:?} is no dataset") };
            assert!(seen.insert(dataset.id), "{} stands on two pages", dataset.path);
        }
        match page.next_cursor {
            Some(next) => paging.cursor = Some(next),
            None => break,
        }
    }
    assert_eq!(seen, (0..FILES).map(dataset_id).collect());
}

#[tokio::test]
async fn no_bytes_are_handed_out_that_can_not_be_audited() {
    let (lake, ann) = (Lake::new(), caller(member("ann")));
    let package = lake.package(&ann, "Flights").await;
    let ids = lake.sent(&ann, package, &[("a.csv".to_owned(), b"1".to_vec())]).await;
    lake.datasets.complete(&ann, package, &ids).await.expect("answers").remove(0).expect("complete");
    lake.jobs.faults.fail_next(PortErrorKind::Unavailable);
    let refused = lake.datasets.download(&ann, package, ids[0]).await.expect_err("the audit queue is away");
    assert_eq!(refused.kind(), ErrorKind::Unavailable);
    assert_eq!(lake.objects.faults().calls("objects.sign_get"), 0, "no URL was made");
    lake.datasets.download(&ann, package, ids[0]).await.expect("a URL, with its record");
    assert_eq!(lake.jobs.take().len(), 1);
}

#[derive(Clone, Debug)]
enum Step {
    Upload { path: u8, size: usize },
    CompleteAgain { which: usize },
    Remove { which: usize },
    Restore { which: usize },
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => (0..4_u8, 0..9_usize).prop_map(|(path, size)| Step::Upload { path, size }),
        1 => any::<usize>().prop_map(|which| Step::CompleteAgain { which }),
        2 => any::<usize>().prop_map(|which| Step::Remove { which }),
        2 => any::<usize>().prop_map(|which| Step::Restore { which }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn counts_are_those_of_the_listing_whatever_is_done(steps in prop::collection::vec(step(), 1..24)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
        runtime.block_on(async {
            let (lake, ann) = (Lake::new(), caller(member("ann")));
            let package = lake.package(&ann, "Flights").await;
            let mut ids = Vec::new();
            for step in steps {
                match step {
                    Step::Upload { path, size } => {
                        let id = lake.sent(&ann, package, &[(format!("{path}.csv"), vec![b'x'; size])]).await[0];
                        complete_one(&lake, &ann, package, id).await.expect("complete");
                        ids.push(id);
                    }
                    // What was removed meanwhile stays so, and is told.
                    Step::CompleteAgain { which } if !ids.is_empty() => {
                        drop(lake.datasets.complete(&ann, package, &[ids[which % ids.len()]]).await.expect("answers"));
                    }
                    Step::Remove { which } if !ids.is_empty() => drop(lake.datasets.remove(&ann, package, ids[which % ids.len()]).await),
                    Step::Restore { which } if !ids.is_empty() => drop(lake.datasets.restore(&ann, package, ids[which % ids.len()]).await),
                    Step::CompleteAgain { .. } | Step::Remove { .. } | Step::Restore { .. } => {}
                }
                lake.counted(package).await;
            }
        });
    }
}
