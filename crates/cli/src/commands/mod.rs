//! The commands: one file a noun.

pub(crate) mod cart;
pub(crate) mod configure;
pub(crate) mod datasets;
pub(crate) mod directory;
pub(crate) mod exports;
pub(crate) mod imports;
pub(crate) mod index;
pub(crate) mod keys;
pub(crate) mod login;
pub(crate) mod metadata;
pub(crate) mod packages;
pub(crate) mod search;
pub(crate) mod shell;
mod transfer;
mod wait;
mod whoami;

use crate::{arguments::Command, context::Context, failure::Outcome};

/// Runs a command. Each one's future is boxed: transfers hold much.
pub(crate) async fn run(context: &Context, command: Command) -> Outcome {
    match command {
        Command::Configure(arguments) => configure::run(context, arguments),
        Command::Login(arguments) => Box::pin(login::run(context, arguments)).await,
        Command::Whoami => whoami::run(context).await,
        Command::Keys(command) => keys::run(context, command).await,
        Command::Packages(command) => Box::pin(packages::run(context, command)).await,
        Command::Datasets(command) => Box::pin(datasets::run(context, command)).await,
        Command::Imports(command) => Box::pin(imports::run(context, command)).await,
        Command::Metadata(command) => Box::pin(metadata::run(context, command)).await,
        Command::Search(arguments) => Box::pin(search::run(context, arguments)).await,
        Command::Suggest(arguments) => search::suggest(context, &arguments).await,
        Command::Statistics => search::statistics(context).await,
        Command::People(arguments) => directory::people(context, &arguments).await,
        Command::Groups => directory::groups(context).await,
        Command::Completions(arguments) => shell::completions(context, &arguments),
        Command::Manual(arguments) => shell::manual(context, &arguments),
        Command::Index(command) => index::run(context, command).await,
        Command::Cart(command) => Box::pin(cart::run(context, command)).await,
        Command::Exports(command) => Box::pin(exports::run(context, command)).await,
    }
}
