//! The `datalake-server` command.

mod command;

use std::process::ExitCode;

use clap::Parser as _;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The exit code of a command that could not be done. Of a check, 1 says that something was found.
const FAILED: u8 = 2;

fn main() -> ExitCode {
    command::run(&command::Arguments::parse()).unwrap_or_else(|error| {
        report(&error);
        ExitCode::from(FAILED)
    })
}

#[expect(clippy::print_stderr, reason = "a program's last words")]
fn report(error: &anyhow::Error) {
    eprintln!("datalake-server: {error:#}");
}
