//! What can't be provoked without a server that misbehaves: retries, renewal, uploads that are there already.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::IntoResponse as _,
    routing::{any, get},
};
use client::{
    Client, Error, PackageFilter,
    credentials::{Credential, CredentialProvider},
    retry::RetryPolicy,
    transfer::Put,
};
use contract::{datasets::SignedRequest, packages::CreatePackage, profile::Profile};
use datalake_client as client;
use futures::TryStreamExt as _;
use serde_json::json;

const QUICK: RetryPolicy =
    RetryPolicy { attempts: 4, base: Duration::from_millis(2), longest: Duration::from_millis(4), patience: Duration::from_secs(1) };

/// Serves `app` until the test ends.
async fn serve(app: Router) -> client::ClientBuilder {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let endpoint = format!("http://{}", listener.local_addr().expect("an address"));
    tokio::spawn(async move { axum::serve(listener, app).await });
    Client::builder(endpoint.parse().expect("a URL")).retry(QUICK)
}

fn problem(status: StatusCode) -> axum::response::Response {
    let body =
        json!({"type": "about:blank", "title": "No", "status": status.as_u16(), "detail": "no", "code": "no", "request_id": "req-1"});
    (status, axum::Json(body)).into_response()
}

fn profile() -> Profile {
    let text = String::new;
    Profile {
        user_id: "u".to_owned(),
        name: text(),
        email: text(),
        role: text(),
        groups: vec![],
        endpoint: text(),
        version: text(),
        capabilities: vec![],
    }
}

/// Answers `status` so often, then with success; counts requests and keeps their idempotency keys.
#[derive(Clone)]
struct Failing {
    status: StatusCode,
    times: usize,
    seen: Arc<AtomicUsize>,
    keys: Arc<std::sync::Mutex<Vec<String>>>,
}

impl Failing {
    fn new(status: u16, times: usize) -> Self {
        let status = StatusCode::from_u16(status).expect("a status");
        Self { status, times, seen: Arc::default(), keys: Arc::default() }
    }

    async fn answer(State(state): State<Self>, headers: HeaderMap) -> axum::response::Response {
        let key = headers.get("idempotency-key").map(|key| key.to_str().expect("text").to_owned());
        state.keys.lock().expect("no panic").extend(key);
        if state.seen.fetch_add(1, Ordering::SeqCst) < state.times { problem(state.status) } else { axum::Json(profile()).into_response() }
    }

    async fn serve(&self) -> Client {
        serve(Router::new().fallback(any(Self::answer)).with_state(self.clone())).await.build().expect("a client")
    }
}

#[tokio::test]
async fn reading_is_repeated_until_the_service_is_back() {
    let failing = Failing::new(503, 3);
    failing.serve().await.profile().await.expect("the fourth attempt");
    assert_eq!(failing.seen.load(Ordering::SeqCst), 4);
}

#[tokio::test]
async fn the_last_error_comes_with_its_request_id() {
    let error = Failing::new(503, 99).serve().await.profile().await.expect_err("gives up");
    assert_eq!((error.status(), error.request_id(), error.code()), (Some(StatusCode::SERVICE_UNAVAILABLE), Some("req-1"), Some("no")));
}

#[tokio::test]
async fn a_creation_is_repeated_under_one_key() {
    let failing = Failing::new(500, 2);
    // The last answer is no package, which only shows that it was asked for.
    let error = failing.serve().await.create_package(&CreatePackage::default()).await.expect_err("no package");
    assert!(matches!(error, Error::Decode { .. }), "{error}");
    let keys = failing.keys.lock().expect("no panic").clone();
    assert_eq!(keys.len(), 3);
    assert!(keys.iter().all(|key| *key == keys[0]));
}

#[tokio::test]
async fn what_must_happen_once_is_not_repeated_after_an_unclear_end() {
    let failing = Failing::new(500, 1);
    assert!(failing.serve().await.new_secret("DLAK1").await.is_err());
    assert_eq!(failing.seen.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_refusal_is_not_repeated() {
    let failing = Failing::new(403, 99);
    failing.serve().await.profile().await.expect_err("refused");
    assert_eq!(failing.seen.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_delete_whose_first_answer_was_lost_succeeds() {
    let seen = Arc::new(AtomicUsize::new(0));
    let counted = seen.clone();
    let app = Router::new().fallback(any(move || async move {
        problem(if counted.fetch_add(1, Ordering::SeqCst) == 0 { StatusCode::BAD_GATEWAY } else { StatusCode::NOT_FOUND })
    }));
    serve(app).await.build().expect("a client").delete_package("pkg_1").await.expect("deleted");
    assert_eq!(seen.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn a_delete_of_something_absent_is_not_found() {
    let error = Failing::new(404, 99).serve().await.delete_package("pkg_1").await.expect_err("absent");
    assert_eq!(error.status(), Some(StatusCode::NOT_FOUND));
}

#[derive(Debug, Default)]
struct Renewing {
    renewed: AtomicUsize,
}

#[async_trait]
impl CredentialProvider for Renewing {
    async fn credential(&self) -> client::Result<Credential> {
        Ok(Credential::Bearer(format!("token-{}", self.renewed.load(Ordering::SeqCst)).into()))
    }

    async fn refused(&self, _: &Credential) -> client::Result<bool> {
        self.renewed.fetch_add(1, Ordering::SeqCst);
        Ok(true)
    }
}

#[tokio::test]
async fn a_refused_token_is_renewed_once() {
    let app = Router::new().fallback(any(|headers: HeaderMap| async move {
        let token = headers.get("authorization").and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
        if token == "Bearer token-1" { axum::Json(profile()).into_response() } else { problem(StatusCode::UNAUTHORIZED) }
    }));
    let provider = Arc::new(Renewing::default());
    let client = serve(app).await.credentials(provider.clone()).build().expect("a client");
    client.profile().await.expect("renewed");
    provider.renewed.store(5, Ordering::SeqCst);
    assert_eq!(client.profile().await.expect_err("refused").status(), Some(StatusCode::UNAUTHORIZED));
    assert_eq!(provider.renewed.load(Ordering::SeqCst), 6, "one renewal, then the refusal is believed");
}

#[tokio::test]
async fn an_empty_page_is_not_the_end_of_a_list() {
    let app = Router::new().route(
        "/packages",
        get(|axum::extract::RawQuery(query): axum::extract::RawQuery| async move {
            let query = query.unwrap_or_default();
            let cursor = query.split('&').find_map(|pair| pair.strip_prefix("cursor="));
            axum::Json(match cursor {
                None => json!({"items": [], "next_cursor": "a+b"}),
                Some("a%2Bb") => json!({"items": [], "next_cursor": "c"}),
                Some(_) => json!({"items": []}),
            })
        }),
    );
    let client = serve(app).await.build().expect("a client");
    let filter = PackageFilter::default();
    let all: Vec<_> = client.packages(&filter).try_collect().await.expect("all pages");
    assert!(all.is_empty());
}

async fn upload(app: Router, content: &'static str) -> client::Result<Put> {
    let client = serve(app).await.build().expect("a client");
    let url = client.endpoint().join("object").expect("a URL").to_string();
    let headers = [("content-type".to_owned(), "text/csv".to_owned()), ("if-none-match".to_owned(), "*".to_owned())].into();
    let request = SignedRequest { method: "PUT".to_owned(), url, headers, expires_at: String::new() };
    let body = || async move {
        Ok(reqwest::Body::wrap_stream(futures::stream::iter([Ok::<_, std::io::Error>(Bytes::from_static(content.as_bytes()))])))
    };
    client.put_signed(&request, content.len() as u64, body).await
}

#[tokio::test]
async fn an_upload_goes_as_signed_with_its_length_and_no_credentials() {
    let app = Router::new().fallback(any(|headers: HeaderMap, body: Bytes| async move {
        let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let whole =
            header("content-length") == Some("3") && header("content-type") == Some("text/csv") && header("if-none-match") == Some("*");
        let status = if whole && header("authorization").is_none() && body == "abc" { StatusCode::OK } else { StatusCode::BAD_REQUEST };
        status.into_response()
    }));
    assert_eq!(upload(app, "abc").await.expect("stored"), Put::Stored);
}

#[tokio::test]
async fn an_upload_that_is_there_already_can_be_completed() {
    let app = Router::new().fallback(any(|| async { StatusCode::PRECONDITION_FAILED }));
    assert_eq!(upload(app, "abc").await.expect("there"), Put::AlreadyThere);
}

#[tokio::test]
async fn a_store_that_refuses_says_its_code_and_no_url() {
    let app =
        Router::new().fallback(any(|| async { (StatusCode::FORBIDDEN, "<Error><Code>AccessDenied</Code><Message>x</Message></Error>") }));
    let error = upload(app, "abc").await.expect_err("refused");
    assert_eq!(error.to_string(), "the object store refused the upload: 403 Forbidden AccessDenied");
}
