//! `GET /packages/{id}/datasets` and `…/datasets/{ds}`.

use domain::{
    DatasetId, PackageId,
    access::Action,
    dataset::{Dataset, DatasetState},
    ports::PageKey,
};

use unicode_normalization::UnicodeNormalization as _;

use super::Datasets;
use crate::{
    core::Caller,
    error::{AppError, AppResult},
    paging::{Listed, Paging},
    store::{DatasetSummary, FolderEntry, FolderPlace},
};

/// No path is longer, in bytes.
const PREFIX_LIMIT: usize = 900;

impl Datasets {
    /// Current datasets in path order, of those whose path begins with `prefix`.
    ///
    /// # Errors
    /// Those of the package; 400 for a foreign cursor.
    pub async fn list(&self, caller: &Caller, package_id: PackageId, prefix: &str, paging: &Paging) -> AppResult<Listed<DatasetSummary>> {
        self.core.authorised_package(caller, Action::DatasetRead, package_id).await?;
        let prefix = beginning(prefix)?;
        let query = format!("datasets.list {package_id} prefix={prefix}");
        let after: Option<PageKey> = self.core.open_cursor(caller, &query, paging).await?;
        let (items, next) = self.core.store.datasets_by_path(package_id, &prefix, paging.limit, after).await?;
        Ok(Listed { items, next_cursor: self.core.seal_cursor(caller, &query, next.as_ref()).await? })
    }

    /// Folders and current datasets that stand directly below `prefix`, in path order, each folder once. A page may be short.
    ///
    /// # Errors
    /// Those of the package; 400 for a foreign cursor.
    pub async fn browse(&self, caller: &Caller, package_id: PackageId, prefix: &str, paging: &Paging) -> AppResult<Listed<FolderEntry>> {
        self.core.authorised_package(caller, Action::DatasetRead, package_id).await?;
        let prefix = beginning(prefix)?;
        let query = format!("datasets.browse {package_id} prefix={prefix}");
        let after: Option<FolderPlace> = self.core.open_cursor(caller, &query, paging).await?;
        let (items, next) = self.core.store.datasets_in_folder(package_id, &prefix, paging.limit, after).await?;
        Ok(Listed { items, next_cursor: self.core.seal_cursor(caller, &query, next.as_ref()).await? })
    }

    /// Datasets that are not current (`Pending`, `Completing` or `Removed`), in order of registration. A page may be short.
    ///
    /// # Errors
    /// Those of the package; 400 for a foreign cursor.
    pub async fn list_in_state(
        &self,
        caller: &Caller,
        package_id: PackageId,
        state: DatasetState,
        paging: &Paging,
    ) -> AppResult<Listed<Dataset>> {
        self.core.authorised_package(caller, Action::DatasetRead, package_id).await?;
        let query = format!("datasets.list {package_id} state={}", state.name());
        let after: Option<PageKey> = self.core.open_cursor(caller, &query, paging).await?;
        let (mut items, next) = self.core.store.datasets_by_registration(package_id, paging.limit, after).await?;
        items.retain(|dataset| dataset.state == state);
        Ok(Listed { items, next_cursor: self.core.seal_cursor(caller, &query, next.as_ref()).await? })
    }

    /// One dataset, in whatever state.
    ///
    /// # Errors
    /// 404 for an absent one, and those of the package.
    pub async fn read(&self, caller: &Caller, package_id: PackageId, id: DatasetId) -> AppResult<Dataset> {
        self.core.authorised_package(caller, Action::DatasetRead, package_id).await?;
        self.dataset(package_id, id).await
    }
}

/// The beginning of a path, as paths are kept.
fn beginning(prefix: &str) -> AppResult<String> {
    let prefix: String = prefix.nfc().collect();
    if prefix.len() > PREFIX_LIMIT || prefix.chars().any(char::is_control) {
        return Err(AppError::bad_parameter("prefix", "is no beginning of a path: at most 900 bytes, no control character"));
    }
    Ok(prefix)
}
