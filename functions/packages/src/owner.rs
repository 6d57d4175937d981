//! `PUT /packages/{id}/owner`.

use axum::{extract::State, response::Response};
use contract::packages::{Package, TransferPackage};
use domain::PackageId;
use web::{
    answer::{Answer, ok, with_etag},
    extract::{Id, IfMatch, SignedIn, ValidJson},
};

use crate::{App, wire};

/// Hands a package to another user.
#[utoipa::path(
    put, path = "/packages/{id}/owner", tag = "packages", request_body = TransferPackage,
    params(
        ("id" = String, Path, description = "pkg_…"),
        ("If-Match" = Option<String>, Header, description = "Only if this ETag is current"),
    ),
    responses((status = 200, description = "The package as it is now", body = Package))
)]
pub(crate) async fn transfer_package(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Id(id): Id<PackageId>,
    IfMatch(version): IfMatch,
    body: ValidJson<TransferPackage>,
) -> Answer<Response> {
    let view = app.packages.transfer(&caller, id, &body.value.owner, version).await?;
    Ok(with_etag(ok(&wire::package_view(&view)), view.package.version))
}
