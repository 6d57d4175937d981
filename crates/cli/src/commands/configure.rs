//! `datalake configure`

use std::io::{BufRead as _, IsTerminal as _, Write as _};

use clap::Args;

use crate::{
    config::Profile,
    context::Context,
    failure::{Failure, Outcome},
    output::Column,
};

/// Write a profile: the API's address, who signs people in, and preferences.
///
/// The profile is the one named by `--profile`, else `default`. What is not given stays as it is; on a terminal, with
/// nothing given, the API's address is asked for. `--endpoint`, `--object-endpoint` and `--output` are kept.
#[derive(Debug, Args)]
pub(crate) struct Configure {
    /// Who signs people in, where that is not the API's own address: a deployment on AWS says it at the end of its making.
    #[arg(long, env = "DATALAKE_ISSUER", value_name = "URL")]
    issuer: Option<url::Url>,
    /// The client's name at the issuer (datalake-cli if never set).
    #[arg(long, env = "DATALAKE_CLIENT_ID", value_name = "NAME")]
    client_id: Option<String>,
    /// The region in signatures (us-east-1 if never set).
    #[arg(long, value_name = "NAME")]
    region: Option<String>,
}

const FIELDS: &[Column<Profile>] = &[
    ("endpoint", |profile| profile.endpoint.as_ref().map(ToString::to_string).unwrap_or_default()),
    ("object_endpoint", |profile| profile.object_endpoint.as_ref().map(ToString::to_string).unwrap_or_default()),
    ("issuer", |profile| profile.issuer.as_ref().map(ToString::to_string).unwrap_or_default()),
    ("client_id", |profile| profile.client_id.clone().unwrap_or_default()),
    ("region", |profile| profile.region.clone().unwrap_or_default()),
];

pub(crate) fn run(context: &Context, arguments: Configure) -> Outcome {
    let (endpoint, object_endpoint) = context.given_endpoints();
    let mut profile = context.profile.clone();
    let Configure { issuer, client_id, region } = arguments;
    let addresses = [&endpoint, &object_endpoint, &issuer];
    let preferences = client_id.is_some() || region.is_some() || context.given_output().is_some();
    if !preferences && addresses.iter().all(|address| address.is_none()) && std::io::stdin().is_terminal() {
        profile.endpoint = Some(ask_endpoint(&profile)?);
    }
    profile.endpoint = endpoint.or(profile.endpoint);
    profile.object_endpoint = object_endpoint.or(profile.object_endpoint);
    profile.issuer = issuer.or(profile.issuer);
    profile.client_id = client_id.or(profile.client_id);
    profile.region = region.or(profile.region);
    profile.output = context.given_output().or(profile.output);
    context.folder.save_profile(&context.profile_name, profile.clone())?;
    context.printer.note(format_args!("Profile '{}' is written to {}.", context.profile_name, context.folder.path().display()));
    context.printer.item(&profile, FIELDS)
}

fn ask_endpoint(profile: &Profile) -> Outcome<url::Url> {
    let failed = |error| Failure::file("ask for the endpoint", &error);
    let now = profile.endpoint.as_ref().map(|endpoint| format!(" [{endpoint}]")).unwrap_or_default();
    let mut error = std::io::stderr().lock();
    write!(error, "Address of the API{now}: ").and_then(|()| error.flush()).map_err(failed)?;
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line).map_err(failed)?;
    match (line.trim(), &profile.endpoint) {
        ("", Some(endpoint)) => Ok(endpoint.clone()),
        (text, _) => text.parse().map_err(|error| Failure::usage(format!("'{text}' is no address: {error}"))),
    }
}
