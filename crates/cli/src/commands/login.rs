//! `datalake login`

use std::io::{BufRead as _, IsTerminal as _, Write as _};

use clap::Args;

use crate::{
    config::Secrets,
    context::Context,
    environment::variable,
    failure::{Failure, Outcome},
    sign_in,
};

/// Sign in with the browser, or keep an API key (`--key`).
///
/// The session or key is kept for the profile, in a file that
/// only you can read. A session renews itself; sign in again when it has ended.
#[derive(Debug, Args)]
pub(crate) struct Login {
    /// Keep an API key. Its id and secret are taken from `DATALAKE_ACCESS_KEY_ID` and `DATALAKE_SECRET_ACCESS_KEY`,
    /// else asked for on a terminal, else read as two lines from stdin; never from the command line, which others can see.
    #[arg(long)]
    key: bool,
    /// Only print the address to sign in at; open no browser.
    #[arg(long, conflicts_with = "key")]
    no_browser: bool,
}

pub(crate) async fn run(context: &Context, arguments: Login) -> Outcome {
    let endpoint = context.endpoint()?;
    let secrets = if arguments.key {
        read_key()?
    } else {
        let (tokens, token_endpoint) = sign_in::by_browser(context, |url| show(context, url, arguments.no_browser)).await?;
        Secrets::of_session(&tokens, &token_endpoint)
    };
    context.folder.save_secrets(&context.profile_name, secrets)?;
    if context.profile.endpoint.is_none() {
        let mut profile = context.profile.clone();
        profile.endpoint = Some(endpoint);
        context.folder.save_profile(&context.profile_name, profile)?;
    }
    let profile = context.client()?.profile().await?;
    context.printer.note(format_args!("Signed in as {} ({}).", profile.name, profile.email));
    Ok(())
}

fn show(context: &Context, url: &url::Url, no_browser: bool) {
    // The address is the result that a person waits for: quiet or not, it is printed.
    let mut error = std::io::stderr().lock();
    // Nobody can be told when stderr is gone; the browser may still open.
    let _ = writeln!(error, "Sign in at: {url}");
    drop(error);
    if !no_browser && open::that_detached(url.as_str()).is_err() {
        context.printer.note("No browser could be opened: open the address yourself.");
    }
}

fn read_key() -> Outcome<Secrets> {
    let failed = |error| Failure::file("read the API key", &error);
    let mut lines = std::io::stdin().lock().lines();
    let mut read = |name: &str, prompt: &str, secret: bool| -> Outcome<String> {
        let value = match variable(name) {
            Some(value) => value,
            None if std::io::stdin().is_terminal() && secret => rpassword::prompt_password(prompt).map_err(failed)?,
            None => {
                if std::io::stdin().is_terminal() {
                    let mut error = std::io::stderr().lock();
                    write!(error, "{prompt}").and_then(|()| error.flush()).map_err(failed)?;
                }
                lines.next().transpose().map_err(failed)?.unwrap_or_default()
            }
        };
        let value = value.trim().to_owned();
        if value.is_empty() { Err(Failure::usage("An API key has an id and a secret.")) } else { Ok(value) }
    };
    let access_key_id = read("DATALAKE_ACCESS_KEY_ID", "Access key id: ", false)?;
    let secret_access_key = read("DATALAKE_SECRET_ACCESS_KEY", "Secret access key (not shown): ", true)?;
    Ok(Secrets::Key { access_key_id, secret_access_key })
}
