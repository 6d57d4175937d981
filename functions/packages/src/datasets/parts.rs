//! `POST` and `GET /packages/{id}/datasets/{dataset}/parts`.

use axum::{extract::State, response::Response};
use contract::datasets::{ArrivedParts, Part, SignParts, SignedPart, SignedParts};
use domain::{DatasetId, PackageId, ports::PartInfo};
use web::{
    answer::{Answer, ok, signed_request},
    extract::{Ids, SignedIn, ValidJson},
};

use crate::App;

/// Signs the parts asked for, now, each with its length and SHA-256.
#[utoipa::path(
    post, path = "/packages/{id}/datasets/{dataset}/parts", tag = "packages", request_body = SignParts,
    params(("id" = String, Path, description = "pkg_…"), ("dataset" = String, Path, description = "ds_…")),
    responses((status = 200, description = "What to send", body = SignedParts))
)]
pub(crate) async fn sign_parts(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(id, dataset): Ids<PackageId, DatasetId>,
    body: ValidJson<SignParts>,
) -> Answer<Response> {
    let parts = body.value.parts.into_iter();
    let parts: Vec<PartInfo> = parts.map(|part| PartInfo { number: part.number, size: part.size, sha256: part.sha256 }).collect();
    let signed = app.datasets.sign_parts(&caller, id, dataset, &parts).await?;
    let parts = signed.iter().map(|(number, request)| SignedPart { number: *number, upload: signed_request(request) }).collect();
    Ok(ok(&SignedParts { parts }))
}

/// The parts that arrived, so that an upload resumes.
#[utoipa::path(
    get, path = "/packages/{id}/datasets/{dataset}/parts", tag = "packages",
    params(("id" = String, Path, description = "pkg_…"), ("dataset" = String, Path, description = "ds_…")),
    responses((status = 200, description = "The parts, ascending", body = ArrivedParts))
)]
pub(crate) async fn list_parts(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(id, dataset): Ids<PackageId, DatasetId>,
) -> Answer<Response> {
    let parts = app.datasets.parts(&caller, id, dataset).await?;
    let parts = parts.into_iter().map(|part| Part { number: part.info.number, size: part.info.size, sha256: part.info.sha256 }).collect();
    Ok(ok(&ArrivedParts { parts }))
}
