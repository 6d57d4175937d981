//! The Lambda that API Gateway asks who a caller is.

use std::sync::Arc;

use aws::{account::Account, events, oidc};
use datalake_function_authorizer::{Authorizer, Deps, RequestHead};
use runtime::{
    lambda::{self, Setting, serve_events},
    system::{SystemClock, SystemIds},
};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda::Error> {
    let told = lambda::start()?;
    let account = Account::connect().await;
    let clock = Arc::new(SystemClock);
    let tables = account.tables(told.get(Setting::Prefix)?);
    tables.open();
    let authorizer = Authorizer::new(Deps {
        tables,
        records: account.directory(told.get(Setting::UserPoolId)?, told.get(Setting::Directory)?, None)?,
        cipher: account.cipher(told.get(Setting::UserSecretsKeyArn)?),
        tokens: oidc::cognito(told.get(Setting::Issuer)?, told.get(Setting::JwksUrl)?, told.list(Setting::ClientIds), clock.clone())?,
        clock,
        ids: Arc::new(SystemIds::default()),
    })
    .remembering_keys();
    serve_events(|event, _| async {
        let events::AuthorizerRequest { method, path, query, headers, source_ip, .. } = events::authorizer_request(event)?;
        let verdict = authorizer.verdict(&RequestHead { method, path, query, headers, source_ip }).await;
        Ok::<_, lambda::Error>(events::authorizer_answer(verdict.to_context()?))
    })
    .await
}
