//! Imports whose function is killed at any call it makes, over several invocations, or that two functions read at once: the
//! queue hands the job over again, and in the end every entry was counted once.

use std::sync::Arc;

use app::{
    Caller, Core,
    imports::{Imports, NewImport},
    paging::Paging,
    workers::importing::CLOUD_UNITS_PER_SECOND,
};
use aws::events;
use aws_lc_rs::digest::{SHA256, digest};
use bytes::Bytes;
use datalake_tests_faults::{Counted, Fault};
use domain::{
    Deadline, LocationId, PackageId,
    access::Action,
    audit::{Actor, Origin},
    import::{Import, ImportCounts, ImportState},
    job::{Job, JobKind},
    location::Location,
    package::Package,
    ports::{Clock, ObjectAddress, Objects, Order, PutOptions, Query, Range, Table, Tables},
};
use function_manifest::{Deps, Worker};
use futures::future::join_all;
use serde_json::{Value, json};
use testkit::{
    SequentialIds,
    builders::{member, now, package, ulid},
};

use crate::{
    account::{Deployment, make_bucket},
    events::{event, failed, queued},
    kill::at_every,
    left_out,
};

/// Malformed entries: more of them in the first batch than the import's row holds, and some in the second.
const MALFORMED: [std::ops::RangeInclusive<u64>; 2] = [6..=45, 52..=57];
/// What becomes datasets. An entry of 49 is the last of a batch, and each invocation has time for one batch only.
const PATHS: [&str; 5] = ["a.csv", "b.csv", "c.csv", "d.csv", "raw"];

/// A deployment with a bucket from which may be imported, and somebody who does.
struct Source {
    deployment: Deployment,
    core: Core,
    bucket: String,
    caller: Caller,
    imports: Imports,
}

impl Source {
    async fn new() -> Self {
        let deployment = Deployment::new().await;
        let core = deployment.core();
        let bucket = make_bucket(&deployment.direct, &format!("{}-source", deployment.prefix)).await;
        for key in ["a.csv", "b.csv", "c.csv", "d.csv", "raw/1.csv", "raw/2.tmp"] {
            let address = ObjectAddress { bucket: bucket.clone(), key: format!("shared/{key}") };
            let sha256 = hex::encode(digest(&SHA256, b"abc"));
            let options = PutOptions { size: 3, sha256, content_type: "text/csv".to_owned(), only_if_absent: false };
            let body = Box::pin(futures::stream::iter([Ok(Bytes::from_static(b"abc"))]));
            deployment.real_objects().put(&address, &options, body).await.expect("stored");
        }
        let location = Location {
            id: LocationId::new(ulid(1)),
            bucket: bucket.clone(),
            prefix: "shared/".to_owned(),
            description: String::new(),
            created_by: member("root").user_id,
            created_at: now(),
        };
        let stamp = core.stamp_of(Actor::system(), &Origin::default(), Action::LocationManage, &[]);
        core.store.put_location(&location, &stamp).await.expect("registered");
        let ann = deployment.invite("ann").await;
        let caller = Caller { principal: member(ann.user_id.as_str()), origin: Origin::default() };
        let imports = Imports::new(core.clone(), deployment.real_objects(), &deployment.bucket);
        Self { deployment, core, bucket, caller, imports }
    }

    /// An import into a package of its own, with everything that an entry can be.
    async fn begin(&self, number: u64) -> Import {
        let package = Package { revision: 1, ..package(number, self.caller.principal.user_id.as_str()) };
        let stamp = self.core.stamp_of(Actor::of(&self.caller.principal), &Origin::default(), Action::PackageCreate, &[]);
        self.deployment.real_tables().transact(self.core.store.put_package(&package, &stamp).expect("rows")).await.expect("written");
        let bytes = Bytes::from(json!({ "version": 1, "entries": self.entries() }).to_string());
        let manifest = NewImport::Inline { bytes, content_type: "application/json" };
        self.imports.start(&self.caller, package.id, &manifest, None).await.expect("accepted")
    }

    fn entries(&self) -> Vec<Value> {
        let url = |key: &str| json!({ "url": format!("s3://{}/shared/{key}", self.bucket) });
        let prefix = |key: &str, exclude: &[&str]| json!({ "prefix": format!("s3://{}/shared/{key}", self.bucket), "exclude": exclude });
        let entry = |number| match number {
            // Those of 4, 50 and 58 are there by then.
            1 | 4 | 50 => url("a.csv"),
            2 => url("b.csv"),
            3 | 58 => prefix("raw/", &["**.tmp"]),
            5 => url("missing.csv"),
            46 => json!({ "url": "s3://somebody-elses/a.csv" }),
            47 => prefix("raw/", &[]),
            48 => url("c.csv"),
            49 => prefix("empty/", &[]),
            51 => url("d.csv"),
            _ => json!({ "url": format!("file:///{number}") }),
        };
        (1..=58).map(entry).collect()
    }

    /// A process of the function.
    fn worker(&self, seed: u64) -> Worker {
        Worker::new(Deps {
            tables: self.deployment.tables(),
            objects: self.deployment.objects(),
            jobs: self.deployment.jobs(),
            cipher: self.deployment.faulty.cipher(&self.deployment.key_arn),
            clock: self.deployment.clock.clone(),
            ids: Arc::new(SequentialIds::new(1_000_000 * (seed + 1))),
            bucket: self.deployment.bucket.clone(),
            links: "https://lake.example".to_owned(),
            units_per_second: Some(CLOUD_UNITS_PER_SECOND),
        })
    }

    /// Hands over what the queue has, each message to an invocation that has time for one batch, until nothing is left. What
    /// is in `held` was handed over and is not done: whoever is killed leaves it there.
    async fn work(&self, held: &mut Vec<Value>, seed: u64) {
        loop {
            held.extend(self.deployment.queue(JobKind::Manifest).await);
            let Some(message) = held.last().cloned() else { return };
            let end = Deadline::at(self.deployment.clock.now());
            let answer = events::jobs(event(&[message]), &self.worker(seed), end).await.expect("an event");
            assert_eq!(failed(&answer), [""; 0], "nothing is wrong with the account");
            held.pop();
        }
    }

    /// Fails unless each entry was counted once.
    async fn check(&self, import: &Import, case: &str) {
        let (store, package_id) = (&self.core.store, import.package_id);
        let record = store.import(package_id, import.id).await.expect("read").expect("a row").import;
        let counts = ImportCounts { read: 58, added: 5, skipped: 3, failed: 50 };
        assert_eq!((record.state, record.failure, record.counts), (ImportState::Done, None, counts), "{case}");
        assert_eq!(self.failures(import).await, expected_failures(), "{case}");
        let (summaries, next) = store.datasets_by_path(package_id, "", 100, None).await.expect("read");
        let paths: Vec<&str> = summaries.iter().map(|summary| summary.path.as_str()).collect();
        assert_eq!((paths.as_slice(), next), (PATHS.as_slice(), None), "{case}");
        assert_eq!(self.rows_of_datasets(package_id).await, PATHS.len(), "{case}: none of them twice");
        let package = store.package(package_id).await.expect("read").expect("a row");
        // A revision for each batch.
        assert_eq!((package.datasets, package.bytes, package.revision), (5, 4 * 3, 3), "{case}");
    }

    async fn failures(&self, import: &Import) -> Vec<(u64, String)> {
        let (mut all, mut paging) = (Vec::new(), Paging { limit: 20, cursor: None });
        loop {
            let page = self.imports.failures(&self.caller, import.package_id, import.id, &paging).await.expect("read");
            all.extend(page.items.into_iter().map(|failure| (failure.line, failure.code.name().to_owned())));
            paging.cursor = page.next_cursor;
            if paging.cursor.is_none() {
                return all;
            }
        }
    }

    async fn rows_of_datasets(&self, package_id: PackageId) -> usize {
        let query = Query {
            table: Table::Datasets,
            index: None,
            partition: package_id.to_string(),
            range: Range::Prefix("ds#".to_owned()),
            order: Order::Ascending,
            limit: 1_000,
            after: None,
            consistent: true,
        };
        self.deployment.real_tables().query(query).await.expect("rows").items.len()
    }
}

fn expected_failures() -> Vec<(u64, String)> {
    let malformed = MALFORMED.into_iter().flatten().map(|line| (line, "malformed"));
    let mut all: Vec<(u64, &str)> =
        malformed.chain([(5, "not_found"), (46, "outside_locations"), (47, "path_taken"), (49, "not_found")]).collect();
    all.sort_unstable();
    all.into_iter().map(|(line, code)| (line, code.to_owned())).collect()
}

fn job(import: &Import) -> Job {
    Job::Import { package_id: import.package_id, import_id: import.id }
}

#[tokio::test]
async fn killed_at_any_call_it_counts_each_entry_once() {
    if left_out() {
        return;
    }
    let (source, mut number) = (Source::new().await, 0);
    at_every(Counted::All, 20, async |place| {
        number += 1;
        let import = source.begin(number).await;
        let first = queued(&[job(&import)]);
        let mut held = first.clone();
        let done = place.reached_by(&source.deployment, source.work(&mut held, 10 * number)).await;
        assert_eq!(done.is_some(), held.is_empty(), "{place:?}");
        // What was handed over comes again, behind what was enqueued since.
        source.work(&mut held, 10 * number + 1).await;
        source.check(&import, &format!("{place:?}")).await;
        // The queue may hand over a message that was done, too.
        source.work(&mut first.clone(), 10 * number + 2).await;
        source.check(&import, &format!("{place:?}, and once more")).await;
        done.is_some()
    })
    .await;
}

/// Several functions are handed the same message, some of their calls are done and never answered, and none of them waits
/// for another.
#[tokio::test]
async fn read_by_several_at_once_it_counts_each_entry_once() {
    if left_out() {
        return;
    }
    let source = Source::new().await;
    for (number, operation) in (1..).zip(["TransactWriteItems", "UpdateItem", "PUT", "SendMessage"]) {
        let import = source.begin(number).await;
        let mut left = queued(&[job(&import)]);
        source.deployment.proxy.once_to(operation, Fault::Lost);
        for _ in 0..100 {
            let end = Deadline::at(source.deployment.clock.now());
            let workers: Vec<Worker> = (0..3).map(|worker| source.worker(10 * number + worker)).collect();
            let answers = join_all(workers.iter().map(|worker| events::jobs(event(&left[..1]), worker, end))).await;
            // Whoever comes too late is told to come again, as is whoever doesn't know what became of his call.
            if answers.into_iter().any(|answer| failed(&answer.expect("an event")).is_empty()) {
                left.remove(0);
            }
            left.extend(source.deployment.queue(JobKind::Manifest).await);
            if left.is_empty() {
                break;
            }
        }
        assert_eq!(source.deployment.proxy.unmet(), [""; 0], "it was to be asked for");
        source.deployment.proxy.heal();
        source.check(&import, operation).await;
    }
}
