//! `DELETE /cart/exports/{exp}`.

use domain::{
    ExportId, Timestamp,
    access::Action,
    cart::{Export, ExportFormat, ExportState},
};

use super::{Exports, FOLLOWED_LIFE, read::live_until};
use crate::{
    core::Caller,
    error::{AppError, AppResult},
};

/// So often it is tried again when the worker came between.
const ATTEMPTS: usize = 8;

/// An export that was taken back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revocation {
    /// Which.
    pub id: ExportId,
    /// URLs that were signed before live until this time; `None` if there are none.
    pub urls_live_until: Option<Timestamp>,
}

impl Exports {
    /// Takes an export back: its links end at once, its files go by a worker, which follows from the write. URLs that
    /// were signed before can't be called back, and the answer says until when they live. Twice is once.
    ///
    /// # Errors
    /// 404 if the caller has no such export; 403 for a key that is narrowed to fewer packages.
    pub async fn revoke(&self, caller: &Caller, id: ExportId) -> AppResult<Revocation> {
        self.authorise(caller, Action::ExportRevoke).await?;
        for _ in 0..ATTEMPTS {
            let before = self.changeable(caller, Action::ExportRevoke, id).await?;
            let now = self.core.now();
            if before.export.state == ExportState::Revoked {
                let urls_live_until = urls_live_until(&before.export, before.export.updated_at, now);
                return Ok(Revocation { id, urls_live_until });
            }
            let export = revoked(before.export.clone(), now);
            let changed = before.with(export);
            let stamp = self.core.stamp(caller, Action::ExportRevoke, &["state"]);
            if self.core.store.replace_export(&before, &changed, Some(&stamp)).await? {
                return Ok(Revocation { id, urls_live_until: urls_live_until(&before.export, now, now) });
            }
        }
        Err(AppError::busy())
    }
}

/// The export without what its links live by.
pub(crate) fn revoked(mut export: Export, now: Timestamp) -> Export {
    export.state = ExportState::Revoked;
    export.updated_at = now;
    export.token_hash = None;
    export.token_ciphertext = None;
    export
}

fn urls_live_until(export: &Export, revoked_at: Timestamp, now: Timestamp) -> Option<Timestamp> {
    let end = export.expires_at?;
    match export.format {
        ExportFormat::SignedUrl => Some(end).filter(|end| *end > now),
        ExportFormat::Grant if export.followed > 0 => {
            live_until(revoked_at, FOLLOWED_LIFE, now).map(|until| until.min(end)).filter(|end| *end > now)
        }
        ExportFormat::Grant | ExportFormat::BucketKey => None,
    }
}
