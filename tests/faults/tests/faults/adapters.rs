//! Each adapter against each fault: what it says, how long it takes, and that it goes on as soon as all is well.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use aws::{account::timeouts, s3::S3Objects};
use datalake_tests_faults::Fault;
use domain::{
    PortError, PortErrorKind, PortResult,
    job::Job,
    ports::{Cipher, Condition, Item, Jobs, Key, ObjectAddress, Objects, PutOptions, Table, Tables, Write},
};
use futures::future::{BoxFuture, join_all};
use serde_json::json;
use testkit::{
    audit_log::sealed,
    builders::{audit_record, package_id},
};
use web::problem::Rejection;

use crate::{account::Deployment, left_out};

/// A call at a port that may be done any number of times.
type Call = Box<dyn Fn() -> BoxFuture<'static, PortResult<()>> + Send + Sync>;

macro_rules! call {
    ($($kept:ident),*; $call:expr) => {
        boxed(move || {
            $(let $kept = $kept.clone();)*
            async move { $call.map(drop) }
        })
    };
}

fn boxed<F: Future<Output = PortResult<()>> + Send + 'static>(call: impl Fn() -> F + Send + Sync + 'static) -> Call {
    Box::new(move || Box::pin(call()))
}

/// A call of one adapter, by name.
type Tried = (&'static str, fn(&Deployment) -> Call);

/// What each adapter is tried with.
const ADAPTERS: [Tried; 8] = [
    ("tables, reading", reading),
    ("tables, writing", writing),
    ("tables, in a transaction", transacting),
    ("cipher", encrypting),
    ("jobs, one", enqueueing),
    ("jobs, many", enqueueing_many),
    ("audit log, appending", appending),
    ("audit log, asking", asking),
];

/// All at once: most of the time each waits for a repetition.
async fn each(check: impl AsyncFn(&'static str, &Deployment, Call)) {
    let check = &check;
    let tried = ADAPTERS.map(|(name, call)| async move {
        let deployment = Deployment::new().await;
        check(name, &deployment, call(&deployment)).await;
    });
    join_all(tried).await;
}

#[tokio::test]
async fn every_adapter_says_that_it_may_be_tried_again_and_then_goes_on() {
    if left_out() {
        return;
    }
    each(is_told).await;
}

#[tokio::test]
async fn every_adapter_gets_over_a_fault_that_passes() {
    if left_out() {
        return;
    }
    each(async |name, deployment, call| {
        for fault in [Fault::Throttled, Fault::Broken, Fault::Unheard, Fault::Lost, Fault::Torn] {
            deployment.proxy.once(fault);
            call().await.unwrap_or_else(|error| panic!("{name}, {fault:?} once: {error}"));
            deployment.proxy.heal();
        }
    })
    .await;
}

#[tokio::test]
async fn no_adapter_waits_for_an_answer_longer_than_its_limit() {
    if left_out() {
        return;
    }
    each(async |name, deployment, call| {
        deployment.proxy.once(NEVER);
        call().await.unwrap_or_else(|error| panic!("{name}: the second attempt is answered: {error}"));
        deployment.proxy.always(NEVER);
        let error = failure(&call, &format!("{name}, no answer")).await;
        assert!(error.is(PortErrorKind::Unavailable), "{name}: {error}");
        assert_eq!(answer(error), (503, true), "{name}");
    })
    .await;
}

/// Longer than anybody waits.
const NEVER: Fault = Fault::Slow(Duration::from_secs(60));

fn row(sort: &str) -> Item {
    json!({ "kind": "faults", "id": sort, "text": "x" }).as_object().expect("an object").clone().into_iter().collect()
}

fn reading(deployment: &Deployment) -> Call {
    let tables = deployment.tables();
    call!(tables; tables.get_many(Table::Settings, &[Key::new("faults", "a")], true).await)
}

fn writing(deployment: &Deployment) -> Call {
    let tables = deployment.tables();
    call!(tables; tables.write(Write::Put { table: Table::Settings, item: row("a"), condition: None }).await)
}

fn transacting(deployment: &Deployment) -> Call {
    let tables = deployment.tables();
    let put = |sort| Write::Put { table: Table::Settings, item: row(sort), condition: None };
    call!(tables; tables.transact(vec![put("a"), put("b")]).await)
}

fn encrypting(deployment: &Deployment) -> Call {
    let cipher = deployment.faulty.cipher(&deployment.key_arn);
    call!(cipher; cipher.encrypt(b"secret", &BTreeMap::new()).await)
}

fn enqueueing(deployment: &Deployment) -> Call {
    let jobs = deployment.jobs();
    call!(jobs; jobs.enqueue(&Job::Sweep, Duration::ZERO).await)
}

fn enqueueing_many(deployment: &Deployment) -> Call {
    let jobs = deployment.jobs();
    call!(jobs; jobs.enqueue_many(&[Job::Audit { record: audit_record(1, "pkg_1") }, Job::Index { package_id: package_id(1) }]).await)
}

fn appending(deployment: &Deployment) -> Call {
    use domain::ports::AuditLog;
    let log = deployment.audit_log();
    call!(log; log.append(1, &sealed(1, 3)).await)
}

fn asking(deployment: &Deployment) -> Call {
    use domain::ports::{AuditLog, AuditQuery};
    let log = deployment.audit_log();
    call!(log; match log.query(&AuditQuery::default()).await {
        Ok(name) => log.rows(&name, None).await,
        Err(error) => Err(error),
    })
}

/// No call may take longer, a little for a busy machine aside.
fn limit() -> Duration {
    timeouts().operation_timeout().expect("calls have a limit") + Duration::from_secs(2)
}

async fn failure(call: &Call, case: &str) -> PortError {
    let begin = Instant::now();
    let error = call().await.expect_err(case);
    assert!(begin.elapsed() < limit(), "{case} took {:?}", begin.elapsed());
    error
}

/// What a caller of the API gets.
fn answer(error: PortError) -> (u16, bool) {
    let answer = Rejection::from(app::AppError::from(error)).render("req_1");
    (answer.status().as_u16(), answer.headers().contains_key("retry-after"))
}

async fn is_told(name: &'static str, deployment: &Deployment, call: Call) {
    let faults = [
        (Fault::Throttled, PortErrorKind::RateLimited, 429),
        (Fault::Broken, PortErrorKind::Unavailable, 503),
        (Fault::Expired, PortErrorKind::Unavailable, 503),
        (Fault::Unheard, PortErrorKind::Unavailable, 503),
        (Fault::Lost, PortErrorKind::Unavailable, 503),
        (Fault::Torn, PortErrorKind::Unavailable, 503),
    ];
    for (fault, kind, status) in faults {
        deployment.proxy.always(fault);
        let error = failure(&call, &format!("{name}, {fault:?}")).await;
        assert!(error.is(kind), "{name}, {fault:?}: {error}");
        assert_eq!(answer(error), (status, true), "{name}, {fault:?}");
        deployment.proxy.heal();
        call().await.unwrap_or_else(|error| panic!("{name}, after {fault:?}: {error}"));
    }
    deployment.proxy.go_away().await;
    let error = failure(&call, &format!("{name}, nobody there")).await;
    assert!(error.is(PortErrorKind::Unavailable), "{name}: {error}");
    assert_eq!(answer(error), (503, true), "{name}");
    deployment.proxy.come_back().await;
    call().await.unwrap_or_else(|error| panic!("{name}, somebody is there again: {error}"));
}

/// A write with a condition is sent once: whether it happened can't be told, and the caller decides.
#[tokio::test]
async fn a_write_with_a_condition_is_not_repeated_behind_the_callers_back() {
    if left_out() {
        return;
    }
    let deployment = Deployment::new().await;
    let tables = deployment.tables();
    for fault in [Fault::Lost, Fault::Unheard, Fault::Broken] {
        let sort = format!("{fault:?}");
        let write = || Write::Put { table: Table::Settings, item: row(&sort), condition: Some(Condition::Absent) };
        deployment.proxy.once(fault);
        let _ = deployment.proxy.calls();
        let error = tables.write(write()).await.expect_err("the answer is lost");
        assert!(error.is(PortErrorKind::Unavailable), "{error}");
        assert_eq!(deployment.proxy.calls(), ["PutItem"], "{fault:?}");
        let written = tables.write(write()).await;
        assert_eq!(written.is_err(), fault == Fault::Lost, "{fault:?}: {written:?}");
    }
}

/// Content in S3 has limits of its own: it takes the time that it takes.
mod objects {
    use super::*;

    fn storing(deployment: &Deployment) -> Call {
        let objects = objects(deployment);
        let address = ObjectAddress { bucket: deployment.bucket.clone(), key: "packages/a".to_owned() };
        let content = b"some,content\n";
        let sha256 = hex::encode(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, content));
        let options = PutOptions { size: content.len() as u64, sha256, content_type: "text/csv".to_owned(), only_if_absent: false };
        call!(objects, address, options; {
            let body = Box::pin(futures::stream::iter([Ok(bytes::Bytes::from_static(content))]));
            objects.put(&address, &options, body).await
        })
    }

    fn objects(deployment: &Deployment) -> std::sync::Arc<S3Objects> {
        deployment.faulty.objects_unsigned(deployment.clock.clone())
    }

    #[tokio::test]
    async fn says_that_it_may_be_tried_again_and_then_goes_on() {
        if left_out() {
            return;
        }
        let deployment = Deployment::new().await;
        is_told("objects", &deployment, storing(&deployment)).await;
    }
}
