//! `PATCH /packages/{id}`.

use app::packages::ChangePackage as Entered;
use axum::{extract::State, response::Response};
use contract::packages::{ChangePackage, Package};
use domain::PackageId;
use web::{
    answer::{Answer, ok, with_etag},
    extract::{Id, IfMatch, SignedIn, ValidJson},
};

use crate::{App, wire};

/// Changes name, description or visibility; what is absent stays as it is.
#[utoipa::path(
    patch, path = "/packages/{id}", tag = "packages", request_body = ChangePackage,
    params(
        ("id" = String, Path, description = "pkg_…"),
        ("If-Match" = Option<String>, Header, description = "Only if this ETag is current"),
    ),
    responses((status = 200, description = "The package as it is now", body = Package))
)]
pub(crate) async fn change_package(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Id(id): Id<PackageId>,
    IfMatch(version): IfMatch,
    body: ValidJson<ChangePackage>,
) -> Answer<Response> {
    let ChangePackage { name, description, visibility, groups } = body.value;
    let view = app.packages.change(&caller, id, &Entered { name, description, visibility, groups }, version).await?;
    Ok(with_etag(ok(&wire::package_view(&view)), view.package.version))
}
