//! Listening and stopping.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use anyhow::Context as _;
use axum::{Router, body::Body, extract::ConnectInfo};
use embedded::{listen::Limits, objects::EndpointOptions, tls::Tls};
use http::Request;
use hyper::body::Incoming;
use ipnet::IpNet;
use runtime::{configuration::Configuration, worker::Workers};
use tokio::{
    net::TcpListener,
    task::{JoinError, JoinHandle},
};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

use crate::{
    client_address::client_address,
    home::Home,
    import_sources,
    metrics::{self, Metrics},
    objects::Keys,
    routes, work,
};

/// After this time without an end, requests and workers are cut off; nothing acknowledged is lost by it.
const SHUTDOWN_LIMIT: Duration = Duration::from_secs(30);
/// Connections for metrics at once.
const METRICS_CONNECTIONS: usize = 16;
/// How often the files of the certificate are looked at.
const CERTIFICATE_LOOK: Duration = Duration::from_secs(60);

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
    let metrics_listener = match configuration.metrics_listen {
        Some(address) => Some(listen(address).await?),
        None => None,
    };
    let tls = certificate(configuration).await?;
    let api_url = configuration.api.public_url(api_bound, tls.is_some());
    let objects_url = configuration.objects.public_url(objects_bound, tls.is_some());

    let roots = import_sources::folders(configuration).await?;
    let ports = import_sources::beside(home.objects(objects_bound, &objects_url, &roots), configuration, &home)?;
    let (stop, stop_objects) = (CancellationToken::new(), CancellationToken::new());
    let metrics = Metrics::new();
    let router = routes::router(&home, &ports, configuration, &api_url, &metrics)?;
    let keys = Keys { identity: home.identity.clone(), datasets: home.datasets(&ports) };
    let options = EndpointOptions {
        internal: home.internal_key.clone(),
        access: Arc::new(keys),
        origins: vec![api_url.clone()],
        roots: roots.clone(),
        limits: limits(configuration, configuration.limits.object_connections, tls.clone()),
    };
    let endpoint =
        tokio::spawn(embedded::objects::serve(objects, Arc::clone(&home.store), options, stop_objects.clone().cancelled_owned()));
    import_sources::register(&home, &ports, &roots, configuration).await?;
    let workers = work::start(&home, &ports, configuration, &api_url, &stop).await?;
    let api_limits = limits(configuration, configuration.limits.api_connections, tls.clone());
    let api = tokio::spawn(serve_router(api, router, api_limits, configuration.trusted_proxies.clone(), stop.clone()));
    if let Some((listener, bound)) = metrics_listener {
        let router = metrics::router(metrics, Arc::clone(&home));
        let limits = limits(configuration, METRICS_CONNECTIONS, None);
        tokio::spawn(serve_router(listener, router, limits, Vec::new(), stop.clone()));
        tracing::info!(metrics = %bound, "metrics are told");
    }
    if let Some(tls) = tls {
        tokio::spawn(follow_certificate(tls, stop.clone()));
    }
    tracing::info!(api = api_url, objects = objects_url, "the data lake is open");
    Ok(Server { api_url, objects_url, stop, workers, api, stop_objects, objects: endpoint })
}

async fn listen(address: SocketAddr) -> anyhow::Result<(TcpListener, SocketAddr)> {
    let listener = TcpListener::bind(address).await.with_context(|| format!("can't listen on {address}"))?;
    let bound = listener.local_addr()?;
    Ok((listener, bound))
}

fn limits(configuration: &Configuration, connections: usize, tls: Option<Tls>) -> Limits {
    let limits = &configuration.limits;
    Limits { connections, head_time: limits.head_time, head_bytes: limits.head_bytes, tls }
}

async fn certificate(configuration: &Configuration) -> anyhow::Result<Option<Tls>> {
    let Some(files) = configuration.tls.clone() else { return Ok(None) };
    let loaded = tokio::task::spawn_blocking(move || Tls::load(&files.certificate, &files.key)).await?;
    Ok(Some(loaded.context("can't use the certificate")?))
}

/// Reads the certificate again when its files have changed, and when the process is told so (SIGHUP).
async fn follow_certificate(tls: Tls, stop: CancellationToken) {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut told) = signal(SignalKind::hangup()) else { return };
    let mut known = tls.changed_at();
    loop {
        let by_hand = tokio::select! {
            () = stop.cancelled() => return,
            _ = told.recv() => true,
            () = tokio::time::sleep(CERTIFICATE_LOOK) => false,
        };
        let changed_at = tls.changed_at();
        if by_hand || changed_at != known {
            known = changed_at;
            let files = tls.clone();
            match tokio::task::spawn_blocking(move || files.reload()).await {
                Ok(Ok(())) => tracing::info!("the certificate was read again"),
                Ok(Err(error)) => tracing::error!(%error, "the new certificate can't be used; the old one stays"),
                Err(error) => tracing::error!(%error, "the certificate can't be read"),
            }
        }
    }
}

async fn serve_router(
    listener: TcpListener,
    router: Router,
    limits: Limits,
    proxies: Vec<IpNet>,
    stop: CancellationToken,
) -> std::io::Result<()> {
    let proxies: Arc<[IpNet]> = proxies.into();
    let handle = move |request: Request<Incoming>, peer: SocketAddr| {
        let mut request = request.map(Body::new);
        let address = client_address(peer, request.headers(), &proxies);
        request.extensions_mut().insert(ConnectInfo(address));
        let answer = router.clone().oneshot(request);
        async move { answer.await.unwrap_or_else(|never| match never {}) }
    };
    embedded::listen::serve(listener, limits, handle, stop.cancelled_owned()).await
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
