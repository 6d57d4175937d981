//! `/sign-in/authorize`: a program asks for somebody to sign in.

use std::{sync::Arc, time::Duration};

use axum::{
    extract::{RawQuery, State},
    http::{HeaderMap, StatusCode},
    response::Response,
};
use domain::{PortErrorKind, PortResult, ports::DirectoryUser};
use embedded::users::{NewCode, Session};
use secrecy::ExposeSecret;

use super::{
    Shared, cookies, pages,
    request::{AuthorizationRequest, Refused},
    respond,
};

/// The person whose session a browser holds.
pub(super) struct SignedIn {
    pub(super) session: Session,
    pub(super) user: DirectoryUser,
    /// A one-time password must be replaced before anything else.
    pub(super) must_change: bool,
}

/// `GET /sign-in/authorize`
pub(super) async fn show(State(state): Shared, RawQuery(query): RawQuery, headers: HeaderMap) -> Response {
    let request = match AuthorizationRequest::read(&state, &query.unwrap_or_default()) {
        Ok(request) => request,
        Err(refused) => return refusal(refused),
    };
    let signed_in = match signed_in(&state, &headers).await {
        Ok(signed_in) => signed_in.filter(|signed_in| is_recent_enough(&state, &request, &signed_in.session)),
        Err(error) => return respond::trouble(&error),
    };
    match signed_in {
        Some(signed_in) if !signed_in.must_change => finish(&state, &request, &signed_in.session).await,
        _ if request.silent => respond::see_other(&request.refusal(&state, "login_required", "nobody is signed in")),
        Some(_) => respond::see_other(&format!("/sign-in/new-password?{}", request.query())),
        None => form(&state, &request, &headers, StatusCode::OK, "", None),
    }
}

/// `POST /sign-in/authorize`: the same with the parameters in the body.
///
/// The browser is sent on to the link, for a cookie that is `SameSite=Lax` doesn't come with another site's form.
pub(super) async fn by_form(body: String) -> Response {
    respond::see_other(&format!("/sign-in/authorize?{}", body.replace(['\r', '\n'], "")))
}

/// Says no in the way that the refusal allows.
pub(super) fn refusal(refused: Refused) -> Response {
    match refused {
        Refused::Redirect(location) => respond::see_other(&location),
        Refused::Page(text) => respond::page(StatusCode::BAD_REQUEST, pages::message("This link does not work", text), None),
    }
}

/// The sign-in form.
pub(super) fn form(
    state: &Arc<super::State>,
    request: &AuthorizationRequest,
    headers: &HeaderMap,
    status: StatusCode,
    email: &str,
    problem: Option<&str>,
) -> Response {
    let token = state.forms.token(headers, state.is_secure(), state.ids.as_ref());
    let email = if email.is_empty() { request.login_hint.as_deref().unwrap_or_default() } else { email };
    let page = pages::sign_in(request, &token.value, email, problem);
    respond::with_cookies(respond::page(status, page, Some(&request.client_origin())), [token.cookie])
}

/// Who holds the browser's session, if anybody.
pub(super) async fn signed_in(state: &super::State, headers: &HeaderMap) -> PortResult<Option<SignedIn>> {
    let Some(token) = cookies::session(headers, state.is_secure()) else { return Ok(None) };
    let Some(session) = state.users.session(&token).await? else { return Ok(None) };
    match state.users.standing(&session.user_id).await {
        Ok((user, must_change)) => Ok(Some(SignedIn { session, user, must_change })),
        Err(error) if error.is(PortErrorKind::NotFound) => Ok(None),
        Err(error) => Err(error),
    }
}

fn is_recent_enough(state: &super::State, request: &AuthorizationRequest, session: &Session) -> bool {
    let age = state.clock.now().since(session.signed_in_at);
    !request.again && request.max_age.is_none_or(|seconds| age <= Duration::from_secs(seconds))
}

/// Sends the browser to the client with a code.
pub(super) async fn finish(state: &super::State, request: &AuthorizationRequest, session: &Session) -> Response {
    let code = NewCode {
        client_id: request.client_id.clone(),
        redirect_uri: request.redirect_uri.clone(),
        scope: request.scope.clone(),
        nonce: request.nonce.clone(),
        challenge: request.challenge.clone(),
    };
    match state.users.new_code(session, code).await {
        Ok(code) => respond::see_other(&request.answer(state, code.expose_secret())),
        Err(error) => respond::trouble(&error),
    }
}
