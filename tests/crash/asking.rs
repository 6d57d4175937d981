//! Requests during one life of the server, which ends at a moment that nobody chose.

use std::{
    future::Future,
    process::Command,
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    time::Duration,
};

use anyhow::{Context as _, bail, ensure};
use datalake_tests_machine::{Answer, Lake, PATIENCE, Person};
use reqwest::Method;
use serde_json::Value;
use tokio::sync::Notify;

/// One life of the server.
pub(crate) struct Life {
    sent: AtomicU64,
    /// It ends a moment after so many requests: work is done in every life, on slow machines too.
    requests: u64,
    then: Duration,
    enough: Notify,
    over: AtomicBool,
}

impl Life {
    pub(crate) fn of(requests: u64, then: Duration) -> Self {
        Self { sent: AtomicU64::new(0), requests, then, enough: Notify::new(), over: AtomicBool::new(false) }
    }

    /// One in which every request must be answered.
    pub(crate) fn endless() -> Self {
        Self::of(u64::MAX, Duration::ZERO)
    }

    pub(crate) fn is_over(&self) -> bool {
        self.over.load(Ordering::SeqCst)
    }

    /// Kills the server where it stands, when it has had enough requests.
    pub(crate) async fn end(&self, lake: &Lake) -> anyhow::Result<()> {
        let enough = tokio::time::timeout(PATIENCE, self.enough.notified()).await;
        tokio::time::sleep(self.then).await;
        self.over.store(true, Ordering::SeqCst);
        let id = lake.process_id().context("a running server")?;
        let told = Command::new("kill").args(["-KILL", &id.to_string()]).status()?;
        ensure!(told.success(), "the server can't be killed");
        enough.context("the server answers too slowly")
    }

    /// The answer, of one of these statuses; `None` if the server was killed before it came.
    pub(crate) async fn ask(
        &self,
        sending: impl Future<Output = anyhow::Result<Answer>>,
        statuses: &[u16],
    ) -> anyhow::Result<Option<Answer>> {
        if self.sent.fetch_add(1, Ordering::SeqCst) + 1 >= self.requests {
            self.enough.notify_one();
        }
        match sending.await {
            Ok(answer) if statuses.contains(&answer.status.as_u16()) => Ok(Some(answer)),
            Ok(answer) => bail!("expected {statuses:?}, got {}: {}", answer.status, String::from_utf8_lossy(&answer.bytes)),
            Err(error) if self.is_over() && error.downcast_ref::<reqwest::Error>().is_some() => Ok(None),
            Err(error) => Err(error.context("a connection broke while the server ran")),
        }
    }
}

/// Sends JSON (null stands for no body) with these headers besides.
pub(crate) async fn send(
    lake: &Lake,
    person: &Person,
    method: Method,
    path: &str,
    headers: &[(&str, String)],
    body: Value,
) -> anyhow::Result<Answer> {
    let mut request = lake.request(method, person, path);
    for (name, value) in headers {
        request = request.header(*name, value);
    }
    if !body.is_null() {
        request = request.json(&body);
    }
    Answer::read(request.send().await?).await
}

/// `POST` with an idempotency key.
pub(crate) async fn post_once(lake: &Lake, person: &Person, path: &str, key: &str, body: Value) -> anyhow::Result<Answer> {
    send(lake, person, Method::POST, path, &[("idempotency-key", key.to_owned())], body).await
}

/// All items of a list, page by page.
pub(crate) async fn all(lake: &Lake, person: &Person, path: &str) -> anyhow::Result<Vec<Value>> {
    let (mut items, mut cursor) = (Vec::new(), None::<String>);
    let joint = if path.contains('?') { '&' } else { '?' };
    loop {
        let rest = cursor.map(|cursor| format!("&cursor={cursor}")).unwrap_or_default();
        let page = lake.get(person, &format!("{path}{joint}limit=200{rest}")).await?.expect(200)?;
        items.extend(page.body["items"].as_array().context("items")?.iter().cloned());
        match page.body["next_cursor"].as_str() {
            Some(next) => cursor = Some(next.to_owned()),
            None => return Ok(items),
        }
    }
}

/// A text of JSON.
pub(crate) fn text(value: &Value, name: &str) -> anyhow::Result<String> {
    value[name].as_str().map(str::to_owned).with_context(|| format!("no text {name} in {value}"))
}

/// A number of JSON.
pub(crate) fn number(value: &Value, name: &str) -> anyhow::Result<u64> {
    value[name].as_u64().with_context(|| format!("no number {name} in {value}"))
}
