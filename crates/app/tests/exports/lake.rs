//! A data lake in memory with people, packages and datasets, and the workers that follow its changes.

use std::{sync::Arc, time::Duration};

use app::{
    AppError, Caller, Core,
    cart::Cart,
    exports::{Checkout, Exports},
    workers::{changes::jobs_of, housekeeping::Housekeeping, manifest::Manifests},
};
use domain::{
    ExportId, PackageId, Principal, Timestamp,
    access::Action,
    audit::{Actor, AuditOutcome, AuditRecord, Origin},
    cart::Export,
    dataset::Dataset,
    id::UserId,
    job::Job,
    package::{Package, Visibility},
    ports::{ObjectAddress, Objects, Table, Tables, Write},
    principal::Role,
    user::PrincipalRecord,
};
use testkit::{
    FixedClock, MemoryCipher, MemoryJobs, MemoryObjects, MemoryTables, SequentialIds,
    builders::{BUCKET, dataset, now, package, user_id},
    memory_objects::{once, options_of},
};

pub(crate) const LINKS: &str = "https://lake.example/api";
pub(crate) const DAY: Duration = Duration::from_secs(24 * 3600);

pub(crate) struct Lake {
    pub(crate) tables: Arc<MemoryTables>,
    pub(crate) objects: Arc<MemoryObjects>,
    pub(crate) jobs: Arc<MemoryJobs>,
    pub(crate) clock: Arc<FixedClock>,
    pub(crate) core: Core,
    pub(crate) cart: Cart,
    pub(crate) exports: Exports,
    pub(crate) manifests: Manifests,
    pub(crate) housekeeping: Housekeeping,
}

impl Lake {
    /// With the people ann, bob and eve, none of them in a group.
    pub(crate) async fn new() -> Self {
        let (tables, jobs) = (Arc::new(MemoryTables::new()), Arc::new(MemoryJobs::default()));
        let (clock, ids) = (Arc::new(FixedClock::default()), Arc::new(SequentialIds::default()));
        let objects = Arc::new(MemoryObjects::with_clock(clock.clone()));
        let core = Core::new(tables.clone(), jobs.clone(), Arc::new(MemoryCipher::default()), clock.clone(), ids.clone());
        let lake = Self {
            cart: Cart::new(core.clone()),
            exports: Exports::new(core.clone(), objects.clone(), BUCKET),
            manifests: Manifests::new(core.clone(), objects.clone(), BUCKET, LINKS),
            housekeeping: Housekeeping::new(tables.clone(), objects.clone(), objects.clone(), clock.clone(), ids, BUCKET),
            tables,
            objects,
            jobs,
            clock,
            core,
        };
        for name in ["ann", "bob", "eve"] {
            lake.person(name, true).await;
        }
        lake
    }

    pub(crate) async fn person(&self, name: &str, enabled: bool) {
        let record = PrincipalRecord {
            user_id: user_id(name),
            directory_name: name.to_owned(),
            email: format!("{name}@example.org"),
            name: name.to_owned(),
            role: Some(Role::Member),
            groups: Vec::new(),
            enabled,
            tokens_valid_after: Timestamp::EPOCH,
            last_sign_in: None,
            federated: false,
        };
        self.force(self.core.store.put_principal(&record, None, None).expect("rows")).await;
    }

    /// A package of ann's that everybody sees.
    pub(crate) async fn package(&self, number: u64) -> PackageId {
        self.put_package(&Package { visibility: Visibility::Everyone, ..package(number, "ann") }).await
    }

    /// Stores a package, in place of an earlier one with its id.
    pub(crate) async fn put_package(&self, package: &Package) -> PackageId {
        let stamp = self.core.stamp_of(Actor::system(), &Origin::default(), Action::PackageCreate, &[]);
        self.force(self.core.store.put_package(package, &stamp).expect("rows")).await;
        package.id
    }

    /// Takes a package out of everybody's sight but ann's.
    pub(crate) async fn hide(&self, number: u64) {
        self.put_package(&package(number, "ann")).await;
    }

    /// A current dataset whose bytes (`abc`) are in the store.
    pub(crate) async fn dataset(&self, package: u64, number: u64, path: &str) -> Dataset {
        let mut dataset = dataset(package, number, path);
        dataset.object_version = self.bytes(&dataset.key).await;
        self.put_dataset(&dataset).await;
        dataset
    }

    /// Stores `abc` under a key of the data bucket and answers with its version.
    pub(crate) async fn bytes(&self, key: &str) -> Option<String> {
        let address = ObjectAddress { bucket: BUCKET.to_owned(), key: key.to_owned() };
        let info = self.objects.put(&address, &options_of(b"abc", "text/plain"), once("abc")).await;
        info.expect("stored").version
    }

    /// The rows of a current dataset.
    pub(crate) async fn put_dataset(&self, dataset: &Dataset) {
        self.put_dataset_row(dataset).await;
        self.tables.write(self.core.store.put_path(dataset, None).expect("a row")).await.expect("written");
    }

    /// The row of a dataset alone.
    pub(crate) async fn put_dataset_row(&self, dataset: &Dataset) {
        self.tables.write(self.core.store.put_dataset(dataset, None, None, None).expect("a row")).await.expect("written");
    }

    /// How many rows name files or grant entries of exports.
    pub(crate) fn rows_of_export_parts(&self) -> usize {
        let kind = |row: &domain::ports::Item| row["item"].as_str().unwrap_or_default().split('#').next().unwrap_or_default().to_owned();
        self.tables.rows(Table::Cart).iter().filter(|row| matches!(kind(row).as_str(), "entries" | "manifests")).count()
    }

    /// Writes rows whatever is there.
    async fn force(&self, writes: Vec<Write>) {
        for write in writes {
            let write = match write {
                Write::Put { table, item, .. } => Write::Put { table, item, condition: None },
                other => other,
            };
            self.tables.write(write).await.expect("written");
        }
    }

    pub(crate) async fn transact(&self, writes: Vec<Write>) {
        self.tables.transact(writes).await.expect("written");
    }

    /// Puts packages into bob's cart.
    pub(crate) async fn fill(&self, packages: &[PackageId]) {
        for id in packages {
            self.cart.add(&bob(), *id).await.expect("added");
        }
    }

    /// Bob checks out his whole cart.
    pub(crate) async fn checkout(&self, format: &str) -> ExportId {
        self.checked_out(&Checkout { format: format.to_owned(), ..Checkout::default() }).await.id
    }

    pub(crate) async fn checked_out(&self, checkout: &Checkout) -> Export {
        self.exports.checkout(&bob(), checkout, None).await.expect("accepted")
    }

    /// Bob's export as it is now.
    pub(crate) async fn export(&self, id: ExportId) -> Export {
        self.exports.read(&bob(), id).await.expect("it is there").export
    }

    /// Does what follows from all changes so far: audit records are enqueued, exports written, files removed.
    pub(crate) async fn settle(&self) {
        loop {
            let changes = self.tables.take_changes();
            if changes.is_empty() {
                return;
            }
            for job in changes.iter().flat_map(|change| jobs_of(change).expect("a change that can be told")) {
                match job {
                    Job::Export { user_id, export_id } => self.manifests.generate(&user_id, export_id).await.expect("written"),
                    Job::RemoveExport { user_id, export_id } => {
                        self.housekeeping.remove_export(&user_id, export_id).await.expect("removed")
                    }
                    other => domain::ports::Jobs::enqueue(&*self.jobs, &other, Duration::ZERO).await.expect("enqueued"),
                }
            }
        }
    }

    /// The audit records since the last call.
    pub(crate) fn audited(&self) -> Vec<AuditRecord> {
        let record = |job| match job {
            Job::Audit { record } => Some(record),
            _ => None,
        };
        self.jobs.take().into_iter().filter_map(record).collect()
    }

    /// Why things were denied since the last call.
    pub(crate) fn denials(&self, action: Action) -> Vec<String> {
        let denied = |record: &AuditRecord| record.outcome == AuditOutcome::Deny && record.action == action;
        self.audited().into_iter().filter(denied).map(|record| record.reason.unwrap_or_default()).collect()
    }
}

pub(crate) fn by(principal: Principal) -> Caller {
    Caller { principal, origin: Origin { request_id: "request-1".to_owned(), source_ip: None } }
}

pub(crate) fn bob() -> Caller {
    by(testkit::builders::member("bob"))
}

pub(crate) fn bob_id() -> UserId {
    user_id("bob")
}

/// The code of a refusal.
pub(crate) fn code<T>(answer: Result<T, AppError>) -> String {
    answer.err().expect("refused").code().to_owned()
}

/// So long after everything was made.
pub(crate) fn at(later: Duration) -> Timestamp {
    now().plus(later)
}
