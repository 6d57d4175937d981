//! `datalake whoami`

use contract::profile::Profile;

use crate::{context::Context, failure::Outcome, output::Column};

const FIELDS: &[Column<Profile>] = &[
    ("user_id", |profile| profile.user_id.clone()),
    ("name", |profile| profile.name.clone()),
    ("email", |profile| profile.email.clone()),
    ("role", |profile| profile.role.clone()),
    ("groups", |profile| profile.groups.join(", ")),
    ("endpoint", |profile| profile.endpoint.clone()),
    ("version", |profile| profile.version.clone()),
    ("capabilities", |profile| profile.capabilities.join(", ")),
];

pub(crate) async fn run(context: &Context) -> Outcome {
    context.printer.item(&context.client()?.profile().await?, FIELDS)
}
