//! Requests to a world.

use app::identity::verdict::Verdict;
use axum::http::Method;
use domain::Principal;
use serde_json::Value;

use crate::{
    Answer,
    home::{Request, Sender, Shared},
};

/// One request, not yet sent.
pub struct Call<'a> {
    home: &'a Shared,
    request: Request,
}

impl<'a> Call<'a> {
    pub(crate) fn new(home: &'a Shared, method: Method, path: String) -> Self {
        Self { home, request: Request { sender: Sender::Anonymous, method, path, headers: Vec::new(), body: Vec::new() } }
    }

    fn from(mut self, sender: Sender) -> Self {
        self.request.sender = sender;
        self
    }

    /// Sent by this caller.
    #[must_use]
    pub fn by(self, principal: &Principal) -> Self {
        self.from(Sender::Known(principal.clone()))
    }

    /// Sent with a key's signature, which covers the body.
    #[must_use]
    pub fn signed_by(self, principal: &Principal) -> Self {
        self.from(Sender::Signed(principal.clone()))
    }

    /// Handed to the function with this verdict of an authorizer, or with none.
    #[must_use]
    pub fn with_verdict(self, verdict: Option<Verdict>) -> Self {
        self.from(Sender::Verdict(verdict))
    }

    /// Sent without `Authorization`.
    #[must_use]
    pub fn by_anonymous(self) -> Self {
        self.from(Sender::Anonymous)
    }

    /// Sent by somebody known who has no role.
    #[must_use]
    pub fn by_nobody(self) -> Self {
        self.from(Sender::Nobody)
    }

    /// With this header.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.request.headers.push((name, value.into()));
        self
    }

    /// With this JSON body.
    #[must_use]
    pub fn json(self, body: &Value) -> Self {
        self.header("content-type", "application/json").bytes(body.to_string())
    }

    /// With these bytes as body.
    #[must_use]
    pub fn bytes(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.request.body = body.into();
        self
    }

    /// Sends it.
    ///
    /// # Panics
    /// If the request is none, or the answer's body is not JSON.
    pub async fn send(self) -> Answer {
        let response = self.home.send(self.request).await;
        Answer::new(self.home, response)
    }
}
