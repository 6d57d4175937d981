//! `GET /packages/{id}/datasets/{dataset}`.

use axum::{extract::State, response::Response};
use contract::datasets::Dataset;
use domain::{DatasetId, PackageId};
use web::{
    answer::{Answer, ok},
    extract::{Ids, SignedIn},
};

use crate::{App, wire};

/// One dataset, in whatever state.
#[utoipa::path(
    get, path = "/packages/{id}/datasets/{dataset}", tag = "packages",
    params(("id" = String, Path, description = "pkg_…"), ("dataset" = String, Path, description = "ds_…")),
    responses((status = 200, description = "The dataset", body = Dataset))
)]
pub(crate) async fn read_dataset(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(id, dataset): Ids<PackageId, DatasetId>,
) -> Answer<Response> {
    Ok(ok(&wire::dataset(&app.datasets.read(&caller, id, dataset).await?)))
}
