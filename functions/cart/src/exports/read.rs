//! `GET /cart/exports/{export}`.

use axum::{extract::State, response::Response};
use contract::cart::Export;
use domain::ExportId;
use web::{
    answer::{Answer, ok},
    extract::{Id, SignedIn},
};

use crate::{App, wire};

/// One export; while it is ready, with URLs of its manifests.
#[utoipa::path(
    get, path = "/cart/exports/{export}", tag = "cart",
    params(("export" = String, Path, description = "exp_…")),
    responses((status = 200, description = "The export", body = Export))
)]
pub(crate) async fn read_export(State(app): State<App>, SignedIn(caller): SignedIn, Id(id): Id<ExportId>) -> Answer<Response> {
    Ok(ok(&wire::export_view(&app.exports.read(&caller, id).await?)))
}
