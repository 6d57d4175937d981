//! `datalake configure`

use std::io::{BufRead as _, IsTerminal as _, Write as _};

use clap::Args;

use crate::{
    config::Profile,
    context::Context,
    failure::{Failure, Outcome},
    output::Column,
};

/// Write a profile: the API's address and preferences.
///
/// The profile is the one named by `--profile`, else `default`. What is not given stays as it is; on a terminal, with
/// nothing given, the API's address is asked for. `--endpoint`, `--object-endpoint` and `--output` are kept.
#[derive(Debug, Args)]
pub(crate) struct Configure {
    /// The region in signatures (us-east-1 if never set).
    #[arg(long, value_name = "NAME")]
    region: Option<String>,
}

const FIELDS: &[Column<Profile>] = &[
    ("endpoint", |profile| profile.endpoint.as_ref().map(ToString::to_string).unwrap_or_default()),
    ("object_endpoint", |profile| profile.object_endpoint.as_ref().map(ToString::to_string).unwrap_or_default()),
    ("region", |profile| profile.region.clone().unwrap_or_default()),
];

pub(crate) fn run(context: &Context, arguments: Configure) -> Outcome {
    let (endpoint, object_endpoint) = context.given_endpoints();
    let mut profile = context.profile.clone();
    let nothing_given = endpoint.is_none() && object_endpoint.is_none() && arguments.region.is_none() && context.given_output().is_none();
    if nothing_given && std::io::stdin().is_terminal() {
        profile.endpoint = Some(ask_endpoint(&profile)?);
    }
    profile.endpoint = endpoint.or(profile.endpoint);
    profile.object_endpoint = object_endpoint.or(profile.object_endpoint);
    profile.region = arguments.region.or(profile.region);
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
