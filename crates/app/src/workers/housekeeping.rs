//! Looks after what is due, and removes for good what was deleted.
//!
//! Everything here can be done again: bytes go before the rows that name them, a package's own row goes last, and what
//! failed is still due at the next sweep.

mod bytes;
mod datasets;
mod exports;
mod keys;
mod packages;

use std::sync::Arc;

use domain::{
    ExportId, PackageId, PortResult, Timestamp,
    access::Action,
    audit::{Actor, Origin},
    change::Stamp,
    id::{ChangeId, UserId},
    ports::{Clock, Ids, Key, Multipart, Objects, PageKey, Table, Tables},
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
        let mut swept = Swept::default();
        for table in TABLES {
            for shard in Store::due_shards() {
                self.sweep_shard(table, &shard, &mut swept).await;
            }
        }
        tracing::debug!(handled = swept.handled, failed = swept.failed, "looked after what is due");
        swept
    }

    async fn sweep_shard(&self, table: Table, shard: &str, swept: &mut Swept) {
        let now = self.clock.now();
        let mut after: Option<PageKey> = None;
        loop {
            let (keys, next) = match self.store.due(table, shard, now, after.take()).await {
                Ok(page) => page,
                Err(error) => {
                    tracing::warn!(error = &error as &dyn std::error::Error, table = table.name(), shard, "what is due can't be read");
                    swept.failed += 1;
                    return;
                }
            };
            let outcomes = stream::iter(keys).map(|key| self.look_after(table, key, now)).buffer_unordered(PARALLEL);
            let outcomes: Vec<Option<bool>> = outcomes.collect().await;
            let count = |wanted: bool| u64::try_from(outcomes.iter().filter(|done| **done == Some(wanted)).count()).unwrap_or(u64::MAX);
            swept.handled += count(true);
            swept.failed += count(false);
            match next {
                Some(next) => after = Some(next),
                None => return,
            }
        }
    }

    /// Whether the row could be looked after; `None` if the index was behind and it is not due.
    async fn look_after(&self, table: Table, key: Key, now: Timestamp) -> Option<bool> {
        let done = match self.store.really_due(table, &key, now).await {
            Ok(None) => return None,
            Ok(Some(row)) => self.handle(table, &row, now).await,
            Err(error) => Err(error),
        };
        if let Err(error) = &done {
            let (partition, sort) = (key.partition.as_str(), key.sort.as_str());
            tracing::warn!(error = error as &dyn std::error::Error, table = table.name(), partition, sort, "a due row failed");
        }
        Some(done.is_ok())
    }

    async fn handle(&self, table: Table, row: &DueRow, now: Timestamp) -> PortResult<()> {
        match (table, row.key.sort.split_once('#').map_or(row.key.sort.as_str(), |(kind, _)| kind)) {
            (Table::Cart, "export") => self.due_export(row, now).await,
            (Table::Cart, "idem") => self.store.remove_due(table, row).await,
            (Table::Keys, "key") => self.due_key(row, now).await,
            (Table::Datasets, "ds") => self.due_dataset(row, now).await,
            (Table::Packages, "package") => self.due_package(row).await,
            // A later version's row: that version looks after it.
            _ => Ok(()),
        }
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
        Ok(self.drop_pending(id, self.clock.now()).await?)
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
