//! The Lambda that tells the workers what follows from a change, woken by the tables' streams.

use aws::{account::Account, dynamodb::TableNames, events};
use datalake_function_changes::{Deps, handler};
use runtime::lambda::{self, Setting, serve_events};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda::Error> {
    let told = lambda::start()?;
    let account = Account::connect().await;
    let names = TableNames::with_prefix(told.get(Setting::Prefix)?);
    let worker = handler(Deps { jobs: account.jobs(told.queues()) });
    serve_events(|event, _| events::changes(event, &names, &worker)).await
}
