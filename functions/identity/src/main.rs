//! The Lambda that a Cognito user pool asks before it makes tokens.

use std::sync::Arc;

use app::identity::{Admitted, ClaimRules};
use aws::{
    account::Account,
    events::{self, TokenClaims},
};
use datalake_function_identity::{Deps, TIME_LIMIT, Trigger};
use runtime::{
    lambda::{self, Setting, serve_events},
    system::{SystemClock, SystemIds},
};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda::Error> {
    let told = lambda::start()?;
    let account = Account::connect().await;
    let trigger = Trigger::new(Deps {
        tables: account.tables(told.get(Setting::Prefix)?),
        jobs: account.jobs(told.queues()),
        clock: Arc::new(SystemClock),
        ids: Arc::new(SystemIds::default()),
        rules: ClaimRules::new(told.get(Setting::Directory)?, told.optional(Setting::GroupMap), told.optional(Setting::AdminGroup))?,
        time_limit: TIME_LIMIT,
    });
    serve_events(|event, _| async {
        let Admitted { role, groups } = trigger.admit(&events::pre_token(event.clone())?).await?;
        Ok::<_, lambda::Error>(events::pre_token_answer(event, &TokenClaims { role, groups })?)
    })
    .await
}
