//! A store and a token service in this process whose answers, and the time they take, a test decides.

use std::{
    fmt,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use aws_config::{BehaviorVersion, SdkConfig};
use aws_sdk_s3::{
    config::{AsyncSleep, Credentials, Region, Sleep},
    primitives::SdkBody,
};
use aws_smithy_runtime_api::{
    client::{
        http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn},
        orchestrator::{HttpRequest, HttpResponse},
    },
    http::StatusCode,
};
use tokio::sync::watch;

const STEP: Duration = Duration::from_millis(500);

/// One answer: how long it takes, its status and its body.
#[derive(Clone, Debug)]
pub(crate) struct Answer(pub(crate) Duration, pub(crate) u16, pub(crate) String);

/// What was asked: address and body.
pub(crate) type Asked = (String, String);

type Decide = dyn Fn(&Asked) -> Answer + Send + Sync;

/// The other side of an account's clients.
#[derive(Clone)]
pub(crate) struct Fake {
    decide: Arc<Decide>,
    asked: Arc<Mutex<Vec<Asked>>>,
    /// The time that has passed: while an answer takes its time, and while somebody waits and nothing else is to be done.
    time: Arc<watch::Sender<Duration>>,
    answering: Arc<AtomicUsize>,
}

impl fmt::Debug for Fake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Fake")
    }
}

impl Fake {
    pub(crate) fn new(decide: impl Fn(&Asked) -> Answer + Send + Sync + 'static) -> Self {
        Self {
            decide: Arc::new(decide),
            asked: Arc::default(),
            time: Arc::new(watch::Sender::new(Duration::ZERO)),
            answering: Arc::default(),
        }
    }

    /// An account whose clients ask this, and whose time this is.
    pub(crate) async fn account(&self) -> SdkConfig {
        let connector = SharedHttpConnector::new(self.clone());
        aws_config::defaults(BehaviorVersion::latest())
            .region(Region::new("eu-central-1"))
            .credentials_provider(Credentials::from_keys("process", "secret", None))
            .http_client(http_client_fn(move |_, _| connector.clone()))
            .sleep_impl(self.clone())
            .load()
            .await
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().expect("not poisoned").clone()
    }

    /// How much time has passed.
    pub(crate) fn passed(&self) -> Duration {
        *self.time.borrow()
    }

    async fn until(&self, end: Duration) {
        while self.passed() < end {
            tokio::task::yield_now().await;
            if self.answering.load(Ordering::SeqCst) == 0 {
                self.time.send_modify(|now| *now += STEP);
            }
        }
    }

    /// Lets the answer of an operation take its time, in steps so small that whoever waits for less is woken before.
    async fn let_pass(&self, time: Duration) {
        let _answering = Answering::begin(&self.answering);
        let end = self.passed() + time;
        while self.passed() < end {
            self.time.send_modify(|now| *now += STEP);
            for _ in 0..8 {
                tokio::task::yield_now().await;
            }
        }
    }
}

/// An answer that is on its way, until it is there or nobody waits for it any more.
struct Answering(Arc<AtomicUsize>);

impl Answering {
    fn begin(answering: &Arc<AtomicUsize>) -> Self {
        answering.fetch_add(1, Ordering::SeqCst);
        Self(Arc::clone(answering))
    }
}

impl Drop for Answering {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl AsyncSleep for Fake {
    fn sleep(&self, duration: Duration) -> Sleep {
        let (fake, end) = (self.clone(), self.passed() + duration);
        Sleep::new(async move { fake.until(end).await })
    }
}

impl HttpConnector for Fake {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let fake = self.clone();
        HttpConnectorFuture::new(async move {
            let body = request.body().bytes().map(|bytes| String::from_utf8_lossy(bytes).into_owned()).unwrap_or_default();
            let asked = (request.uri().to_owned(), body);
            fake.asked.lock().expect("not poisoned").push(asked.clone());
            let Answer(time, status, body) = (fake.decide)(&asked);
            fake.let_pass(time).await;
            Ok(HttpResponse::new(StatusCode::try_from(status).expect("a status"), SdkBody::from(body)))
        })
    }
}
