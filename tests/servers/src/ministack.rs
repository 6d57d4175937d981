//! ministack: an emulator of the AWS account. Each adapter's tests say where it deviates from AWS.

use std::{ffi::OsString, path::Path, sync::OnceLock, time::Duration};

use anyhow::Result;

use crate::{Server, http, python::environment};

const REQUIREMENTS: [&str; 2] = ["ministack[full]==1.5.33", "duckdb==2.0.0"];

/// The server, one for all tests of a process; it checks neither signatures nor policies, and ends with the process.
///
/// # Panics
/// If it can't be had, with what to install.
pub fn ministack() -> &'static Server {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(|| start(false, &[]).unwrap_or_else(|error| panic!("ministack: {error:#}")))
}

/// A server that checks signatures and policies (but for the access key `test`: that is the account's root).
///
/// # Errors
/// If it can't be had, with what to install.
pub fn ministack_with_auth() -> Result<Server> {
    start(true, &[])
}

/// The same, with a module `sitecustomize` in `hook` that Python runs before the emulator, and that is told by the variable
/// `DATALAKE_RECORD` to write to `record`.
///
/// # Errors
/// If it can't be had, with what to install.
pub fn ministack_watched(hook: &Path, record: &Path) -> Result<Server> {
    let variable = |name: &str, path: &Path| {
        let mut variable = OsString::from(format!("{name}="));
        variable.push(path);
        variable
    };
    start(true, &[variable("PYTHONPATH", hook), variable("DATALAKE_RECORD", record)])
}

/// It keeps everything in memory, or below its own `TMPDIR`; what it would listen to besides is off, for those ports are
/// fixed and open to the network. Functions that it runs are told its address. Where the trigger before tokens fails there
/// are no tokens, as on AWS. What follows the program, the port and `AUTH` are further variables.
const SCRIPT: &str = r#"
    export BIND_HOST=127.0.0.1 GATEWAY_PORT="$2" AUTH="$3" IOT_MTLS_ENABLED=0 SFTP_ENABLED=0
    export STATE_DIR="$TMPDIR/state" S3_DATA_DIR="$TMPDIR/objects" PERSIST_STATE=0 S3_PERSIST=0
    export AWS_DEFAULT_REGION=us-east-1 MINISTACK_REGION=us-east-1 LOG_LEVEL=WARNING
    export AWS_ENDPOINT_URL="http://127.0.0.1:$2" MINISTACK_COGNITO_PRETOKEN_STRICT=1
    program=$1
    shift 3
    # Not by `env`: the program's path holds a '='.
    for variable in "$@"; do export "$variable"; done
    exec "$program"
"#;

fn start(auth: bool, variables: &[OsString]) -> Result<Server> {
    let program = environment(&REQUIREMENTS)?.join("bin/ministack");
    http::start("ministack", Duration::from_secs(180), "/_ministack/health", |port| {
        let mut command: Vec<OsString> = ["sh", "-c", SCRIPT, "sh"].map(OsString::from).to_vec();
        command.extend([program.clone().into_os_string(), port.to_string().into(), auth.to_string().into()]);
        command.extend(variables.iter().cloned());
        command
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What `ListTables` with an access key that nobody made is answered with.
    fn list_tables(server: &Server) -> u16 {
        let request = "POST / HTTP/1.0\r\nHost: localhost\r\nContent-Type: application/x-amz-json-1.0\r\nContent-Length: 2\r\n\
            X-Amz-Target: DynamoDB_20120810.ListTables\r\nX-Amz-Date: 20260101T000000Z\r\n\
            Authorization: AWS4-HMAC-SHA256 Credential=AKIAUNKNOWN000000000/20260101/us-east-1/dynamodb/aws4_request, \
            SignedHeaders=host;x-amz-date, Signature=00\r\n\r\n{}";
        http::status(server.port(), request).expect("an answer")
    }

    #[test]
    fn only_the_server_with_auth_refuses_an_unknown_access_key() {
        assert_eq!(list_tables(ministack()), 200);
        let strict = ministack_with_auth().expect("started");
        assert!((400..500).contains(&list_tables(&strict)));
    }
}
