//! Keycloak: an identity provider as a customer has one, for SAML and OpenID Connect.

use std::{
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use anyhow::Result;

use crate::{
    Server, http,
    java::{java_home, maven_file},
    once,
    process::run,
};

const VERSION: &str = "26.7.3";

/// What its classes are compiled for.
const JAVA: u32 = 21;

/// Name and password of the administrator of each server.
pub const KEYCLOAK_ADMINISTRATOR: (&str, &str) = ("administrator", "of-a-test");

/// Everything it keeps is in memory, and everything it writes lies below its own `TMPDIR`, where its files are linked. It
/// reads the realm before it answers.
const SCRIPT: &str = r#"
    set -e
    home=$1 realm=$3
    export JAVA_HOME=$2 KC_BOOTSTRAP_ADMIN_USERNAME=$5 KC_BOOTSTRAP_ADMIN_PASSWORD=$6
    export JAVA_OPTS_KC_HEAP='-Xms64m -Xmx512m'
    unset JAVA_OPTS KC_HOME_DIR
    cp -al "$home" "$TMPDIR/home" 2>/dev/null || { rm -rf "$TMPDIR/home"; cp -a "$home" "$TMPDIR/home"; }
    home=$TMPDIR/home
    mkdir -p "$home/data/import"
    cp "$realm" "$home/data/import/realm.json"
    exec "$home/bin/kc.sh" start --optimized --import-realm --hostname-strict=false \
        --http-enabled=true --http-host=127.0.0.1 --http-port="$4"
"#;

/// A server with the realm that this file describes; it ends when it is dropped.
///
/// # Errors
/// If it can't be had, with what to install.
pub fn keycloak(realm: &Path) -> Result<Server> {
    let java = java_home(JAVA)?;
    let home = once(&format!("keycloak-{VERSION}"), |folder| fetch(folder, &java))?.join(format!("keycloak-{VERSION}"));
    let (name, password) = KEYCLOAK_ADMINISTRATOR;
    http::start("keycloak", Duration::from_secs(180), "/realms/master", |port| {
        let mut command: Vec<OsString> = ["sh", "-c", SCRIPT, "sh"].map(OsString::from).to_vec();
        command.extend([&home, &java, &realm.to_path_buf()].map(|path: &PathBuf| path.clone().into_os_string()));
        command.extend([port.to_string(), name.to_owned(), password.to_owned()].map(OsString::from));
        command
    })
}

/// Built once for a database in memory and without a cluster, which a start by itself would do again and again.
fn fetch(folder: &Path, java: &Path) -> Result<()> {
    maven_file(&format!("org.keycloak:keycloak-quarkus-dist:{VERSION}:zip"), folder)?;
    let archive = folder.join(format!("keycloak-quarkus-dist-{VERSION}.zip"));
    run(Command::new("unzip").arg("-q").arg(&archive).arg("-d").arg(folder), "install unzip")?;
    fs::remove_file(archive)?;
    let mut build = Command::new(folder.join(format!("keycloak-{VERSION}/bin/kc.sh")));
    run(build.args(["build", "--db=dev-mem", "--cache=local"]).env("JAVA_HOME", java), "Keycloak can't be built")
}
