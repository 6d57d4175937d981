//! `DELETE /packages/{id}`.

use axum::{extract::State, response::Response};
use domain::PackageId;
use web::{
    answer::{Answer, no_content},
    extract::{Id, IfMatch, SignedIn},
};

use crate::App;

/// Deletes a package; rows and objects go after 30 days.
#[utoipa::path(
    delete, path = "/packages/{id}", tag = "packages",
    params(
        ("id" = String, Path, description = "pkg_…"),
        ("If-Match" = Option<String>, Header, description = "Only if this ETag is current"),
    ),
    responses((status = 204, description = "Deleted"))
)]
pub(crate) async fn delete_package(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Id(id): Id<PackageId>,
    IfMatch(version): IfMatch,
) -> Answer<Response> {
    app.packages.delete(&caller, id, version).await?;
    Ok(no_content())
}
