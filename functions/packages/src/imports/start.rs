//! `POST /packages/{id}/imports`.

use app::{AppError, imports::NewImport};
use axum::{
    body::Bytes,
    extract::{FromRequest as _, Request, State},
    http::header,
    response::Response,
};
use contract::imports::{Import, StartImport};
use domain::{DatasetId, Invalid, PackageId, access::Action};
use serde_json::{Map, Value};
use web::{
    answer::{Answer, accepted},
    extract::{Id, SignedIn, ValidJson, idempotency_key},
    problem::Rejection,
};

use crate::{App, wire};

/// Takes existing objects into the package, where they are. Entries that can't be taken are counted and listed, and stop
/// nothing; what is a dataset already is skipped, so an import can be repeated.
#[utoipa::path(
    post, path = "/packages/{id}/imports", tag = "packages",
    request_body(content((StartImport = "application/json"), (String = "text/csv"))),
    params(
        ("id" = String, Path, description = "pkg_…"),
        ("Idempotency-Key" = Option<String>, Header, description = "A repeat within 24 hours answers the first result"),
    ),
    responses((status = 202, description = "Accepted; Location tells where its state is", body = Import))
)]
pub(crate) async fn start_import(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Id(id): Id<PackageId>,
    request: Request,
) -> Answer<Response> {
    let headers = request.headers().clone();
    let (entered, bytes) = entered(request).await?;
    let key = idempotency_key(&headers, &caller, Action::ImportStart, &format!("/packages/{id}/imports"), &bytes)?;
    let import = app.imports.start(&caller, id, &entered?, key.as_ref()).await?;
    Ok(accepted(&format!("/packages/{id}/imports/{}", import.id), &wire::import(&import)))
}

/// The import as entered, or which rule it breaks, and the bytes of the body.
async fn entered(request: Request) -> Result<(Result<NewImport, AppError>, Bytes), Rejection> {
    let media_type = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match essence.as_str() {
        "text/csv" => {
            let bytes = Bytes::from_request(request, &()).await.map_err(|_| Rejection::too_large())?;
            Ok((Ok(NewImport::Inline { bytes: bytes.clone(), content_type: "text/csv" }), bytes))
        }
        "application/json" => {
            let ValidJson { value, bytes } = ValidJson::<Map<String, Value>>::from_request(request, &()).await?;
            Ok((manifest(&value, &bytes), bytes))
        }
        _ => Err(Rejection::unsupported_media_type("application/json or text/csv")),
    }
}

/// Its entries are read by the worker: one that is wrong is a failure of its own.
fn manifest(body: &Map<String, Value>, bytes: &Bytes) -> Result<NewImport, AppError> {
    let wrong = |pointer: &str, detail: &str| AppError::invalid(vec![Invalid::new(detail).at(pointer)]);
    let has_entries = ["entries", "dataStore", "fileLocations"].iter().any(|list| body.contains_key(*list));
    match (body.get("dataset_id"), has_entries) {
        (Some(Value::String(id)), false) => {
            id.parse::<DatasetId>().map(NewImport::Uploaded).map_err(|why| AppError::invalid(vec![why.at("/dataset_id")]))
        }
        (Some(_), false) => Err(wrong("/dataset_id", "is no text")),
        (Some(_), true) => Err(wrong("/dataset_id", "can't stand beside entries: one of them is imported")),
        (None, true) => Ok(NewImport::Inline { bytes: bytes.clone(), content_type: "application/json" }),
        (None, false) => Err(wrong("/entries", "is required, or the dataset_id of a file that has them")),
    }
}
