//! `GET /packages/{id}/imports/{import}`.

use axum::{extract::State, response::Response};
use contract::imports::Import;
use domain::{ImportId, PackageId};
use web::{
    answer::{Answer, ok},
    extract::{Ids, SignedIn},
};

use crate::{App, wire};

/// One import: where it stands, and what became of the entries so far.
#[utoipa::path(
    get, path = "/packages/{id}/imports/{import}", tag = "packages",
    params(("id" = String, Path, description = "pkg_…"), ("import" = String, Path, description = "imp_…")),
    responses((status = 200, description = "The import", body = Import))
)]
pub(crate) async fn read_import(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(id, import): Ids<PackageId, ImportId>,
) -> Answer<Response> {
    Ok(ok(&wire::import(&app.imports.read(&caller, id, import).await?)))
}
