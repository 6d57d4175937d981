//! The authorizer before the routers: on one machine a layer, in the cloud a function of its own.

use std::{net::SocketAddr, sync::Arc};

use app::identity::verdict::Verdict;
use axum::{
    extract::{ConnectInfo, Request},
    http::header,
    middleware::Next,
    response::Response,
};
use domain::{audit::Origin, ports::TokenVerifier};
use function_authorizer::{Authorizer, Deps, RequestHead};

use crate::{
    home::Home,
    sign_in::{self, SignInConfig},
};

/// What needs no verdict: health and the description of the API.
const OPEN: [&str; 2] = ["/healthz", "/openapi.json"];

/// The authorizer of this home.
pub(crate) fn authorizer(home: &Home, sign_in: &SignInConfig) -> Authorizer {
    let tokens: Arc<dyn TokenVerifier> = Arc::new(sign_in::verifier(sign_in, Arc::clone(&home.signing_keys), Arc::clone(&home.clock)));
    Authorizer::new(Deps {
        tables: home.tables.clone(),
        records: Arc::new(home.users.clone()),
        cipher: home.cipher.clone(),
        tokens,
        clock: Arc::clone(&home.clock),
        ids: Arc::clone(&home.ids),
    })
}

/// Puts verdict and origin beside the request; refusals are answered by whoever needs to know the caller.
pub(crate) async fn authenticate(authorizer: &Authorizer, mut request: Request, next: Next) -> Response {
    let source_ip = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(address)| address.ip().to_string());
    if !OPEN.contains(&request.uri().path()) {
        let verdict: Verdict = authorizer.verdict(&head(&request, source_ip.clone())).await;
        request.extensions_mut().insert(verdict);
    }
    request.extensions_mut().insert(Origin { source_ip, ..Origin::default() });
    next.run(request).await
}

fn head(request: &Request, source_ip: Option<String>) -> RequestHead {
    let text = |value: &axum::http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let mut headers: Vec<(String, String)> =
        request.headers().iter().map(|(name, value)| (name.as_str().to_owned(), text(value))).collect();
    // With HTTP/2 the host stands in the URI.
    if let (false, Some(authority)) = (request.headers().contains_key(header::HOST), request.uri().authority()) {
        headers.push(("host".to_owned(), authority.to_string()));
    }
    RequestHead {
        method: request.method().to_string(),
        path: request.uri().path().to_owned(),
        query: request.uri().query().unwrap_or_default().to_owned(),
        headers,
        source_ip,
    }
}
