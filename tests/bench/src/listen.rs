//! Where stand-ins listen.

use std::net::SocketAddr;

use anyhow::Result;
use axum::serve::{Listener, ListenerExt as _};
use tokio::net::{TcpListener, TcpStream};

/// Listens on a free port of this machine. Answers leave at once: one that waits for the acknowledgement of the packet before
/// it (Nagle's algorithm) waits for up to 40 ms, which are none of the function's.
pub(crate) async fn listen() -> Result<(impl Listener<Io = TcpStream, Addr = SocketAddr>, SocketAddr)> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let address = listener.local_addr()?;
    let at_once = |stream: &mut TcpStream| {
        let _ = stream.set_nodelay(true);
    };
    Ok((listener.tap_io(at_once), address))
}
