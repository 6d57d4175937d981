//! Bytes to and from signed URLs, which work as they are: no credential is added, no header changed.

use std::{future::Future, io};

use bytes::Bytes;
use contract::datasets::SignedRequest;
use futures::{Stream, TryStreamExt as _};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};

use crate::{
    client::Client,
    error::{Error, Result},
};

/// What became of an upload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Put {
    /// The store took the bytes.
    Stored,
    /// The store has the object already (412): an earlier attempt arrived. It can be completed.
    AlreadyThere,
}

/// Bytes that are coming.
#[derive(Debug)]
pub struct Fetched {
    answer: reqwest::Response,
    /// Where in the object they begin: what was asked for, or 0 if the store sends all.
    pub from: u64,
}

impl Client {
    /// Sends a signed upload of `size` bytes, again if that may help; `body` is asked for each attempt's bytes.
    ///
    /// # Errors
    /// [`Error::Store`] when the store refuses them, [`Error::File`] when they can't be read.
    pub async fn put_signed<F, Answer>(&self, request: &SignedRequest, size: u64, body: F) -> Result<Put>
    where
        F: Fn() -> Answer + Send + Sync,
        Answer: Future<Output = io::Result<reqwest::Body>> + Send,
    {
        let operation = "the upload";
        let method =
            Method::from_bytes(request.method.as_bytes()).map_err(|_| Error::Input("The signed request has no method.".to_owned()))?;
        let headers = upload_headers(request, size)?;
        let mut attempt = 0;
        loop {
            attempt += 1;
            let bytes = body().await.map_err(|source| Error::File { context: "read the file".to_owned(), source })?;
            let sending = self.inner.store.request(method.clone(), &request.url).headers(headers.clone()).body(bytes);
            let error = match sending.send().await {
                Ok(answer) if answer.status().is_success() => return Ok(Put::Stored),
                Ok(answer) if answer.status() == StatusCode::PRECONDITION_FAILED => return Ok(Put::AlreadyThere),
                Ok(answer) => refusal(operation, answer).await,
                Err(error) => Error::transport(operation, error),
            };
            // 409: the store is still busy with another attempt's bytes (a conditional write).
            let again = error.is_transient() || error.status() == Some(StatusCode::CONFLICT);
            match again.then(|| self.inner.retry.next(attempt, None)).flatten() {
                Some(pause) => tokio::time::sleep(pause).await,
                None => return Err(error),
            }
        }
    }

    /// Begins to fetch a URL from byte `from` on, again if that may help.
    ///
    /// # Errors
    /// [`Error::Store`] when the store refuses.
    pub async fn fetch(&self, url: &str, from: u64) -> Result<Fetched> {
        let operation = "the download";
        let mut attempt = 0;
        loop {
            attempt += 1;
            let mut request = self.inner.store.get(url);
            if from > 0 {
                request = request.header(header::RANGE, format!("bytes={from}-"));
            }
            let error = match request.send().await {
                Ok(answer) if answer.status() == StatusCode::PARTIAL_CONTENT => return Ok(Fetched { answer, from }),
                Ok(answer) if answer.status().is_success() => return Ok(Fetched { answer, from: 0 }),
                Ok(answer) => refusal(operation, answer).await,
                Err(error) => Error::transport(operation, error),
            };
            match error.is_transient().then(|| self.inner.retry.next(attempt, error.retry_after())).flatten() {
                Some(pause) => tokio::time::sleep(pause).await,
                None => return Err(error),
            }
        }
    }

    pub(crate) async fn fetch_all(&self, url: &str, operation: &'static str) -> Result<Bytes> {
        self.fetch(url, 0).await?.answer.bytes().await.map_err(|error| Error::transport(operation, error))
    }
}

impl Fetched {
    /// The bytes as they come.
    pub fn into_stream(self) -> impl Stream<Item = Result<Bytes>> + Send {
        self.answer.bytes_stream().map_err(|error| Error::transport("the download", error))
    }
}

fn upload_headers(request: &SignedRequest, size: u64) -> Result<HeaderMap> {
    let mut headers = HeaderMap::new();
    for (name, value) in &request.headers {
        let (Ok(name), Ok(value)) = (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_str(value)) else {
            return Err(Error::Input("The signed request has a header that can't be sent.".to_owned()));
        };
        headers.insert(name, value);
    }
    // A body that streams would else be sent in chunks, which stores refuse.
    headers.entry(header::CONTENT_LENGTH).or_insert(HeaderValue::from(size));
    Ok(headers)
}

/// What the store or the API (for grants) says. A store's XML is only looked at for its code.
async fn refusal(operation: &'static str, answer: reqwest::Response) -> Error {
    let status = answer.status();
    let retry_after = crate::retry::retry_after(answer.headers());
    let body = answer.bytes().await.unwrap_or_default();
    if let Ok(problem) = serde_json::from_slice(&body) {
        return Error::Problem { problem: Box::new(problem), retry_after };
    }
    let text = String::from_utf8_lossy(&body);
    let code = text.split_once("<Code>").and_then(|(_, rest)| rest.split_once("</Code>")).map(|(code, _)| code);
    let code: String = code.unwrap_or_default().chars().filter(char::is_ascii_alphanumeric).take(64).collect();
    Error::Store { operation, status, code }
}
