//! The configuration of `datalake-server`: defaults, then a TOML file, then `DATALAKE_*` variables, then flags.
//!
//! What comes later wins. All mistakes are told at once, each with the name under which it was made.

mod layers;
mod settings;

use std::{
    fmt,
    net::SocketAddr,
    path::{Path, PathBuf},
    str::FromStr,
    time::Duration,
};

use ipnet::IpNet;
use url::Url;

use crate::worker::Pace;
pub use layers::ConfigurationError;
use layers::Reader;
pub use settings::{SETTINGS, Setting};

/// Everything that the server is told from outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Configuration {
    /// The folder of all data.
    pub data_dir: PathBuf,
    /// The HTTP API and the console.
    pub api: Endpoint,
    /// The object endpoint, to which clients upload and from which they download.
    pub objects: Endpoint,
    /// What the process tells about itself.
    pub log: Log,
    /// The certificate, if API and object endpoint speak TLS.
    pub tls: Option<TlsFiles>,
    /// Proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Folders that are served as buckets, by the buckets' names.
    pub import_roots: Vec<(String, PathBuf)>,
    /// Another S3 endpoint to import from, if any.
    pub import_endpoint: Option<ImportEndpoint>,
    /// Where metrics are told, if anywhere.
    pub metrics_listen: Option<SocketAddr>,
    /// The loops of the workers.
    pub workers: Workers,
    /// What one client may ask of the server.
    pub limits: Limits,
}

/// Something that listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// Where to listen; port 0 lets the system choose.
    pub listen: SocketAddr,
    /// How clients reach it, if not by the address: behind a proxy, or with TLS.
    pub public_url: Option<Url>,
}

impl Endpoint {
    /// How clients reach it, now that it listens on `bound`, with TLS or without; without a slash at the end.
    #[must_use]
    pub fn public_url(&self, bound: SocketAddr, encrypted: bool) -> String {
        match &self.public_url {
            Some(url) => url.as_str().trim_end_matches('/').to_owned(),
            None => format!("{}://{bound}", if encrypted { "https" } else { "http" }),
        }
    }
}

/// A certificate in files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFiles {
    /// The certificate with its chain.
    pub certificate: PathBuf,
    /// Its key.
    pub key: PathBuf,
}

/// An S3 endpoint whose buckets may be imported from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportEndpoint {
    /// Its address.
    pub url: Url,
    /// The region that signatures name.
    pub region: String,
    /// The buckets that may be imported from.
    pub buckets: Vec<String>,
    /// The key that may read them.
    pub access_key_id: String,
    /// The file that holds its secret.
    pub secret_file: PathBuf,
}

/// The form of log lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// One JSON object a line.
    Json,
    /// For people.
    Text,
}

impl FromStr for LogFormat {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "json" => Ok(Self::Json),
            "text" => Ok(Self::Text),
            _ => Err(()),
        }
    }
}

/// What the process tells about itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Log {
    /// The form of its lines.
    pub format: LogFormat,
    /// A level, or a filter such as `info,datalake_server=debug`.
    pub level: String,
}

/// The loops of the workers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Workers {
    /// How fast and how patient the loops are.
    pub pace: Pace,
    /// How often to look for what is due.
    pub sweep_every: Duration,
}

/// What one client may ask of the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// How many requests to the API are served at once; more are answered 503.
    pub concurrent_requests: usize,
    /// How long an answer of the API may take.
    pub request_time: Duration,
    /// How long a request's body may be.
    pub body_bytes: usize,
    /// How long it may take to arrive.
    pub body_time: Duration,
    /// How long a request's head may be.
    pub head_bytes: usize,
    /// How long it may take to arrive.
    pub head_time: Duration,
    /// How many connections to the API there may be at once.
    pub api_connections: usize,
    /// How many connections to the object endpoint there may be at once.
    pub object_connections: usize,
}

impl Configuration {
    /// Reads `file`, the `DATALAKE_*` variables of this process, and `flags` (pairs of [`Setting::key`] and value).
    ///
    /// # Errors
    /// Everything that is wrong, at once.
    pub fn load(file: Option<&Path>, flags: &[(String, String)]) -> Result<Self, ConfigurationError> {
        Self::from_layers(file, std::env::vars_os(), flags)
    }

    /// As [`Configuration::load`], with the variables given.
    ///
    /// # Errors
    /// As there.
    pub fn from_layers<V: Into<std::ffi::OsString>>(
        file: Option<&Path>,
        variables: impl IntoIterator<Item = (V, V)>,
        flags: &[(String, String)],
    ) -> Result<Self, ConfigurationError> {
        let mut reader = Reader::new(file, variables.into_iter().map(|(name, value)| (name.into(), value.into())), flags);
        let configuration = read(&mut reader);
        reader.finish(configuration)
    }
}

/// `None` if something is missing; the reader knows what.
fn read(reader: &mut Reader) -> Option<Configuration> {
    // Every value is read before the first `?`, so that every mistake is told.
    let data_dir = reader.value("data_dir");
    let (api, objects) = (endpoint(reader, "api"), endpoint(reader, "objects"));
    let (format, level) = (reader.value("log.format"), level(reader));
    let (workers, limits) = (workers(reader), limits(reader));
    let (tls, trusted_proxies, metrics_listen) = (tls(reader), trusted_proxies(reader), reader.optional("metrics.listen"));
    let (import_roots, import_endpoint) = (import_roots(reader), import_endpoint(reader));
    Some(Configuration {
        data_dir: data_dir?,
        api: api?,
        objects: objects?,
        log: Log { format: format?, level: level? },
        tls,
        trusted_proxies,
        import_roots,
        import_endpoint,
        metrics_listen,
        workers: workers?,
        limits: limits?,
    })
}

fn endpoint(reader: &mut Reader, name: &str) -> Option<Endpoint> {
    let url_key = format!("{name}.public_url");
    let listen: Option<SocketAddr> = reader.value(&format!("{name}.listen"));
    let public_url: Option<Url> = reader.optional(&url_key);
    if public_url.as_ref().is_some_and(|url| !is_plain(url)) {
        reader.refuse(&url_key, "must be http or https with a host and nothing behind it");
    }
    let listen = listen?;
    if listen.ip().is_unspecified() && public_url.is_none() {
        reader.refuse(&url_key, format_args!("must be set when listening on {listen}: clients can't reach that address"));
    }
    Some(Endpoint { listen, public_url })
}

/// A host, and nothing else that would be left out or shown.
fn is_plain(url: &Url) -> bool {
    let plain = url.query().is_none() && url.fragment().is_none() && url.username().is_empty() && url.password().is_none();
    matches!(url.scheme(), "http" | "https") && plain && url.path() == "/"
}

/// Both files or none.
fn tls(reader: &mut Reader) -> Option<TlsFiles> {
    match (reader.optional("tls.certificate"), reader.optional("tls.key")) {
        (Some(certificate), Some(key)) => Some(TlsFiles { certificate, key }),
        (Some(_), None) => {
            reader.refuse("tls.key", "must be set with tls.certificate");
            None
        }
        (None, Some(_)) => {
            reader.refuse("tls.certificate", "must be set with tls.key");
            None
        }
        (None, None) => None,
    }
}

/// What stands between the commas of a setting.
fn list(reader: &mut Reader, key: &str) -> Vec<String> {
    let text: Option<String> = reader.optional(key);
    let entries = text.as_deref().unwrap_or_default().split(',').map(str::trim).filter(|entry| !entry.is_empty());
    entries.map(str::to_owned).collect()
}

fn import_roots(reader: &mut Reader) -> Vec<(String, PathBuf)> {
    let mut roots = Vec::new();
    for entry in list(reader, "import.roots") {
        match entry.split_once('=') {
            Some((name, folder)) if !folder.is_empty() => roots.push((name.to_owned(), PathBuf::from(folder))),
            _ => reader.refuse("import.roots", format_args!("must be names and folders such as partners=/srv/partners, not {entry:?}")),
        }
    }
    roots
}

/// All of it or nothing.
fn import_endpoint(reader: &mut Reader) -> Option<ImportEndpoint> {
    let url: Option<Url> = reader.optional("import.endpoint");
    let (access_key_id, secret_file) = (reader.optional("import.access_key_id"), reader.optional("import.secret_file"));
    let (region, buckets) = (reader.value("import.region"), list(reader, "import.buckets"));
    let given = [
        ("import.access_key_id", access_key_id.is_some()),
        ("import.secret_file", secret_file.is_some()),
        ("import.buckets", !buckets.is_empty()),
    ];
    let Some(url) = url else {
        if let Some((key, _)) = given.iter().find(|(_, given)| *given) {
            reader.refuse(key, "is of no use without import.endpoint");
        }
        return None;
    };
    if !is_plain(&url) {
        reader.refuse("import.endpoint", "must be http or https with a host and nothing behind it");
    }
    for (key, _) in given.iter().filter(|(_, given)| !given) {
        reader.refuse(key, "must be set with import.endpoint");
    }
    Some(ImportEndpoint { url, region: region?, buckets, access_key_id: access_key_id?, secret_file: secret_file? })
}

fn trusted_proxies(reader: &mut Reader) -> Vec<IpNet> {
    let mut nets = Vec::new();
    for entry in list(reader, "api.trusted_proxies") {
        match entry.parse::<IpNet>().or_else(|_| entry.parse::<std::net::IpAddr>().map(IpNet::from)) {
            Ok(net) => nets.push(net),
            Err(_) => reader.refuse("api.trusted_proxies", format_args!("must be addresses or nets, not {entry:?}")),
        }
    }
    nets
}

fn level(reader: &mut Reader) -> Option<String> {
    let level: String = reader.value("log.level")?;
    if let Err(error) = level.parse::<tracing_subscriber::filter::Targets>() {
        reader.refuse("log.level", error);
    }
    Some(level)
}

fn workers(reader: &mut Reader) -> Option<Workers> {
    let batch: Option<usize> = reader.between("workers.batch", 1, 100);
    let time_limit = reader.seconds("workers.time_limit_seconds", 1, 900);
    let lease = reader.seconds("workers.lease_seconds", 2, 3_600);
    let idle = reader.seconds("workers.idle_seconds", 1, 60);
    let attempts: Option<u32> = reader.between("workers.attempts", 1, 100);
    let grace = reader.seconds("workers.grace_seconds", 1, 300);
    let sweep_every = reader.seconds("workers.sweep_seconds", 1, 3_600);
    let (time_limit, lease) = (time_limit?, lease?);
    if lease <= time_limit {
        reader.refuse("workers.lease_seconds", "must be more than workers.time_limit_seconds");
    }
    let pace = Pace { batch: batch?, time_limit, lease, idle: idle?, attempts: attempts?, grace: grace?, ..Pace::default() };
    Some(Workers { pace, sweep_every: sweep_every? })
}

fn limits(reader: &mut Reader) -> Option<Limits> {
    let concurrent_requests = reader.between("limits.concurrent_requests", 1, 100_000);
    let request_time = reader.seconds("limits.request_seconds", 1, 300);
    let body_bytes = reader.between("limits.body_bytes", 64 * 1024, 64 * 1024 * 1024);
    let body_time = reader.seconds("limits.body_seconds", 1, 300);
    let head_bytes = reader.between("limits.head_bytes", 16 * 1024, 1024 * 1024);
    let head_time = reader.seconds("limits.head_seconds", 1, 300);
    let api_connections = reader.between("limits.api_connections", 1, 1_000_000);
    let object_connections = reader.between("limits.object_connections", 1, 1_000_000);
    Some(Limits {
        concurrent_requests: concurrent_requests?,
        request_time: request_time?,
        body_bytes: body_bytes?,
        body_time: body_time?,
        head_bytes: head_bytes?,
        head_time: head_time?,
        api_connections: api_connections?,
        object_connections: object_connections?,
    })
}

impl fmt::Display for LogFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Json => "json",
            Self::Text => "text",
        })
    }
}

#[cfg(test)]
mod tests;
