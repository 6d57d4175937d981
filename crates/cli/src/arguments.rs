//! What the command line may say.

use clap::{Args, Parser, Subcommand};
use url::Url;

use crate::{
    commands::{cart, configure, datasets, exports, imports, index, keys, login, metadata, packages, search},
    output::Format,
};

/// The data lake from a terminal or a script.
///
/// Exit codes: 0 all went well, 1 it failed, 2 the command was wrong, 3 not found (or not visible to you),
/// 4 not signed in or not allowed, 5 some of it failed.
#[derive(Debug, Parser)]
#[command(name = "datalake", version)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What every command takes.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Global options")]
pub(crate) struct Global {
    /// The profile to use, made by `datalake configure` or `datalake login`.
    #[arg(long, global = true, env = "DATALAKE_PROFILE", value_name = "NAME")]
    pub(crate) profile: Option<String>,
    /// The API's address, in place of the profile's.
    #[arg(long, global = true, env = "DATALAKE_ENDPOINT", value_name = "URL")]
    pub(crate) endpoint: Option<Url>,
    /// The object store's address, in place of the profile's (only `exports pull` of format bucket-key needs it).
    #[arg(long, global = true, env = "DATALAKE_OBJECT_ENDPOINT", value_name = "URL")]
    pub(crate) object_endpoint: Option<Url>,
    /// How results are printed.
    #[arg(long, short, global = true, env = "DATALAKE_OUTPUT", value_enum)]
    pub(crate) output: Option<Format>,
    /// Print results and errors only.
    #[arg(long, short, global = true)]
    pub(crate) quiet: bool,
    /// Show no progress bars.
    #[arg(long, global = true)]
    pub(crate) no_progress: bool,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Configure(configure::Configure),
    Login(login::Login),
    /// Show who you are and what you may do here.
    Whoami,
    /// Your API keys.
    #[command(subcommand)]
    Keys(keys::Keys),
    /// Packages: collections of files with a description and tags.
    #[command(subcommand)]
    Packages(packages::Packages),
    /// Datasets: the files of a package.
    #[command(subcommand)]
    Datasets(datasets::Datasets),
    /// Imports: existing objects that become datasets where they are.
    #[command(subcommand)]
    Imports(imports::Imports),
    /// Metadata: the tags of a package.
    #[command(subcommand)]
    Metadata(metadata::Metadata),
    Search(search::Search),
    /// The search index, for administrators.
    #[command(subcommand)]
    Index(index::Index),
    /// The cart: packages to be exported together.
    #[command(subcommand)]
    Cart(cart::Cart),
    /// Exports made of the cart.
    #[command(subcommand)]
    Exports(exports::Exports),
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn push_says_which_package_it_goes_into() {
        let mut command = Arguments::command();
        let push = command.find_subcommand_mut("packages").and_then(|packages| packages.find_subcommand_mut("push")).expect("the command");
        assert!(push.render_long_help().to_string().contains("Without `--package` and `--update` a new package is made"));
    }

    #[test]
    fn no_option_takes_a_secret() {
        fn check(command: &clap::Command) {
            for argument in command.get_arguments() {
                let name = argument.get_id().as_str();
                assert!(!name.contains("secret") && !name.contains("password") && !name.contains("token"), "{} {name}", command.get_name());
            }
            command.get_subcommands().for_each(check);
        }
        check(&Arguments::command());
    }
}
