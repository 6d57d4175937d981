//! `POST /packages/{id}/restore`.

use axum::{extract::State, response::Response};
use contract::packages::Package;
use domain::PackageId;
use web::{
    answer::{Answer, ok, with_etag},
    extract::{Id, SignedIn},
};

use crate::{App, wire};

/// Undoes a deletion within 30 days, with everything that was in the package. Uploads that were not complete may be gone.
#[utoipa::path(
    post, path = "/packages/{id}/restore", tag = "packages",
    params(("id" = String, Path, description = "pkg_…")),
    responses((status = 200, description = "The package, there again; ETag is its version", body = Package))
)]
pub(crate) async fn restore_package(State(app): State<App>, SignedIn(caller): SignedIn, Id(id): Id<PackageId>) -> Answer<Response> {
    let view = app.packages.restore(&caller, id).await?;
    Ok(with_etag(ok(&wire::package_view(&view)), view.package.version))
}
