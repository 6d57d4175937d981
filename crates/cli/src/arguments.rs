//! What the command line may say.

use clap::{Args, Parser, Subcommand};
use url::Url;

use crate::{
    commands::{cart, configure, datasets, directory, exports, imports, index, keys, login, metadata, packages, search, shell},
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
    Suggest(search::Suggest),
    /// Show counts of what you may see.
    Statistics,
    People(directory::People),
    /// List the groups that you may share with.
    Groups,
    /// The search index, for administrators.
    #[command(subcommand)]
    Index(index::Index),
    /// The cart: packages to be exported together.
    #[command(subcommand)]
    Cart(cart::Cart),
    /// Exports made of the cart.
    #[command(subcommand)]
    Exports(exports::Exports),
    Completions(shell::Completions),
    Manual(shell::Manual),
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use clap::CommandFactory as _;

    use super::*;

    /// Each operation of the API and the command that is for it. The first part of a line is the operation.
    const OPERATIONS: &[(&str, &str)] = &[
        ("delete /cart", "cart remove"),
        ("get /cart", "cart list"),
        ("post /cart/checkout", "cart checkout"),
        ("get /cart/exports", "exports list"),
        ("delete /cart/exports/{export}", "exports revoke"),
        ("get /cart/exports/{export}", "exports show"),
        ("post /cart/exports/{export}/retry", "exports retry"),
        ("get /cart/grants/{token}/{entry}", "exports pull"),
        ("post /cart/items", "cart add"),
        ("delete /cart/items/{item}", "cart remove"),
        ("get /cart/items/{item}", "cart list"),
        ("get /packages", "packages list"),
        ("post /packages", "packages create"),
        ("get /packages/governance", "packages governance"),
        ("delete /packages/{id}", "packages delete"),
        ("get /packages/{id}", "packages show"),
        ("patch /packages/{id}", "packages update"),
        ("get /packages/{id}/datapackage.json", "packages describe"),
        ("get /packages/{id}/datasets", "datasets list"),
        ("post /packages/{id}/datasets", "datasets upload"),
        ("post /packages/{id}/datasets/complete", "datasets upload"),
        ("delete /packages/{id}/datasets/{dataset}", "datasets delete"),
        ("get /packages/{id}/datasets/{dataset}", "datasets show"),
        ("post /packages/{id}/datasets/{dataset}/complete", "datasets upload"),
        ("get /packages/{id}/datasets/{dataset}/download", "datasets download"),
        ("get /packages/{id}/datasets/{dataset}/parts", "datasets upload"),
        ("post /packages/{id}/datasets/{dataset}/parts", "datasets upload"),
        ("post /packages/{id}/datasets/{dataset}/restore", "datasets restore"),
        ("get /packages/{id}/history", "packages history"),
        ("get /packages/{id}/imports", "imports list"),
        ("post /packages/{id}/imports", "imports start"),
        ("get /packages/{id}/imports/{import}", "imports status"),
        ("get /packages/{id}/imports/{import}/failures", "imports failures"),
        ("get /packages/{id}/metadata", "metadata show"),
        ("patch /packages/{id}/metadata", "metadata set"),
        ("put /packages/{id}/metadata", "metadata set"),
        ("get /packages/{id}/metadata/versions", "metadata history"),
        ("get /packages/{id}/metadata/versions/{version}", "metadata show"),
        ("put /packages/{id}/owner", "packages transfer"),
        ("post /packages/{id}/restore", "packages restore"),
        ("get /profile", "whoami"),
        ("get /profile/api-keys", "keys list"),
        ("post /profile/api-keys/{access_key_id}/secret", "keys new-secret"),
        ("get /profile/groups", "groups"),
        ("get /profile/people", "people"),
        ("get /search", "search"),
        ("delete /search/index/{package_id}", "index remove"),
        ("put /search/index/{package_id}", "index put"),
        ("get /search/reindex", "index status"),
        ("post /search/reindex", "index rebuild"),
        ("get /search/stats", "statistics"),
        ("get /search/suggest", "suggest"),
    ];

    /// Commands that do more than one operation, or none.
    const OTHERS: &[&str] = &[
        "completions",
        "configure",
        "exports watch",
        "imports watch",
        "login",
        "manual",
        "metadata diff",
        "packages diff",
        "packages pull",
        "packages push",
        "packages verify",
    ];

    fn leaves(command: &clap::Command, before: &str, found: &mut BTreeSet<String>) {
        for command in command.get_subcommands() {
            let words = format!("{before} {}", command.get_name()).trim().to_owned();
            if command.has_subcommands() {
                leaves(command, &words, found);
            } else {
                found.insert(words);
            }
        }
    }

    #[test]
    fn every_operation_has_a_command_and_every_command_is_known() {
        let document: serde_json::Value = serde_json::from_str(include_str!("../../../openapi/datalake.json")).expect("a document");
        let paths = document["paths"].as_object().expect("paths");
        let operations = paths.iter().flat_map(|(path, item)| {
            item.as_object().into_iter().flat_map(serde_json::Map::keys).map(move |method| format!("{method} {path}"))
        });
        // What tells of the service itself is for monitoring and tools.
        let operations: BTreeSet<String> =
            operations.filter(|operation| !matches!(operation.as_str(), "get /healthz" | "get /openapi.json")).collect();
        let known: BTreeSet<String> = OPERATIONS.iter().map(|(operation, _)| (*operation).to_owned()).collect();
        assert_eq!(operations, known);
        let mut commands = BTreeSet::new();
        leaves(&Arguments::command(), "", &mut commands);
        let named: BTreeSet<String> =
            OPERATIONS.iter().map(|(_, command)| *command).chain(OTHERS.iter().copied()).map(str::to_owned).collect();
        assert_eq!(commands, named);
    }

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
