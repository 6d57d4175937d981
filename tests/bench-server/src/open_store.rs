//! The product's object store behind a door without a lock: whoever comes may put.

use std::{path::Path, sync::Arc, time::Duration};

use anyhow::Result;
use bytes::Bytes;
use embedded::{
    listen::{Limits, serve},
    objects::{ObjectStore, PutConditions, StoreError},
};
use futures::TryStreamExt as _;
use http::{Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt as _, BodyStream, Full};
use hyper::body::Incoming;
use runtime::system::{SystemClock, SystemIds};
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle};

/// The bucket of everything.
const BUCKET: &str = "open";
/// As the server has it.
const HEAD_TIME: Duration = Duration::from_secs(15);
const HEAD_BYTES: usize = 64 * 1024;
const MOST_CONNECTIONS: usize = 256;

/// A store of its own, served on the loopback.
pub(crate) struct OpenStore {
    url: String,
    stop: oneshot::Sender<()>,
    served: JoinHandle<std::io::Result<()>>,
}

impl OpenStore {
    /// Makes it below `folder`.
    pub(crate) async fn start(folder: &Path) -> Result<Self> {
        let store = Arc::new(ObjectStore::open(folder, Arc::new(SystemClock), Arc::new(SystemIds::default()))?);
        store.ensure_bucket(BUCKET).await?;
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}", listener.local_addr()?);
        let (stop, stopped) = oneshot::channel::<()>();
        let limits = Limits { connections: MOST_CONNECTIONS, head_time: HEAD_TIME, head_bytes: HEAD_BYTES, tls: None };
        let handle = move |request: Request<Incoming>, _| {
            let store = Arc::clone(&store);
            async move { answer(&store, request).await }
        };
        let served = tokio::spawn(serve(listener, limits, handle, async {
            // Dropped, it ends as well.
            let _ = stopped.await;
        }));
        Ok(Self { url, stop, served })
    }

    /// Where it is, without a slash at the end.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Ends it.
    pub(crate) async fn stop(self) -> Result<()> {
        drop(self.stop);
        Ok(self.served.await??)
    }
}

/// Keeps the body as the object of the request's path, on the conditions that a push sets: its size, and that there is none.
async fn answer(store: &ObjectStore, request: Request<Incoming>) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::default());
    *response.status_mut() = match put(store, request).await {
        Ok(status) => status,
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR,
    };
    response
}

async fn put(store: &ObjectStore, request: Request<Incoming>) -> Result<StatusCode, StoreError> {
    let size = request.headers().get(header::CONTENT_LENGTH).and_then(|size| size.to_str().ok()?.parse().ok());
    if request.method() != Method::PUT || size.is_none() {
        return Ok(StatusCode::BAD_REQUEST);
    }
    let key = request.uri().path().trim_start_matches('/').to_owned();
    let conditions = PutConditions { size, sha256: None, only_if_absent: true };
    let data = BodyStream::new(request.into_body().map_frame(|frame| frame.map_data(Bytes::from)));
    let content = data
        .try_filter_map(|frame| async move { Ok::<_, hyper::Error>(frame.into_data().ok()) })
        .map_err(|error| Box::new(error) as Box<dyn std::error::Error + Send + Sync>);
    store.put(BUCKET, &key, "application/octet-stream", conditions, Box::pin(content)).await?;
    Ok(StatusCode::OK)
}
