//! The Lambda that chains audit records into the log, woken by the audit queue.

use std::sync::Arc;

use aws::{account::Account, events};
use datalake_function_logging::{Deps, handler};
use runtime::{
    lambda::{self, Setting, serve_events},
    system::SystemClock,
};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda::Error> {
    let told = lambda::start()?;
    let account = Account::connect().await;
    let tables = account.tables(told.get(Setting::Prefix)?);
    let audit_log = account.audit_log(told.get(Setting::AuditLogGroup)?, Arc::new(SystemClock));
    let worker = handler(Deps { tables, audit_log });
    serve_events(|event, deadline| events::jobs(event, &worker, deadline)).await
}
