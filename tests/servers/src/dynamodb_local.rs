//! DynamoDB Local, Amazon's own: the referee for the adapter of tables.

use std::{ffi::OsString, sync::OnceLock, time::Duration};

use anyhow::Result;

use crate::{Server, http, java, maven_dependencies, once};

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
    http::start("dynamodb-local", Duration::from_secs(180), "/", |port| {
        let native = format!("-Djava.library.path={}", library.display());
        let classes = format!("{}/*", library.display());
        let number = port.to_string();
        let main = "com.amazonaws.services.dynamodbv2.local.main.ServerRunner";
        let arguments = ["-Xmx512m", &native, "-cp", &classes, main, "-inMemory", "-sharedDb", "-disableTelemetry", "-port", &number];
        std::iter::once(java.clone().into_os_string()).chain(arguments.map(OsString::from)).collect()
    })
}
