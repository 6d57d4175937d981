//! `POST /cart/exports/{exp}/retry`.

use domain::{
    ExportId,
    access::Action,
    cart::{Export, ExportState, Totals},
};

use super::{Exports, as_of};
use crate::{
    core::Caller,
    error::{AppError, AppResult, ErrorKind},
    store::ExportRecord,
};

impl Exports {
    /// Has the manifests of a failed export written again: what was asked for, with the rights of today.
    ///
    /// # Errors
    /// 404 if the caller has no such export; 403 for a key that is narrowed to fewer packages; 409 `not_failed`.
    pub async fn retry(&self, caller: &Caller, id: ExportId) -> AppResult<Export> {
        self.authorise(caller, Action::ExportRetry).await?;
        let before = self.changeable(caller, Action::ExportRetry, id).await?;
        if before.export.state != ExportState::Failed {
            let state = as_of(before.export, self.core.now()).state.name();
            return Err(AppError::new(
                ErrorKind::Conflict,
                "not_failed",
                format!("The export is {state}; only a failed one can be tried again."),
            ));
        }
        let mut export = before.export.clone();
        export.state = ExportState::Running;
        export.failure = None;
        (export.expected, export.written) = (Totals::default(), Totals::default());
        export.updated_at = self.core.now();
        let changed = ExportRecord::unwritten(export, before.attempt);
        let stamp = self.core.stamp(caller, Action::ExportRetry, &["state"]);
        if self.core.store.replace_export(&before, &changed, Some(&stamp)).await? { Ok(changed.export) } else { Err(AppError::busy()) }
    }
}
