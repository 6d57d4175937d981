//! What each command of `datalake-server` does.

mod arguments;
mod print;

use std::process::ExitCode;

pub(crate) use arguments::Arguments;
use arguments::{Command, Output};
use datalake_server::upkeep;
use runtime::configuration::Configuration;
use secrecy::ExposeSecret as _;
use tokio::runtime::Runtime;

/// Runs the command.
///
/// # Errors
/// Whatever it fails at, for the operator to read.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let configuration = Configuration::load(arguments.common.config.as_deref(), &arguments.settings())?;
    runtime::telemetry::start(&configuration.log)?;
    let executor = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    match &arguments.command {
        Command::Serve(_) => executor.block_on(serve(&configuration))?,
        Command::Init { email, name } => init(&executor, &configuration, email, name)?,
        Command::GrantKey { email, read_only } => {
            let granted = executor.block_on(datalake_server::grant_key(&configuration, email, *read_only))?;
            say(&granted.access_key_id.to_string());
        }
        Command::Check { skip_content, output } => {
            let report = executor.block_on(upkeep::check(&configuration.data_dir, !skip_content))?;
            match output {
                Output::Table => say(print::report(&report).trim_end()),
                Output::Json => say(&serde_json::to_string_pretty(&report)?),
            }
            return Ok(ExitCode::from(u8::from(!report.findings.is_empty())));
        }
        Command::Backup { to } => {
            let label = upkeep::backup(&configuration.data_dir, to)?;
            say(&format!("{} objects, {} bytes, as of {}: {}", label.objects, label.bytes, label.taken_at, to.display()));
        }
        Command::Restore { from } => {
            let label = upkeep::restore(from, &configuration.data_dir)?;
            say(&format!(
                "{} objects, {} bytes, as of {}: {}",
                label.objects,
                label.bytes,
                label.taken_at,
                configuration.data_dir.display()
            ));
        }
        Command::Reindex => say(&format!("{} packages", executor.block_on(upkeep::reindex(&configuration.data_dir))?)),
        Command::Jobs { dead, retry, output } => {
            let jobs = executor.block_on(upkeep::jobs(&configuration.data_dir, *dead, retry))?;
            match output {
                Output::Table => say(print::jobs(&jobs, *dead).trim_end()),
                Output::Json => say(&serde_json::to_string_pretty(&print::jobs_json(&jobs))?),
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn serve(configuration: &Configuration) -> anyhow::Result<()> {
    let server = datalake_server::start(configuration).await?;
    say(&format!("API      {}", server.api_url()));
    say(&format!("Objects  {}", server.objects_url()));
    server.run_until_stopped().await
}

fn init(executor: &Runtime, configuration: &Configuration, email: &str, name: &str) -> anyhow::Result<()> {
    let invited = executor.block_on(datalake_server::invite_administrator(configuration, email, name))?;
    say(&format!("user                {}", invited.email));
    say(&format!("one-time password   {}", invited.one_time_password.expose_secret()));
    say("Sign in with it once; you are asked for a password of your own then.");
    Ok(())
}

#[expect(clippy::print_stdout, reason = "what these commands are for")]
fn say(text: &str) {
    println!("{text}");
}
