//! Requests to the cluster: signed, limited in time, repeated where another try can help.

use std::time::Duration;

use bytes::Bytes;
use domain::{PortError, PortErrorKind, PortResult};
use opensearch::{
    auth::Credentials,
    http::{
        Method, Url,
        headers::HeaderMap,
        transport::{SingleNodeConnectionPool, Transport, TransportBuilder},
    },
};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{
    Signing,
    error::{refused, unanswered},
};
use crate::retry::pause;

/// How often a request is sent in all. Every one may be repeated: writes carry versions, changes of indexes look first.
const ATTEMPTS: u32 = 3;
/// How long one attempt may take that a person waits for: three stay below the 28 s in which a request is answered.
const ANSWER_TIME: Duration = Duration::from_secs(6);
/// How long one attempt to write, or to change indexes, may take.
const WRITE_TIME: Duration = Duration::from_secs(20);

/// The cluster, and how long it may take.
#[derive(Clone)]
pub(super) struct Cluster {
    transport: Transport,
    answer_time: Duration,
    write_time: Duration,
}

/// How long a request may take.
#[derive(Clone, Copy, Debug)]
pub(super) enum Patience {
    /// A person waits.
    Answer,
    /// A worker waits.
    Write,
}

/// A request.
#[derive(Clone, Debug)]
pub(super) struct Request<'a> {
    /// The port's operation, for errors.
    pub(super) operation: &'static str,
    pub(super) patience: Patience,
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) query: &'a [(&'a str, &'a str)],
    pub(super) body: Option<Bytes>,
}

impl<'a> Request<'a> {
    /// One that a worker can wait for.
    pub(super) fn new(operation: &'static str, method: Method, path: impl Into<String>) -> Self {
        Self { operation, patience: Patience::Write, method, path: path.into(), query: &[], body: None }
    }

    /// One that a person waits for.
    pub(super) fn urgent(self) -> Self {
        Self { patience: Patience::Answer, ..self }
    }

    pub(super) fn query(self, query: &'a [(&'a str, &'a str)]) -> Self {
        Self { query, ..self }
    }

    pub(super) fn json(self, body: &Value) -> Self {
        self.bytes(body.to_string())
    }

    pub(super) fn bytes(self, body: impl Into<Bytes>) -> Self {
        Self { body: Some(body.into()), ..self }
    }
}

/// What the cluster said, be it that something is not there, or there already.
#[derive(Debug)]
pub(super) struct Answer {
    operation: &'static str,
    status: u16,
    body: Bytes,
}

impl Answer {
    /// Whether it did what was asked.
    pub(super) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    pub(super) fn is_not_found(&self) -> bool {
        self.status == 404
    }

    /// Whether it refused with an error of this type.
    pub(super) fn is_refused_as(&self, error: &str) -> bool {
        !self.is_success() && self.json::<Value>().is_ok_and(|body| body["error"]["type"] == error)
    }

    /// The content of a success; an error otherwise.
    pub(super) fn read<T: DeserializeOwned>(&self) -> PortResult<T> {
        self.done()?;
        self.json()
    }

    /// An error unless it did what was asked.
    pub(super) fn done(&self) -> PortResult<()> {
        if self.is_success() { Ok(()) } else { Err(refused(self.operation, self.status, &self.body)) }
    }

    /// An error unless it was done and all nodes know it.
    pub(super) fn acknowledged(&self) -> PortResult<()> {
        match self.read::<Value>()?["acknowledged"].as_bool() {
            Some(true) => Ok(()),
            _ => Err(PortError::new(PortErrorKind::Unavailable, self.operation).because("not every node answered in time")),
        }
    }

    fn json<T: DeserializeOwned>(&self) -> PortResult<T> {
        serde_json::from_slice(&self.body).map_err(|error| PortError::new(PortErrorKind::Unexpected, self.operation).because(error))
    }
}

impl Cluster {
    pub(super) fn new(endpoint: &str, signing: &Signing) -> PortResult<Self> {
        const OPERATION: &str = "search.configure";
        let invalid = |error| PortError::new(PortErrorKind::InvalidArgument, OPERATION).because(error);
        let url = Url::parse(endpoint).map_err(|error| PortError::new(PortErrorKind::InvalidArgument, OPERATION).because(error))?;
        let mut builder = TransportBuilder::new(SingleNodeConnectionPool::new(url)).disable_proxy();
        if let Signing::Aws(account) = signing {
            builder = builder.service_name("es").auth(Credentials::try_from(account.config()).map_err(invalid)?);
            if let Some(time) = account.config().time_source() {
                builder = builder.sigv4_time_source(time);
            }
        }
        let transport = builder.build().map_err(|error| invalid(error.into()))?;
        Ok(Self { transport, answer_time: ANSWER_TIME, write_time: WRITE_TIME })
    }

    pub(super) fn with_time_limits(self, answer_time: Duration, write_time: Duration) -> Self {
        Self { answer_time, write_time, ..self }
    }

    /// Sends a request, again where the failure may pass.
    ///
    /// # Errors
    /// `Unavailable`, `RateLimited` and `PermissionDenied`; whatever else the cluster says is an answer.
    pub(super) async fn send(&self, request: Request<'_>) -> PortResult<Answer> {
        let mut tries = 1;
        loop {
            match self.attempt(request.clone()).await {
                Err(error) if error.is_temporary() && tries < ATTEMPTS => {
                    tracing::debug!(error = &error as &dyn std::error::Error, tries, "the search cluster is asked again");
                    pause(2 * tries).await;
                    tries += 1;
                }
                done => return done,
            }
        }
    }

    /// One attempt, its answer read whole; reading credentials counts.
    async fn attempt(&self, request: Request<'_>) -> PortResult<Answer> {
        let Request { operation, patience, method, path, query, body } = request;
        let limit = match patience {
            Patience::Answer => self.answer_time,
            Patience::Write => self.write_time,
        };
        let exchange = async {
            let response = self.transport.send(method, &path, HeaderMap::new(), Some(query), body, None).await?;
            let status = response.status_code().as_u16();
            Ok::<_, opensearch::Error>((status, response.bytes().await?))
        };
        let (status, body) = match tokio::time::timeout(limit, exchange).await {
            Ok(Ok(answered)) => answered,
            Ok(Err(error)) => return Err(unanswered(operation, error)),
            Err(_) => return Err(PortError::new(PortErrorKind::Unavailable, operation).because("no answer in time")),
        };
        let answer = Answer { operation, status, body };
        let error = refused(operation, status, &answer.body);
        if !answer.is_success() && (error.is_temporary() || error.is(PortErrorKind::PermissionDenied)) {
            return Err(error);
        }
        Ok(answer)
    }
}
