//! The code flow with PKCE: a browser signs in, a loopback port takes the code.

use std::time::Duration;

use client::oidc::{self, Tokens};
use url::Url;

use super::loopback::Loopback;
use crate::{
    context::{Context, web_client},
    failure::{Failure, FailureKind, Outcome},
};

/// A person has so long to sign in.
const PATIENCE: Duration = Duration::from_secs(10 * 60);

/// Signs in by the browser. `show` gets the address to open; its answer is only how to open it, never whether.
pub(crate) async fn by_browser(context: &Context, show: impl FnOnce(&Url)) -> Outcome<(Tokens, Url)> {
    let loopback = Loopback::bind().await?;
    let authorization = oidc::begin(&web_client()?, &context.issuer()?, &context.client_id(), &loopback.redirect_uri()).await?;
    show(&authorization.url);
    let code = tokio::time::timeout(PATIENCE, loopback.code(&authorization.state, &authorization.issuer_name))
        .await
        .unwrap_or_else(|_| Err(Failure::new(FailureKind::Denied, "Nobody signed in within ten minutes.")))?;
    let tokens = authorization.exchange(&code).await?;
    Ok((tokens, authorization.token_endpoint().clone()))
}
