//! The Lambda that chains audit records into the log, woken by the audit queue.

use aws::{account::Account, events};
use datalake_function_logging::{Deps, handler};
use runtime::lambda::{self, Setting, serve_events};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda::Error> {
    let told = lambda::start()?;
    let account = Account::connect().await;
    let tables = account.tables(told.get(Setting::Prefix)?);
    let worker = handler(Deps { tables, audit_log: account.audit_log(told.get(Setting::AuditLogGroup)?) });
    serve_events(|event, deadline| events::jobs(event, &worker, deadline)).await
}
