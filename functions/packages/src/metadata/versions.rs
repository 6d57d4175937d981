//! `GET /packages/{id}/metadata/versions` and one of them.

use axum::{extract::State, response::Response};
use contract::metadata::{Metadata, MetadataVersionList};
use domain::PackageId;
use web::{
    answer::{Answer, ok},
    extract::{Id, Ids, Number, Query, SignedIn},
};

use crate::{App, wire};

/// Versions of the tags, newest first: who, when, and what changed. A page may be short.
#[utoipa::path(
    get, path = "/packages/{id}/metadata/versions", tag = "packages",
    params(
        ("id" = String, Path, description = "pkg_…"),
        ("limit" = Option<u32>, Query, description = "1 to 200, default 50"),
        ("cursor" = Option<String>, Query, description = "next_cursor of the page before"),
    ),
    responses((status = 200, description = "A page", body = MetadataVersionList))
)]
pub(crate) async fn list_metadata_versions(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Id(id): Id<PackageId>,
    query: Query,
) -> Answer<Response> {
    let page = app.metadata.versions(&caller, id, &query.paging()?).await?;
    Ok(ok(&MetadataVersionList { items: page.items.iter().map(wire::version).collect(), next_cursor: page.next_cursor }))
}

/// One version of the tags.
#[utoipa::path(
    get, path = "/packages/{id}/metadata/versions/{version}", tag = "packages",
    params(("id" = String, Path, description = "pkg_…"), ("version" = u64, Path, description = "From 1")),
    responses((status = 200, description = "The version", body = Metadata))
)]
pub(crate) async fn read_metadata_version(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(id, Number(version)): Ids<PackageId, Number>,
) -> Answer<Response> {
    let version = app.metadata.version(&caller, id, version).await?;
    Ok(ok(&wire::metadata(&version)))
}
