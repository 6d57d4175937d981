//! `datalake packages`

mod compare;
mod push;

use std::path::PathBuf;

use clap::{Args, Subcommand};
use client::{PackageFilter, datasets::DatasetFilter};
use contract::{
    governance::TagRule,
    packages::{ChangePackage, CreatePackage, HistoryEntry, Package},
};
use futures::TryStreamExt as _;

use super::transfer::{Transfer, show_pull, wanted};
use crate::{
    context::Context,
    failure::{Failure, Outcome},
    output::{Column, size},
    pull::Pull,
};

/// Packages.
#[derive(Debug, Subcommand)]
pub(crate) enum Packages {
    /// List your packages, newest first.
    List {
        /// Of this user; for administrators.
        #[arg(long, value_name = "USER_ID")]
        owner: Option<String>,
        /// Those that were deleted and can be restored.
        #[arg(long)]
        deleted: bool,
    },
    /// Show the rules about tags: what a package must and may say.
    Governance,
    /// Create an empty package.
    Create(Create),
    /// Show a package.
    Show {
        /// The package's id.
        package: String,
    },
    Push(push::PushFolder),
    /// Pull a package's files into a folder: parallel, verified, resumable.
    Pull(PullPackage),
    /// List what is other in a folder than in a package. Exit code 1 if anything is.
    Diff(compare::Compare),
    /// Check that a folder has all files of a package, with the right content; further files are no fault.
    Verify(compare::Compare),
    /// Change what is said of a package; what is not named stays.
    Update(Update),
    /// Hand a package to another user.
    Transfer {
        /// The package's id.
        package: String,
        /// The new owner's id, as `datalake people` finds it.
        #[arg(long, value_name = "USER_ID")]
        to: String,
    },
    /// Show who did what to a package, newest first.
    History {
        /// The package's id.
        package: String,
    },
    /// Print a package as a Frictionless Data Package descriptor.
    Describe {
        /// The package's id.
        package: String,
    },
    /// Delete a package.
    Delete {
        /// The package's id.
        package: String,
        /// Don't ask.
        #[arg(long, short)]
        yes: bool,
    },
    /// Undo the deletion of a package, within 30 days.
    Restore {
        /// The package's id, as `list --deleted` shows it.
        package: String,
    },
}

/// What describes a package.
#[derive(Debug, Default, Args)]
pub(crate) struct Description {
    /// What it is about: plain text or Markdown.
    #[arg(long)]
    description: Option<String>,
    /// A tag; may be repeated.
    #[arg(long = "tag", value_name = "NAME=VALUE", value_parser = pair)]
    tags: Vec<(String, String)>,
    /// Who sees it.
    #[arg(long, value_parser = ["private", "groups", "everyone"])]
    visibility: Option<String>,
    /// A group that sees it; may be repeated. Implies `--visibility groups`.
    #[arg(long = "group", value_name = "NAME")]
    groups: Vec<String>,
}

/// Create an empty package.
#[derive(Debug, Args)]
pub(crate) struct Create {
    /// Its name.
    name: String,
    #[command(flatten)]
    description: Description,
}

/// Change what is said of a package.
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("what").required(true).multiple(true))]
pub(crate) struct Update {
    /// The package's id.
    package: String,
    /// Its name.
    #[arg(long, group = "what")]
    name: Option<String>,
    /// What it is about: plain text or Markdown.
    #[arg(long, group = "what")]
    description: Option<String>,
    /// Who sees it.
    #[arg(long, group = "what", value_parser = ["private", "groups", "everyone"])]
    visibility: Option<String>,
    /// A group that sees it, in place of those that do now; may be repeated.
    #[arg(long = "group", group = "what", value_name = "NAME")]
    groups: Vec<String>,
    /// Only if the package is of this version still.
    #[arg(long, value_name = "VERSION")]
    if_version: Option<u64>,
}

/// Pull a package's files.
#[derive(Debug, Args)]
pub(crate) struct PullPackage {
    /// The package's id.
    package: String,
    /// The folder; files that are there with the right content are kept, other files are left alone.
    folder: PathBuf,
    /// Only paths that begin so.
    #[arg(long)]
    prefix: Option<String>,
    #[command(flatten)]
    transfer: Transfer,
}

const LIST: &[Column<Package>] = &[
    ("id", |package| package.id.clone()),
    ("name", |package| package.name.clone()),
    ("visibility", |package| package.visibility.clone()),
    ("datasets", |package| package.datasets.to_string()),
    ("bytes", |package| package.bytes.to_string()),
    ("updated_at", |package| package.updated_at.clone()),
];

const RULES: &[Column<TagRule>] = &[
    ("tag", |rule| rule.tag.clone()),
    ("required", |rule| if rule.required { "yes" } else { "no" }.to_owned()),
    ("type", |rule| rule.tag_type.clone()),
    ("allowed", |rule| {
        let range = match (&rule.minimum, &rule.maximum) {
            (None, None) => None,
            (minimum, maximum) => Some(format!("{}..{}", minimum.as_deref().unwrap_or_default(), maximum.as_deref().unwrap_or_default())),
        };
        let values = Some(rule.values.join(", ")).filter(|values| !values.is_empty());
        rule.pattern.clone().or(range).or(values).unwrap_or_default()
    }),
    ("description", |rule| rule.description.clone()),
];

const DELETED: &[Column<Package>] = &[
    ("id", |package| package.id.clone()),
    ("name", |package| package.name.clone()),
    ("datasets", |package| package.datasets.to_string()),
    ("bytes", |package| package.bytes.to_string()),
    ("deleted_at", |package| package.deleted_at.clone().unwrap_or_default()),
    ("restorable_until", |package| package.restorable_until.clone().unwrap_or_default()),
];

const HISTORY: &[Column<HistoryEntry>] = &[
    ("time", |entry| entry.time.clone()),
    ("action", |entry| entry.action.clone()),
    ("user_id", |entry| entry.user_id.clone().unwrap_or_default()),
    ("access_key_id", |entry| entry.access_key_id.clone().unwrap_or_default()),
    ("outcome", |entry| entry.outcome.clone()),
    ("changed", |entry| entry.changed.join(", ")),
];

const FIELDS: &[Column<Package>] = &[
    ("id", |package| package.id.clone()),
    ("name", |package| package.name.clone()),
    ("description", |package| package.description.clone()),
    ("owner", |package| package.owner.clone()),
    ("visibility", |package| package.visibility.clone()),
    ("groups", |package| package.groups.join(", ")),
    ("datasets", |package| package.datasets.to_string()),
    ("size", |package| size(package.bytes)),
    ("version", |package| package.version.to_string()),
    ("revision", |package| package.revision.to_string()),
    ("tags", |package| package.metadata.iter().flatten().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("\n")),
    ("created_at", |package| package.created_at.clone()),
    ("updated_at", |package| package.updated_at.clone()),
    ("actions", |package| package.actions.join(", ")),
];

pub(crate) async fn run(context: &Context, command: Packages) -> Outcome {
    let client = context.client()?;
    match command {
        Packages::List { owner, deleted } => {
            let packages: Vec<Package> = client.packages(&PackageFilter { owner, deleted }).try_collect().await?;
            context.printer.list(&packages, if deleted { DELETED } else { LIST })
        }
        Packages::Governance => context.printer.list(&client.governance().await?.items, RULES),
        Packages::Create(create) => {
            let mut package = CreatePackage { name: create.name, ..CreatePackage::default() };
            create.description.describe(&mut package);
            context.printer.item(&client.create_package(&package).await?, FIELDS)
        }
        Packages::Show { package } => context.printer.item(&client.package(&package).await?, FIELDS),
        Packages::Push(arguments) => Box::pin(push::run(context, &client, arguments)).await,
        Packages::Pull(pull) => {
            let filter = DatasetFilter { prefix: pull.prefix, state: None };
            let files = client.datasets(&pull.package, &filter).map_ok(|dataset| wanted(&pull.package, dataset)).map_err(Failure::from);
            let (root, parallel, progress) = (pull.folder, pull.transfer.parallel, context.progress());
            let pulling = Pull { client: &client, objects: None, root, folder: String::new(), parallel, progress };
            let report = Box::pin(pulling.run(files)).await;
            pulling.progress.finish();
            show_pull(context, &report?)
        }
        Packages::Diff(arguments) => Box::pin(compare::diff(context, &client, arguments)).await,
        Packages::Verify(arguments) => Box::pin(compare::verify(context, &client, arguments)).await,
        Packages::Update(Update { package, name, description, visibility, groups, if_version }) => {
            let groups = (!groups.is_empty()).then_some(groups);
            let change = ChangePackage { name, description, visibility, groups };
            context.printer.item(&client.change_package(&package, &change, if_version).await?, FIELDS)
        }
        Packages::Transfer { package, to } => context.printer.item(&client.transfer_package(&package, &to).await?, FIELDS),
        Packages::History { package } => {
            let entries: Vec<HistoryEntry> = client.history(&package).try_collect().await?;
            context.printer.list(&entries, HISTORY)
        }
        Packages::Describe { package } => {
            let descriptor = client.descriptor(&package).await?;
            context.printer.print(&context.printer.render_value(&descriptor)?)
        }
        Packages::Delete { package, yes } => {
            let found = client.package(&package).await?;
            if !yes {
                confirm(&format!("Delete '{}' ({package}) with {} datasets?", found.name.escape_debug(), found.datasets))?;
            }
            client.delete_package(&package).await?;
            context.printer.note(format_args!("Deleted {package}; `packages restore` brings it back within 30 days."));
            Ok(())
        }
        Packages::Restore { package } => context.printer.item(&client.restore_package(&package).await?, FIELDS),
    }
}

impl Description {
    /// What was given takes the place of what is there.
    pub(super) fn describe(self, package: &mut CreatePackage) {
        if let Some(description) = self.description {
            package.description = description;
        }
        package.metadata.extend(self.tags);
        let implied = (!self.groups.is_empty()).then(|| "groups".to_owned());
        package.visibility = self.visibility.or(implied);
        package.groups = self.groups;
    }
}

pub(super) fn confirm(question: &str) -> Outcome {
    use std::io::{BufRead as _, IsTerminal as _, Write as _};

    let failed = |error| Failure::file("ask", &error);
    if !std::io::stdin().is_terminal() {
        return Err(Failure::usage("This deletes; say --yes where nobody can be asked."));
    }
    let mut error = std::io::stderr().lock();
    write!(error, "{question} [y/N] ").and_then(|()| error.flush()).map_err(failed)?;
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line).map_err(failed)?;
    if matches!(line.trim(), "y" | "Y" | "yes") { Ok(()) } else { Err(Failure::failed("Nothing was deleted.")) }
}

/// `NAME=VALUE`.
pub(super) fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.trim().is_empty() => Ok((name.trim().to_owned(), value.to_owned())),
        _ => Err("must be NAME=VALUE".to_owned()),
    }
}
