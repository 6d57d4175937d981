//! Functions that are handed a request without the gateway: with a verdict that no caller could bring about, or with none.

use anyhow::{Context as _, Result};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use datalake_tests_stack::Account;
use reqwest::Method;
use serde_json::{Map, Value, json};
use tests_api::{Request, Response};

/// Which function answers which path, as the API's routes say.
pub(crate) struct Routes(Vec<(String, String)>);

impl Routes {
    /// Reads the routes of the API back whose address is `api_url`.
    pub(crate) async fn read(account: &Account, api_id: &str) -> Result<Self> {
        let items = |answer: &Value| answer["items"].as_array().cloned().unwrap_or_default();
        let get = async |what: &str| account.rest("apigateway", Method::GET, &format!("/v2/apis/{api_id}/{what}"), None).await;
        let integrations = items(&get("integrations").await?);
        let mut routes = Vec::new();
        for route in items(&get("routes").await?) {
            let (Some(key), Some(target)) = (route["routeKey"].as_str(), route["target"].as_str()) else { continue };
            let id = target.trim_start_matches("integrations/");
            let found = integrations.iter().find(|integration| integration["integrationId"] == id).context("a route's integration")?;
            let uri = found["integrationUri"].as_str().context("an integration's address")?;
            // arn:…:path/2015-03-31/functions/{function}/invocations
            let function = uri.split("/functions/").nth(1).and_then(|rest| rest.strip_suffix("/invocations")).unwrap_or(uri);
            routes.push((key.to_owned(), function.to_owned()));
        }
        Ok(Self(routes))
    }

    /// The function for a path.
    pub(crate) fn function(&self, path: &str) -> Result<&str> {
        let prefix = format!("ANY /{}", path.trim_start_matches('/').split(['/', '?']).next().unwrap_or_default());
        let found = self.0.iter().find(|(key, _)| *key == prefix).or_else(|| self.0.iter().find(|(key, _)| key == "$default"));
        found.map(|(_, function)| function.as_str()).with_context(|| format!("no route leads to {path}"))
    }
}

/// The request as an HTTP API hands it over
/// (<https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html>, format 2.0).
pub(crate) fn event(request: &Request, context: Option<Map<String, Value>>) -> Value {
    let (path, query) = request.path.split_once('?').unwrap_or((&request.path, ""));
    let mut headers: Map<String, Value> = request.headers.iter().map(|(name, value)| ((*name).to_owned(), value.as_str().into())).collect();
    if !request.body.is_empty() {
        headers.insert("content-length".to_owned(), request.body.len().to_string().into());
    }
    let mut event = json!({
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": query,
        "headers": headers,
        "requestContext": {
            "http": { "method": request.method.as_str(), "path": path, "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1", "userAgent": "test" },
            "requestId": "req_1",
            "routeKey": "$default",
            "stage": "$default",
            "timeEpoch": 0,
        },
        "isBase64Encoded": true,
        "body": BASE64_STANDARD.encode(&request.body),
    });
    if let Some(context) = context {
        event["requestContext"]["authorizer"] = json!({ "lambda": context });
    }
    event
}

/// The answer as the gateway would send it.
pub(crate) fn response(answer: &Value) -> Result<Response> {
    let status = answer["statusCode"].as_u64().and_then(|status| u16::try_from(status).ok()).context("a status")?;
    let mut headers = HeaderMap::new();
    for (name, value) in answer["headers"].as_object().into_iter().flatten() {
        headers.insert(name.parse::<HeaderName>()?, HeaderValue::from_str(value.as_str().unwrap_or_default())?);
    }
    let body = match answer["body"].as_str() {
        None | Some("") => Value::Null,
        Some(text) => serde_json::from_str(text)?,
    };
    Ok(Response { status: StatusCode::from_u16(status)?, headers, body })
}
