//! `PUT /packages/{id}/metadata`.

use axum::{extract::State, response::Response};
use contract::metadata::{Metadata, ReplaceMetadata};
use domain::PackageId;
use web::{
    answer::{Answer, ok, with_etag},
    extract::{Id, RequiredIfMatch, SignedIn, ValidJson},
};

use crate::{App, wire};

/// Puts these tags in place of all before, as a new version.
#[utoipa::path(
    put, path = "/packages/{id}/metadata", tag = "packages", request_body = ReplaceMetadata,
    params(
        ("id" = String, Path, description = "pkg_…"),
        ("If-Match" = String, Header, description = "The ETag of the tags that are to be replaced"),
    ),
    responses((status = 200, description = "The new version", body = Metadata))
)]
pub(crate) async fn replace_metadata(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Id(id): Id<PackageId>,
    RequiredIfMatch(version): RequiredIfMatch,
    body: ValidJson<ReplaceMetadata>,
) -> Answer<Response> {
    let new = app.metadata.write(&caller, id, &wire::replacement(body.value), Some(version)).await?;
    Ok(with_etag(ok(&wire::metadata(&new)), new.version))
}
