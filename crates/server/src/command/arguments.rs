//! The arguments of `datalake-server`.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use domain::id::JobId;

/// The whole data lake on one machine.
#[derive(Parser)]
#[command(name = "datalake-server", version, about)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) common: Common,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Args)]
pub(crate) struct Common {
    /// A TOML file with settings; the environment (DATALAKE_…) and flags win over it
    #[arg(long, global = true)]
    pub(crate) config: Option<PathBuf>,
    /// The folder of all data
    #[arg(long, global = true)]
    pub(crate) data_dir: Option<PathBuf>,
    /// How log lines look: json or text
    #[arg(long, global = true)]
    pub(crate) log_format: Option<String>,
    /// What is logged: a level, or a filter such as `info,datalake_server=debug`
    #[arg(long, global = true)]
    pub(crate) log_level: Option<String>,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Serve API, sign-in and objects until interrupted
    Serve(Serve),
    /// Make the first administrator and print a one-time password
    Init {
        /// The administrator's e-mail address, the sign-in name
        #[arg(long)]
        email: String,
        /// The administrator's name
        #[arg(long, default_value = "Administrator")]
        name: String,
    },
    /// Grant a user an API key and print its id; its user makes the secret. The server must not be running
    GrantKey {
        /// The user's e-mail address
        #[arg(long)]
        email: String,
        /// Only for reading
        #[arg(long)]
        read_only: bool,
    },
    /// Look for damage: hold tables, objects, index and audit log against each other. The server must not be running.
    /// Exit code 0: nothing found; 1: something found; 2: it can't be looked at
    Check {
        /// Do not read the objects' content: their files' names and lengths only
        #[arg(long)]
        skip_content: bool,
        /// How to print what is found
        #[arg(long, value_enum, default_value = "table")]
        output: Output,
    },
    /// Back the data up as of one moment, keys included; the server may be running
    Backup {
        /// The folder to make
        #[arg(long, value_name = "FOLDER")]
        to: PathBuf,
    },
    /// Make a data folder of a backup
    Restore {
        /// The backup
        #[arg(long, value_name = "FOLDER")]
        from: PathBuf,
    },
    /// Build the search index anew from the tables. The server must not be running
    Reindex,
    /// List the work that waits and the work that was given up after many attempts
    Jobs {
        /// Only what was given up
        #[arg(long)]
        dead: bool,
        /// Put this one back into its queue; may be repeated. The server must not be running
        #[arg(long, value_name = "JOB_ID")]
        retry: Vec<JobId>,
        /// How to print them
        #[arg(long, value_enum, default_value = "table")]
        output: Output,
    },
}

/// How a list is printed.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Output {
    /// For people.
    Table,
    /// For programs.
    Json,
}

#[derive(Args)]
pub(crate) struct Serve {
    /// Where the API listens
    #[arg(long)]
    api_listen: Option<String>,
    /// How clients reach the API
    #[arg(long)]
    api_public_url: Option<String>,
    /// Where the object endpoint listens
    #[arg(long)]
    objects_listen: Option<String>,
    /// How clients reach the object endpoint
    #[arg(long)]
    objects_public_url: Option<String>,
    /// Serve a folder as a bucket that can be read and imported from; may be repeated
    #[arg(long, value_name = "NAME=FOLDER")]
    import_root: Vec<String>,
    /// Where metrics are told (`/metrics`); nowhere if not given
    #[arg(long)]
    metrics_listen: Option<String>,
    /// The certificate with its chain, a PEM file: API and objects speak TLS then
    #[arg(long)]
    tls_certificate: Option<String>,
    /// The certificate's key, a PEM file
    #[arg(long)]
    tls_key: Option<String>,
    /// Proxies whose X-Forwarded-For is believed: addresses or nets, with commas between
    #[arg(long)]
    trusted_proxies: Option<String>,
}

impl Arguments {
    /// Settings that were given as flags, by their keys.
    pub(crate) fn settings(&self) -> Vec<(String, String)> {
        let common = &self.common;
        let mut flags = vec![
            ("data_dir", common.data_dir.as_ref().map(|folder| folder.display().to_string())),
            ("log.format", common.log_format.clone()),
            ("log.level", common.log_level.clone()),
        ];
        if let Command::Serve(serve) = &self.command {
            flags.push(("api.listen", serve.api_listen.clone()));
            flags.push(("api.public_url", serve.api_public_url.clone()));
            flags.push(("objects.listen", serve.objects_listen.clone()));
            flags.push(("objects.public_url", serve.objects_public_url.clone()));
            flags.push(("import.roots", (!serve.import_root.is_empty()).then(|| serve.import_root.join(","))));
            flags.push(("metrics.listen", serve.metrics_listen.clone()));
            flags.push(("tls.certificate", serve.tls_certificate.clone()));
            flags.push(("tls.key", serve.tls_key.clone()));
            flags.push(("api.trusted_proxies", serve.trusted_proxies.clone()));
        }
        flags.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?))).collect()
    }
}
