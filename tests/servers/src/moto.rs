//! moto: a second opinion where ministack and AWS differ.

use std::{ffi::OsString, sync::OnceLock, time::Duration};

use crate::{Server, http, python::environment};

const REQUIREMENTS: [&str; 1] = ["moto[server,all]==5.2.5"];

/// The server, one for all tests of a process; it keeps nothing, checks nobody, and ends with the process.
///
/// # Panics
/// If it can't be had, with what to install.
pub fn moto() -> &'static Server {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(|| start().unwrap_or_else(|error| panic!("moto: {error:#}")))
}

fn start() -> anyhow::Result<Server> {
    let program = environment(&REQUIREMENTS)?.join("bin/moto_server");
    http::start("moto", Duration::from_secs(180), "/moto-api/", |port| {
        let number = port.to_string();
        std::iter::once(program.clone().into_os_string()).chain(["-H", "127.0.0.1", "-p", &number].map(OsString::from)).collect()
    })
}
