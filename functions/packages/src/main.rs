//! The Lambda behind `/packages`.

use std::sync::Arc;

use app::identity::verdict::Verdict;
use aws::account::Account;
use datalake_function_packages::{Deps, router};
use runtime::{
    lambda::{self, Setting, serve_http},
    system::{SystemClock, SystemIds},
};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda::Error> {
    let told = lambda::start()?;
    let account = Account::connect().await;
    let tables = account.tables(told.get(Setting::Prefix)?);
    tables.open();
    let ids = Arc::new(SystemIds::default());
    let clock = Arc::new(SystemClock);
    let objects = account.objects(told.get(Setting::SignerRoleArn)?, clock.clone());
    let deps = Deps {
        tables,
        jobs: account.jobs(told.queues()),
        cipher: account.cipher(told.get(Setting::KeyArn)?),
        clock,
        ids: ids.clone(),
        objects: objects.clone(),
        multipart: objects,
        bucket: told.get(Setting::Bucket)?.to_owned(),
    };
    serve_http(web::function(router(deps), ids, told.list(Setting::ConsoleOrigins)), Verdict::from_context).await
}
