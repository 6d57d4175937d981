//! `GET /packages/{id}/history`.

use domain::{PackageId, access::Action, audit::AuditRecord, ports::PageKey};

use super::Packages;
use crate::{
    core::Caller,
    error::AppResult,
    paging::{Listed, Paging},
};

impl Packages {
    /// Who did what to a package, newest first.
    ///
    /// # Errors
    /// 404 for what is absent, deleted or hidden; 400 for a foreign cursor.
    pub async fn history(&self, caller: &Caller, id: PackageId, paging: &Paging) -> AppResult<Listed<AuditRecord>> {
        self.core.authorised_package(caller, Action::PackageHistory, id).await?;
        let query = format!("packages.history {id}");
        let after: Option<PageKey> = self.core.open_cursor(caller, &query, paging).await?;
        let (items, next) = self.core.store.history(id, paging.limit, after).await?;
        Ok(Listed { items, next_cursor: self.core.seal_cursor(caller, &query, next.as_ref()).await? })
    }
}
