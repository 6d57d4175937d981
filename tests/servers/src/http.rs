//! Servers that speak HTTP on a port that they are told.

use std::{
    ffi::OsString,
    io::{Read, Write},
    net::{Ipv4Addr, TcpStream},
    time::Duration,
};

use anyhow::Result;

use crate::{Server, cache_folder, free_port};

/// Starts `command(port)` and waits until `path` answers with something that is no server error.
pub(crate) fn start(name: &str, limit: Duration, path: &str, command: impl Fn(u16) -> Vec<OsString>) -> Result<Server> {
    let mut attempt = 0;
    loop {
        let port = free_port()?;
        let log = cache_folder()?.join(format!("{name}-{port}.log"));
        let started = Server::start(&command(port), port, &log, limit, || answers(port, path));
        // The port was free a moment ago; another process may have been faster.
        attempt += 1;
        if started.is_ok() || attempt == 3 {
            // Once it runs nobody reads the log, and the name goes away with the port.
            let _ = std::fs::remove_file(log);
            return started;
        }
    }
}

fn answers(port: u16, path: &str) -> bool {
    status(port, &format!("GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n")).is_ok_and(|status| status < 500)
}

/// Sends a request as it stands and reads the status of the answer.
pub(crate) fn status(port: u16, request: &str) -> Result<u16> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    stream.write_all(request.as_bytes())?;
    let mut line = [0; "HTTP/1.1 200".len()];
    stream.read_exact(&mut line)?;
    let line = std::str::from_utf8(&line)?;
    Ok(line.split(' ').next_back().unwrap_or_default().parse()?)
}
