//! The identity provider, and who administers it.

use anyhow::{Context as _, Result, ensure};
use reqwest::Method;
use serde_json::{Value, json};
use test_servers::Server;

use super::registration;
use crate::tree;

/// As the realm's file has it.
const REALM: &str = "corporation";

/// Somebody whom the realm's file lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Employee(pub &'static str);

impl Employee {
    /// What they type.
    pub(crate) fn password(self) -> String {
        format!("{}-password", self.0)
    }
}

/// The corporation's identity provider. It ends when this is dropped.
pub struct Corporation {
    server: Server,
    http: reqwest::Client,
}

impl Corporation {
    /// Opens it, with its people.
    ///
    /// # Errors
    /// If Keycloak can't be had, with what to install.
    pub async fn open() -> Result<Self> {
        let realm = tree().join("tests/stack/src/federated/realm.json");
        let server = tokio::task::spawn_blocking(move || test_servers::keycloak(&realm)).await??;
        Ok(Self { server, http: reqwest::Client::new() })
    }

    /// Its metadata, as it publishes them for SAML.
    ///
    /// # Errors
    /// If it does not answer.
    pub async fn metadata(&self) -> Result<String> {
        let answer = self.http.get(format!("{}/protocol/saml/descriptor", self.issuer())).send().await?;
        Ok(answer.error_for_status()?.text().await?)
    }

    /// Its name and address for OpenID Connect.
    #[must_use]
    pub fn issuer(&self) -> String {
        format!("{}/realms/{REALM}", self.server.url())
    }

    /// Enters the data lake: `told` is what the root's output `identity_provider` says. Where that speaks of OpenID Connect
    /// the client has this id and this secret.
    ///
    /// # Errors
    /// If it is refused, or tells something that is not understood.
    pub async fn register(&self, told: &Value, client: Option<(&str, &str)>) -> Result<()> {
        let client = match client {
            Some((id, secret)) => registration::openid_connect(told, id, secret)?,
            None => registration::saml(told)?,
        };
        self.administer(Method::POST, "clients", Some(&client)).await.map(drop)
    }

    /// Closes somebody's account, or opens it again.
    ///
    /// # Errors
    /// If there is nobody of that name.
    pub async fn set_enabled(&self, employee: Employee, enabled: bool) -> Result<()> {
        let found = self.administer(Method::GET, &format!("users?exact=true&username={}", employee.0), None).await?;
        let mut user = found.get(0).with_context(|| format!("nobody is called {}", employee.0))?.clone();
        let id = user["id"].as_str().context("an id")?.to_owned();
        user["enabled"] = json!(enabled);
        self.administer(Method::PUT, &format!("users/{id}"), Some(&user)).await.map(drop)
    }

    async fn administer(&self, method: Method, path: &str, input: Option<&Value>) -> Result<Value> {
        let (name, password) = test_servers::KEYCLOAK_ADMINISTRATOR;
        let form = [("grant_type", "password"), ("client_id", "admin-cli"), ("username", name), ("password", password)];
        let token = format!("{}/realms/master/protocol/openid-connect/token", self.server.url());
        let token: Value = self.http.post(token).form(&form).send().await?.error_for_status()?.json().await?;
        let url = format!("{}/admin/realms/{REALM}/{path}", self.server.url());
        let mut request = self.http.request(method, url).bearer_auth(token["access_token"].as_str().context("a token")?);
        if let Some(input) = input {
            request = request.json(input);
        }
        let answer = request.send().await?;
        let (status, text) = (answer.status(), answer.text().await?);
        ensure!(status.is_success(), "{path} answered {status}: {text}");
        if text.is_empty() { Ok(Value::Null) } else { Ok(serde_json::from_str(&text)?) }
    }
}
