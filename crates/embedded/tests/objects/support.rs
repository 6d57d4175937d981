//! An object endpoint in the test's own process.

use std::{path::Path, sync::Arc};

use async_trait::async_trait;
use aws::s3::{S3Config, S3Objects, static_credentials};
use datalake_embedded::listen::Limits;
use datalake_embedded::objects::{EndpointOptions, ImportRoots, InternalKey, ObjectAccess, ObjectStore, REGION, adapter, serve};
use domain::{
    Timestamp,
    ports::{Clock, Ids},
};
use secrecy::SecretString;
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle};
use ulid::Ulid;

/// The bucket that is there.
pub(crate) const BUCKET: &str = "data";

/// The time of the machine, for signatures are checked against it.
pub(crate) struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the endpoint checks signatures against the machine's own clock")]
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(jiff::Timestamp::now().as_millisecond()).expect("this century")
    }
}

/// Random ids, so that a store that is opened again makes no name twice.
pub(crate) struct RandomIds;

impl Ids for RandomIds {
    fn new_id(&self) -> Ulid {
        let mut bytes = [0; 16];
        self.random(&mut bytes);
        Ulid::from_bytes(bytes)
    }

    fn random(&self, bytes: &mut [u8]) {
        aws_lc_rs::rand::fill(bytes).expect("random bytes");
    }
}

/// One API key, `reader`, that may read what lies below `open/`.
struct OneReader;

#[async_trait]
impl ObjectAccess for OneReader {
    async fn secret(&self, access_key_id: &str) -> Option<SecretString> {
        (access_key_id == "reader").then(|| SecretString::from("the reader's secret"))
    }

    async fn may_read(&self, _access_key_id: &str, bucket: &str, key: &str, version: Option<&str>) -> bool {
        bucket == BUCKET && key.starts_with("open/") && version != Some("hidden")
    }
}

/// A store and its endpoint; both end with this.
pub(crate) struct Running {
    pub(crate) store: Arc<ObjectStore>,
    pub(crate) url: String,
    pub(crate) stop: Option<oneshot::Sender<()>>,
    pub(crate) served: JoinHandle<std::io::Result<()>>,
}

impl Running {
    /// The server's own adapter.
    pub(crate) fn objects(&self) -> S3Objects {
        adapter(&self.url, None, &internal_key(), Arc::new(SystemClock))
    }

    /// The adapter with another key.
    pub(crate) fn objects_of(&self, access_key_id: &str, secret: &str) -> S3Objects {
        let config = S3Config {
            region: REGION.to_owned(),
            endpoint_url: Some(self.url.clone()),
            signing_endpoint_url: None,
            path_style: true,
            credentials: static_credentials(access_key_id, &SecretString::from(secret)),
            kms_key_id: None,
        };
        S3Objects::new(config, Arc::new(SystemClock))
    }
}

pub(crate) fn internal_key() -> InternalKey {
    InternalKey { access_key_id: "internal".to_owned(), secret: SecretString::from("the server's secret") }
}

pub(crate) fn open(folder: &Path) -> ObjectStore {
    ObjectStore::open(folder, Arc::new(SystemClock), Arc::new(RandomIds)).expect("a store")
}

pub(crate) async fn start(folder: &Path) -> Running {
    let store = Arc::new(open(folder));
    store.ensure_bucket(BUCKET).await.expect("a bucket");
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let (stop, stopped) = oneshot::channel();
    let options = EndpointOptions {
        internal: internal_key(),
        access: Arc::new(OneReader),
        origins: vec!["https://console.example".to_owned()],
        roots: ImportRoots::default(),
        limits: Limits { connections: 64, head_time: std::time::Duration::from_secs(15), head_bytes: 64 * 1024, tls: None },
    };
    let served = tokio::spawn(serve(listener, Arc::clone(&store), options, async {
        let _ = stopped.await;
    }));
    Running { store, url, stop: Some(stop), served }
}
