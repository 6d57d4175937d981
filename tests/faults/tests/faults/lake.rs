//! Requests to the functions behind the API, over the real adapters, while the account misbehaves.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use app::{identity::verdict::Verdict, profile};
use axum::{
    Router,
    body::{Body, to_bytes},
    http::Request,
};
use datalake_tests_faults::Fault;
use domain::{
    Principal,
    audit::Origin,
    job::{Job, JobKind},
    ports::{Scan, Table, Tables},
};
use serde_json::{Value, json};
use testkit::{
    MemoryObjects, SequentialIds,
    builders::{member, package_id},
};
use tower::ServiceExt;
use web::Edge;

use crate::{account::Deployment, left_out};

/// A request is answered within this, whatever happens: the gateway waits no longer.
const LIMIT: Duration = Duration::from_secs(29);

/// A deployment with the functions behind the API before it.
pub(crate) struct Lake {
    pub(crate) deployment: Deployment,
    router: Router,
}

/// What a caller gets.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) retry_after: bool,
    pub(crate) body: Value,
}

impl Lake {
    pub(crate) async fn new() -> Self {
        Self::over(Deployment::with_search().await)
    }

    /// The same lake behind a proxy of its own, asked of other processes.
    pub(crate) async fn beside(&self) -> Self {
        Self::over(self.deployment.beside().await)
    }

    fn over(deployment: Deployment) -> Self {
        let router = router(&deployment);
        Self { deployment, router }
    }

    pub(crate) async fn ask(&self, (method, path): (&str, &str), body: Option<&Value>, key: Option<&str>) -> Answer {
        self.ask_as(member("ann"), (method, path), body, key).await
    }

    pub(crate) async fn ask_as(
        &self,
        principal: Principal,
        (method, path): (&str, &str),
        body: Option<&Value>,
        key: Option<&str>,
    ) -> Answer {
        let mut request = Request::builder().method(method).uri(path).header("content-type", "application/json");
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        let mut request = request.body(body.map_or_else(Body::empty, |body| Body::from(body.to_string()))).expect("a request");
        request.extensions_mut().insert(Origin { request_id: "req_1".to_owned(), source_ip: None });
        request.extensions_mut().insert(Verdict::Allowed { principal, body_sha256: None });
        let begin = Instant::now();
        let answer = self.router.clone().oneshot(request).await.expect("the router answers");
        assert!(begin.elapsed() < LIMIT, "{method} {path} took {:?}", begin.elapsed());
        let (status, retry_after) = (answer.status().as_u16(), answer.headers().contains_key("retry-after"));
        let bytes = to_bytes(answer.into_body(), usize::MAX).await.expect("a body");
        Answer { status, retry_after, body: serde_json::from_slice(&bytes).unwrap_or_default() }
    }

    pub(crate) async fn create(&self, name: &str, key: Option<&str>) -> Answer {
        let body = json!({ "name": name, "description": "", "metadata": { "topic": "faults" } });
        self.ask(("POST", "/packages"), Some(&body), key).await
    }

    /// Packages that stand in the table.
    async fn packages(&self) -> usize {
        let scan = Scan { table: Table::Packages, segment: 0, segments: 1, limit: 1_000, after: None };
        let page = self.deployment.real_tables().scan(scan).await.expect("rows");
        page.items.iter().filter(|item| item["item"] == "package").count()
    }
}

fn router(deployment: &Deployment) -> Router {
    static PROCESSES: AtomicU64 = AtomicU64::new(1);
    // Each process has ids of its own.
    let seed = 1_000_000 * PROCESSES.fetch_add(1, Ordering::Relaxed);
    let (objects, ids) = (Arc::new(MemoryObjects::default()), Arc::new(SequentialIds::new(seed)));
    let (tables, jobs, clock, bucket) = (deployment.tables(), deployment.jobs(), deployment.clock.clone(), deployment.bucket.clone());
    let (cipher, directory) = (deployment.faulty.cipher(&deployment.key_arn), deployment.directory());
    let packages = function_packages::router(function_packages::Deps {
        tables: tables.clone(),
        jobs: jobs.clone(),
        cipher: cipher.clone(),
        clock: clock.clone(),
        ids: ids.clone(),
        objects: objects.clone(),
        multipart: objects.clone(),
        bucket: bucket.clone(),
    });
    let cart = function_cart::router(function_cart::Deps {
        tables: tables.clone(),
        jobs: jobs.clone(),
        cipher: cipher.clone(),
        clock: clock.clone(),
        ids: ids.clone(),
        objects,
        bucket,
    });
    let profile = function_profile::router(function_profile::Deps {
        tables: tables.clone(),
        jobs: jobs.clone(),
        cipher: cipher.clone(),
        secrets_cipher: cipher.clone(),
        clock: clock.clone(),
        ids: ids.clone(),
        groups: directory.clone(),
        user_records: directory,
        deployment: profile::Deployment::at("https://lake.example"),
    });
    let index = deployment.index();
    let search = function_search::router(function_search::Deps { tables, jobs, cipher, clock, ids: ids.clone(), index });
    let routes = packages.merge(cart).merge(profile).merge(search);
    web::finish(routes.split_for_parts().0, Edge::new(ids, Vec::new(), 8))
}

#[tokio::test]
async fn a_package_whose_answer_was_lost_on_the_way_is_made_once() {
    if left_out() {
        return;
    }
    let lake = Lake::new().await;
    for fault in [Fault::Lost, Fault::Torn] {
        lake.deployment.proxy.once_to("TransactWriteItems", fault);
        let made = lake.create("Flights", None).await;
        assert_eq!(made.status, 201, "{made:?}");
    }
    assert_eq!(lake.packages().await, 2);
}

#[tokio::test]
async fn a_request_that_was_done_but_never_answered_can_be_repeated_under_its_key() {
    if left_out() {
        return;
    }
    let lake = Lake::new().await;
    lake.deployment.proxy.always_to("TransactWriteItems", Fault::Lost);
    let lost = lake.create("Flights", Some("key-1")).await;
    assert_eq!((lost.status, lost.retry_after), (503, true), "{lost:?}");
    lake.deployment.proxy.heal();
    let made = lake.create("Flights", Some("key-1")).await;
    assert_eq!(made.status, 201, "{made:?}");
    let again = lake.create("Flights", Some("key-1")).await;
    assert_eq!(again.body["id"], made.body["id"]);
    assert_eq!(lake.packages().await, 1);
}

#[tokio::test]
async fn what_can_not_be_audited_is_not_answered() {
    if left_out() {
        return;
    }
    let lake = Lake::new().await;
    let path = format!("/packages/{}", package_id(1));
    lake.deployment.proxy.always_to("SendMessage", Fault::Broken);
    let refused = lake.ask_as(member("eve"), ("GET", &path), None, None).await;
    assert_eq!((refused.status, refused.retry_after), (503, true), "{refused:?}");
    lake.deployment.proxy.heal();
    // The record is taken, and only that is told late: it is sent again, and stands in the queue once.
    lake.deployment.proxy.once_to("SendMessage", Fault::Lost);
    let hidden = lake.ask_as(member("eve"), ("GET", &path), None, None).await;
    assert_eq!(hidden.status, 404, "{hidden:?}");
    let records = lake.deployment.messages(JobKind::Audit).await;
    assert_eq!(records.len(), 1);
    assert!(matches!(serde_json::from_str(&records[0].0), Ok(Job::Audit { .. })));
}
