//! `datalake people` and `datalake groups`

use clap::Args;
use contract::profile::{Group, Person};
use futures::TryStreamExt as _;

use crate::{context::Context, failure::Outcome, output::Column};

/// Find people by name: those whom you may hand a package to.
#[derive(Debug, Args)]
pub(crate) struct People {
    /// What a name begins with.
    name: String,
}

const PEOPLE: &[Column<Person>] = &[("user_id", |person| person.user_id.clone()), ("name", |person| person.name.clone())];

const GROUPS: &[Column<Group>] = &[("name", |group| group.name.clone())];

pub(crate) async fn people(context: &Context, arguments: &People) -> Outcome {
    let people: Vec<Person> = context.client()?.people(&arguments.name).try_collect().await?;
    context.printer.list(&people, PEOPLE)
}

pub(crate) async fn groups(context: &Context) -> Outcome {
    let groups: Vec<Group> = context.client()?.groups().try_collect().await?;
    context.printer.list(&groups, GROUPS)
}
