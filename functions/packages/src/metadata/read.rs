//! `GET /packages/{id}/metadata`.

use axum::{extract::State, response::Response};
use contract::metadata::Metadata;
use domain::PackageId;
use web::{
    answer::{Answer, ok, with_etag},
    extract::{Id, SignedIn},
};

use crate::{App, wire};

/// The current tags.
#[utoipa::path(
    get, path = "/packages/{id}/metadata", tag = "packages",
    params(("id" = String, Path, description = "pkg_…")),
    responses((status = 200, description = "The tags; ETag is their version", body = Metadata))
)]
pub(crate) async fn read_metadata(State(app): State<App>, SignedIn(caller): SignedIn, Id(id): Id<PackageId>) -> Answer<Response> {
    let version = app.metadata.read(&caller, id).await?;
    Ok(with_etag(ok(&wire::metadata(&version)), version.version))
}
