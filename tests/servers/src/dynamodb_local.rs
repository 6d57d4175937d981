//! DynamoDB Local, Amazon's own: the referee for the adapter of tables.

use std::{
    ffi::OsString,
    io::{Read, Write},
    net::{Ipv4Addr, TcpStream},
    sync::OnceLock,
    time::Duration,
};

use anyhow::Result;

use crate::{Server, cache_folder, free_port, java, maven_dependencies, once};

const VERSION: &str = "2.6.1";

/// The server, one for all tests of a process; it keeps nothing and ends with the process.
///
/// # Panics
/// If it can't be had, with what to install.
pub fn dynamodb_local() -> &'static Server {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(|| start().unwrap_or_else(|error| panic!("DynamoDB Local: {error:#}")))
}

fn start() -> Result<Server> {
    let java = java(17)?;
    let coordinates = format!("com.amazonaws:DynamoDBLocal:{VERSION}");
    let library = once(&format!("dynamodb-local-{VERSION}"), |folder| maven_dependencies(&coordinates, folder))?;
    let mut attempt = 0;
    loop {
        let port = free_port()?;
        let native = format!("-Djava.library.path={}", library.display());
        let classes = format!("{}/*", library.display());
        let number = port.to_string();
        let main = "com.amazonaws.services.dynamodbv2.local.main.ServerRunner";
        let arguments = ["-Xmx512m", &native, "-cp", &classes, main, "-inMemory", "-sharedDb", "-disableTelemetry", "-port", &number];
        let command: Vec<OsString> = std::iter::once(java.clone().into_os_string()).chain(arguments.map(OsString::from)).collect();
        let log = cache_folder()?.join(format!("dynamodb-local-{port}.log"));
        let started = Server::start(&command, port, &log, Duration::from_secs(60), || answers(port));
        // The port was free a moment ago; another process may have been faster.
        attempt += 1;
        if started.is_ok() || attempt == 3 {
            // Once it runs nobody reads the log, and the name goes away with the port.
            let _ = std::fs::remove_file(log);
            return started;
        }
    }
}

/// Whether an HTTP server answers there.
fn answers(port: u16) -> bool {
    let ask = || -> std::io::Result<usize> {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
        stream.set_read_timeout(Some(Duration::from_secs(5)))?;
        stream.write_all(b"GET / HTTP/1.0\r\n\r\n")?;
        stream.read(&mut [0; 16])
    };
    ask().is_ok_and(|bytes| bytes > 0)
}
