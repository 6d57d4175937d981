//! `GET /packages/{id}`.

use axum::{extract::State, response::Response};
use contract::packages::Package;
use domain::PackageId;
use web::{
    answer::{Answer, ok, with_etag},
    extract::{Id, SignedIn},
};

use crate::{App, wire};

/// A package with its tags and what the caller may do with it.
#[utoipa::path(
    get, path = "/packages/{id}", tag = "packages",
    params(("id" = String, Path, description = "pkg_…")),
    responses((status = 200, description = "The package; ETag is its version", body = Package))
)]
pub(crate) async fn read_package(State(app): State<App>, SignedIn(caller): SignedIn, Id(id): Id<PackageId>) -> Answer<Response> {
    let view = app.packages.read(&caller, id).await?;
    Ok(with_etag(ok(&wire::package_view(&view)), view.package.version))
}
