//! `/sign-in/new-password`: a one-time password is replaced before anything else.

use std::sync::Arc;

use axum::{
    extract::{RawQuery, State},
    http::{HeaderMap, StatusCode},
    response::Response,
};
use secrecy::SecretString;

use super::{
    Shared,
    authorize::{self, SignedIn},
    cookies, pages,
    password::STALE,
    request::{AuthorizationRequest, Params},
    respond,
};

/// `GET /sign-in/new-password`
pub(super) async fn show(State(state): Shared, RawQuery(query): RawQuery, headers: HeaderMap) -> Response {
    match admitted(&state, &query.unwrap_or_default(), &headers).await {
        Ok((request, signed_in)) => form(&state, &request, &headers, &signed_in, None),
        Err(response) => *response,
    }
}

/// `POST /sign-in/new-password`
pub(super) async fn submit(State(state): Shared, RawQuery(query): RawQuery, headers: HeaderMap, body: String) -> Response {
    let (request, signed_in) = match admitted(&state, &query.unwrap_or_default(), &headers).await {
        Ok(admitted) => admitted,
        Err(response) => return *response,
    };
    let Ok(params) = Params::read(&body) else { return form(&state, &request, &headers, &signed_in, Some(STALE)) };
    if !state.forms.accepts(&headers, state.is_secure(), params.get("form_token").unwrap_or_default()) {
        return form(&state, &request, &headers, &signed_in, Some(STALE));
    }
    let password: SecretString = params.get("password").unwrap_or_default().into();
    if params.get("repeated") != params.get("password") {
        return form(&state, &request, &headers, &signed_in, Some("The two passwords are not the same."));
    }
    match state.users.change_password(&signed_in.user.user_id, &password).await {
        Ok(Ok(())) => go_on(&state, &request, &signed_in).await,
        Ok(Err(invalid)) => form(&state, &request, &headers, &signed_in, Some(&format!("This password {invalid}."))),
        Err(error) => respond::trouble(&error),
    }
}

/// The change has ended all sessions, this one too.
async fn go_on(state: &super::State, request: &AuthorizationRequest, signed_in: &SignedIn) -> Response {
    match state.users.begin_session(&signed_in.user.user_id).await {
        Ok((token, session)) => {
            let response = authorize::finish(state, request, &session).await;
            respond::with_cookies(response, [cookies::begin_session(&token, state.is_secure())])
        }
        Err(error) => respond::trouble(&error),
    }
}

/// Only who has just signed in with a one-time password comes here; everybody else is sent to the beginning.
async fn admitted(state: &super::State, query: &str, headers: &HeaderMap) -> Result<(AuthorizationRequest, SignedIn), Box<Response>> {
    let request = AuthorizationRequest::read(state, query).map_err(|refused| Box::new(authorize::refusal(refused)))?;
    match authorize::signed_in(state, headers).await {
        Ok(Some(signed_in)) if signed_in.must_change => Ok((request, signed_in)),
        Ok(_) => Err(Box::new(respond::see_other(&format!("/sign-in/authorize?{}", request.query())))),
        Err(error) => Err(Box::new(respond::trouble(&error))),
    }
}

fn form(
    state: &Arc<super::State>,
    request: &AuthorizationRequest,
    headers: &HeaderMap,
    signed_in: &SignedIn,
    problem: Option<&str>,
) -> Response {
    let token = state.forms.token(headers, state.is_secure(), state.ids.as_ref());
    let status = if problem.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let page = pages::new_password(request, &token.value, &signed_in.user.email, problem);
    respond::with_cookies(respond::page(status, page, Some(&request.client_origin())), [token.cookie])
}
