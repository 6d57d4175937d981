//! Requests in a closed loop: every connection asks again once it has its answer.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Empty};
use hyper::{Request, StatusCode, client::conn::http1};
use hyper_util::rt::TokioIo;
use tokio::{net::TcpStream, task::JoinSet};

/// A request that can be sent again and again.
pub(crate) type Prepared = Request<Empty<Bytes>>;

/// Connections that ask at the same time.
const CONNECTIONS: usize = 16;

/// So many answers a second come from `address` (`host:port`), each one 200 and read whole.
pub(crate) async fn answers_per_second(address: &str, requests: &Arc<[Prepared]>, time: Duration) -> Result<f64> {
    let mut connections = Vec::with_capacity(CONNECTIONS);
    for _ in 0..CONNECTIONS {
        connections.push(connect(address).await?);
    }
    let begin = Instant::now();
    let mut asking = JoinSet::new();
    for (number, connection) in connections.into_iter().enumerate() {
        asking.spawn(ask(connection, Arc::clone(requests), number * requests.len() / CONNECTIONS, begin + time));
    }
    let mut answers = 0_u32;
    while let Some(asked) = asking.join_next().await {
        answers += asked??;
    }
    Ok(f64::from(answers) / begin.elapsed().as_secs_f64())
}

type Connection = http1::SendRequest<Empty<Bytes>>;

/// A connection that is kept.
pub(crate) async fn connect(address: &str) -> Result<Connection> {
    let stream = TcpStream::connect(address).await.with_context(|| format!("nobody listens on {address}"))?;
    stream.set_nodelay(true)?;
    let (connection, driver) = http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(driver);
    Ok(connection)
}

async fn ask(mut connection: Connection, requests: Arc<[Prepared]>, first: usize, until: Instant) -> Result<u32> {
    let mut answers = 0;
    for request in requests.iter().cycle().skip(first) {
        if Instant::now() >= until {
            break;
        }
        answer(&mut connection, request).await?;
        answers += 1;
    }
    Ok(answers)
}

/// The body of one answer, which must be 200.
pub(crate) async fn answer(connection: &mut Connection, request: &Prepared) -> Result<Bytes> {
    let answer = connection.send_request(request.clone()).await?;
    let status = answer.status();
    let body = answer.into_body().collect().await?.to_bytes();
    ensure!(status == StatusCode::OK, "{status}: {}", String::from_utf8_lossy(&body));
    Ok(body)
}
