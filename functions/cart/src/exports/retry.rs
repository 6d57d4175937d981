//! `POST /cart/exports/{export}/retry`.

use axum::{extract::State, response::Response};
use contract::cart::Export;
use domain::ExportId;
use web::{
    answer::{Answer, accepted},
    extract::{Id, SignedIn},
};

use crate::{App, wire};

/// Has the manifests of a failed export written again.
#[utoipa::path(
    post, path = "/cart/exports/{export}/retry", tag = "cart",
    params(("export" = String, Path, description = "exp_…")),
    responses((status = 202, description = "Accepted; Location tells where its state is", body = Export))
)]
pub(crate) async fn retry_export(State(app): State<App>, SignedIn(caller): SignedIn, Id(id): Id<ExportId>) -> Answer<Response> {
    let export = app.exports.retry(&caller, id).await?;
    Ok(accepted(&format!("/cart/exports/{id}"), &wire::export(&export)))
}
