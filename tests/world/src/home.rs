//! A world of `tests/api` in the deployment.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError, atomic::Ordering},
    time::Duration,
};

use anyhow::{Context as _, Result, ensure};
use app::{
    Core,
    identity::{InviteUser, People},
};
use async_trait::async_trait;
use axum::http::{HeaderValue, StatusCode};
use client::credentials::KeyPair;
use domain::{
    Principal, Timestamp,
    audit::Origin,
    ports::{Clock as _, Ids as _, Objects as _, Tables},
    principal::{Role, Via},
};
use reqwest::RequestBuilder;
use runtime::{
    lambda::Setting,
    system::{SystemClock, SystemIds},
};
use serde_json::{Map, Value};
use tests_api::{Home, Request, Response, Sender};
use url::Url;

use crate::{
    callers::{Keys, Rows, nobody, signature},
    compare::{Comparison, Twins},
    direct,
    lake::Lake,
    turn::Turn,
    watched::Watched,
};

/// A world over HTTP.
pub struct Applied {
    pub(crate) lake: &'static Lake,
    pub(crate) rows: Rows,
    pub(crate) keys: Arc<Keys>,
    began: Timestamp,
    later: Mutex<Duration>,
    twins: Mutex<Twins>,
    _turn: Turn,
}

impl Applied {
    /// Waits for its turn, and leaves nothing of what was there before.
    ///
    /// # Panics
    /// If the stack can't be applied, with what to install.
    #[must_use]
    pub fn new() -> Self {
        let lake = Lake::shared();
        let turn = Turn::take();
        lake.run_blocking(lake.clear());
        let rows = lake.run_blocking(rows(lake));
        let (keys, later, twins) = (Arc::default(), Mutex::default(), Mutex::default());
        Self { lake, rows, keys, began: SystemClock.now(), later, twins, _turn: turn }
    }
}

impl Default for Applied {
    fn default() -> Self {
        Self::new()
    }
}

/// What an administrator of the account writes rows with.
async fn rows(lake: &'static Lake) -> Result<Rows> {
    let account = lake.account().await;
    let tables: Arc<dyn Tables> = account.tables(lake.told(Setting::Prefix)?);
    let tables: Arc<dyn Tables> = Arc::new(Watched::new(tables, lake.configured.clone()));
    let jobs = account.jobs(lake.told.queues());
    let cipher = account.cipher(lake.told(Setting::UserSecretsKeyArn)?);
    let core = Core::new(tables.clone(), jobs, cipher, Arc::new(SystemClock), Arc::new(SystemIds::default()));
    Ok(Rows { tables, core })
}

/// Sends a request as its sender would.
async fn send(lake: &'static Lake, rows: Rows, keys: Arc<Keys>, request: Request) -> Result<Response> {
    // What an admin changed would hold within a minute; these tests don't wait for it.
    if lake.configured.swap(false, Ordering::SeqCst) {
        lake.end_all()?;
        lake.remembers.store(true, Ordering::SeqCst);
    }
    let url = Url::parse(&format!("{}{}", lake.stack.api_url(), request.path))?;
    let mut proof = Vec::new();
    match &request.sender {
        Sender::Verdict(verdict) => {
            let context = verdict.as_ref().map(app::identity::verdict::Verdict::to_context).transpose()?;
            let context = context.map(|context| context.into_iter().map(|(name, value)| (name, Value::from(value))).collect::<Map<_, _>>());
            let function = lake.routes.function(&request.path)?;
            return direct::response(&lake.feed.invoke(function, &direct::event(&request, context)).await?);
        }
        Sender::Anonymous => {}
        Sender::Nobody => {
            let nobody = nobody()?;
            lake.admit(&rows, &nobody, None, &Default::default()).await?;
            proof.push(("authorization".to_owned(), lake.bearer(&nobody)?));
        }
        Sender::Known(principal) | Sender::Signed(principal) => {
            lake.admit(&rows, &principal.user_id, Some(principal.role), &principal.groups).await?;
            match &principal.via {
                Via::Session => proof.push(("authorization".to_owned(), lake.bearer(&principal.user_id)?)),
                Via::Key { scope, .. } => {
                    let pair: KeyPair = lake.key(&rows, &keys, principal, scope).await?;
                    proof = signature(&pair, request.method.as_str(), &url, &request.body)?;
                }
            }
        }
    }
    over_http(lake, request, url, proof).await
}

async fn over_http(lake: &'static Lake, request: Request, url: Url, proof: Vec<(String, String)>) -> Result<Response> {
    let mut sent = lake.stack.http().request(request.method, url);
    for (name, value) in &request.headers {
        if !proof.iter().any(|(proving, _)| proving == name) {
            sent = sent.header(*name, value);
        }
    }
    for (name, value) in proof {
        sent = sent.header(name, value);
    }
    if !request.body.is_empty() {
        sent = sent.body(request.body);
    }
    read(sent).await
}

/// Sends a request, and reads its answer.
pub(crate) async fn read(request: RequestBuilder) -> Result<Response> {
    let answer = request.send().await?;
    let (status, headers) = (answer.status(), answer.headers().clone());
    let text = answer.text().await?;
    let body = if text.is_empty() { Value::Null } else { serde_json::from_str(&text).with_context(|| format!("{status}: {text}"))? };
    Ok(Response { status: StatusCode::from_u16(status.as_u16())?, headers, body })
}

/// Every answer names its request, in its header and, if it is a problem, in its body.
fn with_known_id(mut response: Response) -> Response {
    let id = response.headers.get("x-request-id").and_then(|id| id.to_str().ok()).map(str::to_owned);
    let id = id.filter(|id| !id.is_empty()).expect("an answer names its request");
    if let Some(told) = response.body.get_mut("request_id") {
        assert_eq!(told.as_str(), Some(id.as_str()), "a problem names the request of its header");
        *told = "req_1".into();
    }
    response.headers.insert("x-request-id", HeaderValue::from_static("req_1"));
    response
}

#[async_trait]
impl Home for Applied {
    async fn send(&self, request: Request) -> Response {
        with_known_id(self.lake.run(send(self.lake, self.rows.clone(), self.keys.clone(), request)).await)
    }

    fn tables(&self) -> Arc<dyn Tables> {
        self.rows.tables.clone()
    }

    fn core(&self) -> Core {
        self.rows.core.clone()
    }

    async fn invited(&self, name: &str) -> Principal {
        let (lake, core, name) = (self.lake, self.core(), name.to_owned());
        let work = async move {
            let directory = lake.account().await.directory(lake.told(Setting::UserPoolId)?, lake.told(Setting::Directory)?, None)?;
            let people = People::new(core, directory.clone(), directory);
            // One address for each world: the pool keeps its people.
            let email = format!("{name}-{}@example.org", SystemIds::default().new_id());
            let entered = InviteUser { email, name, role: Role::Member, groups: Default::default() };
            let administrator = app::Caller { principal: testkit::builders::admin("root"), origin: Origin::default() };
            Ok(people.invite(&administrator, &entered).await?)
        };
        let record = self.lake.run(work).await;
        Principal { user_id: record.user_id, ..testkit::builders::member("somebody") }
    }

    async fn transfer(&self, upload: &Value, bytes: Vec<u8>) -> Vec<u8> {
        let (lake, upload) = (self.lake, upload.clone());
        let work = async move {
            let method = upload["method"].as_str().context("a method")?.parse()?;
            let mut request = lake.stack.http().request(method, upload["url"].as_str().context("a URL")?);
            for (name, value) in upload["headers"].as_object().into_iter().flatten() {
                if name != "content-length" {
                    request = request.header(name, value.as_str().context("a header's value")?);
                }
            }
            let length = upload["headers"]["content-length"].as_str();
            ensure!(length.is_none_or(|length| length == bytes.len().to_string()), "the signature is for another length");
            let answer = if upload["method"] == "PUT" { request.body(bytes) } else { request }.send().await?;
            let status = answer.status();
            let bytes = answer.bytes().await?.to_vec();
            ensure!(status.is_success(), "the store answered {status}: {}", String::from_utf8_lossy(&bytes));
            Ok(bytes)
        };
        self.lake.run(work).await
    }

    fn place(&self, url: &str) -> String {
        let url = Url::parse(url).expect("a URL");
        percent_encoding::percent_decode_str(url.path().trim_start_matches('/')).decode_utf8_lossy().into_owned()
    }

    async fn keys(&self) -> Vec<String> {
        let lake = self.lake;
        let work = async move {
            let objects = lake.account().await.objects(lake.told(Setting::SignerRoleArn)?, Arc::new(SystemClock));
            let (mut keys, mut after) = (Vec::new(), None);
            loop {
                let page = objects.list(lake.told(Setting::Bucket)?, "", after).await?;
                keys.extend(page.objects.into_iter().map(|info| info.key));
                after = page.next;
                if after.is_none() {
                    return Ok(keys);
                }
            }
        };
        self.lake.run(work).await
    }

    fn later(&self, by: Duration) {
        *self.later.lock().unwrap_or_else(PoisonError::into_inner) += by;
    }

    async fn drain(&self) {
        let lake = self.lake;
        let work = async move {
            lake.feed.drain().await?;
            lake.search("_refresh", "").await
        };
        self.lake.run(work).await;
    }

    fn compare(&self, name: &str, _: &str, answer: &Value) {
        let mut twins = self.twins.lock().unwrap_or_else(PoisonError::into_inner);
        let later = *self.later.lock().unwrap_or_else(PoisonError::into_inner);
        let api_url = self.lake.stack.api_url();
        let mut comparison = Comparison { twins: &mut twins, began: self.began, now: SystemClock.now(), later, api_url };
        let told: BTreeMap<String, String> = comparison.differences(&tests_api::snapshot(name), answer);
        assert!(told.is_empty(), "{name} differs: {told:#?}\n{answer:#}");
    }
}
