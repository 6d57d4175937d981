//! `GET /packages/{id}/datasets/{dataset}/download`.

use axum::{
    extract::State,
    http::{HeaderMap, header},
    response::Response,
};
use contract::datasets::Download;
use domain::{DatasetId, PackageId};
use secrecy::ExposeSecret as _;
use web::{
    answer::{Answer, ok, redirect},
    extract::{Ids, SignedIn},
};

use crate::App;

/// Where the bytes are, signed now and pinned to the object's version: a redirect, or JSON for who asks for JSON.
#[utoipa::path(
    get, path = "/packages/{id}/datasets/{dataset}/download", tag = "packages",
    params(("id" = String, Path, description = "pkg_…"), ("dataset" = String, Path, description = "ds_…")),
    responses(
        (status = 200, description = "With Accept: application/json", body = Download),
        (status = 302, description = "To the bytes"),
    )
)]
pub(crate) async fn download_dataset(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(id, dataset): Ids<PackageId, DatasetId>,
    headers: HeaderMap,
) -> Answer<Response> {
    let link = app.datasets.download(&caller, id, dataset).await?;
    let wants_json =
        headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).is_some_and(|accept| accept.contains("application/json"));
    if wants_json {
        return Ok(ok(&Download { url: link.url.expose_secret().to_owned(), expires_at: link.expires_at.to_string() }));
    }
    Ok(redirect(&link))
}
