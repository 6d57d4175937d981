//! The Lambda behind `/profile`.

use std::sync::Arc;

use app::{identity::verdict::Verdict, profile::Deployment};
use aws::account::Account;
use datalake_function_profile::{Deps, router};
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
    let directory = account.directory(told.get(Setting::UserPoolId)?, told.get(Setting::Directory)?, told.optional(Setting::AdminGroup))?;
    let deps = Deps {
        tables,
        jobs: account.jobs(told.queues()),
        cipher: account.cipher(told.get(Setting::KeyArn)?),
        clock,
        ids: ids.clone(),
        secrets_cipher: account.cipher(told.get(Setting::UserSecretsKeyArn)?),
        groups: directory.clone(),
        user_records: directory,
        deployment: Deployment::at(told.get(Setting::ApiUrl)?),
    };
    serve_http(web::function(router(deps), ids, told.list(Setting::ConsoleOrigins)), Verdict::from_context).await
}
