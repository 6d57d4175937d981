//! Requests as API Gateway's HTTP APIs hand them over (payload format 2.0), and answers as they take them.
//!
//! `lambda_http` builds the request's address from the decoded path, normalises it (`..` included) and panics at what is
//! no address; here the path arrives as the gateway saw it, so that the rules about paths decide.

use std::collections::BTreeMap;

use aws_lambda_events::{
    apigw::{ApiGatewayV2httpRequest, ApiGatewayV2httpResponse},
    encodings::Body as EventBody,
};
use axum::{
    Router,
    body::Body,
    extract::Request,
    http::{HeaderMap, HeaderValue, Uri, header, uri::PathAndQuery},
    response::Response,
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use domain::audit::Origin;
use http_body_util::BodyExt as _;
use lambda_runtime::{LambdaEvent, service_fn};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde_json::Value;
use tower::ServiceExt as _;

use super::Error;

/// What no address may hold as it is; `%` stays, for the query is encoded already.
const UNSAFE: &AsciiSet =
    &CONTROLS.add(b' ').add(b'"').add(b'#').add(b'<').add(b'>').add(b'?').add(b'`').add(b'{').add(b'}').add(b'\\').add(b'^').add(b'|');
/// The path arrives decoded: a `%` in it was one.
const UNSAFE_PATH: &AsciiSet = &UNSAFE.add(b'%');
const UNSAFE_QUERY: &AsciiSet = &UNSAFE.remove(b'?');

/// Serves `router`. The authorizer's context becomes a `V` beside the request, by `verdict`; without a context, or with
/// one that is none, there is no `V`, and whoever needs to know the caller refuses.
///
/// # Errors
/// If the platform's API can't be reached.
pub async fn serve_http<V, E>(router: Router, verdict: impl Fn(&BTreeMap<String, String>) -> Result<V, E>) -> Result<(), Error>
where
    V: Clone + Send + Sync + 'static,
{
    lambda_runtime::run(service_fn(|event: LambdaEvent<ApiGatewayV2httpRequest>| {
        let router = router.clone();
        let request = request_of(event.payload, &verdict);
        async move {
            let Ok(response) = router.oneshot(request?).await;
            answer_of(response).await
        }
    }))
    .await
}

fn request_of<V, E>(event: ApiGatewayV2httpRequest, verdict: impl Fn(&BTreeMap<String, String>) -> Result<V, E>) -> Result<Request, Error>
where
    V: Clone + Send + Sync + 'static,
{
    let context = event.request_context;
    let body = match event.body {
        Some(body) if event.is_base64_encoded => BASE64_STANDARD.decode(body)?,
        Some(body) => body.into_bytes(),
        None => Vec::new(),
    };
    let mut request = Request::new(Body::from(body));
    *request.method_mut() = context.http.method;
    *request.uri_mut() = address(event.raw_path.as_deref().unwrap_or("/"), event.raw_query_string.as_deref().unwrap_or_default())?;
    *request.headers_mut() = event.headers;
    request.extensions_mut().insert(Origin { request_id: context.request_id.unwrap_or_default(), source_ip: context.http.source_ip });
    let told = context.authorizer.map(|authorizer| authorizer.fields).unwrap_or_default();
    let told: BTreeMap<String, String> =
        told.into_iter().filter_map(|(name, value)| if let Value::String(value) = value { Some((name, value)) } else { None }).collect();
    if let Ok(verdict) = verdict(&told) {
        request.extensions_mut().insert(verdict);
    }
    Ok(request)
}

fn address(path: &str, query: &str) -> Result<Uri, Error> {
    let path = utf8_percent_encode(path, UNSAFE_PATH);
    let text = if query.is_empty() { path.to_string() } else { format!("{path}?{}", utf8_percent_encode(query, UNSAFE_QUERY)) };
    Ok(Uri::from(PathAndQuery::try_from(text)?))
}

async fn answer_of(response: Response) -> Result<ApiGatewayV2httpResponse, Error> {
    let (parts, body) = response.into_parts();
    let bytes = body.collect().await.map_err(|_| Error::from("an answer broke off"))?.to_bytes();
    let mut answer = ApiGatewayV2httpResponse::default();
    answer.status_code = i64::from(parts.status.as_u16());
    answer.headers = joined(&parts.headers);
    if !bytes.is_empty() {
        match String::from_utf8(bytes.into()) {
            Ok(text) => answer.body = Some(EventBody::Text(text)),
            Err(error) => {
                answer.body = Some(EventBody::Text(BASE64_STANDARD.encode(error.as_bytes())));
                answer.is_base64_encoded = true;
            }
        }
    }
    Ok(answer)
}

/// One value a name, as the gateway takes them.
fn joined(headers: &HeaderMap) -> HeaderMap {
    let mut joined = HeaderMap::with_capacity(headers.keys_len());
    // The gateway says the length itself.
    for name in headers.keys().filter(|name| *name != header::CONTENT_LENGTH) {
        let values: Vec<&[u8]> = headers.get_all(name).iter().map(HeaderValue::as_bytes).collect();
        if let Ok(value) = HeaderValue::from_bytes(&values.join(&b", "[..])) {
            joined.insert(name.clone(), value);
        }
    }
    joined
}

#[cfg(test)]
mod tests {
    use axum::{http::Method, routing::any};
    use serde_json::json;

    use super::*;

    fn event(changes: Value) -> ApiGatewayV2httpRequest {
        let mut event = json!({
            "version": "2.0",
            "routeKey": "ANY /packages/{proxy+}",
            "rawPath": "/packages/pkg_1",
            "rawQueryString": "limit=2&cursor=a%2Bb",
            "headers": { "accept": "application/json", "x-forwarded-for": "192.0.2.7" },
            "requestContext": {
                "http": { "method": "GET", "path": "/packages/pkg_1", "protocol": "HTTP/1.1", "sourceIp": "192.0.2.7", "userAgent": "curl" },
                "requestId": "JKJaXmPLvHcESHA=",
                "authorizer": { "lambda": { "verdict": "anonymous" } },
                "timeEpoch": 1583348638390_i64
            },
            "isBase64Encoded": false
        });
        let Value::Object(changes) = changes else { panic!("changes are an object") };
        event.as_object_mut().expect("an object").extend(changes);
        serde_json::from_value(event).expect("an event")
    }

    fn told(context: &BTreeMap<String, String>) -> Result<String, ()> {
        context.get("verdict").cloned().ok_or(())
    }

    #[test]
    fn a_request_is_what_the_gateway_saw() {
        let request = request_of(event(json!({})), told).expect("a request");
        assert_eq!((request.method(), request.uri().to_string().as_str()), (&Method::GET, "/packages/pkg_1?limit=2&cursor=a%2Bb"));
        let origin = request.extensions().get::<Origin>().expect("an origin");
        assert_eq!((origin.request_id.as_str(), origin.source_ip.as_deref()), ("JKJaXmPLvHcESHA=", Some("192.0.2.7")));
        assert_eq!(request.extensions().get::<String>().map(String::as_str), Some("anonymous"));
    }

    #[test]
    fn without_a_context_there_is_no_verdict() {
        let context = json!({ "requestContext": { "http": { "method": "GET" }, "requestId": "r", "timeEpoch": 1 } });
        assert!(request_of(event(context), told).expect("a request").extensions().get::<String>().is_none());
    }

    #[test]
    fn a_path_that_was_decoded_is_not_taken_for_another() {
        let path =
            |raw: &str| request_of(event(json!({ "rawPath": raw, "rawQueryString": "" })), told).expect("a request").uri().to_string();
        assert_eq!(path("/packages/../admin"), "/packages/../admin");
        assert_eq!(path("/packages/a b?c#d"), "/packages/a%20b%3Fc%23d");
        assert_eq!(path("/packages/50%25"), "/packages/50%2525");
        assert_eq!(path("/pæk"), "/p%C3%A6k");
    }

    #[tokio::test]
    async fn bodies_go_both_ways_as_bytes() {
        let request = request_of(event(json!({ "body": BASE64_STANDARD.encode([0, 255, 1]), "isBase64Encoded": true })), told);
        let echo: Router = Router::new().fallback(any(|body: axum::body::Bytes| async move { body }));
        let Ok(response) = echo.oneshot(request.expect("a request")).await;
        let answer = answer_of(response).await.expect("an answer");
        assert!(answer.is_base64_encoded);
        assert_eq!(answer.body, Some(EventBody::Text(BASE64_STANDARD.encode([0, 255, 1]))));
        assert!(!answer.headers.contains_key("content-length"));
    }

    #[tokio::test]
    async fn text_goes_back_as_text_and_each_header_once() {
        let response = Response::builder().status(201).header("vary", "origin").header("vary", "accept").body(Body::from("{\"é\":1}"));
        let answer = answer_of(response.expect("a response")).await.expect("an answer");
        let shown = serde_json::to_value(&answer).expect("JSON");
        assert_eq!(shown["statusCode"], 201);
        assert_eq!(shown["body"], "{\"é\":1}");
        assert_eq!(shown["headers"]["vary"], "origin, accept");
    }
}
