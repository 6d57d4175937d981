//! `GET /packages/{id}/datasets`.

use app::{AppError, Listed, store::FolderEntry};
use axum::{extract::State, response::Response};
use contract::datasets::DatasetList;
use domain::{PackageId, dataset::DatasetState};
use web::{
    answer::{Answer, ok},
    extract::{Id, Query, SignedIn},
};

use crate::{App, wire};

/// Available datasets in path order, or those in another state in order of registration. With `delimiter=/` only what stands
/// directly below `prefix`: datasets, and folders.
#[utoipa::path(
    get, path = "/packages/{id}/datasets", tag = "packages",
    params(
        ("id" = String, Path, description = "pkg_…"),
        ("prefix" = Option<String>, Query, description = "Only paths that begin with this"),
        ("delimiter" = Option<String>, Query, description = "/ lists what lies deeper as folders; a page may be short"),
        ("state" = Option<String>, Query, description = "available (default), pending, completing or removed"),
        ("limit" = Option<u32>, Query, description = "1 to 200, default 50"),
        ("cursor" = Option<String>, Query, description = "next_cursor of the page before"),
    ),
    responses((status = 200, description = "A page", body = DatasetList))
)]
pub(crate) async fn list_datasets(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Id(id): Id<PackageId>,
    query: Query,
) -> Answer<Response> {
    let paging = query.paging()?;
    let state = match query.one("state")? {
        None | Some("available") => None,
        Some("pending") => Some(DatasetState::Pending),
        Some("completing") => Some(DatasetState::Completing),
        Some("removed") => Some(DatasetState::Removed),
        Some(_) => return Err(AppError::bad_parameter("state", "must be available, pending, completing or removed").into()),
    };
    let prefix = query.one("prefix")?.unwrap_or_default();
    let in_folders = match query.one("delimiter")? {
        None | Some("") => false,
        Some("/") => true,
        Some(_) => return Err(AppError::bad_parameter("delimiter", "must be /").into()),
    };
    let list = match state {
        None if in_folders => folders(app.datasets.browse(&caller, id, prefix, &paging).await?),
        None => {
            let page = app.datasets.list(&caller, id, prefix, &paging).await?;
            let items = page.items.iter().map(wire::summary).collect();
            DatasetList { items, folders: Vec::new(), next_cursor: page.next_cursor }
        }
        Some(_) if in_folders => return Err(AppError::bad_parameter("delimiter", "is only for available datasets").into()),
        Some(_) if !prefix.is_empty() => return Err(AppError::bad_parameter("prefix", "is only for available datasets").into()),
        Some(state) => {
            let page = app.datasets.list_in_state(&caller, id, state, &paging).await?;
            let items = page.items.iter().map(wire::dataset).collect();
            DatasetList { items, folders: Vec::new(), next_cursor: page.next_cursor }
        }
    };
    Ok(ok(&list))
}

fn folders(page: Listed<FolderEntry>) -> DatasetList {
    let mut list = DatasetList { items: Vec::new(), folders: Vec::new(), next_cursor: page.next_cursor };
    for entry in page.items {
        match entry {
            FolderEntry::Folder(name) => list.folders.push(name),
            FolderEntry::Dataset(summary) => list.items.push(wire::summary(&summary)),
        }
    }
    list
}
