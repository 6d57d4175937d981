//! `GET /packages/{id}/datasets`.

use app::{AppError, Listed, datasets::Found};
use axum::{extract::State, response::Response};
use contract::datasets::{DatasetList, SkippedPrefix};
use domain::{PackageId, dataset::DatasetState};
use web::{
    answer::{Answer, ok},
    extract::{Id, Query, SignedIn},
};

use crate::{App, wire};

/// Available datasets in path order, or those in another state in order of registration. With `delimiter=/` only what stands
/// directly below `prefix`: datasets, and folders. Where `prefix` leads into a dataset of kind `prefix` (its path with a slash
/// behind it, and perhaps more), what the store holds there now follows.
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
        None if in_folders => list_of(app.datasets.browse(&caller, id, prefix, &paging).await?),
        None => list_of(app.datasets.list(&caller, id, prefix, &paging).await?),
        Some(_) if in_folders => return Err(AppError::bad_parameter("delimiter", "is only for available datasets").into()),
        Some(_) if !prefix.is_empty() => return Err(AppError::bad_parameter("prefix", "is only for available datasets").into()),
        Some(state) => {
            let page = app.datasets.list_in_state(&caller, id, state, &paging).await?;
            let mut list = empty(page.next_cursor);
            list.items.extend(page.items.iter().map(wire::dataset));
            list
        }
    };
    Ok(ok(&list))
}

fn empty(next_cursor: Option<String>) -> DatasetList {
    DatasetList { items: Vec::new(), folders: Vec::new(), objects: Vec::new(), skipped: Vec::new(), next_cursor }
}

fn list_of(page: Listed<Found>) -> DatasetList {
    let mut list = empty(page.next_cursor);
    for found in page.items {
        match found {
            Found::Folder(name) => list.folders.push(name),
            Found::Dataset(summary) => list.items.push(wire::summary(&summary)),
            Found::Object { dataset_id, member } => list.objects.push(wire::prefix_object(dataset_id, &member)),
            Found::Skipped { dataset_id, reason } => list.skipped.push(SkippedPrefix { dataset_id: dataset_id.to_string(), reason }),
        }
    }
    list
}
