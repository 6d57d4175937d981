//! Bodies that never end keep nobody out.

use std::{sync::Arc, time::Duration};

use app::identity::verdict::Verdict;
use axum::{
    Router,
    body::{Body, Bytes},
    http::{Request, StatusCode},
    routing::{get, post},
};
use datalake_web::{Edge, extract::SignedIn, finish};
use futures::{StreamExt as _, stream};
use testkit::{SequentialIds, builders::member};
use tower::ServiceExt as _;

fn router(places: usize) -> Router {
    let router = Router::new().route("/", post(|SignedIn(_): SignedIn, _: Bytes| async {})).route("/", get(|_: SignedIn| async {}));
    finish(router, Edge::new(Arc::new(SequentialIds::new(1)), Vec::new(), places))
}

/// The first byte comes, the rest never does.
fn endless() -> Body {
    let first = stream::once(async { Ok::<_, std::io::Error>(Bytes::from_static(b"{")) });
    Body::from_stream(first.chain(stream::pending()))
}

fn request(method: &str, verdict: Verdict, body: Body) -> Request<Body> {
    let mut request = Request::builder().method(method).uri("/").body(body).expect("a request");
    request.extensions_mut().insert(verdict);
    request
}

#[tokio::test]
async fn of_somebody_unknown_no_body_is_read() {
    let answer = router(1).oneshot(request("POST", Verdict::Anonymous, endless()));
    let answer = tokio::time::timeout(Duration::from_secs(5), answer).await.expect("answered at once").expect("an answer");
    assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn whoever_sends_slowly_takes_no_place_from_others() {
    let router = router(1);
    let known = || Verdict::Allowed { principal: member("ann"), body_sha256: None };
    let slow = tokio::spawn(router.clone().oneshot(request("POST", known(), endless())));
    for _ in 0..50 {
        tokio::task::yield_now().await;
    }
    let answer = router.oneshot(request("GET", known(), Body::empty())).await.expect("an answer");
    assert_eq!(answer.status(), StatusCode::OK);
    slow.abort();
}

#[tokio::test]
async fn a_body_without_a_length_that_is_too_large_is_413() {
    let chunks = stream::repeat_with(|| Ok::<_, std::io::Error>(Bytes::from(vec![b' '; 1024 * 1024]))).take(4);
    let verdict = Verdict::Allowed { principal: member("ann"), body_sha256: None };
    let answer = router(1).oneshot(request("POST", verdict, Body::from_stream(chunks))).await.expect("an answer");
    assert_eq!(answer.status(), StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(answer.headers()["content-type"], "application/problem+json");
}
