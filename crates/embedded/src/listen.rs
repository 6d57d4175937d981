//! Serving HTTP on a port: bounded connections, limits of time, an orderly end. The object endpoint and the API share it.

use std::{convert::Infallible, error::Error, future::Future, io, net::SocketAddr, sync::Arc, time::Duration};

use http::{Request, Response};
use hyper::{
    body::{Body, Incoming},
    rt::{Read, Write},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::{GracefulShutdown, Watcher},
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    time::timeout,
};

use crate::tls::Tls;

/// How long answers may go on after the shutdown began.
const SHUTDOWN_TIME: Duration = Duration::from_secs(30);

/// With this byte a TLS connection begins (RFC 8446, section 5.1: a record of the type `handshake`), and no HTTP request.
const HANDSHAKE: u8 = 22;

/// What one port takes.
#[derive(Clone)]
pub struct Limits {
    /// Connections at once; more wait to be accepted.
    pub connections: usize,
    /// How long a client may take for a TLS handshake, and then to send a request's head.
    pub head_time: Duration,
    /// How long a request's head may be, 8 KiB at least.
    pub head_bytes: usize,
    /// The certificate, if connections are encrypted. Those from this machine itself may be plain even then.
    pub tls: Option<Tls>,
}

/// Serves until `shutdown`, then lets answers end, but not for long.
///
/// # Errors
/// Only when the runtime itself ends.
pub async fn serve<H, F, B>(listener: TcpListener, limits: Limits, handler: H, shutdown: impl Future<Output = ()>) -> io::Result<()>
where
    H: Fn(Request<Incoming>, SocketAddr) -> F + Clone + Send + 'static,
    F: Future<Output = Response<B>> + Send + 'static,
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    let connections = Arc::new(Semaphore::new(limits.connections));
    let graceful = GracefulShutdown::new();
    let mut shutdown = std::pin::pin!(shutdown);
    loop {
        let accepted = async {
            let permit = Arc::clone(&connections).acquire_owned().await.map_err(io::Error::other)?;
            listener.accept().await.map(|(stream, address)| (stream, address, permit))
        };
        let (stream, address, permit): (TcpStream, _, _) = tokio::select! {
            () = &mut shutdown => break,
            accepted = accepted => match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    // Out of file handles, say: others must be closed first.
                    tracing::warn!(%error, "a connection can't be accepted");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    continue;
                }
            },
        };
        // Answers are small or come in large buffers: waiting to fill a packet only delays them.
        let _ = stream.set_nodelay(true);
        let connection = Connection { limits: limits.clone(), handler: handler.clone(), address, watcher: graceful.watcher() };
        tokio::spawn(async move {
            if let Err(error) = connection.run(stream).await {
                tracing::debug!(error, "a connection broke");
            }
            drop(permit);
        });
    }
    if timeout(SHUTDOWN_TIME, graceful.shutdown()).await.is_err() {
        tracing::warn!("answers were cut off by the shutdown");
    }
    Ok(())
}

struct Connection<H> {
    limits: Limits,
    handler: H,
    address: SocketAddr,
    watcher: Watcher,
}

type Broken = Box<dyn Error + Send + Sync>;

impl<H, F, B> Connection<H>
where
    H: Fn(Request<Incoming>, SocketAddr) -> F + Send + 'static,
    F: Future<Output = Response<B>> + Send + 'static,
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<Broken>,
{
    async fn run(self, stream: TcpStream) -> Result<(), Broken> {
        let Some(tls) = self.limits.tls.clone() else { return self.converse(TokioIo::new(stream)).await };
        let mut first = [0];
        timeout(self.limits.head_time, stream.peek(&mut first)).await??;
        if first != [HANDSHAKE] && is_of_this_machine(&stream, self.address)? {
            return self.converse(TokioIo::new(stream)).await;
        }
        let encrypted = timeout(self.limits.head_time, tls.acceptor().accept(stream)).await??;
        self.converse(TokioIo::new(encrypted)).await
    }

    async fn converse(self, stream: impl Read + Write + Unpin + Send + 'static) -> Result<(), Broken> {
        let Self { limits, handler, address, watcher } = self;
        let service = service_fn(move |request| {
            let answer = handler(request, address);
            async move { Ok::<_, Infallible>(answer.await) }
        });
        let mut builder = http1::Builder::new();
        builder.timer(TokioTimer::new()).header_read_timeout(limits.head_time).max_buf_size(limits.head_bytes);
        Ok(watcher.watch(builder.serve_connection(stream, service)).await?)
    }
}

/// Whether nobody between could have read along.
fn is_of_this_machine(stream: &TcpStream, peer: SocketAddr) -> io::Result<bool> {
    Ok(peer.ip().to_canonical().is_loopback() || peer.ip() == stream.local_addr()?.ip())
}
