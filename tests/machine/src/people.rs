//! People: invited, signed in, with an API key.

use std::sync::Arc;

use anyhow::{Context as _, ensure};
use aws_lc_rs::digest;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use domain::{
    ports::{Directory as _, Invitation},
    principal::Role,
};
use embedded::users::Users;
use runtime::system::{SystemClock, SystemIds};
use secrecy::ExposeSecret as _;
use serde_json::Value;
use url::form_urlencoded;

use crate::{Browser, Lake};

/// Everybody's own password.
pub const PASSWORD: &str = "nine herons above the sluice";
/// Where the command line waits for its code.
pub const CALLBACK: &str = "http://127.0.0.1:8971/callback";
/// What proves that whoever redeems a code has asked for it.
pub const CODE_VERIFIER: &str = "a-verifier-that-is-longer-than-forty-three-characters";

/// Somebody who has signed in.
#[derive(Clone, Debug)]
pub struct Person {
    /// The sign-in name.
    pub email: String,
    /// The password that worked once.
    pub one_time_password: String,
    /// What the first sign-in gave.
    pub signed_in: SignedIn,
    /// The API key's public half.
    pub access_key_id: String,
    /// Its secret.
    pub secret_access_key: String,
}

/// What a sign-in gave.
#[derive(Clone, Debug)]
pub struct SignedIn {
    /// What programs get.
    pub tokens: Tokens,
    /// The code for which the tokens were given.
    pub code: String,
    /// Every cookie that the browser got.
    pub cookies: Vec<String>,
}

/// The answer of the token endpoint.
#[derive(Clone, Debug)]
pub struct Tokens {
    /// For requests to the API; lives 15 minutes.
    pub access: String,
    /// Who signed in.
    pub id: String,
    /// For the next access token.
    pub refresh: String,
}

/// The PKCE challenge of [`CODE_VERIFIER`].
#[must_use]
pub fn code_challenge() -> String {
    URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, CODE_VERIFIER.as_bytes()))
}

impl Lake {
    /// Invites a member (not an administrator), who signs in and holds an API key. Stops and starts the server: only
    /// then may the directory be written from here.
    ///
    /// # Errors
    /// If one of these fails.
    pub async fn invite_member(&mut self, email: &str) -> anyhow::Result<Person> {
        self.stop().await?;
        let users = Users::open(&self.data_folder(), Arc::new(SystemClock), Arc::new(SystemIds::default()))?;
        let name = email.split('@').next().unwrap_or(email).to_owned();
        let user = users.invite(&Invitation { email: email.to_owned(), name, role: Role::Member }).await?;
        let one_time = users.set_one_time_password(&user.user_id).await?;
        drop(users);
        // A key is granted only to somebody whom the product has seen: the first sign-in comes before it.
        self.serve().await?;
        let signed_in = self.sign_in(email, Some(one_time.expose_secret())).await?;
        self.stop().await?;
        let access_key_id = self.grant_key(email)?;
        self.serve().await?;
        self.equip(email, one_time.expose_secret(), signed_in, access_key_id).await
    }

    /// The first administrator, who is known from the beginning.
    pub(crate) async fn welcome_administrator(&mut self, email: &str, one_time: &str) -> anyhow::Result<()> {
        let access_key_id = self.grant_key(email)?;
        self.serve().await?;
        let signed_in = self.sign_in(email, Some(one_time)).await?;
        self.equip(email, one_time, signed_in, access_key_id).await?;
        Ok(())
    }

    /// Grants another API key, while the server does not run; its secret is yet to be made.
    ///
    /// # Errors
    /// If it is refused.
    pub fn grant_key(&self, email: &str) -> anyhow::Result<String> {
        Ok(self.administer(&["grant-key", "--email", email])?.trim().to_owned())
    }

    async fn equip(&mut self, email: &str, one_time: &str, signed_in: SignedIn, access_key_id: String) -> anyhow::Result<Person> {
        let mut person = Person {
            email: email.to_owned(),
            one_time_password: one_time.to_owned(),
            signed_in,
            access_key_id,
            secret_access_key: String::new(),
        };
        let path = format!("/profile/api-keys/{}/secret", person.access_key_id);
        person.secret_access_key = self.post(&person, &path, &Value::Null).await?.expect(200)?.text("/secret_access_key")?;
        self.people.push(person.clone());
        Ok(person)
    }

    /// Where the command line sends the browser, with these parameters besides.
    #[must_use]
    pub fn authorize_url(&self, state: &str) -> String {
        let query = form_urlencoded::Serializer::new(String::new())
            .extend_pairs([
                ("client_id", "datalake-cli"),
                ("redirect_uri", CALLBACK),
                ("response_type", "code"),
                ("scope", "openid profile email"),
                ("state", state),
                ("code_challenge", &code_challenge()),
                ("code_challenge_method", "S256"),
            ])
            .finish();
        format!("{}/sign-in/authorize?{query}", self.api())
    }

    /// Signs in as a person does, in a new browser. With a one-time password it is replaced by [`PASSWORD`] on
    /// the way.
    ///
    /// # Errors
    /// If the pages lead elsewhere or the code is not taken.
    pub async fn sign_in(&self, email: &str, one_time_password: Option<&str>) -> anyhow::Result<SignedIn> {
        let mut browser = Browser::new()?;
        let callback = browser.sign_in(&self.authorize_url("here"), CALLBACK, email, PASSWORD, one_time_password).await?;
        let code = callback.query_pairs().find(|(name, _)| name == "code").context("a code")?.1.into_owned();
        let form = [
            ("grant_type", "authorization_code"),
            ("client_id", "datalake-cli"),
            ("code", &code),
            ("redirect_uri", CALLBACK),
            ("code_verifier", CODE_VERIFIER),
        ];
        Ok(SignedIn { tokens: self.tokens(&form).await?, code, cookies: browser.cookies_seen().to_vec() })
    }

    /// Renews a session; the refresh token is used up by it.
    ///
    /// # Errors
    /// If it is not taken.
    pub async fn refresh(&self, refresh_token: &str) -> anyhow::Result<Tokens> {
        self.tokens(&[("grant_type", "refresh_token"), ("client_id", "datalake-cli"), ("refresh_token", refresh_token)]).await
    }

    async fn tokens(&self, form: &[(&str, &str)]) -> anyhow::Result<Tokens> {
        let answer = self.http.post(format!("{}/sign-in/token", self.api())).form(form).send().await?;
        let (status, body): (_, Value) = (answer.status(), answer.json().await?);
        ensure!(status.is_success(), "the token endpoint answers {status}: {}", body["error"]);
        let text = |name: &str| body[name].as_str().map(str::to_owned).with_context(|| format!("no {name}"));
        Ok(Tokens { access: text("access_token")?, id: text("id_token")?, refresh: text("refresh_token")? })
    }
}
