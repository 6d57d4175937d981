//! Exports that expired, got stuck, or ended long ago.

use domain::{
    ExportId, PortErrorKind, PortResult, Timestamp,
    access::Action,
    cart::{Export, ExportState},
    id::UserId,
};

use super::Housekeeping;
use crate::{exports::revoked, store::DueRow, workers::manifest::remove_files};

impl Housekeeping {
    pub(super) async fn due_export(&self, row: &DueRow, now: Timestamp) -> PortResult<()> {
        let (Ok(user_id), Some(id)) = (row.key.partition.parse::<UserId>(), row.key.sort.strip_prefix("export#")) else { return Ok(()) };
        let Ok(id) = id.parse::<ExportId>() else { return Ok(()) };
        let Some(record) = self.store.export(&user_id, id).await? else { return Ok(()) };
        match record.export.state {
            ExportState::Running => {
                let failure = Some("It could not be written in time. Try again.".to_owned());
                let export = Export { state: ExportState::Failed, failure, updated_at: now, ..record.export.clone() };
                let changed = record.with(export);
                // Not told to anybody: the action was told when it was asked for.
                self.store.replace_export(&record, &changed, None).await.map(drop)
            }
            ExportState::Ready => {
                let changed = record.with(revoked(record.export.clone(), now));
                let stamp = self.stamp(Action::ExportRevoke, &["state"]);
                self.store.replace_export(&record, &changed, Some(&stamp)).await?;
                self.remove_revoked(&user_id, id).await
            }
            ExportState::Failed | ExportState::Revoked => {
                remove_files(&self.store, &*self.objects, &self.bucket, &user_id, id).await?;
                match self.store.remove_export(&record).await {
                    // It was tried again meanwhile.
                    Err(error) if error.is(PortErrorKind::PreconditionFailed) => Ok(()),
                    other => other,
                }
            }
        }
    }

    /// Removes the files of an export that is revoked or gone; of any other it removes nothing.
    pub(super) async fn remove_revoked(&self, user_id: &UserId, id: ExportId) -> PortResult<()> {
        let state = self.store.export(user_id, id).await?.map(|record| record.export.state);
        if matches!(state, None | Some(ExportState::Revoked)) {
            remove_files(&self.store, &*self.objects, &self.bucket, user_id, id).await?;
        }
        Ok(())
    }
}
