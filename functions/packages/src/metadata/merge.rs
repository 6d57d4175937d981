//! `PATCH /packages/{id}/metadata`.

use app::metadata::TagsEdit;
use axum::{extract::State, response::Response};
use contract::metadata::{MergeMetadata, Metadata};
use domain::PackageId;
use web::{
    answer::{Answer, ok, with_etag},
    extract::{Id, IfMatch, SignedIn, ValidJson},
};

use crate::{App, wire};

/// Merges tags into those that are there, as a new version; `null` takes one away.
#[utoipa::path(
    patch, path = "/packages/{id}/metadata", tag = "packages", request_body = MergeMetadata,
    params(
        ("id" = String, Path, description = "pkg_…"),
        ("If-Match" = Option<String>, Header, description = "Only if this ETag is current"),
    ),
    responses((status = 200, description = "The new version", body = Metadata))
)]
pub(crate) async fn merge_metadata(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Id(id): Id<PackageId>,
    IfMatch(version): IfMatch,
    body: ValidJson<MergeMetadata>,
) -> Answer<Response> {
    let new = app.metadata.write(&caller, id, &TagsEdit::Merge(body.value.tags), version).await?;
    Ok(with_etag(ok(&wire::metadata(&new)), new.version))
}
