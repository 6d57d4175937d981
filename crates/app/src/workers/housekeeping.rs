//! Looks after what is due, and removes for good what was deleted.
//!
//! Everything here can be done again: bytes go before the rows that name them, a package's own row goes last, and what
//! failed is still due at the next sweep. So a run stops in time before its home ends it, and another one goes on with what
//! is left: what was done is not due any more.

mod bytes;
mod datasets;
mod exports;
mod imports;
mod keys;
mod packages;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use domain::{
    Deadline, ExportId, PackageId, PortResult, Timestamp,
    access::Action,
    audit::{Actor, Origin},
    change::Stamp,
    id::{ChangeId, UserId},
    job::{DuePlace, Job},
    ports::{Clock, Ids, Key, Multipart, Objects, Table, Tables},
};
use futures::{StreamExt as _, stream};

use crate::{
    error::AppResult,
    store::{DueRow, Store},
};

/// Tables with an index of what is due.
const TABLES: [Table; 4] = [Table::Cart, Table::Keys, Table::Datasets, Table::Packages];
/// So many rows are looked after at a time.
const PARALLEL: usize = 8;
/// Nothing is begun if less time is left: a page of bytes and rows goes within seconds, if the store is not slow.
const MARGIN: Duration = Duration::from_secs(60);

/// The worker that looks after what is due.
#[derive(Clone)]
pub struct Housekeeping {
    store: Store,
    objects: Arc<dyn Objects>,
    multipart: Arc<dyn Multipart>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
    bucket: String,
}

/// What a sweep did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Rows that were due and were looked after.
    pub handled: u64,
    /// Rows, or pages of the index, that failed: they are due again next time.
    pub failed: u64,
}

/// When a run began, and until when it may go on.
struct Time {
    now: Timestamp,
    deadline: Deadline,
}

/// A sweep as it goes.
struct Sweep {
    time: Time,
    /// Some row was begun.
    begun: AtomicBool,
    swept: Swept,
    /// Something was done of a row that takes more than one run.
    moved: bool,
}

/// What became of a due row.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Looked {
    /// It was looked after.
    After,
    /// It failed.
    Failed,
    /// Part of it is done, and there was no time for the rest.
    Begun,
    /// There was no time for it.
    Left,
    /// It is not for this version of the product.
    Past,
}

/// All places from `place` on, in order.
fn places_from(place: Option<&DuePlace>) -> impl Iterator<Item = DuePlace> {
    let shards = |table| Store::due_shards().map(move |shard| DuePlace { table, shard, after: None });
    let before = place.cloned();
    let places = TABLES
        .into_iter()
        .flat_map(shards)
        .skip_while(move |start| before.as_ref().is_some_and(|place| (start.table, &start.shard) != (place.table, &place.shard)));
    // The first one goes on behind the row where it was.
    let after = place.and_then(|place| place.after.clone());
    places.enumerate().map(move |(number, start)| if number == 0 { DuePlace { after: after.clone(), ..start } } else { start })
}

impl Housekeeping {
    /// Over the tables, and the data bucket that holds manifests.
    pub fn new(
        tables: Arc<dyn Tables>,
        objects: Arc<dyn Objects>,
        multipart: Arc<dyn Multipart>,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn Ids>,
        bucket: impl Into<String>,
    ) -> Self {
        Self { store: Store::new(tables), objects, multipart, clock, ids, bucket: bucket.into() }
    }

    /// Looks after everything that is due. What fails is logged and counted, and stops nothing behind it.
    pub async fn sweep(&self) -> Swept {
        self.sweep_until(None, Deadline::NONE).await.0
    }

    /// The same from `place` on, as far as there is time before `deadline`. The job that goes on with it is answered, and to
    /// be enqueued; none if this run came nowhere, for the next one would not either, and what is due stays due.
    pub async fn sweep_until(&self, place: Option<&DuePlace>, deadline: Deadline) -> (Swept, Option<Job>) {
        let mut sweep = Sweep { time: self.time(deadline), begun: AtomicBool::new(false), swept: Swept::default(), moved: false };
        let mut cut = None;
        for start in places_from(place) {
            cut = self.sweep_shard(start, &mut sweep).await;
            if cut.is_some() {
                break;
            }
        }
        let Swept { handled, failed } = sweep.swept;
        tracing::debug!(handled, failed, cut = cut.is_some(), "looked after what is due");
        let moved = sweep.moved || handled > 0 || cut != places_from(place).next();
        (sweep.swept, cut.filter(|_| moved).map(|place| Job::SweepFrom { place }))
    }

    /// Looks after a shard from a place on; where another run is to go on if there was no time for all.
    async fn sweep_shard(&self, mut place: DuePlace, sweep: &mut Sweep) -> Option<DuePlace> {
        loop {
            let (table, now) = (place.table, sweep.time.now);
            let (keys, next) = match self.store.due(table, &place.shard, now, place.after.clone()).await {
                Ok(page) => page,
                Err(error) => {
                    let shard = place.shard.as_str();
                    tracing::warn!(error = &error as &dyn std::error::Error, table = table.name(), shard, "what is due can't be read");
                    sweep.swept.failed += 1;
                    return None;
                }
            };
            let looking = stream::iter(keys).map(|key| self.look_after(table, key, sweep)).buffer_unordered(PARALLEL);
            let looked: Vec<Option<Looked>> = looking.collect().await;
            let count = |wanted: Looked| looked.iter().filter(|looked| **looked == Some(wanted)).count() as u64;
            let (handled, failed) = (count(Looked::After), count(Looked::Failed));
            sweep.swept.handled += handled;
            sweep.swept.failed += failed;
            sweep.moved |= count(Looked::Begun) > 0;
            if count(Looked::Begun) + count(Looked::Left) > 0 {
                return Some(place);
            }
            place.after = Some(next?);
        }
    }

    /// What became of a row; `None` if the index was behind and it is not due.
    async fn look_after(&self, table: Table, key: Key, sweep: &Sweep) -> Option<Looked> {
        // Each run looks after one at least, however little time it has.
        if sweep.begun.swap(true, Ordering::SeqCst) && self.is_over(&sweep.time) {
            return Some(Looked::Left);
        }
        let looked = match self.store.really_due(table, &key, sweep.time.now).await {
            Ok(None) => return None,
            Ok(Some(row)) => self.handle(table, &row, &sweep.time).await,
            Err(error) => Err(error),
        };
        Some(looked.unwrap_or_else(|error| {
            let (partition, sort) = (key.partition.as_str(), key.sort.as_str());
            tracing::warn!(error = &error as &dyn std::error::Error, table = table.name(), partition, sort, "a due row failed");
            Looked::Failed
        }))
    }

    async fn handle(&self, table: Table, row: &DueRow, time: &Time) -> PortResult<Looked> {
        let now = time.now;
        match (table, row.key.sort.split_once('#').map_or(row.key.sort.as_str(), |(kind, _)| kind)) {
            (Table::Cart, "export") => self.due_export(row, now).await?,
            (Table::Cart, "idem") => self.store.remove_due(table, row).await?,
            (Table::Keys, "key") => self.due_key(row, now).await?,
            (Table::Datasets, "import") => self.due_import(row, now).await?,
            (Table::Datasets, "ds") => self.due_dataset(row, now).await?,
            (Table::Packages, "package") => return self.due_package(row, time).await,
            // A later version's row: that version looks after it.
            _ => return Ok(Looked::Past),
        }
        Ok(Looked::After)
    }

    /// Removes the files and grant entries of an export that was taken back or is gone.
    ///
    /// # Errors
    /// What another try may help: the job is to come again.
    pub async fn remove_export(&self, user_id: &UserId, id: ExportId) -> AppResult<()> {
        Ok(self.remove_revoked(user_id, id).await?)
    }

    /// Drops the pending uploads of a package that was deleted. The rest can be restored until it is due.
    ///
    /// # Errors
    /// What another try may help: the job is to come again.
    pub async fn package_deleted(&self, id: PackageId) -> AppResult<()> {
        self.package_deleted_until(id, Deadline::NONE).await.map(drop)
    }

    /// The same as far as there is time before `deadline`. The job that goes on with it is answered, and to be enqueued.
    ///
    /// # Errors
    /// What another try may help: the job is to come again.
    pub async fn package_deleted_until(&self, id: PackageId, deadline: Deadline) -> AppResult<Option<Job>> {
        let more = self.drop_pending(id, &self.time(deadline)).await?;
        Ok(more.then_some(Job::PackageDeleted { package_id: id }))
    }

    fn time(&self, deadline: Deadline) -> Time {
        Time { now: self.clock.now(), deadline }
    }

    fn is_over(&self, time: &Time) -> bool {
        time.deadline.is_within(MARGIN, self.clock.now())
    }

    fn stamp(&self, action: Action, fields: &[&str]) -> Stamp {
        Stamp {
            id: ChangeId::new(self.ids.new_id()),
            actor: Actor::system(),
            action,
            origin: Origin::default(),
            time: self.clock.now(),
            fields: fields.iter().map(|field| (*field).to_owned()).collect(),
        }
    }
}
