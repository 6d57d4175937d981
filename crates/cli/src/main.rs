//! The `datalake` command: packages, datasets, metadata, search, cart and exports from a terminal or a script.

mod arguments;
mod commands;
mod compare;
mod config;
mod context;
mod environment;
mod failure;
mod output;
mod paths;
mod progress;
mod pull;
mod push;
mod sha256;
mod sign_in;

use std::process::ExitCode;

use clap::Parser as _;

use crate::{arguments::Arguments, context::Context, failure::Failure};

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(arguments).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            failure.report();
            failure.exit_code()
        }
    }
}

async fn run(arguments: Arguments) -> Result<(), Failure> {
    let context = Context::new(arguments.global)?;
    // Commands hold whole transfers: boxed, so that no frame is as large as the largest.
    Box::pin(commands::run(&context, arguments.command)).await
}
