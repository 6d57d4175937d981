//! Imports that got stuck, and what imports of a package left in the store.

use domain::{
    ImportId, PackageId, PortError, PortErrorKind, PortResult, Timestamp,
    import::{self, Import, ImportState},
};

use super::{Housekeeping, Time};
use crate::{
    store::{DueRow, ImportRecord},
    workers::manifest::remove_listed,
};

impl Housekeeping {
    pub(super) async fn due_import(&self, row: &DueRow, now: Timestamp) -> PortResult<()> {
        let (Ok(package_id), Some(id)) = (row.key.partition.parse::<PackageId>(), row.key.sort.strip_prefix("import#")) else {
            return Ok(());
        };
        let Ok(id) = id.parse::<ImportId>() else { return Ok(()) };
        let Some(record) = self.store.import(package_id, id).await? else { return Ok(()) };
        if record.import.state != ImportState::Running {
            return Ok(());
        }
        let failure = Some("It came no further for hours. Start it again: what is there already is skipped.".to_owned());
        let import = Import { state: ImportState::Failed, failure, updated_at: now, ..record.import.clone() };
        // Not told to anybody: the action was told when it was asked for.
        self.store.replace_import(&record, &ImportRecord { import, ..record.clone() }).await.map(drop)
    }

    /// Removes manifests and failures of a package's imports, a page at a time; whether time was over before all were gone.
    pub(super) async fn purge_imports(&self, id: PackageId, time: &Time) -> PortResult<bool> {
        const ROUNDS: usize = 10_000;
        let folder = import::folder(id);
        for _ in 0..ROUNDS {
            if !remove_listed(&*self.objects, &self.bucket, &folder).await? {
                return Ok(false);
            }
            if self.is_over(time) {
                return Ok(true);
            }
        }
        Err(PortError::new(PortErrorKind::Unexpected, "housekeeping.purge_imports").with("package", id).with("rounds", ROUNDS))
    }
}
