//! `GET /packages/{id}/datasets` and `…/datasets/{ds}`.

use domain::{
    DatasetId, PackageId,
    access::Action,
    dataset::{Dataset, DatasetState},
    ports::PageKey,
};
use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization as _;

use super::{
    Datasets,
    below::Member,
    expand::{Asked, BelowPlace},
};
use crate::{
    core::Caller,
    error::{AppError, AppResult},
    paging::{Listed, Paging},
    store::{DatasetSummary, FolderEntry, FolderPlace},
};

/// No path is longer, in bytes.
pub(super) const PREFIX_LIMIT: usize = 900;

/// What a list of datasets has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// A folder: the prefix of all that lies in it, with the slash at its end.
    Folder(String),
    /// A dataset.
    Dataset(DatasetSummary),
    /// What the store holds below a dataset of kind `prefix`.
    Object {
        /// The dataset.
        dataset_id: DatasetId,
        /// The object, and its name in the package.
        member: Box<Member>,
    },
    /// What can't be shown of a dataset of kind `prefix`.
    Skipped {
        /// The dataset.
        dataset_id: DatasetId,
        /// Why, for people.
        reason: String,
    },
}

impl From<FolderEntry> for Found {
    fn from(entry: FolderEntry) -> Self {
        match entry {
            FolderEntry::Folder(name) => Self::Folder(name),
            FolderEntry::Dataset(summary) => Self::Dataset(summary),
        }
    }
}

/// Where a page ended: among the datasets, or behind all of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Place<P> {
    Among(P),
    Below(BelowPlace),
}

impl Datasets {
    /// Current datasets in path order, of those whose path begins with `prefix`; behind them, where it leads into datasets
    /// of kind `prefix`, what the store holds there now. A page may be short.
    ///
    /// # Errors
    /// Those of the package; 400 for a foreign cursor.
    pub async fn list(&self, caller: &Caller, package_id: PackageId, prefix: &str, paging: &Paging) -> AppResult<Listed<Found>> {
        self.core.authorised_package(caller, Action::DatasetRead, package_id).await?;
        let begin = beginning(prefix)?;
        let query = format!("datasets.list {package_id} prefix={prefix}");
        let asked = Asked { package_id, prefix, in_folders: false, limit: limit_of(paging) };
        let (items, next) = match self.core.open_cursor(caller, &query, paging).await? {
            Some(Place::Below(place)) => self.below(&asked, place, Vec::new()).await?,
            place => {
                let (datasets, next) = self.core.store.datasets_by_path(package_id, &begin, paging.limit, among(place)).await?;
                self.or_below(&asked, datasets.into_iter().map(Found::Dataset).collect(), next).await?
            }
        };
        Ok(Listed { items, next_cursor: self.core.seal_cursor::<Place<PageKey>>(caller, &query, next.as_ref()).await? })
    }

    /// Folders and current datasets that stand directly below `prefix`, in path order, each folder once; behind them, where
    /// it leads into datasets of kind `prefix`, what the store holds there now. A page may be short.
    ///
    /// # Errors
    /// Those of the package; 400 for a foreign cursor.
    pub async fn browse(&self, caller: &Caller, package_id: PackageId, prefix: &str, paging: &Paging) -> AppResult<Listed<Found>> {
        self.core.authorised_package(caller, Action::DatasetRead, package_id).await?;
        let begin = beginning(prefix)?;
        let query = format!("datasets.browse {package_id} prefix={prefix}");
        let asked = Asked { package_id, prefix, in_folders: true, limit: limit_of(paging) };
        let (items, next) = match self.core.open_cursor(caller, &query, paging).await? {
            Some(Place::Below(place)) => self.below(&asked, place, Vec::new()).await?,
            place => {
                let (entries, next) = self.core.store.datasets_in_folder(package_id, &begin, paging.limit, among(place)).await?;
                self.or_below(&asked, entries.into_iter().map(Found::from).collect(), next).await?
            }
        };
        Ok(Listed { items, next_cursor: self.core.seal_cursor::<Place<FolderPlace>>(caller, &query, next.as_ref()).await? })
    }

    /// A page of datasets; if it is the last one, it goes on with what is below prefixes.
    async fn or_below<P>(&self, asked: &Asked<'_>, found: Vec<Found>, next: Option<P>) -> AppResult<(Vec<Found>, Option<Place<P>>)> {
        match next {
            Some(next) => Ok((found, Some(Place::Among(next)))),
            None => self.below(asked, BelowPlace::default(), found).await,
        }
    }

    async fn below<P>(&self, asked: &Asked<'_>, place: BelowPlace, mut found: Vec<Found>) -> AppResult<(Vec<Found>, Option<Place<P>>)> {
        let next = self.expand(asked, place, &mut found).await?;
        Ok((found, next.map(Place::Below)))
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

fn limit_of(paging: &Paging) -> usize {
    usize::try_from(paging.limit).unwrap_or(usize::MAX)
}

fn among<P>(place: Option<Place<P>>) -> Option<P> {
    match place {
        Some(Place::Among(place)) => Some(place),
        Some(Place::Below(_)) | None => None,
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
