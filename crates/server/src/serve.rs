//! Listening and stopping.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use anyhow::Context as _;
use axum::{Router, body::Body, extract::ConnectInfo};
use embedded::objects::EndpointOptions;
use http::Request;
use hyper::body::Incoming;
use runtime::{configuration::Configuration, worker::Workers};
use tokio::{
    net::TcpListener,
    task::{JoinError, JoinHandle},
};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

use crate::{home::Home, objects::Keys, routes, work};

/// After this time without an end, requests and workers are cut off; nothing acknowledged is lost by it.
const SHUTDOWN_LIMIT: Duration = Duration::from_secs(30);
/// Connections to the API at once.
const API_CONNECTIONS: usize = 2_048;
/// Connections to the object endpoint at once.
const OBJECT_CONNECTIONS: usize = 256;

/// A running server.
pub struct Server {
    api_url: String,
    objects_url: String,
    stop: CancellationToken,
    workers: Workers,
    api: JoinHandle<std::io::Result<()>>,
    /// Stopped last: requests and workers that come to their end still need it.
    stop_objects: CancellationToken,
    objects: JoinHandle<std::io::Result<()>>,
}

/// Opens the data and begins to serve.
///
/// # Errors
/// If the data can't be opened, or an address can't be listened on.
pub async fn start(configuration: &Configuration) -> anyhow::Result<Server> {
    let home = Arc::new(Home::open(&configuration.data_dir).await?);
    let (api, api_bound) = listen(configuration.api.listen).await?;
    let (objects, objects_bound) = listen(configuration.objects.listen).await?;
    let api_url = configuration.api.public_url(api_bound);
    let objects_url = configuration.objects.public_url(objects_bound);

    let ports = home.objects(objects_bound, &objects_url);
    let (stop, stop_objects) = (CancellationToken::new(), CancellationToken::new());
    let router = routes::router(&home, &ports, configuration, &api_url)?;
    let keys = Keys { identity: home.identity.clone(), datasets: home.datasets(&ports) };
    let options = EndpointOptions {
        internal: home.internal_key.clone(),
        access: Arc::new(keys),
        origins: vec![api_url.clone()],
        connections: OBJECT_CONNECTIONS,
    };
    let endpoint =
        tokio::spawn(embedded::objects::serve(objects, Arc::clone(&home.store), options, stop_objects.clone().cancelled_owned()));
    let workers = work::start(&home, &ports, configuration, &api_url, &stop).await?;
    let api = tokio::spawn(serve_api(api, router, stop.clone()));
    tracing::info!(api = api_url, objects = objects_url, "the data lake is open");
    Ok(Server { api_url, objects_url, stop, workers, api, stop_objects, objects: endpoint })
}

async fn listen(address: SocketAddr) -> anyhow::Result<(TcpListener, SocketAddr)> {
    let listener = TcpListener::bind(address).await.with_context(|| format!("can't listen on {address}"))?;
    let bound = listener.local_addr()?;
    Ok((listener, bound))
}

async fn serve_api(listener: TcpListener, router: Router, stop: CancellationToken) -> std::io::Result<()> {
    let handle = move |request: Request<Incoming>, address: SocketAddr| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(ConnectInfo(address));
        let answer = router.clone().oneshot(request);
        async move { answer.await.unwrap_or_else(|never| match never {}) }
    };
    embedded::listen::serve(listener, API_CONNECTIONS, handle, stop.cancelled_owned()).await
}

impl Server {
    /// How clients reach the API.
    #[must_use]
    pub fn api_url(&self) -> &str {
        &self.api_url
    }

    /// How clients reach the object endpoint.
    #[must_use]
    pub fn objects_url(&self) -> &str {
        &self.objects_url
    }

    /// Serves until the process is told to end (SIGINT or SIGTERM), then lets requests and workers end.
    ///
    /// # Errors
    /// If a listener failed.
    pub async fn run_until_stopped(mut self) -> anyhow::Result<()> {
        tokio::select! {
            signal = signalled() => signal?,
            ended = &mut self.api => return ended_early("API", ended),
            ended = &mut self.objects => return ended_early("object endpoint", ended),
        }
        tracing::info!("stopping");
        self.stop().await
    }

    /// Lets requests and workers end.
    ///
    /// # Errors
    /// If a listener failed.
    pub async fn stop(self) -> anyhow::Result<()> {
        self.stop.cancel();
        if !self.workers.shutdown(SHUTDOWN_LIMIT).await {
            tracing::warn!("workers were cut off; what they were doing comes again");
        }
        wait(self.api).await?;
        self.stop_objects.cancel();
        wait(self.objects).await
    }
}

async fn wait(listener: JoinHandle<std::io::Result<()>>) -> anyhow::Result<()> {
    match tokio::time::timeout(SHUTDOWN_LIMIT, listener).await {
        Ok(ended) => Ok(ended??),
        Err(_) => {
            tracing::warn!("requests were cut off");
            Ok(())
        }
    }
}

/// Half a data lake is none: the process ends, and whoever watches it starts it again.
fn ended_early(which: &str, ended: Result<std::io::Result<()>, JoinError>) -> anyhow::Result<()> {
    ended.with_context(|| format!("the {which} broke"))?.with_context(|| format!("the {which} failed"))?;
    anyhow::bail!("the {which} ended by itself")
}

async fn signalled() -> anyhow::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => interrupted?,
        _ = terminate.recv() => {}
    }
    Ok(())
}
