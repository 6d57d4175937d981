//! The `datalake-server` command.

use std::{path::PathBuf, process::ExitCode};

use clap::{Args, Parser, Subcommand};
use runtime::configuration::Configuration;
use secrecy::ExposeSecret as _;

/// The whole data lake on one machine.
#[derive(Parser)]
#[command(name = "datalake-server", version, about)]
struct Arguments {
    #[command(flatten)]
    common: Common,
    #[command(subcommand)]
    command: Command,
}

#[derive(Args)]
struct Common {
    /// A TOML file with settings; the environment (DATALAKE_…) and flags win over it
    #[arg(long, global = true)]
    config: Option<PathBuf>,
    /// The folder of all data
    #[arg(long, global = true)]
    data_dir: Option<PathBuf>,
    /// How log lines look: json or text
    #[arg(long, global = true)]
    log_format: Option<String>,
    /// What is logged: a level, or a filter such as `info,datalake_server=debug`
    #[arg(long, global = true)]
    log_level: Option<String>,
}

#[derive(Subcommand)]
enum Command {
    /// Serve API, sign-in and objects until interrupted
    Serve {
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
    },
    /// Make the first administrator and print a one-time password
    Init {
        /// The administrator's e-mail address, the sign-in name
        #[arg(long)]
        email: String,
        /// The administrator's name
        #[arg(long, default_value = "Administrator")]
        name: String,
    },
    /// List work that was given up after many attempts. The server must not be running
    DeadLetters {
        /// Put this one back into its queue; may be repeated
        #[arg(long, value_name = "JOB_ID")]
        retry: Vec<domain::id::JobId>,
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
}

/// One line of a dead letter.
fn describe(letter: &embedded::jobs::DeadLetter) -> String {
    format!("{}  {:<12}  {} attempts  given up {}  {}", letter.id, letter.queue, letter.attempts, letter.died_at, letter.body)
}

fn flags(arguments: &Arguments) -> Vec<(String, String)> {
    let common = &arguments.common;
    let mut flags = vec![
        ("data_dir", common.data_dir.as_ref().map(|folder| folder.display().to_string())),
        ("log.format", common.log_format.clone()),
        ("log.level", common.log_level.clone()),
    ];
    if let Command::Serve { api_listen, api_public_url, objects_listen, objects_public_url } = &arguments.command {
        flags.push(("api.listen", api_listen.clone()));
        flags.push(("api.public_url", api_public_url.clone()));
        flags.push(("objects.listen", objects_listen.clone()));
        flags.push(("objects.public_url", objects_public_url.clone()));
    }
    flags.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?))).collect()
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            report(&error);
            ExitCode::FAILURE
        }
    }
}

#[expect(clippy::print_stderr, reason = "a program's last words")]
fn report(error: &anyhow::Error) {
    eprintln!("datalake-server: {error:#}");
}

#[expect(clippy::print_stdout, reason = "what these commands are for")]
fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let configuration = Configuration::load(arguments.common.config.as_deref(), &flags(arguments))?;
    runtime::telemetry::start(&configuration.log)?;
    let executor = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    match &arguments.command {
        Command::Serve { .. } => executor.block_on(async {
            let server = datalake_server::start(&configuration).await?;
            println!("API      {}", server.api_url());
            println!("Objects  {}", server.objects_url());
            server.run_until_stopped().await
        }),
        Command::Init { email, name } => {
            let invited = executor.block_on(datalake_server::invite_administrator(&configuration, email, name))?;
            println!("user                {}", invited.email);
            println!("one-time password   {}", invited.one_time_password.expose_secret());
            println!("Sign in with it once; you are asked for a password of your own then.");
            Ok(())
        }
        Command::DeadLetters { retry } => {
            let letters = executor.block_on(datalake_server::dead_letters(&configuration, retry))?;
            letters.iter().for_each(|letter| println!("{}", describe(letter)));
            println!("{} dead letters", letters.len());
            Ok(())
        }
        Command::GrantKey { email, read_only } => {
            let granted = executor.block_on(datalake_server::grant_key(&configuration, email, *read_only))?;
            println!("{}", granted.access_key_id);
            Ok(())
        }
    }
}
