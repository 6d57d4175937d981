//! Functions that are killed between two calls, at every call there is: before it was done, and after. The event comes
//! again, to another process.

use std::sync::Arc;

use app::{
    Caller, Core,
    cart::Cart,
    exports::{Checkout, Exports, ManifestUrl},
    workers::{changes::Changes, logging::Logging, manifest::Manifests},
};
use aws::s3::{S3Config, S3Objects};
use aws_credential_types::{Credentials, provider::SharedCredentialsProvider};
use aws_lc_rs::digest::{SHA256, digest};
use bytes::Bytes;
use datalake_tests_faults::Counted;
use domain::{
    audit::{Actor, AuditRecord, Origin},
    cart::ExportState,
    change::Change,
    job::{Job, JobKind},
    package::{Package, Visibility},
    ports::{Entry, Handler, Key, ObjectAddress, ObjectVersion, Objects, Table, Tables, Write},
    principal::Role,
    user::PrincipalRecord,
};
use futures::TryStreamExt;
use testkit::{
    MemoryCipher, MemoryJobs, SequentialIds,
    builders::{audit_record, dataset, member, now, package, user_id},
};

use crate::{account::Deployment, chains::assert_same, kill::at_every, left_out};

fn entries<T>(bodies: impl IntoIterator<Item = T>) -> Vec<Entry<T>> {
    bodies.into_iter().enumerate().map(|(number, body)| Entry { id: number.to_string(), body }).collect()
}

#[tokio::test]
async fn the_audit_log_keeps_every_record_once() {
    if left_out() {
        return;
    }
    let deployment = Deployment::new().await;
    let mut all: Vec<AuditRecord> = Vec::new();
    at_every(Counted::All, 4, async |place| {
        // Two chains, and a history row.
        let number = u64::try_from(all.len()).expect("a number");
        let resources = [package(number, "ann").id.to_string(), "another".to_owned(), "one more".to_owned()];
        let records: Vec<AuditRecord> = (number..).zip(&resources).map(|(number, resource)| audit_record(number, resource)).collect();
        let event = entries(records.iter().map(|record| Job::Audit { record: record.clone() }));
        all.extend(records);
        let worker = Logging::new(deployment.tables(), deployment.audit_log());
        let done = place.reached_by(&deployment, worker.handle(event.clone())).await;
        let again = Logging::new(deployment.tables(), deployment.audit_log());
        assert_eq!(again.handle(event).await.failed, [""; 0], "{place:?}");
        done.is_some()
    })
    .await;
    assert_same(&deployment.logged().await, &all);
}

#[tokio::test]
async fn what_follows_from_a_change_is_enqueued() {
    if left_out() {
        return;
    }
    let deployment = Deployment::new().await;
    let mut all = Vec::new();
    at_every(Counted::All, 3, async |place| {
        let number = u64::try_from(all.len()).expect("a number");
        // More than one call of each queue takes.
        let changes: Vec<Change> = (number..number + 12).map(made).collect();
        all.extend(changes.iter().flat_map(|change| app::workers::changes::jobs_of(change).expect("jobs")));
        let event = entries(changes);
        let done = place.reached_by(&deployment, Changes::new(deployment.jobs()).handle(event.clone())).await;
        assert_eq!(Changes::new(deployment.jobs()).handle(event).await.failed, [""; 0], "{place:?}");
        done.is_some()
    })
    .await;
    for kind in [JobKind::Audit, JobKind::Search] {
        let sent: Vec<Job> = deployment.messages(kind).await.iter().map(|(body, _)| serde_json::from_str(body).expect("a job")).collect();
        let expected: Vec<&Job> = all.iter().filter(|job| job.kind() == kind).collect();
        assert!(expected.iter().all(|job| sent.contains(job)), "{kind:?}");
        if kind == JobKind::Audit {
            assert_eq!(sent.len(), expected.len(), "a record is delivered once");
        }
    }
}

/// A package that was made.
fn made(number: u64) -> Change {
    let core = core_of(Arc::new(testkit::MemoryTables::new()), number);
    let stamp = core.stamp_of(Actor::system(), &Origin::default(), domain::access::Action::PackageCreate, &[]);
    let package = package(number, "ann");
    let row = core.store.put_package(&package, &stamp).expect("rows").into_iter().find_map(|write| match write {
        Write::Put { table: Table::Packages, item, .. } if item["item"] == "package" => Some(item),
        _ => None,
    });
    Change { table: Table::Packages, key: Key::new(package.id.to_string(), "package"), old: None, new: row }
}

fn core_of(tables: Arc<dyn Tables>, seed: u64) -> Core {
    let (jobs, cipher) = (Arc::<MemoryJobs>::default(), Arc::<MemoryCipher>::default());
    let clock = Arc::new(testkit::FixedClock::default());
    // Each process has ids of its own.
    Core::new(tables, jobs, cipher, clock, Arc::new(SequentialIds::new(1_000_000 * (seed + 1))))
}

#[tokio::test]
async fn an_export_becomes_ready_with_all_that_it_holds() {
    if left_out() {
        return;
    }
    let deployment = Deployment::new().await;
    let (mut seed, bob) = (0, Caller { principal: member("bob"), origin: Origin::default() });
    let direct = core_of(deployment.real_tables(), 0);
    prepare(&deployment, &direct).await;
    let real_objects = deployment.real_objects();
    let (cart, exports) = (Cart::new(direct.clone()), Exports::new(direct.clone(), objects(&deployment), &deployment.bucket));
    let rounds = at_every(Counted::All, 5, async |place| {
        for number in [1, 2] {
            cart.add(&bob, package(number, "ann").id).await.expect("added");
        }
        let checkout = Checkout { format: "bucket-key".to_owned(), ..Checkout::default() };
        let export = exports.checkout(&bob, &checkout, None).await.expect("accepted");
        let mut process = || {
            seed += 1;
            let objects = objects(&deployment);
            Manifests::new(core_of(deployment.tables(), seed), objects, &deployment.bucket, "https://lake.example")
        };
        let (first, second) = (process(), process());
        let done = place.reached_by(&deployment, first.generate(&export.user_id, export.id)).await;
        second.generate(&export.user_id, export.id).await.unwrap_or_else(|error| panic!("{place:?}: {error}"));
        let written = exports.read(&bob, export.id).await.expect("it is there");
        assert_eq!(written.export.state, ExportState::Ready, "{place:?}");
        let mut listed = 0;
        for ManifestUrl { file, .. } in written.manifests {
            let address = ObjectAddress { bucket: deployment.bucket.clone(), key: file.key };
            let body = real_objects.get(&ObjectVersion { address, version: file.version }, None).await.expect("a manifest");
            let parts: Vec<Bytes> = body.bytes.try_collect().await.expect("its content");
            assert_eq!(hex::encode(digest(&SHA256, &parts.concat())), file.sha256, "{place:?}");
            listed += file.package_id.map_or(0, |_| file.totals.entries);
        }
        assert_eq!(listed, 6, "{place:?}: each dataset has its line");
        assert!(direct.store.cart_items(&bob.principal.user_id).await.expect("read").is_empty(), "{place:?}");
        done.map(|done| done.expect("written at once")).is_some()
    });
    Box::pin(rounds).await;
}

/// Bob, and two packages of ann's with three datasets each.
async fn prepare(deployment: &Deployment, core: &Core) {
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
    let mut writes = core.store.put_principal(&record, None, None).expect("rows");
    for number in [1, 2] {
        let stamp = core.stamp_of(Actor::system(), &Origin::default(), domain::access::Action::PackageCreate, &[]);
        let package = Package { visibility: Visibility::Everyone, ..package(number, "ann") };
        writes.extend(core.store.put_package(&package, &stamp).expect("rows"));
        for file in 1..=3 {
            let dataset = dataset(number, 10 * number + file, &format!("{file}.csv"));
            writes.push(core.store.put_dataset(&dataset, None, None, None).expect("a row"));
            writes.push(core.store.put_path(&dataset, None).expect("a row"));
        }
    }
    let tables = deployment.real_tables();
    for write in writes {
        tables.write(write).await.expect("written");
    }
}

/// The bucket behind the proxy; the process signs by itself.
fn objects(deployment: &Deployment) -> Arc<S3Objects> {
    let credentials = SharedCredentialsProvider::new(Credentials::from_keys("test", "test", None));
    let config = S3Config {
        region: "us-east-1".to_owned(),
        endpoint_url: Some(deployment.proxy.url()),
        signing_endpoint_url: None,
        path_style: true,
        credentials,
        kms_key_id: None,
    };
    Arc::new(S3Objects::new(config, deployment.clock.clone()))
}
