//! Housekeeping, killed at any change it makes or told the same again and again: what is to go is gone, what is to stay is
//! there, and each action is told once.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use app::{
    Caller, Core,
    idempotency::IdempotencyKey,
    store::{ExportRecord, PackageChange},
};
use aws::{events, s3::S3Objects};
use aws_lc_rs::digest::{SHA256, digest};
use bytes::Bytes;
use datalake_tests_faults::{Counted, Fault};
use domain::{
    Deadline, PortErrorKind, Timestamp,
    access::Action,
    api_key::ApiKey,
    audit::{Actor, AuditRecord, Origin},
    cart::{Export, ExportState, ManifestFile, Totals},
    dataset::Dataset,
    job::{Job, JobKind},
    package::Package,
    ports::{Condition, Directory, Multipart, ObjectAddress, ObjectVersion, Objects, PutOptions, Table, Tables, Write},
    user::PrincipalRecord,
};
use function_housekeeping::{Deps, Worker};
use futures::FutureExt;
use serde_json::{Value, json};
use testkit::{
    MemorySigner, SequentialIds,
    builders::{access_key_id, api_key, dataset, export, member, metadata_version, now, package, pending_dataset},
};

use crate::{
    account::Deployment,
    events::{event, failed, queued},
    kill::at_every,
    left_out, side_by_side,
};

/// A deployment with things to look after; each has a number of its own.
struct House {
    deployment: Deployment,
    core: Core,
    objects: Arc<S3Objects>,
    ann: PrincipalRecord,
    /// How many changes of keys and carts were told.
    seen: [usize; 2],
}

/// What the function is woken for.
#[derive(Clone, Copy, Debug)]
enum Errand {
    PackageDeleted,
    RemoveExport,
    /// The schedule, which finds one thing of each kind.
    Sweep,
}

const ERRANDS: [(Errand, usize); 3] = [(Errand::PackageDeleted, 3), (Errand::RemoveExport, 2), (Errand::Sweep, 10)];

const YEAR: Duration = Duration::from_secs(365 * 24 * 3_600);

/// When everything was due that is.
fn long_ago() -> Timestamp {
    now().plus(Duration::from_secs(1))
}

impl House {
    async fn new() -> Self {
        let deployment = Deployment::new().await;
        let (core, objects, ann) = (deployment.core(), deployment.real_objects(), deployment.invite("ann").await);
        deployment.clock.advance(YEAR);
        Self { deployment, core, objects, ann, seen: [0; 2] }
    }

    /// A process of the function.
    fn worker(&self, seed: u64) -> Worker {
        Self::worker_of(&self.deployment, seed)
    }

    fn worker_of(deployment: &Deployment, seed: u64) -> Worker {
        let objects = deployment.objects();
        Worker::new(Deps {
            tables: deployment.tables(),
            objects: objects.clone(),
            multipart: objects,
            jobs: deployment.jobs(),
            cipher: deployment.faulty.cipher(&deployment.key_arn),
            signer: Arc::new(MemorySigner::default()),
            directory: Some(deployment.directory()),
            clock: deployment.clock.clone(),
            ids: Arc::new(SequentialIds::new(1_000_000 * (seed + 1))),
            bucket: deployment.bucket.clone(),
            audit_bucket: deployment.bucket.clone(),
        })
    }

    async fn write(&self, writes: impl IntoIterator<Item = Write>) {
        for write in writes {
            self.deployment.real_tables().write(write).await.expect("written");
        }
    }

    /// An object of the data bucket.
    async fn store(&self, key: &str) -> ObjectVersion {
        let address = ObjectAddress { bucket: self.deployment.bucket.clone(), key: key.to_owned() };
        let sha256 = hex::encode(digest(&SHA256, b"abc"));
        let options = PutOptions { size: 3, sha256, content_type: "text/plain".to_owned(), only_if_absent: false };
        let body = Box::pin(futures::stream::iter([Ok(Bytes::from_static(b"abc"))]));
        let info = self.objects.put(&address, &options, body).await.expect("stored");
        ObjectVersion { address, version: info.version }
    }

    async fn is_stored(&self, object: &ObjectVersion) -> bool {
        match self.objects.head(object).await {
            Ok(_) => true,
            Err(error) if error.is(PortErrorKind::NotFound) => false,
            Err(error) => panic!("{error}"),
        }
    }

    /// A dataset with its bytes.
    async fn dataset(&self, number: u64, file: u64) -> Dataset {
        let dataset = Dataset { bucket: self.deployment.bucket.clone(), ..dataset(number, 10 * number + file, &format!("{file}.csv")) };
        let stored = self.store(&dataset.key).await;
        Dataset { object_version: stored.version, ..dataset }
    }

    /// An upload of which some bytes arrived, in parts if `parts`.
    async fn upload(&self, number: u64, file: u64, parts: bool) -> Dataset {
        let pending = pending_dataset(number, 10 * number + file, &format!("{file}.csv"));
        let pending = Dataset { bucket: self.deployment.bucket.clone(), ..pending };
        if parts {
            let upload = self.objects.create(&pending.address(), "text/plain").await.expect("begun");
            return Dataset { upload_id: Some(upload.upload_id), ..pending };
        }
        self.store(&pending.key).await;
        pending
    }

    async fn is_begun(&self, pending: &Dataset) -> bool {
        match self.objects.parts(&pending.part_upload().expect("in parts")).await {
            Ok(_) => true,
            Err(error) if error.is(PortErrorKind::NotFound) => false,
            Err(error) => panic!("{error}"),
        }
    }

    /// A package that was deleted, with its tags, a dataset, and two uploads that were not completed.
    async fn deleted_package(&self, number: u64, purge_at: Timestamp) -> Vec<Dataset> {
        let (store, person) = (&self.core.store, Actor::of(&member("ann")));
        let stamp = self.core.stamp_of(person, &Origin::default(), Action::PackageDelete, &[]);
        let package = Package { deleted_at: None, ..package(number, "ann") };
        self.write(store.put_package(&package, &stamp).expect("rows")).await;
        self.write([store.put_metadata(package.id, &metadata_version(&[("topic", "faults")])).expect("a row")]).await;
        let datasets = vec![self.dataset(number, 1).await, self.upload(number, 2, false).await, self.upload(number, 3, true).await];
        self.write(datasets.iter().map(|dataset| store.put_dataset(dataset, None, None, None).expect("a row"))).await;
        let change = PackageChange::at(now()).stamped(&stamp).deleted(package.id, now(), purge_at);
        self.write([change.into_write(package.id)]).await;
        datasets
    }

    fn export_of(&self, number: u64, state: ExportState) -> Export {
        let expires_at = (state == ExportState::Ready).then(long_ago);
        Export { state, expires_at, ..export(number, self.ann.user_id.as_str(), &[number]) }
    }

    /// An export with a file.
    async fn export(&self, number: u64, state: ExportState) -> ObjectVersion {
        let record = ExportRecord::unwritten(self.export_of(number, state), 1);
        let key = format!("exports/{}/{}/000001/index.json", record.export.user_id, record.export.id);
        let stored = self.store(&key).await;
        let totals = Totals::default();
        let file = ManifestFile { package_id: None, key, version: stored.version.clone(), sha256: String::new(), totals };
        let stamp = self.core.stamp_of(Actor::of(&member("ann")), &Origin::default(), Action::ExportCreate, &[]);
        self.write([self.core.store.put_export(&record, Some(&stamp), Condition::Absent).expect("a row")]).await;
        self.core.store.put_manifests(&record, &[file]).await.expect("written");
        stored
    }

    /// A key that ended.
    async fn ended_key(&self, number: u64) {
        let key = ApiKey { expires_at: Some(long_ago()), ..api_key(number, self.ann.user_id.as_str()) };
        let stamp = self.core.stamp_of(Actor::of(&member("ann")), &Origin::default(), Action::KeyGrant, &[]);
        self.write([self.core.store.put_api_key(&key, &stamp, Condition::Absent).expect("a row")]).await;
    }

    /// The answer to a request that is remembered no longer.
    async fn remembered(&self, number: u64) {
        let caller = Caller { principal: member(self.ann.user_id.as_str()), origin: Origin::default() };
        let key = IdempotencyKey::new(&caller, Action::PackageCreate, &format!("key-{number}"), b"").expect("a key");
        self.deployment.clock.set(now());
        let write = self.core.remember(&key, &number).expect("a row");
        self.deployment.clock.advance(YEAR);
        self.write([write]).await;
    }

    /// An event for a process of its own, which ends well.
    async fn wake(&self, seed: u64, event: Value) {
        let worker = self.worker(seed);
        let answer = events::jobs_or_schedule(event, &worker, Deadline::NONE).await.expect("an event");
        assert!(answer.get("batchItemFailures").is_none() || failed(&answer).is_empty(), "{answer}");
    }

    /// What follows from what was done: of changes, and at the next run of the schedule. Answers with what was told.
    async fn follow(&mut self, errand: Errand, seed: u64) -> Vec<AuditRecord> {
        let [keys, cart] = &mut self.seen;
        let mut told = self.deployment.told(Table::Keys, keys).await;
        told.extend(self.deployment.told(Table::Cart, cart).await);
        match errand {
            // Uploads that were marked as gone are due.
            Errand::PackageDeleted => self.wake(seed, schedule()).await,
            // What was taken back is followed by a job that removes its files.
            Errand::RemoveExport | Errand::Sweep => {
                let messages = self.deployment.queue(JobKind::Housekeeping).await;
                self.deployment.hand_over(&messages, || self.worker(seed)).await;
            }
        }
        told
    }

    fn name(number: u64) -> String {
        format!("Ann {number}")
    }
}

/// The schedule's fixed input.
fn schedule() -> Value {
    json!({ "job": "sweep" })
}

/// What was made for a round, and must be gone or still there behind it.
struct Round {
    number: u64,
    datasets: Vec<Dataset>,
    files: Vec<ObjectVersion>,
}

impl Errand {
    /// Makes something to be looked after, and the event.
    async fn prepare(self, house: &House, number: u64) -> (Value, Round) {
        let mut round = Round { number, datasets: Vec::new(), files: Vec::new() };
        let jobs = match self {
            Self::PackageDeleted => {
                round.datasets = house.deleted_package(number, now().plus(2 * YEAR)).await;
                [Job::PackageDeleted { package_id: package(number, "ann").id }]
            }
            Self::RemoveExport => {
                round.files = vec![house.export(number, ExportState::Revoked).await];
                let export = house.export_of(number, ExportState::Revoked);
                [Job::RemoveExport { user_id: export.user_id, export_id: export.id }]
            }
            Self::Sweep => {
                round.datasets = house.deleted_package(number, long_ago()).await;
                // One that was forgotten in a package that is there.
                let forgotten = house.upload(number + 500, 4, false).await;
                let row = house.core.store.put_dataset(&forgotten, Some(long_ago()), None, None).expect("a row");
                house.write([row]).await;
                round.datasets.push(forgotten);
                round.files = vec![house.export(number, ExportState::Ready).await, house.export(number + 500, ExportState::Failed).await];
                house.ended_key(number).await;
                house.remembered(number).await;
                let directory = house.deployment.real_directory();
                directory.update(&house.ann.user_id, Some(&House::name(number)), None).await.expect("renamed");
                return (schedule(), round);
            }
        };
        (event(&queued(&jobs)), round)
    }

    /// Fails unless all is as it should be.
    async fn check(self, house: &House, round: &Round, case: &str) {
        let store = &house.core.store;
        let id = package(round.number, "ann").id;
        for file in &round.files {
            assert!(!house.is_stored(file).await, "{case}: {file:?}");
        }
        for dataset in &round.datasets {
            let kept = dataset.object_version.is_some() && matches!(self, Self::PackageDeleted);
            let object = ObjectVersion { address: dataset.address(), version: dataset.object_version.clone() };
            assert_eq!(house.is_stored(&object).await, kept, "{case}: {dataset:?}");
            assert!(dataset.upload_id.is_none() || !house.is_begun(dataset).await, "{case}: {dataset:?}");
            let rows = store.datasets(dataset.package_id, &[dataset.id]).await.expect("read");
            assert_eq!(rows[0].is_some(), kept, "{case}: {rows:?}");
        }
        let export = async |number| {
            let export = house.export_of(number, ExportState::Ready);
            store.export(&export.user_id, export.id).await.expect("read")
        };
        match self {
            Self::PackageDeleted => assert!(store.package(id).await.expect("read").is_some(), "{case}: it can be restored"),
            Self::RemoveExport => {
                let record = export(round.number).await.expect("it can be seen for a while");
                assert!(store.manifests(&record).await.expect("read").is_empty(), "{case}");
            }
            Self::Sweep => {
                assert!(store.package(id).await.expect("read").is_none(), "{case}");
                assert!(store.metadata(id, 1).await.expect("read").is_none(), "{case}");
                assert_eq!(export(round.number).await.expect("a row").export.state, ExportState::Revoked, "{case}");
                assert!(export(round.number + 500).await.is_none(), "{case}");
                let key = store.api_key(&access_key_id(round.number)).await.expect("read").expect("a row");
                assert!(!key.active, "{case}");
                let ann = store.principal(&house.ann.user_id).await.expect("read").expect("a row");
                assert_eq!(ann.name, House::name(round.number), "{case}");
            }
        }
    }
}

#[tokio::test]
async fn killed_at_any_change_it_leaves_nothing_half_done() {
    if left_out() {
        return;
    }
    for (errand, least) in ERRANDS {
        let (mut house, mut number, mut told) = (House::new().await, 0, Vec::new());
        at_every(Counted::Changes, least, async |place| {
            number += 1;
            let (event, round) = errand.prepare(&house, number).await;
            let first = house.worker(10 * number);
            let done = place.reached_by(&house.deployment, events::jobs_or_schedule(event.clone(), &first, Deadline::NONE)).await;
            house.wake(10 * number + 1, event).await;
            told.extend(house.follow(errand, 10 * number + 2).await);
            errand.check(&house, &round, &format!("{errand:?}, {place:?}")).await;
            done.is_some()
        })
        .await;
        // What housekeeping does by itself is told once.
        let mut actions: BTreeMap<(Action, String), usize> = BTreeMap::new();
        for record in told.into_iter().filter(|record| record.actor == Actor::system()) {
            *actions.entry((record.action, record.resource)).or_default() += 1;
        }
        let expected = if matches!(errand, Errand::Sweep) { 2 * usize::try_from(number).expect("a number") } else { 0 };
        assert_eq!(actions.len(), expected, "{errand:?}: {actions:?}");
        assert!(actions.values().all(|count| *count == 1), "{errand:?}: {actions:?}");
    }
}

#[tokio::test]
async fn jobs_come_twice_late_and_in_any_order() {
    if left_out() {
        return;
    }
    let house = House::new().await;
    // Jobs that are wrong by now: the package is there, and the export was not taken back.
    let (there, upload) = (package(100, "ann"), house.upload(100, 1, false).await);
    let stamp = house.core.stamp_of(Actor::of(&member("ann")), &Origin::default(), Action::PackageCreate, &[]);
    house.write(house.core.store.put_package(&there, &stamp).expect("rows")).await;
    house.write([house.core.store.put_dataset(&upload, None, None, None).expect("a row")]).await;
    let file = house.export(100, ExportState::Ready).await;
    let export = house.export_of(100, ExportState::Ready);
    let wrong = [Job::PackageDeleted { package_id: there.id }, Job::RemoveExport { user_id: export.user_id, export_id: export.id }];
    let mut jobs = wrong.to_vec();

    let faults = [
        ("Query", Fault::Throttled),
        ("POST", Fault::Broken),
        ("POST", Fault::Lost),
        ("DELETE", Fault::Torn),
        ("BatchWriteItem", Fault::Partly),
        ("GET", Fault::Expired),
    ];
    let mut rounds = Vec::new();
    let mut cases = Vec::new();
    for ((operation, fault), number) in faults.into_iter().zip(1..) {
        let mut new = Vec::new();
        for errand in [Errand::PackageDeleted, Errand::RemoveExport] {
            let (mut event, round) = errand.prepare(&house, number).await;
            let body = event["Records"][0]["body"].take();
            new.push(serde_json::from_str::<Job>(body.as_str().expect("a text")).expect("a job"));
            rounds.push((errand, round));
        }
        jobs.extend(new.clone());
        let deployment = house.deployment.beside().await;
        cases.push(
            async move {
                deployment.proxy.always_to(operation, fault);
                deployment.hand_over(&queued(&new), || House::worker_of(&deployment, number)).await;
            }
            .boxed(),
        );
    }
    side_by_side(cases).await;
    // All come again, twice, and in another order.
    house.deployment.hand_over(&queued(jobs.iter().rev().chain(&jobs)), || house.worker(100)).await;
    for (errand, round) in rounds.iter().filter(|(errand, _)| matches!(errand, Errand::RemoveExport)) {
        errand.check(&house, round, &format!("{errand:?}")).await;
    }
    let current = ObjectVersion { address: upload.address(), version: None };
    assert!(house.is_stored(&current).await && house.is_stored(&file).await, "what is to stay is there");
    let rows = house.core.store.datasets(there.id, &[upload.id]).await.expect("read");
    assert!(rows[0].is_some(), "{rows:?}");
    // An upload that was marked as gone is due, if its bytes could not be removed at once.
    house.wake(101, schedule()).await;
    for (errand, round) in rounds.iter().filter(|(errand, _)| matches!(errand, Errand::PackageDeleted)) {
        errand.check(&house, round, &format!("{errand:?}")).await;
    }
}

/// What does not answer keeps nothing else from being looked after, and is looked after when it answers again.
#[tokio::test]
async fn a_run_goes_on_past_what_does_not_answer() {
    if left_out() {
        return;
    }
    let mut house = House::new().await;
    let faults = [("ListUsers", Fault::Throttled), ("Decrypt", Fault::Expired), ("POST", Fault::Broken)];
    for ((operation, fault), number) in faults.into_iter().zip(1..) {
        let (event, round) = Errand::Sweep.prepare(&house, number).await;
        house.deployment.proxy.always_to(operation, fault);
        let answer = events::jobs_or_schedule(event.clone(), &house.worker(10 * number), Deadline::NONE).await;
        // What did not come off must be seen by whoever watches the function; files that remain are due again.
        assert_eq!(answer.is_err(), operation != "POST", "{operation}, {fault:?}: {answer:?}");
        house.deployment.proxy.heal();
        let key = house.core.store.api_key(&access_key_id(number)).await.expect("read").expect("a row");
        assert!(!key.active, "{operation}, {fault:?}");
        house.wake(10 * number + 1, event).await;
        let _ = house.follow(Errand::Sweep, 10 * number + 2).await;
        Errand::Sweep.check(&house, &round, &format!("after {operation}, {fault:?}")).await;
    }
}
