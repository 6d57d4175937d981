//! `PUT /search/index/{package_id}` and `DELETE /search/index/{package_id}`.

use axum::{extract::State, response::Response};
use domain::PackageId;
use web::{
    answer::{Answer, no_content},
    extract::{Id, SignedIn},
};

use crate::App;

/// Indexes a package now, as it is; for administrators. The index follows every change by itself: this is for whoever does not
/// trust that.
#[utoipa::path(
    put, path = "/search/index/{package_id}", tag = "search",
    params(("package_id" = String, Path, description = "pkg_…")),
    responses((status = 204, description = "The index holds the package as it is, or newer"))
)]
pub(crate) async fn index_package(State(app): State<App>, SignedIn(caller): SignedIn, Id(id): Id<PackageId>) -> Answer<Response> {
    app.search.index_package(&caller, id).await?;
    Ok(no_content())
}

/// Removes a package from the index now; for administrators. The package stays as it is, and is found again once it changes, is
/// indexed by `PUT`, or the whole index is built anew. 404 only if neither the package nor an entry of it is there.
#[utoipa::path(
    delete, path = "/search/index/{package_id}", tag = "search",
    params(("package_id" = String, Path, description = "pkg_…")),
    responses((status = 204, description = "Nobody finds it any more"))
)]
pub(crate) async fn unindex_package(State(app): State<App>, SignedIn(caller): SignedIn, Id(id): Id<PackageId>) -> Answer<Response> {
    app.search.unindex_package(&caller, id).await?;
    Ok(no_content())
}
