//! Requests that API Gateway asks about, and the answer it wants.

use std::collections::BTreeMap;

use aws_lambda_events::apigw::{ApiGatewayV2CustomAuthorizerSimpleResponse, ApiGatewayV2CustomAuthorizerV2Request};
use serde_json::{Value, json};

use super::{EventError, decode};

const KIND: &str = "a request authorizer";

/// Headers that the gateway adds or changes: no part of what the client sent, nor of what it can have signed.
const OF_THE_GATEWAY: [&str; 4] = ["x-amzn-trace-id", "x-forwarded-for", "x-forwarded-port", "x-forwarded-proto"];

/// A request's head, as an HTTP API shows it to its authorizer (payload format 2.0).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuthorizerRequest {
    /// `GET`, `POST` …
    pub method: String,
    /// The path, decoded by the gateway.
    pub path: String,
    /// The query as it was sent, without `?`; empty for none.
    pub query: String,
    /// Headers by name in lower case. The values of one that was sent several times stand in one, joined by commas.
    pub headers: Vec<(String, String)>,
    /// The client's address.
    pub source_ip: Option<String>,
    /// The gateway's id of the request.
    pub request_id: String,
}

/// Reads the event of a request authorizer
/// (<https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-lambda-authorizer.html>, format 2.0).
///
/// # Errors
/// If the event is none: the gateway answers 500.
pub fn authorizer_request(event: Value) -> Result<AuthorizerRequest, EventError> {
    let event: ApiGatewayV2CustomAuthorizerV2Request = decode(event, KIND)?;
    let context = event.request_context;
    let headers = event.headers.iter().filter(|(name, _)| !OF_THE_GATEWAY.contains(&name.as_str()));
    let mut headers: Vec<(String, String)> =
        headers.map(|(name, value)| (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())).collect();
    headers.sort_unstable();
    Ok(AuthorizerRequest {
        method: context.http.method.to_string(),
        path: event.raw_path.ok_or(EventError::Lacks { kind: KIND, what: "the path" })?,
        query: event.raw_query_string.unwrap_or_default(),
        headers,
        source_ip: context.http.source_ip,
        request_id: context.request_id.unwrap_or_default(),
    })
}

/// Lets every request pass with `context` beside it: whatever the gateway itself refused would be a bare 401 or 403, so
/// the function behind decides by the context, and refuses without one.
#[must_use]
pub fn authorizer_answer(context: BTreeMap<String, String>) -> Value {
    let mut answer = ApiGatewayV2CustomAuthorizerSimpleResponse::<BTreeMap<String, String>>::default();
    answer.is_authorized = true;
    answer.context = context;
    // A map of texts always has a JSON form; without a context the function behind refuses.
    serde_json::to_value(answer).unwrap_or_else(|_| json!({"isAuthorized": true}))
}
