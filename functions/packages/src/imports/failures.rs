//! `GET /packages/{id}/imports/{import}/failures`.

use axum::{extract::State, response::Response};
use contract::imports::ImportFailureList;
use domain::{ImportId, PackageId};
use web::{
    answer::{Answer, ok},
    extract::{Ids, Query, SignedIn},
};

use crate::{App, wire};

/// The entries that could not be taken, in the order of the manifest; of a running import those so far.
#[utoipa::path(
    get, path = "/packages/{id}/imports/{import}/failures", tag = "packages",
    params(
        ("id" = String, Path, description = "pkg_…"),
        ("import" = String, Path, description = "imp_…"),
        ("limit" = Option<u32>, Query, description = "1 to 200, default 50"),
        ("cursor" = Option<String>, Query, description = "next_cursor of the page before"),
    ),
    responses((status = 200, description = "A page", body = ImportFailureList))
)]
pub(crate) async fn list_import_failures(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(id, import): Ids<PackageId, ImportId>,
    query: Query,
) -> Answer<Response> {
    let page = app.imports.failures(&caller, id, import, &query.paging()?).await?;
    Ok(ok(&ImportFailureList { items: page.items.iter().map(wire::import_failure).collect(), next_cursor: page.next_cursor }))
}
