//! The least that axum does for a request: a handler whose answer is always the same, in a process of its own.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Stdio,
};

use anyhow::{Context as _, Result};
use axum::{Router, http::header, response::IntoResponse as _, routing::get};
use bytes::Bytes;
use tokio::{
    io::{AsyncBufReadExt as _, BufReader, Lines},
    net::TcpListener,
    process::{Child, ChildStdout, Command},
};

/// Answers `GET /packages/{id}` with the content of this file until the process is ended; tells first where it listens.
pub(crate) async fn serve(body: &Path) -> Result<()> {
    let body = Bytes::from(fs::read(body)?);
    let handler = async move || ([(header::CONTENT_TYPE, "application/json")], body.clone()).into_response();
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    crate::tell(&listener.local_addr()?.to_string())?;
    Ok(axum::serve(listener, Router::new().route("/packages/{id}", get(handler))).await?)
}

/// That process; it ends when this is dropped.
pub(crate) struct Bare {
    _child: Child,
    // Kept open: it must not die of a closed pipe.
    _said: Lines<BufReader<ChildStdout>>,
    /// Where it listens, `host:port`.
    pub(crate) address: String,
}

impl Bare {
    /// Starts it with this body.
    pub(crate) async fn start(scratch: &Path, body: &[u8]) -> Result<Self> {
        let path: PathBuf = scratch.join("bare.json");
        fs::write(&path, body)?;
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("bare").arg("--body").arg(&path).stdin(Stdio::null()).stdout(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn()?;
        let mut said = BufReader::new(child.stdout.take().context("its output")?).lines();
        let address = said.next_line().await?.context("the bare handler ended")?;
        Ok(Self { _child: child, _said: said, address })
    }
}
