//! `datalake completions` and `datalake manual`

use std::path::{Path, PathBuf};

use clap::{Args, CommandFactory as _};
use clap_complete::Shell;

use crate::{
    arguments::Arguments,
    context::Context,
    failure::{Failure, Outcome},
};

/// Print what a shell completes.
///
/// Bash: `datalake completions bash > ~/.local/share/bash-completion/completions/datalake`.
#[derive(Debug, Args)]
pub(crate) struct Completions {
    /// The shell.
    shell: Shell,
}

/// Write the manual pages, one a command.
///
/// `datalake manual ~/.local/share/man/man1`, then `man datalake-packages-push`.
#[derive(Debug, Args)]
pub(crate) struct Manual {
    /// The folder; it is made if it is not there.
    folder: PathBuf,
}

pub(crate) fn completions(context: &Context, arguments: &Completions) -> Outcome {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut Arguments::command(), "datalake", &mut script);
    context.printer.print(&String::from_utf8(script).map_err(Failure::failed)?)
}

pub(crate) fn manual(context: &Context, arguments: &Manual) -> Outcome {
    let folder: &Path = &arguments.folder;
    let failed = |error: std::io::Error| Failure::file(format!("write {}", folder.display()), &error);
    std::fs::create_dir_all(folder).map_err(failed)?;
    clap_mangen::generate_to(Arguments::command(), folder).map_err(failed)?;
    context.printer.note(format_args!("Wrote the manual pages into {}.", folder.display()));
    Ok(())
}
