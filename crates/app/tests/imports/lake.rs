//! A data lake in memory with a location, objects below it, and a package of ann's to import into.

use std::{sync::Arc, time::Duration};

use app::{
    AppError, Caller, Core, Paging,
    imports::{Imports, Locations, NewImport, NewLocation},
    workers::{changes::jobs_of, housekeeping::Housekeeping, importing::Importing},
};
use domain::{
    Deadline, ImportId, PackageId, Principal, Timestamp,
    access::Action,
    audit::{Actor, Origin},
    dataset::Dataset,
    import::{Import, ImportCounts, ImportFailure},
    job::Job,
    package::Package,
    ports::{Clock as _, ObjectAddress, Objects, Table, Tables, Write},
    principal::Role,
    user::PrincipalRecord,
};
use testkit::{
    FixedClock, InterleavedTables, MemoryCipher, MemoryJobs, MemoryObjects, MemoryTables, SequentialIds,
    builders::{BUCKET, admin, member, package, package_id, user_id},
    memory_objects::{once, options_of},
};

use crate::steps::Steps;

pub(crate) const LAKE: &str = "outside-lake";

pub(crate) struct Lake {
    pub(crate) tables: Arc<MemoryTables>,
    pub(crate) objects: Arc<MemoryObjects>,
    pub(crate) clock: Arc<FixedClock>,
    jobs: Arc<MemoryJobs>,
    ids: Arc<SequentialIds>,
    pub(crate) steps: Arc<Steps>,
    pub(crate) core: Core,
    pub(crate) imports: Imports,
    pub(crate) locations: Locations,
    pub(crate) housekeeping: Housekeeping,
    pub(crate) package: PackageId,
}

impl Lake {
    /// With the location `s3://outside-lake/raw/`.
    pub(crate) async fn new() -> Self {
        let (tables, jobs) = (Arc::new(MemoryTables::new()), Arc::new(MemoryJobs::default()));
        let (clock, ids) = (Arc::new(FixedClock::default()), Arc::new(SequentialIds::default()));
        let objects = Arc::new(MemoryObjects::with_clock(clock.clone()));
        let core = Core::new(tables.clone(), jobs.clone(), Arc::new(MemoryCipher::default()), clock.clone(), ids.clone());
        let lake = Self {
            imports: Imports::new(core.clone(), objects.clone(), BUCKET),
            locations: Locations::new(core.clone(), objects.clone(), BUCKET),
            housekeeping: Housekeeping::new(tables.clone(), objects.clone(), objects.clone(), clock.clone(), ids.clone(), BUCKET),
            steps: Steps::new(tables.clone(), objects.clone(), clock.clone()),
            package: package_id(1),
            tables,
            objects,
            clock,
            jobs,
            ids,
            core,
        };
        lake.person("ann", true).await;
        lake.put_package(&package(1, "ann")).await;
        let raw = NewLocation { bucket: LAKE.to_owned(), prefix: "raw/".to_owned(), description: String::new() };
        lake.locations.register(&by(admin("root")), &raw).await.expect("registered");
        lake.tables.take_changes();
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

    pub(crate) async fn put_package(&self, package: &Package) {
        let stamp = self.core.stamp_of(Actor::system(), &Origin::default(), Action::PackageCreate, &[]);
        self.force(self.core.store.put_package(package, &stamp).expect("rows")).await;
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

    /// Stores `abc` outside, and answers with its version.
    pub(crate) async fn outside(&self, key: &str) -> Option<String> {
        let address = ObjectAddress { bucket: LAKE.to_owned(), key: key.to_owned() };
        self.objects.put(&address, &options_of(b"abc", "text/csv"), once("abc")).await.expect("stored").version
    }

    /// Ann starts an import of this manifest.
    pub(crate) async fn start(&self, manifest: impl Into<Vec<u8>>) -> ImportId {
        self.started(manifest).await.expect("accepted").id
    }

    pub(crate) async fn started(&self, manifest: impl Into<Vec<u8>>) -> Result<Import, AppError> {
        let new = NewImport::Inline { bytes: manifest.into().into(), content_type: "text/csv" };
        self.imports.start(&by(member("ann")), self.package, &new, None).await
    }

    /// The worker, over ports that count and interrupt.
    pub(crate) fn worker(&self) -> Importing {
        let cipher = Arc::new(MemoryCipher::default());
        let core = Core::new(self.steps.clone(), self.jobs.clone(), cipher, self.clock.clone(), self.ids.clone());
        Importing::new(core, self.steps.clone(), BUCKET, None)
    }

    /// Workers that really come between each other.
    pub(crate) fn interleaved(&self) -> Importing {
        let tables = Arc::new(InterleavedTables::new(self.tables.clone()));
        let core = Core::new(tables, self.jobs.clone(), Arc::new(MemoryCipher::default()), self.clock.clone(), self.ids.clone());
        Importing::new(core, self.objects.clone(), BUCKET, None)
    }

    /// Starts an import and does all of it.
    pub(crate) async fn import(&self, manifest: impl Into<Vec<u8>>) -> Import {
        let id = self.start(manifest).await;
        self.worker().import(self.package, id).await.expect("done");
        self.read(id).await
    }

    pub(crate) async fn read(&self, id: ImportId) -> Import {
        self.imports.read(&by(member("ann")), self.package, id).await.expect("it is there")
    }

    /// All failures, by pages of seven.
    pub(crate) async fn failures(&self, id: ImportId) -> Vec<ImportFailure> {
        let (mut failures, mut paging) = (Vec::new(), Paging { limit: 7, cursor: None });
        loop {
            let page = self.imports.failures(&by(member("ann")), self.package, id, &paging).await.expect("a page");
            failures.extend(page.items);
            match page.next_cursor {
                Some(cursor) => paging.cursor = Some(cursor),
                None => return failures,
            }
        }
    }

    /// Current datasets by path.
    pub(crate) async fn datasets(&self) -> Vec<Dataset> {
        let (mut datasets, mut after) = (Vec::new(), None);
        loop {
            let (page, next) = self.core.store.datasets_by_path(self.package, "", 1_000, after).await.expect("a page");
            let ids: Vec<_> = page.iter().map(|summary| summary.id).collect();
            datasets.extend(self.core.store.datasets(self.package, &ids).await.expect("rows").into_iter().flatten());
            after = next;
            if after.is_none() {
                return datasets;
            }
        }
    }

    pub(crate) async fn paths(&self) -> Vec<String> {
        self.datasets().await.iter().map(|dataset| dataset.path.to_string()).collect()
    }

    /// The package's row as it is.
    pub(crate) async fn package(&self) -> Package {
        self.core.store.package(self.package).await.expect("read").expect("it is there")
    }

    /// Rows of datasets, whatever their state.
    pub(crate) fn dataset_rows(&self) -> usize {
        let is_dataset = |row: &&domain::ports::Item| row["item"].as_str().is_some_and(|item| item.starts_with("ds#"));
        self.tables.rows(Table::Datasets).iter().filter(is_dataset).count()
    }

    /// Jobs that follow from what was written since the last call.
    pub(crate) fn jobs(&self) -> Vec<Job> {
        self.tables.take_changes().iter().flat_map(|change| jobs_of(change).expect("a change that can be told")).collect()
    }

    pub(crate) fn in_seconds(&self, seconds: u64) -> Deadline {
        Deadline::at(self.clock.now().plus(Duration::from_secs(seconds)))
    }
}

pub(crate) fn by(principal: Principal) -> Caller {
    Caller { principal, origin: Origin { request_id: "request-1".to_owned(), source_ip: None } }
}

pub(crate) const fn counts(read: u64, added: u64, skipped: u64, failed: u64) -> ImportCounts {
    ImportCounts { read, added, skipped, failed }
}

/// Lines and codes.
pub(crate) fn told(failures: &[ImportFailure]) -> Vec<(u64, &'static str)> {
    failures.iter().map(|failure| (failure.line, failure.code.name())).collect()
}

/// So many lines, of which every hundredth is bad, in the order of their keys, and how many are bad.
pub(crate) fn lines(count: u64) -> (String, u64) {
    let line = |number| if number % 100 == 50 { "not a line\n".to_owned() } else { format!("{LAKE},raw/{number:07}.csv\n") };
    ((0..count).map(line).collect(), (0..count).filter(|number| number % 100 == 50).count() as u64)
}

impl Lake {
    /// The objects that [`lines`] names.
    pub(crate) async fn fill(&self, count: u64) {
        for number in (0..count).filter(|number| number % 100 != 50) {
            self.outside(&format!("raw/{number:07}.csv")).await;
        }
    }
}
