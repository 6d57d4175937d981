//! The client itself: building it, and sending a call with retries.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use contract::Problem;
use http::{HeaderMap, StatusCode, header};
use secrecy::ExposeSecret as _;
use serde::de::DeserializeOwned;
use url::Url;

use crate::{
    call::Call,
    clock,
    credentials::{Credential, CredentialProvider, Fixed},
    error::{Error, Result},
    retry::{RetryPolicy, retry_after},
    signing::{self, sign_request},
};

/// A client of the API. Cheap to clone; clones share connections and credentials.
#[derive(Clone, Debug)]
pub struct Client {
    pub(crate) inner: Arc<Inner>,
}

#[derive(Debug)]
pub(crate) struct Inner {
    api: reqwest::Client,
    /// For signed URLs: follows redirects, has no limit on the whole transfer, never sees credentials.
    pub(crate) store: reqwest::Client,
    endpoint: Url,
    region: String,
    credentials: Arc<dyn CredentialProvider>,
    pub(crate) retry: RetryPolicy,
}

/// Makes a [`Client`].
#[derive(Debug)]
pub struct ClientBuilder {
    endpoint: Url,
    region: String,
    credentials: Arc<dyn CredentialProvider>,
    retry: RetryPolicy,
    connect_timeout: Duration,
    timeout: Duration,
    user_agent: String,
}

/// An answer that is no error.
#[derive(Debug)]
pub(crate) struct Answer {
    operation: &'static str,
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Client {
    /// A client of the API at `endpoint`, to be given credentials.
    #[must_use]
    pub fn builder(endpoint: Url) -> ClientBuilder {
        ClientBuilder {
            endpoint,
            region: signing::REGION.to_owned(),
            credentials: Arc::new(Fixed(Credential::Anonymous)),
            retry: RetryPolicy::default(),
            connect_timeout: Duration::from_secs(10),
            timeout: Duration::from_secs(60),
            user_agent: concat!("datalake-client/", env!("CARGO_PKG_VERSION")).to_owned(),
        }
    }

    /// The API's address.
    #[must_use]
    pub fn endpoint(&self) -> &Url {
        &self.inner.endpoint
    }

    /// The region in signatures.
    #[must_use]
    pub fn region(&self) -> &str {
        &self.inner.region
    }

    /// What the next request is authorised with.
    ///
    /// # Errors
    /// When there is nothing usable any more.
    pub async fn credential(&self) -> Result<Credential> {
        self.inner.credentials.credential().await
    }

    pub(crate) async fn json<T: DeserializeOwned>(&self, call: Call) -> Result<T> {
        self.send(call).await?.json()
    }

    /// Sends a call, again if that may help and does no harm.
    pub(crate) async fn send(&self, mut call: Call) -> Result<Answer> {
        let url = call.url(&self.inner.endpoint)?;
        let (mut attempt, mut lost, mut renewed) = (0, false, false);
        loop {
            attempt += 1;
            let credential = self.inner.credentials.credential().await?;
            let error = match self.attempt(&call, &url, &credential).await {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            let status = error.status();
            if status == Some(StatusCode::UNAUTHORIZED) && !renewed && self.inner.credentials.refused(&credential).await? {
                renewed = true;
                continue;
            }
            if lost && call.method == http::Method::DELETE && status == Some(StatusCode::NOT_FOUND) {
                // The attempt whose answer was lost did it.
                return Ok(Answer {
                    operation: call.operation,
                    status: StatusCode::NO_CONTENT,
                    headers: HeaderMap::new(),
                    body: Bytes::new(),
                });
            }
            if !(error.was_not_carried_out() || call.repeatable && error.is_transient()) {
                return Err(error);
            }
            lost |= !error.was_not_carried_out();
            match self.inner.retry.next(attempt, error.retry_after()) {
                Some(pause) => tokio::time::sleep(pause).await,
                None => return Err(error),
            }
        }
    }

    async fn attempt(&self, call: &Call, url: &Url, credential: &Credential) -> Result<Answer> {
        let operation = call.operation;
        let mut request = self.inner.api.request(call.method.clone(), url.clone());
        for (name, value) in &call.headers {
            request = request.header(*name, value);
        }
        request = match credential {
            Credential::Anonymous => request,
            Credential::Bearer(token) => request.bearer_auth(token.expose_secret()),
            Credential::Key(key) => {
                let headers = sign_request(key, &self.inner.region, call.method.as_str(), url, &call.body, clock::now().into())?;
                headers.into_iter().fold(request, |request, (name, value)| request.header(name, value))
            }
        };
        if !call.body.is_empty() {
            request = request.body(call.body.clone());
        }
        let answer = request.send().await.map_err(|error| Error::transport(operation, error))?;
        let (status, headers) = (answer.status(), answer.headers().clone());
        let body = answer.bytes().await.map_err(|error| Error::transport(operation, error))?;
        if status.is_success() || status.is_redirection() {
            return Ok(Answer { operation, status, headers, body });
        }
        let retry_after = retry_after(&headers);
        match serde_json::from_slice::<Problem>(&body) {
            Ok(problem) => Err(Error::Problem { problem: Box::new(problem), retry_after }),
            Err(_) => {
                let request_id = headers.get("x-request-id").and_then(|id| id.to_str().ok()).map(str::to_owned);
                Err(Error::Answer { operation, status, request_id, retry_after })
            }
        }
    }
}

impl ClientBuilder {
    /// Who calls.
    #[must_use]
    pub fn credentials(mut self, credentials: Arc<dyn CredentialProvider>) -> Self {
        self.credentials = credentials;
        self
    }

    /// The region in signatures.
    #[must_use]
    pub fn region(mut self, region: &str) -> Self {
        region.clone_into(&mut self.region);
        self
    }

    /// How calls are repeated.
    #[must_use]
    pub fn retry(mut self, retry: RetryPolicy) -> Self {
        self.retry = retry;
        self
    }

    /// How long one attempt of a call may take in all; transfers are only limited in how long they stand still.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// How the client calls itself.
    #[must_use]
    pub fn user_agent(mut self, user_agent: &str) -> Self {
        user_agent.clone_into(&mut self.user_agent);
        self
    }

    /// The client.
    ///
    /// # Errors
    /// For an endpoint that is no http(s) address, or when there is no usable TLS.
    pub fn build(self) -> Result<Client> {
        if !matches!(self.endpoint.scheme(), "http" | "https") || self.endpoint.query().is_some() || self.endpoint.fragment().is_some() {
            return Err(Error::Input("The endpoint must be an http or https address without query.".to_owned()));
        }
        let base = || {
            let builder = reqwest::Client::builder().connect_timeout(self.connect_timeout).user_agent(&self.user_agent);
            // Names below `localhost` are this machine (RFC 6761, section 6.3); not every system's resolver knows.
            match self.endpoint.host_str() {
                Some(host) if host.ends_with(".localhost") => builder.resolve(host, (std::net::Ipv4Addr::LOCALHOST, 0).into()),
                _ => builder,
            }
        };
        let failed = |error| Error::transport("prepare connections", error);
        // The API's redirects lead to signed URLs: they are read, not followed with a token.
        let api = base().timeout(self.timeout).redirect(reqwest::redirect::Policy::none()).build().map_err(failed)?;
        let store = base().read_timeout(self.timeout).redirect(reqwest::redirect::Policy::limited(5)).build().map_err(failed)?;
        let inner = Inner { api, store, endpoint: self.endpoint, region: self.region, credentials: self.credentials, retry: self.retry };
        Ok(Client { inner: Arc::new(inner) })
    }
}

impl Answer {
    pub(crate) fn json<T: DeserializeOwned>(&self) -> Result<T> {
        serde_json::from_slice(&self.body).map_err(|source| Error::Decode { operation: self.operation, source })
    }

    /// Where a redirect leads.
    pub(crate) fn location(&self) -> Option<&str> {
        self.headers.get(header::LOCATION)?.to_str().ok()
    }
}
