//! The Lambda that looks after what is due, woken by a schedule and by the housekeeping queue.

use std::sync::Arc;

use aws::{account::Account, events};
use datalake_function_housekeeping::{Deps, Worker};
use runtime::{
    lambda::{self, Setting, serve_events},
    system::{SystemClock, SystemIds},
};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda::Error> {
    let told = lambda::start()?;
    let account = Account::connect().await;
    let clock = Arc::new(SystemClock);
    let objects = account.objects_unsigned(clock.clone());
    let worker = Worker::new(Deps {
        tables: account.tables(told.get(Setting::Prefix)?),
        objects: objects.clone(),
        multipart: objects,
        jobs: account.jobs(told.queues()),
        cipher: account.cipher(told.get(Setting::KeyArn)?),
        signer: account.signer(told.get(Setting::AuditKeyArn)?),
        directory: Some(account.directory(
            told.get(Setting::UserPoolId)?,
            told.get(Setting::Directory)?,
            told.optional(Setting::AdminGroup),
        )?),
        clock,
        ids: Arc::new(SystemIds::default()),
        bucket: told.get(Setting::Bucket)?.to_owned(),
        audit_bucket: told.get(Setting::AuditBucket)?.to_owned(),
    });
    serve_events(|event, deadline| events::jobs_or_schedule(event, &worker, deadline)).await
}
