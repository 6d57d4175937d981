//! `GET /packages/{id}/imports` and `GET /packages/{id}/imports/{imp}`.

use domain::{ImportId, PackageId, access::Action, import::Import, ports::PageKey};

use super::Imports;
use crate::{
    core::Caller,
    error::AppResult,
    paging::{Listed, Paging},
};

impl Imports {
    /// A package's imports, newest first.
    ///
    /// # Errors
    /// Those of the package; 400 for a foreign cursor.
    pub async fn list(&self, caller: &Caller, package_id: PackageId, paging: &Paging) -> AppResult<Listed<Import>> {
        self.core.authorised_package(caller, Action::ImportRead, package_id).await?;
        let query = format!("imports.list/{package_id}");
        let after: Option<PageKey> = self.core.open_cursor(caller, &query, paging).await?;
        let (records, next) = self.core.store.imports_of(package_id, paging.limit, after).await?;
        let items = records.into_iter().map(|record| record.import).collect();
        Ok(Listed { items, next_cursor: self.core.seal_cursor(caller, &query, next.as_ref()).await? })
    }

    /// One import.
    ///
    /// # Errors
    /// Those of the package; 404 if it has no such import.
    pub async fn read(&self, caller: &Caller, package_id: PackageId, id: ImportId) -> AppResult<Import> {
        self.core.authorised_package(caller, Action::ImportRead, package_id).await?;
        Ok(self.record(package_id, id).await?.import)
    }
}
