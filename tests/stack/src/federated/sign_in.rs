//! Signing in as a person does: from the data lake's sign-in page to the identity provider and back, to tokens.

use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use client::{
    Client,
    credentials::{Credential, Fixed},
    oidc::{self, Issuer, Tokens},
};
use secrecy::ExposeSecret as _;
use serde_json::Value;
use url::Url;

use super::{Browser, Employee};
use crate::Stack;

/// One of the command line's fixed addresses. Nobody listens: the browser stops there.
const CALLBACK: &str = "http://127.0.0.1:8971/callback";

/// Somebody who signed in.
#[derive(Debug)]
pub struct Session {
    tokens: Tokens,
    issuer: Issuer,
    api: Url,
}

impl Stack {
    /// Signs somebody in by the identity provider that is called `provider` here; nothing if the provider lets them not in.
    ///
    /// The command line's own code begins (with PKCE) and ends it. The emulator forgets the challenge of a sign-in by an
    /// identity provider, and so takes any verifier; Cognito does not:
    /// <https://docs.aws.amazon.com/cognito/latest/developerguide/using-pkce-in-authorization-code.html>
    ///
    /// # Errors
    /// If the sign-in comes to no end, or there are no tokens.
    pub async fn sign_in(&self, provider: &str, employee: Employee) -> Result<Option<Session>> {
        let told = self.output("sign_in");
        let client_id = told["client_id"].as_str().context("a client")?;
        let begun = oidc::begin(self.http(), &self.issuer_address()?.parse()?, client_id, CALLBACK).await?;
        let mut url = begun.url.clone();
        url.query_pairs_mut().append_pair("identity_provider", provider);
        let browser = Browser::new(told["page"].as_str().context("a page")?, &self.emulator_url())?;
        let Some(back) = browser.sign_in(url, CALLBACK, employee.0, &employee.password()).await? else { return Ok(None) };
        ensure!(parameter(&back, "state").as_deref() == Some(&begun.state), "this is another sign-in's answer: {back}");
        let code = parameter(&back, "code").with_context(|| format!("there is no code: {back}"))?;
        let tokens = begun.exchange(&code).await?;
        let issuer = Issuer::new(self.http().clone(), begun.token_endpoint().clone(), client_id);
        Ok(Some(Session { tokens, issuer, api: self.api_url().parse()? }))
    }
}

impl Session {
    /// What is sent to the API.
    #[must_use]
    pub fn access_token(&self) -> &str {
        self.tokens.access_token.expose_secret()
    }

    /// What the access token says, unverified: the API verifies it.
    ///
    /// # Errors
    /// If it is no token.
    pub fn claims(&self) -> Result<Value> {
        let claims = self.access_token().split('.').nth(1).context("claims")?;
        Ok(serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(claims)?)?)
    }

    /// The API as this person uses it.
    ///
    /// # Errors
    /// If its address is none.
    pub fn client(&self) -> Result<Client> {
        let credential = Credential::Bearer(self.tokens.access_token.clone());
        Ok(Client::builder(self.api.clone()).credentials(Arc::new(Fixed(credential))).build()?)
    }

    /// The session with tokens that its refresh token got.
    ///
    /// # Errors
    /// If it has ended.
    pub async fn renewed(&self) -> Result<Self> {
        let refresh_token = self.tokens.refresh_token.as_ref().context("a refresh token")?;
        let mut tokens = self.issuer.refresh(refresh_token).await?;
        tokens.refresh_token.get_or_insert_with(|| refresh_token.clone());
        Ok(Self { tokens, issuer: self.issuer.clone(), api: self.api.clone() })
    }
}

fn parameter(url: &Url, name: &str) -> Option<String> {
    url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}
