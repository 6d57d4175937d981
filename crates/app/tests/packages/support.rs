//! A data lake in memory without HTTP.

use std::{sync::Arc, time::Duration};

use aws_lc_rs::digest::{SHA256, digest};
use datalake_app::{
    Caller, Core,
    datasets::{Datasets, NewDataset, UploadPlan},
    metadata::Metadata,
    packages::{CreatePackage, Packages},
    workers::housekeeping::Housekeeping,
};
use domain::{DatasetId, PackageId, Principal, audit::Origin, package::Package};
use testkit::{FixedClock, InterleavedTables, MemoryCipher, MemoryJobs, MemoryObjects, MemoryTables, SequentialIds, builders};

/// The use cases, and the ports below them.
#[derive(Clone)]
pub(crate) struct Lake {
    pub(crate) tables: Arc<MemoryTables>,
    pub(crate) jobs: Arc<MemoryJobs>,
    pub(crate) objects: Arc<MemoryObjects>,
    pub(crate) clock: Arc<FixedClock>,
    pub(crate) core: Core,
    pub(crate) packages: Packages,
    pub(crate) metadata: Metadata,
    pub(crate) datasets: Datasets,
}

impl Lake {
    pub(crate) fn new() -> Self {
        let (tables, jobs) = (Arc::new(MemoryTables::new()), Arc::new(MemoryJobs::default()));
        let clock = Arc::new(FixedClock::default());
        let objects = Arc::new(MemoryObjects::with_clock(clock.clone()));
        let cipher = Arc::new(MemoryCipher::default());
        let core = Core::new(
            Arc::new(InterleavedTables::new(tables.clone())),
            jobs.clone(),
            cipher,
            clock.clone(),
            Arc::new(SequentialIds::new(1)),
        );
        Self {
            packages: Packages::new(core.clone(), objects.clone(), builders::BUCKET),
            metadata: Metadata::new(core.clone()),
            datasets: Datasets::new(core.clone(), objects.clone(), objects.clone(), builders::BUCKET),
            tables,
            jobs,
            objects,
            clock,
            core,
        }
    }

    /// Housekeeping over the same tables, at another time than everybody else's.
    pub(crate) fn housekeeping_at(&self, later: Duration) -> Housekeeping {
        let clock = Arc::new(FixedClock::new(builders::now().plus(later)));
        let tables = Arc::new(InterleavedTables::new(self.tables.clone()));
        let (objects, ids) = (self.objects.clone(), Arc::new(SequentialIds::new(1_000_000)));
        Housekeeping::new(tables, objects.clone(), objects, clock, ids, builders::BUCKET)
    }

    /// Makes a file the current dataset of its path.
    pub(crate) async fn uploaded(&self, owner: &Caller, package: PackageId, path: &str, bytes: &[u8]) -> DatasetId {
        let id = self.sent(owner, package, &[(path.to_owned(), bytes.to_vec())]).await[0];
        self.datasets.complete(owner, package, &[id]).await.expect("answers").remove(0).expect("complete");
        id
    }

    /// Makes a package of this name, private.
    pub(crate) async fn package(&self, owner: &Caller, name: &str) -> PackageId {
        let entered = CreatePackage { name: name.to_owned(), ..CreatePackage::default() };
        self.packages.create(owner, &entered, None).await.expect("a package").package.id
    }

    /// Registers files of these paths and contents and sends their bytes; they are not complete yet.
    pub(crate) async fn sent(&self, owner: &Caller, package: PackageId, files: &[(String, Vec<u8>)]) -> Vec<DatasetId> {
        let entered: Vec<NewDataset> = files.iter().map(|(path, bytes)| file(path, bytes)).collect();
        let registered = self.datasets.register(owner, package, &entered, None).await.expect("registrations");
        let mut ids = Vec::new();
        for (registration, (_, bytes)) in registered.into_iter().zip(files) {
            let (dataset, plan) = registration.expect("a registered file");
            let UploadPlan::Put(request) = plan else { panic!("a small file is sent at once") };
            self.objects.send(&request, bytes.clone()).await.expect("the store takes the bytes");
            ids.push(dataset.id);
        }
        ids
    }

    /// The package's row as it is.
    pub(crate) async fn row(&self, id: PackageId) -> Package {
        self.core.store.package(id).await.expect("tables").expect("the package")
    }

    /// Holds the counts of the package's row against the listing, and answers with how many there are.
    pub(crate) async fn counted(&self, id: PackageId) -> u64 {
        let (mut datasets, mut bytes, mut after) = (0, 0, None);
        loop {
            let (page, next) = self.core.store.datasets_by_path(id, "", 1000, after).await.expect("a page");
            datasets += u64::try_from(page.len()).expect("a number");
            bytes += page.iter().map(|dataset| dataset.size).sum::<u64>();
            after = next;
            if after.is_none() {
                break;
            }
        }
        let package = self.row(id).await;
        assert_eq!((package.datasets, package.bytes), (datasets, bytes), "the package's counts are those of its listing");
        datasets
    }
}

/// The principal, come with a request.
pub(crate) fn caller(principal: Principal) -> Caller {
    Caller { principal, origin: Origin::default() }
}

/// A file as entered.
pub(crate) fn file(path: &str, bytes: &[u8]) -> NewDataset {
    let sha256 = Some(hex::encode(digest(&SHA256, bytes)));
    NewDataset { name: path.to_owned(), size: bytes.len() as u64, content_type: "text/csv".to_owned(), sha256 }
}

/// Asks again while too many others change the same thing, a thousand times at most.
macro_rules! until_not_busy {
    ($ask:expr) => {{
        let mut left = 1_000;
        loop {
            match $ask {
                Err(error) if error.code() == "busy" && left > 0 => {
                    left -= 1;
                    tokio::task::yield_now().await;
                }
                other => break other,
            }
        }
    }};
}

pub(crate) use until_not_busy;
