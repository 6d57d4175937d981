//! `GET /packages/{id}/datapackage.json`.

use app::packages::Descriptor;
use axum::{extract::State, response::Response};
use domain::PackageId;
use web::{
    answer::{Answer, ok, redirect},
    extract::{Id, SignedIn},
};

use crate::App;

/// The package as a Frictionless Data Package (v2) descriptor.
#[utoipa::path(
    get, path = "/packages/{id}/datapackage.json", tag = "packages",
    params(("id" = String, Path, description = "pkg_…")),
    responses(
        (status = 200, description = "The descriptor", body = serde_json::Value),
        (status = 302, description = "Where the descriptor is, if it has more than 3 MiB"),
    )
)]
pub(crate) async fn read_datapackage(State(app): State<App>, SignedIn(caller): SignedIn, Id(id): Id<PackageId>) -> Answer<Response> {
    Ok(match app.packages.descriptor(&caller, id).await? {
        Descriptor::Document(document) => ok(&document),
        Descriptor::Link(link) => redirect(&link),
    })
}
