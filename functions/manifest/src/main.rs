//! The Lambda that writes exports and reads imports, woken by the manifest queue.

use std::sync::Arc;

use app::workers::importing::CLOUD_UNITS_PER_SECOND;
use aws::{account::Account, events};
use datalake_function_manifest::{Deps, Worker};
use runtime::{
    lambda::{self, Setting, serve_events},
    system::{SystemClock, SystemIds},
};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda::Error> {
    let told = lambda::start()?;
    let account = Account::connect().await;
    let clock = Arc::new(SystemClock);
    let worker = Worker::new(Deps {
        tables: account.tables(told.get(Setting::Prefix)?),
        objects: account.objects(told.get(Setting::SignerRoleArn)?, clock.clone()),
        jobs: account.jobs(told.queues()),
        cipher: account.cipher(told.get(Setting::KeyArn)?),
        clock,
        ids: Arc::new(SystemIds::default()),
        bucket: told.get(Setting::Bucket)?.to_owned(),
        links: told.get(Setting::ApiUrl)?.to_owned(),
        units_per_second: Some(CLOUD_UNITS_PER_SECOND),
    });
    serve_events(|event, deadline| events::jobs(event, &worker, deadline)).await
}
