//! The worker over ports in memory: its files are what the contract says, and what fails is named.

use std::{sync::Arc, time::Duration};

use app::{
    Caller, Core,
    cart::Cart,
    exports::{Checkout, Exports},
};
use contract::cart::{Manifest, ManifestIndex};
use datalake_function_manifest::{Deps, Worker};
use domain::{
    Deadline, ExportId, PortErrorKind,
    audit::Origin,
    cart::ExportState,
    job::Job,
    package::{Package, Visibility},
    ports::{Entry, Handler, Tables, Write},
    principal::Role,
    user::PrincipalRecord,
};
use testkit::{
    FixedClock, MemoryCipher, MemoryJobs, MemoryObjects, MemoryTables, SequentialIds,
    builders::{BUCKET, dataset, export_id, member, now, package, user_id},
};

struct Home {
    objects: Arc<MemoryObjects>,
    exports: Exports,
    worker: Worker,
    jobs: Arc<MemoryJobs>,
    caller: Caller,
    export: ExportId,
}

/// Bob, who has checked out one package of one file.
async fn home(format: &str) -> Home {
    let (tables, jobs, cipher) = (Arc::new(MemoryTables::new()), Arc::new(MemoryJobs::default()), Arc::new(MemoryCipher::default()));
    let (clock, ids) = (Arc::new(FixedClock::default()), Arc::new(SequentialIds::default()));
    let objects = Arc::new(MemoryObjects::with_clock(clock.clone()));
    let core = Core::new(tables.clone(), jobs.clone(), cipher.clone(), clock.clone(), ids.clone());
    let caller = Caller { principal: member("bob"), origin: Origin::default() };
    let record = PrincipalRecord {
        user_id: user_id("bob"),
        directory_name: "bob".to_owned(),
        email: "bob@example.org".to_owned(),
        name: "Bob".to_owned(),
        role: Some(Role::Member),
        groups: Vec::new(),
        enabled: true,
        tokens_valid_after: now(),
        last_sign_in: None,
        federated: false,
    };
    let package = Package { visibility: Visibility::Everyone, ..package(1, "ann") };
    let dataset = dataset(1, 1, "sales/a.csv");
    let stamp = core.stamp(&caller, domain::access::Action::PackageCreate, &[]);
    let mut writes: Vec<Write> = core.store.put_principal(&record, None, None).expect("rows");
    writes.extend(core.store.put_package(&package, &stamp).expect("rows"));
    writes.extend([core.store.put_dataset(&dataset, None, None, None), core.store.put_path(&dataset, None)].map(|row| row.expect("a row")));
    tables.transact(writes).await.expect("written");

    let exports = Exports::new(core.clone(), objects.clone(), BUCKET);
    Cart::new(core).add(&caller, package.id).await.expect("added");
    let checkout = Checkout { format: format.to_owned(), ..Checkout::default() };
    let export = exports.checkout(&caller, &checkout, None).await.expect("accepted").id;
    let links = "https://lake.example".to_owned();
    let worker = Worker::new(Deps {
        tables,
        objects: objects.clone(),
        jobs: jobs.clone(),
        cipher,
        clock,
        ids,
        bucket: BUCKET.to_owned(),
        links,
        units_per_second: None,
    });
    Home { objects, exports, worker, jobs, caller, export }
}

impl Home {
    fn job(&self, id: &str, export_id: ExportId) -> Entry<Job> {
        Entry { id: id.to_owned(), body: Job::Export { user_id: user_id("bob"), export_id } }
    }
}

#[tokio::test]
async fn every_format_is_a_manifest_of_the_contract() {
    for format in ["signed-url", "bucket-key", "grant"] {
        let home = home(format).await;
        assert!(home.worker.handle(vec![home.job("1", home.export)]).await.failed.is_empty());
        let view = home.exports.read(&home.caller, home.export).await.expect("it is there");
        let [first, second] = view.manifests.as_slice() else { panic!("a manifest and the index") };
        let manifest: Manifest =
            serde_json::from_slice(&home.objects.fetch(&first.request).await.expect("fetched")).expect("the contract's");
        let entry = &manifest.entries[0];
        let has = (entry.url.is_some(), entry.bucket.is_some() && entry.key.is_some() && entry.version.is_some(), entry.grant.is_some());
        assert_eq!(has, (format == "signed-url", format == "bucket-key", format == "grant"));
        assert_eq!((entry.name.as_str(), manifest.expected.entries, manifest.expected.bytes), ("sales/a.csv", 1, 3));
        assert_eq!(manifest.expires_at, now().plus(Duration::from_secs(3_600)).to_string());
        let index: ManifestIndex =
            serde_json::from_slice(&home.objects.fetch(&second.request).await.expect("fetched")).expect("the contract's");
        assert_eq!((index.format.as_str(), index.manifests.len(), index.expected), (format, 1, manifest.expected));
    }
}

#[tokio::test]
async fn a_job_that_fails_for_now_is_named_and_stops_nothing_behind_it() {
    let home = home("grant").await;
    home.objects.fail_next(PortErrorKind::Unavailable);
    let other = Entry { id: "3".to_owned(), body: Job::Sweep };
    let gone = home.job("2", export_id(99));
    let outcome = home.worker.handle(vec![home.job("1", home.export), gone, other]).await;
    assert_eq!(outcome.failed, ["1", "3"], "one to be tried again, none for an export that is gone, one of another worker");
    assert!(home.worker.handle(vec![home.job("1", home.export)]).await.failed.is_empty());
    let view = home.exports.read(&home.caller, home.export).await.expect("it is there");
    assert_eq!(view.export.state, ExportState::Ready);
}

#[tokio::test]
async fn what_there_is_no_time_for_is_enqueued_or_the_job_comes_again() {
    let home = home("grant").await;
    let at_once = Deadline::at(now());
    home.jobs.take();
    // The audit record of the package is enqueued first.
    assert!(home.worker.handle_until(vec![home.job("1", home.export)], at_once).await.failed.is_empty());
    let next = home.jobs.take().pop().expect("a job");
    assert_eq!(next, home.job("", home.export).body);
    home.jobs.faults.fail_always(PortErrorKind::Unavailable);
    assert_eq!(home.worker.handle_until(vec![home.job("not told", home.export)], at_once).await.failed, ["not told"]);
    home.jobs.faults.heal();
    for _ in 0..10 {
        let outcome = home.worker.handle_until(vec![home.job("1", home.export)], at_once).await;
        assert!(outcome.failed.is_empty());
        if home.jobs.take().is_empty() {
            let view = home.exports.read(&home.caller, home.export).await.expect("it is there");
            assert_eq!((view.export.state, view.export.written.entries), (ExportState::Ready, 1));
            return;
        }
    }
    panic!("it never ends")
}
