//! `GET /packages/{id}/imports`.

use axum::{extract::State, response::Response};
use contract::imports::ImportList;
use domain::PackageId;
use web::{
    answer::{Answer, ok},
    extract::{Id, Query, SignedIn},
};

use crate::{App, wire};

/// The package's imports, newest first.
#[utoipa::path(
    get, path = "/packages/{id}/imports", tag = "packages",
    params(
        ("id" = String, Path, description = "pkg_…"),
        ("limit" = Option<u32>, Query, description = "1 to 200, default 50"),
        ("cursor" = Option<String>, Query, description = "next_cursor of the page before"),
    ),
    responses((status = 200, description = "A page", body = ImportList))
)]
pub(crate) async fn list_imports(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Id(id): Id<PackageId>,
    query: Query,
) -> Answer<Response> {
    let page = app.imports.list(&caller, id, &query.paging()?).await?;
    Ok(ok(&ImportList { items: page.items.iter().map(wire::import).collect(), next_cursor: page.next_cursor }))
}
