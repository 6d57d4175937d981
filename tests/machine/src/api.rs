//! Requests to the API with somebody's access token.

use anyhow::{Context as _, bail};
use bytes::Bytes;
use reqwest::{Method, StatusCode, header::HeaderMap};
use serde_json::Value;

use crate::{Lake, Person};

/// An answer, read whole.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body as it came.
    pub bytes: Bytes,
    /// The body as JSON; null if it is none.
    pub body: Value,
}

impl Answer {
    /// Reads an answer whole.
    ///
    /// # Errors
    /// If it breaks off.
    pub async fn read(response: reqwest::Response) -> anyhow::Result<Self> {
        let (status, headers) = (response.status(), response.headers().clone());
        let bytes = response.bytes().await?;
        let body = serde_json::from_slice(&bytes).unwrap_or_default();
        Ok(Self { status, headers, bytes, body })
    }

    /// This answer, if it has that status.
    ///
    /// # Errors
    /// If it has not, with its body.
    pub fn expect(self, status: u16) -> anyhow::Result<Self> {
        if self.status.as_u16() == status {
            return Ok(self);
        }
        bail!("expected {status}, got {}: {}", self.status, String::from_utf8_lossy(&self.bytes))
    }

    /// A text of the body, by JSON pointer.
    ///
    /// # Errors
    /// If there is none.
    pub fn text(&self, pointer: &str) -> anyhow::Result<String> {
        let found = self.body.pointer(pointer).and_then(Value::as_str);
        found.map(str::to_owned).with_context(|| format!("no text at {pointer} in {}", self.body))
    }

    /// A header.
    ///
    /// # Errors
    /// If it is not there.
    pub fn header(&self, name: &str) -> anyhow::Result<&str> {
        Ok(self.headers.get(name).with_context(|| format!("no header {name}"))?.to_str()?)
    }
}

impl Lake {
    /// The client that all requests go through; it follows no redirect.
    #[must_use]
    pub fn http(&self) -> &reqwest::Client {
        &self.http
    }

    /// A request to the API (`/packages`) with somebody's access token.
    pub fn request(&self, method: Method, person: &Person, path: &str) -> reqwest::RequestBuilder {
        self.http.request(method, format!("{}{path}", self.api())).bearer_auth(&person.signed_in.tokens.access)
    }

    /// `GET`.
    ///
    /// # Errors
    /// If there is no answer.
    pub async fn get(&self, person: &Person, path: &str) -> anyhow::Result<Answer> {
        Answer::read(self.request(Method::GET, person, path).send().await?).await
    }

    /// `POST` of JSON; null stands for no body.
    ///
    /// # Errors
    /// If there is no answer.
    pub async fn post(&self, person: &Person, path: &str, body: &Value) -> anyhow::Result<Answer> {
        self.send(Method::POST, person, path, body).await
    }

    /// `PATCH` of JSON.
    ///
    /// # Errors
    /// If there is no answer.
    pub async fn patch(&self, person: &Person, path: &str, body: &Value) -> anyhow::Result<Answer> {
        self.send(Method::PATCH, person, path, body).await
    }

    /// `DELETE`.
    ///
    /// # Errors
    /// If there is no answer.
    pub async fn delete(&self, person: &Person, path: &str) -> anyhow::Result<Answer> {
        self.send(Method::DELETE, person, path, &Value::Null).await
    }

    async fn send(&self, method: Method, person: &Person, path: &str, body: &Value) -> anyhow::Result<Answer> {
        let mut request = self.request(method, person, path);
        if !body.is_null() {
            request = request.json(body);
        }
        Answer::read(request.send().await?).await
    }

    /// Fetches a URL that needs no further authorisation; redirects are not followed.
    ///
    /// # Errors
    /// If there is no answer.
    pub async fn fetch(&self, url: &str) -> anyhow::Result<Answer> {
        Answer::read(self.http.get(url).send().await?).await
    }
}
