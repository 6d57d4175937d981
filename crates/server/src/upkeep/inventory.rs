//! What store and index hold, read from a folder at rest.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::Context as _;
use app::check::Inventory;
use async_trait::async_trait;
use domain::{
    PackageId, PortError, PortErrorKind, PortResult,
    change::Change,
    job::Job,
    ports::{ObjectAddress, ObjectInfo, ObjectVersion, Table},
};
use embedded::{
    jobs::SqliteJobs,
    objects::{Inspection, StoreResult},
    tables::SqliteTables,
};
use runtime::system::{SystemClock, SystemIds};

use crate::{
    bridges::CONSUMER,
    home::{JOBS, OBJECTS, SEARCH},
};

/// Keys, jobs or changes in one reading.
const PAGE: u32 = 1_000;

/// The store, the index and the queues below one folder.
pub(super) struct LocalInventory {
    objects: Arc<Inspection>,
    search: PathBuf,
    tables: Arc<SqliteTables>,
    jobs: SqliteJobs,
}

impl LocalInventory {
    pub(super) async fn open(folder: &Path, tables: Arc<SqliteTables>) -> anyhow::Result<Self> {
        let jobs = SqliteJobs::open(&folder.join(JOBS), Arc::new(SystemClock), Arc::new(SystemIds::default())).await;
        let jobs = jobs.context("can't open the jobs")?;
        Ok(Self { objects: Arc::new(Inspection::new(&folder.join(OBJECTS))), search: folder.join(SEARCH), tables, jobs })
    }

    async fn inspect<T: Send + 'static>(
        &self,
        operation: &'static str,
        work: impl FnOnce(&Inspection) -> StoreResult<T> + Send + 'static,
    ) -> PortResult<T> {
        let objects = Arc::clone(&self.objects);
        let unexpected =
            |source: Box<dyn std::error::Error + Send + Sync>| PortError::new(PortErrorKind::Unavailable, operation).because(source);
        let worked = tokio::task::spawn_blocking(move || work(&objects)).await.map_err(|error| unexpected(error.into()))?;
        worked.map_err(|error| unexpected(error.into()))
    }
}

#[async_trait]
impl Inventory for LocalInventory {
    async fn objects(&self, versions: &[ObjectVersion]) -> PortResult<Vec<Option<ObjectInfo>>> {
        let versions = versions.to_vec();
        let find = move |objects: &Inspection| {
            let find = |ObjectVersion { address, version }: &ObjectVersion| {
                Ok(objects.find(&address.bucket, &address.key, version.as_deref())?.map(ObjectInfo::from))
            };
            versions.iter().map(find).collect()
        };
        self.inspect("inventory.objects", find).await
    }

    async fn keys(&self, bucket: &str, prefix: &str, after: &str) -> PortResult<Vec<ObjectAddress>> {
        let (of, prefix, after) = (bucket.to_owned(), prefix.to_owned(), after.to_owned());
        let keys = self.inspect("inventory.keys", move |objects| objects.keys(&of, &prefix, &after, PAGE)).await?;
        Ok(keys.into_iter().map(|key| ObjectAddress { bucket: bucket.to_owned(), key }).collect())
    }

    async fn indexed(&self) -> PortResult<Option<BTreeMap<PackageId, u64>>> {
        let search = self.search.clone();
        let ended = |error| PortError::new(PortErrorKind::Unexpected, "inventory.indexed").because(error);
        match tokio::task::spawn_blocking(move || embedded::search::inspect(&search)).await.map_err(ended)? {
            // That it can't be read was found already; it will be made anew.
            Err(_) => Ok(None),
            found => found,
        }
    }

    async fn waiting(&self) -> PortResult<BTreeSet<PackageId>> {
        let mut waiting = BTreeSet::new();
        let mut after = None;
        loop {
            let jobs = self.jobs.list(after, PAGE as usize).await?;
            let Some(last) = jobs.last() else { break };
            after = Some(last.id);
            for job in jobs.into_iter().filter(|job| job.died_at.is_none()) {
                if let Ok(Job::Index { package_id }) = serde_json::from_value(job.body.clone()) {
                    waiting.insert(package_id);
                } else if let Ok(change) = serde_json::from_value::<Change>(job.body) {
                    waiting.extend(package_of(&change));
                }
            }
        }
        let mut position = self.tables.subscribe(CONSUMER).await?;
        loop {
            let changes = self.tables.read_changes(position, PAGE).await?;
            let Some((last, _)) = changes.last() else { return Ok(waiting) };
            position = *last;
            waiting.extend(changes.iter().filter_map(|(_, change)| package_of(change)));
        }
    }
}

fn package_of(change: &Change) -> Option<PackageId> {
    if change.table == Table::Packages { change.key.partition.parse().ok() } else { None }
}
