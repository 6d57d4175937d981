//! `DELETE /cart/exports/{export}`.

use axum::{extract::State, response::Response};
use contract::cart::Revoked;
use domain::ExportId;
use web::{
    answer::{Answer, ok},
    extract::{Id, SignedIn},
};

use crate::App;

/// Takes an export back: manifests and grants go; URLs already signed live until the time in the answer.
#[utoipa::path(
    delete, path = "/cart/exports/{export}", tag = "cart",
    params(("export" = String, Path, description = "exp_…")),
    responses((status = 200, description = "Taken back", body = Revoked))
)]
pub(crate) async fn revoke_export(State(app): State<App>, SignedIn(caller): SignedIn, Id(id): Id<ExportId>) -> Answer<Response> {
    let revoked = app.exports.revoke(&caller, id).await?;
    Ok(ok(&Revoked { id: revoked.id.to_string(), urls_live_until: revoked.urls_live_until.map(|time| time.to_string()) }))
}
