//! OpenSearch itself, in the small distribution that its makers publish for tests: whole, without the security plugin.

use std::{ffi::OsString, path::Path, process::Command, sync::OnceLock, time::Duration};

use anyhow::Result;

use crate::{
    Server, free_port, http,
    java::{java_home, maven_file},
    once,
    process::run,
};

/// The versions that tests run against, the newest first. Others of this distribution lack the module of analysers.
pub const OPENSEARCH_VERSIONS: [&str; 2] = ["3.6.0", "3.5.0"];

/// What its classes are compiled for.
const JAVA: u32 = 21;

/// Everything it writes lies below its own `TMPDIR`. It refuses to run as root: then nobody (65534, whatever its name is)
/// runs it, from linked files that lie where nobody may look. Its options of the virtual machine are its own but for logs
/// below the distribution's folder. On so small a heap it would refuse requests (429) because of garbage that was not
/// collected yet, so it counts what requests hold instead.
const SCRIPT: &str = r#"
    set -e
    home=$1 port=$3 transport=$4
    export JAVA_HOME=$2 OPENSEARCH_PATH_CONF=$TMPDIR/config OPENSEARCH_TMPDIR=$TMPDIR/tmp
    export OPENSEARCH_JAVA_OPTS='-Xms512m -Xmx512m'
    unset OPENSEARCH_JAVA_HOME OPENSEARCH_HOME
    mkdir "$TMPDIR/data" "$TMPDIR/logs" "$TMPDIR/tmp"
    cp -r "$home/config" "$TMPDIR/config"
    grep -v -e logs/ -e HeapDump "$home/config/jvm.options" > "$TMPDIR/config/jvm.options"
    cat > "$TMPDIR/config/opensearch.yml" <<END
discovery.type: single-node
network.host: 127.0.0.1
http.port: $port
transport.port: $transport
path.data: $TMPDIR/data
path.logs: $TMPDIR/logs
cluster.routing.allocation.disk.threshold_enabled: false
indices.breaker.total.use_real_memory: false
END
    if [ "$(id -u)" = 0 ]; then
        cp -al "$home" "$TMPDIR/home" 2>/dev/null || { rm -rf "$TMPDIR/home"; cp -a "$home" "$TMPDIR/home"; }
        home=$TMPDIR/home
        chown -R 65534:65534 "$TMPDIR/config" "$TMPDIR/data" "$TMPDIR/logs" "$TMPDIR/tmp"
        chown 65534:65534 "$TMPDIR"
        exec setpriv --reuid=65534 --regid=65534 --clear-groups "$home/bin/opensearch"
    fi
    exec "$home/bin/opensearch"
"#;

/// The server of this version, one for all tests of a process; it ends with the process.
///
/// # Panics
/// If it can't be had, with what to install, and for a version that is not of [`OPENSEARCH_VERSIONS`].
pub fn opensearch(version: &str) -> &'static Server {
    static SERVERS: [OnceLock<Server>; OPENSEARCH_VERSIONS.len()] = [const { OnceLock::new() }; OPENSEARCH_VERSIONS.len()];
    let known = OPENSEARCH_VERSIONS.iter().zip(&SERVERS).find(|(known, _)| **known == version);
    let (_, server) = known.unwrap_or_else(|| panic!("OpenSearch {version} is not one of {OPENSEARCH_VERSIONS:?}"));
    server.get_or_init(|| start(version).unwrap_or_else(|error| panic!("OpenSearch {version}: {error:#}")))
}

fn start(version: &str) -> Result<Server> {
    let java = java_home(JAVA)?;
    let home = once(&format!("opensearch-{version}"), |folder| fetch(version, folder))?.join(format!("opensearch-{version}"));
    http::start("opensearch", Duration::from_secs(180), "/_cluster/health", |port| {
        let mut command: Vec<OsString> = ["sh", "-c", SCRIPT, "sh"].map(OsString::from).to_vec();
        command.extend([&home, &java].map(|folder| folder.clone().into_os_string()));
        // Where no port is free it does not start, and says so.
        command.extend([port, free_port().unwrap_or_default()].map(|port| OsString::from(port.to_string())));
        command
    })
}

fn fetch(version: &str, folder: &Path) -> Result<()> {
    let artifact = format!("org.opensearch.distribution.integ-test-zip:opensearch:{version}:zip");
    maven_file(&artifact, folder)?;
    let archive = folder.join(format!("opensearch-{version}.zip"));
    run(Command::new("unzip").arg("-q").arg(&archive).arg("-d").arg(folder), "install unzip")?;
    Ok(std::fs::remove_file(archive)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_answers_and_is_what_it_was_asked_for() {
        if crate::left_out("OpenSearch") {
            return;
        }
        let [version, _] = OPENSEARCH_VERSIONS;
        let answer = Command::new("curl").args(["-s", &opensearch(version).url()]).output().expect("install curl");
        assert!(String::from_utf8_lossy(&answer.stdout).contains(version));
    }
}
