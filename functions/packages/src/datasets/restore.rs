//! `POST /packages/{id}/datasets/{dataset}/restore`.

use axum::{extract::State, response::Response};
use contract::datasets::Dataset;
use domain::{DatasetId, PackageId};
use web::{
    answer::{Answer, ok},
    extract::{Ids, SignedIn},
};

use crate::{App, wire};

/// Brings a dataset back, within 30 days after it was removed or replaced. What stands under its path now becomes removed, and stays restorable.
#[utoipa::path(
    post, path = "/packages/{id}/datasets/{dataset}/restore", tag = "packages",
    params(("id" = String, Path, description = "pkg_…"), ("dataset" = String, Path, description = "ds_…")),
    responses((status = 200, description = "The dataset, current again", body = Dataset))
)]
pub(crate) async fn restore_dataset(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(id, dataset): Ids<PackageId, DatasetId>,
) -> Answer<Response> {
    Ok(ok(&wire::dataset(&app.datasets.restore(&caller, id, dataset).await?)))
}
