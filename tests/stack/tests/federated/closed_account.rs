//! The identity provider does not tell that it closed an account: nobody signs in, and keys end some days later.

use std::{sync::Arc, time::Duration};

use anyhow::{Context as _, Result};
use client::{
    Client, clock,
    credentials::{Credential, Fixed, KeyPair},
};
use datalake_tests_stack::wait_until;
use serde_json::json;

use crate::{BEN, Lake};

const DAY: Duration = Duration::from_secs(24 * 3600);

/// Seven days unless the settings say otherwise; a sign-in makes keys work again.
pub(crate) async fn stops_its_keys_some_days_after_the_last_sign_in(lake: &Lake) -> Result<()> {
    let session = lake.sign_in(BEN).await?;
    let user_id = session.client()?.profile().await?.user_id;
    let access_key_id = lake.stack.grant_key_to(&user_id).await?.to_owned();
    let secret = session.client()?.new_secret(&access_key_id).await?.secret_access_key;
    let key = Credential::Key(KeyPair { access_key_id, secret_access_key: secret.into() });
    let program = Client::builder(lake.stack.api_url().parse()?).credentials(Arc::new(Fixed(key))).build()?;
    assert_eq!(program.profile().await?.role, "member");

    lake.corporation.set_enabled(BEN, false).await?;
    assert!(lake.stack.sign_in(lake.provider, BEN).await?.is_none(), "the provider closed the account");
    assert_eq!(program.profile().await?.user_id, user_id, "nobody told the data lake");
    // Nobody can wait for a week: the row says that one has passed. The authorizer believes a row for a minute.
    signed_in_before(lake, &user_id, DAY * 7 + Duration::from_secs(60)).await?;
    let stopped = wait_until("the key stops", async || Ok(program.profile().await.err())).await?;
    assert_eq!((stopped.status().map(|status| status.as_u16()), stopped.code()), (Some(401), Some("sign_in_required")), "{stopped}");

    lake.corporation.set_enabled(BEN, true).await?;
    lake.sign_in(BEN).await?;
    if test_servers::only_long("another minute, until the key works again") {
        return Ok(());
    }
    wait_until("the key works again", async || Ok(program.profile().await.ok())).await.map(drop)
}

async fn signed_in_before(lake: &Lake, user_id: &str, ago: Duration) -> Result<()> {
    let then = (clock::now() - ago).to_string();
    lake.set_principal(user_id, "last_sign_in", json!({"S": then})).await
}

/// Whoever is disabled in the data lake stays out, though the provider lets them in: the identity function refuses, and
/// there are no tokens then.
pub(crate) async fn that_is_disabled_here_gets_no_tokens(lake: &Lake) -> Result<()> {
    let session = lake.sign_in(BEN).await?;
    let user_id = session.claims()?["sub"].as_str().context("an id")?.to_owned();
    lake.set_principal(&user_id, "enabled", json!({"BOOL": false})).await?;
    assert!(lake.stack.sign_in(lake.provider, BEN).await.is_err());
    lake.set_principal(&user_id, "enabled", json!({"BOOL": true})).await?;
    lake.sign_in(BEN).await.map(drop)
}
