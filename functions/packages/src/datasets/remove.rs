//! `DELETE /packages/{id}/datasets/{dataset}`.

use axum::{extract::State, response::Response};
use domain::{DatasetId, PackageId};
use web::{
    answer::{Answer, no_content},
    extract::{Ids, SignedIn},
};

use crate::App;

/// Removes a dataset; its bytes go after 30 days.
#[utoipa::path(
    delete, path = "/packages/{id}/datasets/{dataset}", tag = "packages",
    params(("id" = String, Path, description = "pkg_…"), ("dataset" = String, Path, description = "ds_…")),
    responses((status = 204, description = "Removed"))
)]
pub(crate) async fn remove_dataset(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(id, dataset): Ids<PackageId, DatasetId>,
) -> Answer<Response> {
    app.datasets.remove(&caller, id, dataset).await?;
    Ok(no_content())
}
