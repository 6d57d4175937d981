//! The proxy.

use std::{
    collections::HashMap,
    io,
    net::Ipv4Addr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use futures::stream;
use http_body_util::{BodyExt, Full, StreamBody, combinators::UnsyncBoxBody};
use hyper::{
    HeaderMap, Method, Request, Response, Uri,
    body::{Frame, Incoming},
    header,
    service::service_fn,
};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::{TokioExecutor, TokioIo},
};
use tokio::{net::TcpListener, sync::oneshot, task::JoinSet};

use crate::{
    Fault,
    account_says::{Rest, Service, called, changes, refusal, take_off, tell_of},
    fault::{Order, Plan},
};

type Body = UnsyncBoxBody<Bytes, io::Error>;
type Answer = io::Result<Response<Body>>;

/// Where a caller is stopped for good: before or after its request is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// The account never hears of the request.
    Before,
    /// It is done, and nobody is told.
    After,
}

/// A proxy before one server. Until it is told otherwise it hands everything on.
#[derive(Debug)]
pub struct Proxy {
    shared: Arc<Shared>,
    port: u16,
    /// Listens and serves; gone while nobody is to be there.
    serving: Mutex<Option<JoinSet<()>>>,
}

/// Which calls count on the way to the last one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counted {
    /// Every call.
    All,
    /// Those that change something: to stop at a call that only reads is to stop behind the change before it.
    Changes,
}

/// The last call that is answered, or done, and who waits for it.
#[derive(Debug)]
struct LastCall {
    /// So many there are to be still.
    left: usize,
    counted: Counted,
    stop: Stop,
    waiting: Option<oneshot::Sender<()>>,
}

#[derive(Debug)]
struct Shared {
    upstream: String,
    /// Where requests for the search cluster go.
    search: Option<String>,
    client: Client<HttpConnector, Full<Bytes>>,
    plan: Mutex<Plan>,
    calls: Mutex<Vec<String>>,
    last: Mutex<Option<LastCall>>,
    /// First answers by path, for [`Fault::Stale`].
    first: Mutex<HashMap<String, (HeaderMap, Bytes)>>,
}

impl Proxy {
    /// Before the server at `url` (`http://127.0.0.1:…`), on a port of its own.
    ///
    /// # Panics
    /// If no port can be had.
    pub async fn before(url: &str) -> Self {
        Self::before_account(url, None).await
    }

    /// The same before an account whose search cluster is another server: requests that are signed for it go there.
    ///
    /// # Panics
    /// If no port can be had.
    pub async fn before_account(url: &str, search: Option<&str>) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let shared = Arc::new(Shared {
            upstream: url.to_owned(),
            search: search.map(str::to_owned),
            client: Client::builder(TokioExecutor::new()).build_http(),
            plan: Mutex::default(),
            calls: Mutex::default(),
            last: Mutex::default(),
            first: Mutex::default(),
        });
        let serving = Mutex::new(Some(serve(listener, Arc::clone(&shared))));
        Self { shared, port, serving }
    }

    /// Where it answers.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// From now on this happens to every request.
    pub fn always(&self, fault: Fault) {
        locked(&self.shared.plan).add(Order { operation: None, fault, left: None });
    }

    /// From now on this happens to every request of an operation (`PutItem`; of S3, `PUT`).
    pub fn always_to(&self, operation: &str, fault: Fault) {
        locked(&self.shared.plan).add(Order { operation: Some(operation.to_owned()), fault, left: None });
    }

    /// This happens to the next request.
    pub fn once(&self, fault: Fault) {
        locked(&self.shared.plan).add(Order { operation: None, fault, left: Some(1) });
    }

    /// This happens to the next request of an operation.
    pub fn once_to(&self, operation: &str, fault: Fault) {
        locked(&self.shared.plan).add(Order { operation: Some(operation.to_owned()), fault, left: Some(1) });
    }

    /// Operations that something was to happen to, and that were not asked for.
    #[must_use]
    pub fn unmet(&self) -> Vec<String> {
        locked(&self.shared.plan).unmet()
    }

    /// Everything is well again.
    pub fn heal(&self) {
        locked(&self.shared.plan).clear();
        *locked(&self.shared.last) = None;
    }

    /// Operations that were asked for since the last time, in order, repetitions of the SDK too.
    #[must_use]
    pub fn calls(&self) -> Vec<String> {
        std::mem::take(&mut *locked(&self.shared.calls))
    }

    /// The `count`th request from now on (from 1) of those that are counted, and all behind it, get no answer. The future
    /// ends when that request is there, and done where it is to be.
    pub fn stop_at(&self, count: usize, counted: Counted, stop: Stop) -> impl Future<Output = ()> + use<> {
        let (sender, receiver) = oneshot::channel();
        *locked(&self.shared.last) = Some(LastCall { left: count, counted, stop, waiting: Some(sender) });
        async move {
            if receiver.await.is_err() {
                // It was called off.
                std::future::pending().await
            }
        }
    }

    /// Nobody is there: connections end, and new ones are refused.
    pub async fn go_away(&self) {
        let serving = locked(&self.serving).take();
        if let Some(mut tasks) = serving {
            tasks.shutdown().await;
        }
    }

    /// Listens again, on the same port.
    ///
    /// # Panics
    /// If somebody else took the port.
    pub async fn come_back(&self) {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, self.port)).await.expect("the port is free");
        *locked(&self.serving) = Some(serve(listener, Arc::clone(&self.shared)));
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The task that listens holds those of its connections: with it, all end.
fn serve(listener: TcpListener, shared: Arc<Shared>) -> JoinSet<()> {
    let mut serving = JoinSet::new();
    serving.spawn(async move {
        let mut connections = JoinSet::new();
        loop {
            let Ok((stream, _)) = listener.accept().await else { continue };
            let shared = Arc::clone(&shared);
            connections.spawn(async move {
                let service = service_fn(|request| shared.answer(request));
                // A connection that ends early is what it is for.
                let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
            });
            while connections.try_join_next().is_some() {}
        }
    });
    serving
}

/// A request as it was read.
struct Call {
    service: Service,
    method: Method,
    path: String,
    headers: HeaderMap,
    body: Bytes,
}

impl Shared {
    /// An error ends the connection without a word.
    async fn answer(&self, request: Request<Incoming>) -> Answer {
        let (head, body) = request.into_parts();
        let path = head.uri.path_and_query().map_or_else(|| "/".to_owned(), ToString::to_string);
        let (service, operation) = called(head.method.as_str(), &path, &head.headers);
        let fault = locked(&self.plan).next(&operation);
        locked(&self.calls).push(operation.clone());
        let body = body.collect().await.map_err(io::Error::other)?.to_bytes();
        let call = Call { service, method: head.method, path, headers: head.headers, body };
        if let Some((stop, sender)) = self.counted_down(&operation) {
            if stop == Stop::After {
                self.hand_on(&call).await?;
            }
            if let Some(sender) = sender {
                // Whoever waited may have given up.
                let _ = sender.send(());
            }
            return std::future::pending().await;
        }
        match fault {
            None => self.hand_on(&call).await.map(whole),
            Some(Fault::Unheard) => Err(cut()),
            Some(Fault::Lost) => {
                self.hand_on(&call).await?;
                Err(cut())
            }
            Some(Fault::Torn) => self.hand_on(&call).await.and_then(torn),
            Some(Fault::Slow(time)) => {
                let answer = self.hand_on(&call).await?;
                tokio::time::sleep(time).await;
                Ok(whole(answer))
            }
            Some(Fault::Partly) => self.partly(&operation, call).await,
            Some(Fault::Stale) => self.stale(&call).await,
            Some(fault) => refusal(service, fault).map(|response| response.map(boxed)).ok_or_else(cut),
        }
    }

    /// Where this call stops, if it is the last or behind it; with whom to tell, if it is the last.
    fn counted_down(&self, operation: &str) -> Option<(Stop, Option<oneshot::Sender<()>>)> {
        let mut last = locked(&self.last);
        let last = last.as_mut()?;
        if last.counted == Counted::All || changes(operation) {
            last.left = last.left.saturating_sub(1);
        }
        (last.left == 0).then(|| (last.stop, last.waiting.take()))
    }

    async fn partly(&self, operation: &str, call: Call) -> Answer {
        let (rest, taken) = take_off(operation, &call.body).expect("a batch");
        let (headers, status, answer) = match rest {
            Rest::Some(body) => self.hand_on(&Call { body, ..call }).await?,
            Rest::Nothing(answer) => (HeaderMap::new(), hyper::StatusCode::OK, answer),
        };
        let answer = tell_of(operation, &taken, &answer).expect("an answer to a batch");
        Ok(whole((headers, status, answer)))
    }

    async fn stale(&self, call: &Call) -> Answer {
        let first = locked(&self.first).get(&call.path).cloned();
        let Some((headers, body)) = first else { return self.hand_on(call).await.map(whole) };
        Ok(whole((headers, hyper::StatusCode::OK, body)))
    }

    /// What the server says.
    async fn hand_on(&self, call: &Call) -> io::Result<Told> {
        let upstream = self.search.as_ref().filter(|_| call.service == Service::OpenSearch).unwrap_or(&self.upstream);
        let uri: Uri = format!("{upstream}{}", call.path).parse().map_err(io::Error::other)?;
        let mut request = Request::new(Full::new(call.body.clone()));
        *request.method_mut() = call.method.clone();
        *request.uri_mut() = uri;
        for (name, value) in call.headers.iter().filter(|(name, _)| !of_the_connection(name)) {
            request.headers_mut().append(name, value.clone());
        }
        let answer = self.client.request(request).await.map_err(io::Error::other)?;
        let (head, body) = answer.into_parts();
        let body = body.collect().await.map_err(io::Error::other)?.to_bytes();
        if head.status.is_success() {
            locked(&self.first).entry(call.path.clone()).or_insert_with(|| (head.headers.clone(), body.clone()));
        }
        Ok((head.headers, head.status, body))
    }
}

type Told = (HeaderMap, hyper::StatusCode, Bytes);

/// Headers that say how long a message is and what becomes of its connection are written anew. Nor is anything compressed:
/// answers are read, and changed.
fn of_the_connection(name: &header::HeaderName) -> bool {
    [header::ACCEPT_ENCODING, header::CONTENT_LENGTH, header::TRANSFER_ENCODING, header::CONNECTION].contains(name)
}

fn cut() -> io::Error {
    io::Error::other("by order of the test")
}

fn boxed(body: Full<Bytes>) -> Body {
    body.map_err(|never| match never {}).boxed_unsync()
}

fn whole((headers, status, body): Told) -> Response<Body> {
    let empty = body.is_empty();
    let mut response = Response::new(boxed(Full::new(body)));
    *response.status_mut() = status;
    for (name, value) in headers.iter().filter(|(name, _)| !of_the_connection(name)) {
        response.headers_mut().append(name, value.clone());
    }
    // An answer to HEAD tells the length of a body that does not come.
    if let Some(length) = headers.get(header::CONTENT_LENGTH).filter(|_| empty) {
        response.headers_mut().insert(header::CONTENT_LENGTH, length.clone());
    }
    response
}

/// The first half of an answer that says how long it will be.
fn torn((headers, status, body): Told) -> Answer {
    if body.is_empty() {
        return Err(cut());
    }
    let length = body.len();
    let half = [Ok(Frame::data(body.slice(..length / 2))), Err(cut())];
    let mut response = whole((headers, status, Bytes::new()));
    *response.body_mut() = StreamBody::new(stream::iter(half)).boxed_unsync();
    response.headers_mut().insert(header::CONTENT_LENGTH, length.into());
    Ok(response)
}
