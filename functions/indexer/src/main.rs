//! The Lambda that keeps the index after the tables, woken by the search queue.

use std::sync::Arc;

use aws::{account::Account, events};
use datalake_function_indexer::{Deps, handler};
use runtime::{
    lambda::{self, Setting, serve_events},
    system::SystemClock,
};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda::Error> {
    let told = lambda::start()?;
    let account = Account::connect().await;
    let prefix = told.get(Setting::Prefix)?;
    let index = account.index(told.get(Setting::SearchEndpoint)?, prefix)?;
    let worker = handler(Deps {
        tables: account.tables(prefix),
        index: index.clone(),
        rebuild: index,
        jobs: account.jobs(told.queues()),
        clock: Arc::new(SystemClock),
    });
    serve_events(|event, deadline| events::jobs(event, &worker, deadline)).await
}
