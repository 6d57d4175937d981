//! Every setting there is.

/// One setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Setting {
    /// Its name in the file, with its table: `api.listen`.
    pub key: &'static str,
    /// Its environment variable.
    pub variable: &'static str,
    /// What holds where nothing is said; `None` for nothing.
    pub default: Option<&'static str>,
    /// What a value is, for messages: `must be …`.
    pub expected: &'static str,
    /// What it is for.
    pub about: &'static str,
}

macro_rules! settings {
    ($($key:literal, $variable:literal, $default:expr, $expected:literal, $about:literal;)*) => {
        /// Every setting there is, in the order to show them.
        pub const SETTINGS: &[Setting] =
            &[$(Setting { key: $key, variable: $variable, default: $default, expected: $expected, about: $about }),*];
    };
}

settings! {
    "data_dir", "DATALAKE_DATA_DIR", Some("data"), "a folder", "the folder of all data";
    "api.listen", "DATALAKE_API_LISTEN", Some("127.0.0.1:8080"), "an address such as 127.0.0.1:8080", "where the API listens";
    "api.public_url", "DATALAKE_API_PUBLIC_URL", None, "a URL such as https://lake.example.org", "how clients reach the API";
    "objects.listen", "DATALAKE_OBJECTS_LISTEN", Some("127.0.0.1:8081"), "an address such as 127.0.0.1:8081",
        "where the object endpoint listens";
    "objects.public_url", "DATALAKE_OBJECTS_PUBLIC_URL", None, "a URL such as https://objects.example.org",
        "how clients reach the object endpoint";
    "api.trusted_proxies", "DATALAKE_API_TRUSTED_PROXIES", None, "addresses or nets such as 10.0.0.0/8, with commas between",
        "proxies whose X-Forwarded-For is believed";
    "tls.certificate", "DATALAKE_TLS_CERTIFICATE", None, "a file", "the certificate with its chain (PEM); API and objects speak TLS then";
    "tls.key", "DATALAKE_TLS_KEY", None, "a file", "the certificate's key (PEM)";
    "import.roots", "DATALAKE_IMPORT_ROOTS", None, "names and folders such as partners=/srv/partners, with commas between",
        "folders that are served as buckets, to be read and imported from, never written";
    "import.endpoint", "DATALAKE_IMPORT_ENDPOINT", None, "a URL such as https://s3.example.org", "an S3 endpoint whose buckets may be imported from";
    "import.region", "DATALAKE_IMPORT_REGION", Some("us-east-1"), "a region", "the region that its signatures name";
    "import.buckets", "DATALAKE_IMPORT_BUCKETS", None, "buckets, with commas between", "its buckets that may be imported from";
    "import.access_key_id", "DATALAKE_IMPORT_ACCESS_KEY_ID", None, "an access key's id", "the key that may read them";
    "import.secret_file", "DATALAKE_IMPORT_SECRET_FILE", None, "a file", "that key's secret";
    "metrics.listen", "DATALAKE_METRICS_LISTEN", None, "an address such as 127.0.0.1:9090", "where metrics are told; nowhere if not given";
    "log.format", "DATALAKE_LOG_FORMAT", Some("text"), "json or text", "the form of log lines";
    "log.level", "DATALAKE_LOG_LEVEL", Some("info"), "a level, or a filter such as info,datalake_server=debug", "what is logged";
    "workers.batch", "DATALAKE_WORKERS_BATCH", Some("100"), "a number", "how many entries a worker gets at once";
    "workers.time_limit_seconds", "DATALAKE_WORKERS_TIME_LIMIT_SECONDS", Some("60"), "a number of seconds", "how long a batch may take";
    "workers.lease_seconds", "DATALAKE_WORKERS_LEASE_SECONDS", Some("300"), "a number of seconds",
        "after how long a job comes again that nobody said a word about";
    "workers.idle_seconds", "DATALAKE_WORKERS_IDLE_SECONDS", Some("1"), "a number of seconds", "how often to look for work when nothing wakes a worker";
    "workers.attempts", "DATALAKE_WORKERS_ATTEMPTS", Some("6"), "a number", "after how many failed attempts a change is given up";
    "workers.grace_seconds", "DATALAKE_WORKERS_GRACE_SECONDS", Some("10"), "a number of seconds", "how long a batch may go on when the server stops";
    "workers.sweep_seconds", "DATALAKE_WORKERS_SWEEP_SECONDS", Some("60"), "a number of seconds", "how often to look for what is due";
    "limits.concurrent_requests", "DATALAKE_LIMITS_CONCURRENT_REQUESTS", Some("512"), "a number", "how many requests to the API are served at once";
    "limits.request_seconds", "DATALAKE_LIMITS_REQUEST_SECONDS", Some("28"), "a number of seconds", "how long an answer of the API may take";
    "limits.body_bytes", "DATALAKE_LIMITS_BODY_BYTES", Some("3145728"), "a number of bytes", "how long a request's body may be";
    "limits.body_seconds", "DATALAKE_LIMITS_BODY_SECONDS", Some("15"), "a number of seconds", "how long it may take to arrive";
    "limits.head_bytes", "DATALAKE_LIMITS_HEAD_BYTES", Some("65536"), "a number of bytes", "how long a request's head may be";
    "limits.head_seconds", "DATALAKE_LIMITS_HEAD_SECONDS", Some("15"), "a number of seconds", "how long it may take to arrive";
    "limits.api_connections", "DATALAKE_LIMITS_API_CONNECTIONS", Some("2048"), "a number", "how many connections to the API there may be at once";
    "limits.object_connections", "DATALAKE_LIMITS_OBJECT_CONNECTIONS", Some("256"), "a number", "how many connections to the object endpoint there may be at once";
}
