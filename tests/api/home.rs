//! Where a world lives: the tests are the same in every home, and ask for no more than this.

use std::{sync::Arc, time::Duration};

use app::{Core, identity::verdict::Verdict};
use async_trait::async_trait;
use axum::http::{HeaderMap, Method, StatusCode};
use domain::{Principal, ports::Tables};
use serde_json::Value;

/// Who sends a request.
#[derive(Clone, Debug)]
pub enum Sender {
    /// Somebody without `Authorization`.
    Anonymous,
    /// Somebody known: with an access token, or with the key that the principal came with.
    Known(Principal),
    /// Somebody known with a key's signature over the body.
    Signed(Principal),
    /// Somebody known who has no role.
    Nobody,
    /// Nobody whom the authorizer saw: the function is handed this verdict, or none.
    Verdict(Option<Verdict>),
}

/// A request.
#[derive(Clone, Debug)]
pub struct Request {
    /// Who sends it.
    pub sender: Sender,
    /// Its method.
    pub method: Method,
    /// Path and query.
    pub path: String,
    /// Headers besides what the sender needs.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: Vec<u8>,
}

/// An answer as it came.
#[derive(Debug)]
pub struct Response {
    /// The status.
    pub status: StatusCode,
    /// All headers.
    pub headers: HeaderMap,
    /// The body; `null` if it is empty.
    pub body: Value,
}

/// One data lake, empty at first.
#[async_trait]
pub trait Home: Send + Sync {
    /// Sends a request. The answer's request id, in header and body, is `req_1`.
    async fn send(&self, request: Request) -> Response;

    /// The rows.
    fn tables(&self) -> Arc<dyn Tables>;

    /// What a worker or an administrator of this home writes with.
    fn core(&self) -> Core;

    /// Invites a member into the directory, which chooses the user id.
    async fn invited(&self, name: &str) -> Principal;

    /// Does what a signed request asks for: `upload` is `{method, url, headers}` as the data lake answers it.
    async fn transfer(&self, upload: &Value, bytes: Vec<u8>) -> Vec<u8>;

    /// Bucket and key that a signed URL is about, with a slash between.
    fn place(&self, url: &str) -> String;

    /// Keys of the data bucket.
    async fn keys(&self) -> Vec<String>;

    /// Sets the clock forward where it stands still; where it runs, times differ without.
    fn later(&self, by: Duration);

    /// Waits until nothing follows any more from what was done so far.
    async fn drain(&self);

    /// Holds an answer against the snapshot of this name.
    fn compare(&self, name: &str, description: &str, answer: &Value);
}

/// A home that several hands hold.
pub type Shared = Arc<dyn Home>;
