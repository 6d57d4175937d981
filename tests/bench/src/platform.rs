//! Stands in for Lambda: the Runtime API, which hands one event over as often as it is asked to.
//! <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>

use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use anyhow::{Context as _, Result, anyhow};
use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode},
    routing::{get, post},
};
use serde_json::Value;
use tokio::{sync::Semaphore, sync::mpsc, task::JoinHandle};

use crate::listen::listen;

/// How long an answer is waited for.
const LIMIT: Duration = Duration::from_secs(30);
/// The time that a function is told to have: Lambda's longest, for some begin nothing when little is left.
const TIME: Duration = Duration::from_secs(900);

/// Where one function's process asks for events.
pub(crate) struct Platform {
    address: SocketAddr,
    wanted: Arc<Semaphore>,
    answers: mpsc::UnboundedReceiver<(Instant, Result<Value>)>,
    server: JoinHandle<std::io::Result<()>>,
}

#[derive(Clone)]
struct Shared {
    event: Bytes,
    wanted: Arc<Semaphore>,
    answered: mpsc::UnboundedSender<(Instant, Result<Value>)>,
}

impl Platform {
    /// One that hands out `event`.
    pub(crate) async fn start(event: &Value) -> Result<Self> {
        let (answered, answers) = mpsc::unbounded_channel();
        let wanted = Arc::new(Semaphore::new(0));
        let shared = Shared { event: event.to_string().into(), wanted: wanted.clone(), answered };
        let router = Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next))
            .route("/2018-06-01/runtime/invocation/{id}/response", post(response))
            .route("/2018-06-01/runtime/invocation/{id}/error", post(error))
            .route("/2018-06-01/runtime/init/error", post(error))
            .with_state(shared);
        let (listener, address) = listen().await?;
        let server = tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(Self { address, wanted, answers, server })
    }

    /// What the function is told as `AWS_LAMBDA_RUNTIME_API`.
    pub(crate) fn address(&self) -> String {
        self.address.to_string()
    }

    /// Has the event handled once more by whoever asks next.
    pub(crate) fn invoke(&self) {
        self.wanted.add_permits(1);
    }

    /// The next answer, and when it came.
    pub(crate) async fn answer(&mut self) -> Result<(Instant, Value)> {
        let (at, answer) = tokio::time::timeout(LIMIT, self.answers.recv()).await.context("no answer in time")?.context("no answer")?;
        Ok((at, answer?))
    }
}

impl Drop for Platform {
    fn drop(&mut self) {
        self.server.abort();
    }
}

#[expect(clippy::disallowed_methods, reason = "the function compares its deadline with the system's clock")]
async fn next(State(shared): State<Shared>) -> Result<(HeaderMap, Bytes), StatusCode> {
    shared.wanted.acquire().await.map_err(|_| StatusCode::GONE)?.forget();
    let deadline = (SystemTime::now() + TIME).duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let mut headers = HeaderMap::new();
    for (name, value) in [
        ("lambda-runtime-aws-request-id", "8476a536-e9f4-11e8-9739-2dfe598c3fcd".to_owned()),
        ("lambda-runtime-deadline-ms", deadline.as_millis().to_string()),
        ("lambda-runtime-invoked-function-arn", "arn:aws:lambda:eu-west-1:123456789012:function:bench".to_owned()),
        ("lambda-runtime-trace-id", "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=1".to_owned()),
    ] {
        headers.insert(name, value.parse().map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?);
    }
    Ok((headers, shared.event))
}

async fn response(State(shared): State<Shared>, body: Bytes) -> StatusCode {
    let at = Instant::now();
    let _ = shared.answered.send((at, serde_json::from_slice(&body).context("an answer that is no JSON")));
    StatusCode::ACCEPTED
}

async fn error(State(shared): State<Shared>, body: Bytes) -> StatusCode {
    let _ = shared.answered.send((Instant::now(), Err(anyhow!("the function failed: {}", String::from_utf8_lossy(&body)))));
    StatusCode::ACCEPTED
}
