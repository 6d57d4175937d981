//! Each adapter against each fault: what it says, how long it takes, and that it goes on as soon as all is well.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use aws::{account::timeouts, cognito::CognitoDirectory};
use datalake_tests_faults::Fault;
use domain::{
    PortError, PortErrorKind, PortResult,
    id::UserId,
    job::Job,
    metadata::Tags,
    ports::{
        Cipher, Condition, Directory, Invitation, Item, Jobs, Key, ObjectAddress, ObjectVersion, Objects, PutOptions, SearchIndex, Table,
        Tables, UserRecords, Write,
    },
    principal::Role,
    search::{Indexed, SearchDocument, SuggestRequest, VisibilityFilter},
};
use futures::{FutureExt, future::BoxFuture};
use serde_json::json;
use testkit::{
    audit_log::sealed,
    builders::{audit_record, package, package_id},
};
use web::problem::Rejection;

use crate::{account::Deployment, left_out, side_by_side};

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
#[derive(Clone, Copy)]
struct Tried {
    name: &'static str,
    call: fn(&Deployment) -> Call,
    /// No call may take longer, a little for a busy machine aside.
    limit: fn() -> Duration,
    /// What it is told when there is too much to do.
    throttled: PortErrorKind,
}

const fn tried(name: &'static str, call: fn(&Deployment) -> Call) -> Tried {
    Tried { name, call, limit: policy, throttled: PortErrorKind::RateLimited }
}

/// The search cluster has limits of its own: three attempts.
const fn searched(name: &'static str, call: fn(&Deployment) -> Call) -> Tried {
    Tried { limit: || Duration::from_secs(3 * 6), ..tried(name, call) }
}

/// What the account's one policy allows.
fn policy() -> Duration {
    timeouts().operation_timeout().expect("calls have a limit")
}

/// What each adapter is tried with.
const ADAPTERS: [Tried; 13] = [
    tried("tables, reading", reading),
    tried("tables, writing", writing),
    tried("tables, in a transaction", transacting),
    tried("cipher", encrypting),
    tried("jobs, one", enqueueing),
    tried("jobs, many", enqueueing_many),
    tried("audit log, appending", appending),
    tried("audit log, asking", asking),
    tried("directory", listing_people),
    tried("user records, reading", reading_a_record),
    tried("user records, writing", writing_a_record),
    searched("search index, asking", searching),
    searched("search index, writing", indexing),
];

/// Each adapter in each case, behind a proxy of its own.
async fn each<C: Copy + Send + 'static>(cases: impl IntoIterator<Item = C>, check: fn(Tried, C, Deployment) -> BoxFuture<'static, ()>) {
    let account = Deployment::with_search().await;
    Box::pin(prepare(&account)).await;
    let mut all = Vec::new();
    for case in cases {
        for tried in ADAPTERS {
            all.push(check(tried, case, account.beside().await));
        }
    }
    side_by_side(all).await;
}

/// Somebody who can be looked up, and an index with something in it.
async fn prepare(deployment: &Deployment) {
    let invitation = Invitation { email: "ann@example.org".to_owned(), name: "Ann".to_owned(), role: Role::Member };
    let ann = deployment.real_directory().invite(&invitation).await.expect("invited").user_id;
    deployment.real_directory().put(&ann, b"record").await.expect("kept");
    SearchIndex::upsert_many(&*deployment.real_index(), &[document()]).await.expect("written");
}

#[tokio::test]
async fn every_adapter_says_that_it_may_be_tried_again_and_then_goes_on() {
    if left_out() {
        return;
    }
    each(AWAY.into_iter().chain(FAULTS), |tried, fault, deployment| is_told(tried, fault, deployment).boxed()).await;
}

#[tokio::test]
async fn every_adapter_gets_over_a_fault_that_passes() {
    if left_out() {
        return;
    }
    let faults = [NEVER, Fault::Throttled, Fault::Broken, Fault::Unheard, Fault::Lost, Fault::Torn];
    each(faults, |tried, fault, deployment| {
        async move {
            let (name, call) = (tried.name, (tried.call)(&deployment));
            deployment.proxy.once(fault);
            call().await.unwrap_or_else(|error| panic!("{name}, {fault:?} once: {error}"));
        }
        .boxed()
    })
    .await;
}

#[tokio::test]
async fn no_adapter_waits_for_an_answer_longer_than_its_limit() {
    if left_out() {
        return;
    }
    each([()], |tried, (), deployment| {
        async move {
            let (name, call) = (tried.name, (tried.call)(&deployment));
            deployment.proxy.always(NEVER);
            let error = failure(&call, tried, "no answer").await;
            assert!(error.is(PortErrorKind::Unavailable), "{name}: {error}");
            assert_eq!(answer(error), (503, true), "{name}");
        }
        .boxed()
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

fn listing_people(deployment: &Deployment) -> Call {
    let directory = deployment.directory();
    call!(directory; Directory::page(&*directory, None, None).await)
}

/// Whoever is in the pool: this call is made once before anything goes wrong.
async fn somebody(directory: &CognitoDirectory) -> PortResult<UserId> {
    let page = Directory::page(directory, None, None).await?;
    Ok(page.users.into_iter().next().expect("somebody").user_id)
}

fn reading_a_record(deployment: &Deployment) -> Call {
    let (directory, real) = (deployment.directory(), deployment.real_directory());
    call!(directory, real; UserRecords::get(&*directory, &somebody(&real).await?).await)
}

fn writing_a_record(deployment: &Deployment) -> Call {
    let (directory, real) = (deployment.directory(), deployment.real_directory());
    call!(directory, real; directory.put(&somebody(&real).await?, b"another").await)
}

fn document() -> SearchDocument {
    app::search::document::DocumentBuilder::new(&package(1, "ann"), &Tags::default()).finish()
}

fn searching(deployment: &Deployment) -> Call {
    let index = deployment.index();
    let request = SuggestRequest { prefix: "p".to_owned(), visibility: VisibilityFilter { any_of: None, packages: None }, limit: 5 };
    call!(index, request; index.suggest(&request).await)
}

fn indexing(deployment: &Deployment) -> Call {
    let index = deployment.index();
    call!(index; match SearchIndex::upsert_many(&*index, &[document()]).await {
        Ok(outcomes) => { assert_eq!(outcomes, [Indexed::Applied]); Ok(()) }
        Err(error) => Err(error),
    })
}

async fn failure(call: &Call, tried: Tried, case: &str) -> PortError {
    let (begin, name) = (Instant::now(), tried.name);
    let error = call().await.expect_err(&format!("{name}, {case}"));
    let limit = (tried.limit)() + Duration::from_secs(2);
    assert!(begin.elapsed() < limit, "{name}, {case} took {:?}", begin.elapsed());
    error
}

/// What a caller of the API gets.
fn answer(error: PortError) -> (u16, bool) {
    let answer = Rejection::from(app::AppError::from(error)).render("req_1");
    (answer.status().as_u16(), answer.headers().contains_key("retry-after"))
}

const FAULTS: [Option<Fault>; 6] =
    [Some(Fault::Throttled), Some(Fault::Broken), Some(Fault::Expired), Some(Fault::Unheard), Some(Fault::Lost), Some(Fault::Torn)];
/// Nobody is there at all.
const AWAY: [Option<Fault>; 1] = [None];

async fn is_told(tried: Tried, fault: Option<Fault>, deployment: Deployment) {
    let (name, call) = (tried.name, (tried.call)(&deployment));
    match fault {
        Some(fault) => deployment.proxy.always(fault),
        None => deployment.proxy.go_away().await,
    }
    let error = failure(&call, tried, &format!("{fault:?}")).await;
    let kind = if fault == Some(Fault::Throttled) { tried.throttled } else { PortErrorKind::Unavailable };
    assert!(error.is(kind), "{name}, {fault:?}: {error}");
    let status = if kind == PortErrorKind::RateLimited { 429 } else { 503 };
    assert_eq!(answer(error), (status, true), "{name}, {fault:?}");
    match fault {
        Some(_) => deployment.proxy.heal(),
        None => deployment.proxy.come_back().await,
    }
    call().await.unwrap_or_else(|error| panic!("{name}, after {fault:?}: {error}"));
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
        let objects = deployment.objects();
        let address = address(deployment);
        let content = b"some,content\n";
        let sha256 = hex::encode(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, content));
        let options = PutOptions { size: content.len() as u64, sha256, content_type: "text/csv".to_owned(), only_if_absent: false };
        call!(objects, address, options; {
            let body = Box::pin(futures::stream::iter([Ok(bytes::Bytes::from_static(content))]));
            objects.put(&address, &options, body).await
        })
    }

    fn looking(deployment: &Deployment) -> Call {
        let objects = deployment.objects();
        let object = ObjectVersion { address: address(deployment), version: None };
        call!(objects, object; objects.head(&object).await)
    }

    fn address(deployment: &Deployment) -> ObjectAddress {
        ObjectAddress { bucket: deployment.bucket.clone(), key: "packages/a".to_owned() }
    }

    #[tokio::test]
    async fn says_that_it_may_be_tried_again_and_then_goes_on() {
        if left_out() {
            return;
        }
        let deployment = Deployment::new().await;
        // Answers to HEAD have a status and nothing else: no code that says what is wrong
        // (https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html).
        let looked = Tried { throttled: PortErrorKind::Unavailable, ..tried("objects, looking", looking) };
        storing(&deployment)().await.expect("stored");
        let mut cases = Vec::new();
        for fault in AWAY.into_iter().chain(FAULTS) {
            for tried in [tried("objects, storing", storing), looked] {
                cases.push(is_told(tried, fault, deployment.beside().await).boxed());
            }
        }
        side_by_side(cases).await;
    }
}
