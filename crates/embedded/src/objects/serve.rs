//! The endpoint's own port.

use std::{future::Future, io, sync::Arc};

use http::{HeaderValue, Method, Request, Response, StatusCode, header, request::Parts};
use hyper::body::Incoming;
use s3s::{
    Body,
    config::{S3Config, StaticConfigProvider},
    service::{S3Service, S3ServiceBuilder},
};
use tokio::net::TcpListener;
use tracing::{Dispatch, instrument::WithSubscriber};

use super::{
    access::{Gate, InternalKey, ObjectAccess},
    cors,
    endpoint::Endpoint,
    guard::{self, Refusal},
    linger::LingeringBody,
    roots::ImportRoots,
    store::ObjectStore,
};
use crate::listen::{self, Limits};

/// How far a client's clock may be off.
const CLOCK_SKEW_SECONDS: u32 = 300;

/// Longest XML body: the parts of one upload with their checksums.
const LONGEST_XML: usize = 4 * 1024 * 1024;

/// How the endpoint is run.
pub struct EndpointOptions {
    /// The server's own key.
    pub internal: InternalKey,
    /// What API keys may read.
    pub access: Arc<dyn ObjectAccess>,
    /// Origins (`https://console.example`) whose scripts may use signed URLs.
    pub origins: Vec<String>,
    /// Folders that are served as buckets, to be read.
    pub roots: ImportRoots,
    /// What the port takes.
    pub limits: Limits,
}

/// Serves the store until `shutdown`, then lets transfers end, but not for long.
pub async fn serve(
    listener: TcpListener,
    store: Arc<ObjectStore>,
    options: EndpointOptions,
    shutdown: impl Future<Output = ()>,
) -> io::Result<()> {
    let handler = Arc::new(Handler::new(store, &options));
    let limits = options.limits;
    let handle = move |request: Request<Incoming>, _| {
        let handler = Arc::clone(&handler);
        async move { handler.handle(request).await }
    };
    listen::serve(listener, limits, handle, shutdown).await
}

/// Answers one request.
struct Handler {
    service: S3Service,
    origins: Vec<HeaderValue>,
}

impl Handler {
    fn new(store: Arc<ObjectStore>, options: &EndpointOptions) -> Self {
        let gate = Gate::new(options.internal.clone(), Arc::clone(&options.access));
        let mut config = S3Config::default();
        config.presigned_url_max_skew_time_secs = CLOCK_SKEW_SECONDS;
        config.xml_max_body_size = LONGEST_XML;
        let mut builder = S3ServiceBuilder::new(Endpoint::new(store, options.roots.clone()));
        builder.set_auth(gate.clone());
        builder.set_access(gate);
        builder.set_config(Arc::new(StaticConfigProvider::new(Arc::new(config))));
        Self { service: builder.build(), origins: options.origins.iter().filter_map(|origin| origin.parse().ok()).collect() }
    }

    async fn handle(&self, request: Request<Incoming>) -> Response<Body> {
        let origin = cors::allowed_origin(&self.origins, request.headers());
        let mut response = if request.method() == Method::OPTIONS {
            cors::preflight(origin.is_some(), request.headers())
        } else {
            self.answer(request).await
        };
        let headers = response.headers_mut();
        cors::add_headers(origin, headers);
        // Whatever people uploaded: no browser may guess its type or run it.
        headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("sandbox; default-src 'none'"));
        response
    }

    async fn answer(&self, request: Request<Incoming>) -> Response<Body> {
        let (parts, body) = request.into_parts();
        let body = LingeringBody::new(body, &parts.headers);
        let held_back = body.held_back();
        let mut response = self.checked(parts, body).await;
        if held_back.still() {
            response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }

    async fn checked(&self, parts: Parts, body: LingeringBody) -> Response<Body> {
        if let Err(refusal) = guard::check(&parts) {
            return refused(&refusal);
        }
        // The library logs requests, signed URLs among them: nothing of what it says is let through.
        let answer = self.service.call(Request::from_parts(parts, Body::http_body_unsync(body))).with_subscriber(Dispatch::none());
        answer.await.unwrap_or_else(|_| {
            let message = "The request could not be answered.";
            refused(&Refusal { status: StatusCode::INTERNAL_SERVER_ERROR, code: "InternalError", message })
        })
    }
}

fn refused(refusal: &Refusal) -> Response<Body> {
    let Refusal { status, code, message } = refusal;
    let text = format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code><Message>{message}</Message></Error>");
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = *status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/xml"));
    response
}
