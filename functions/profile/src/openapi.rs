//! `GET /openapi.json`.

use axum::{
    http::header,
    response::{IntoResponse as _, Response},
};
use web::answer::Answer;

/// The document of the whole API: a Lambda knows its own routes only, so it carries the one that is checked in and that
/// a test holds against all routers.
const DOCUMENT: &str = include_str!("../../../openapi/datalake.json");

/// The OpenAPI document of the whole API. Needs no sign-in.
#[utoipa::path(get, path = "/openapi.json", tag = "profile", responses((status = 200, description = "The document", body = serde_json::Value)))]
pub(crate) async fn openapi() -> Answer<Response> {
    Ok(([(header::CONTENT_TYPE, "application/json")], DOCUMENT).into_response())
}
