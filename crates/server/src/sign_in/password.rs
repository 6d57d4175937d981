//! `POST /sign-in/password`: somebody gives address and password.

use std::{net::IpAddr, sync::Arc, time::Duration};

use axum::{
    extract::{RawQuery, Request, State},
    http::{HeaderMap, StatusCode, request::Parts},
    response::Response,
};
use embedded::users::PasswordCheck;
use secrecy::SecretString;

use super::{
    Shared, authorize, cookies, limits,
    request::{AuthorizationRequest, Params},
    respond,
};

const WRONG: &str = "This address and password don't go together. Please check both.";
/// Shown for a form of another page, too: who sees it by accident needs nothing but another try.
pub(super) const STALE: &str = "This page was open for too long. Please try again.";

/// Handles the form.
pub(super) async fn submit(State(state): Shared, RawQuery(query): RawQuery, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let authorization = match AuthorizationRequest::read(&state, &query.unwrap_or_default()) {
        Ok(authorization) => authorization,
        Err(refused) => return authorize::refusal(refused),
    };
    let form = match axum::body::to_bytes(body, 16 * 1024).await {
        Ok(body) => Params::read(&String::from_utf8_lossy(&body)).ok(),
        Err(_) => None,
    };
    let email = form.as_ref().and_then(|form| form.get("email")).unwrap_or_default().trim().to_owned();
    let token = form.as_ref().and_then(|form| form.get("form_token")).unwrap_or_default();
    if !state.forms.accepts(&parts.headers, state.is_secure(), token) {
        return authorize::form(&state, &authorization, &parts.headers, StatusCode::UNPROCESSABLE_ENTITY, &email, Some(STALE));
    }
    let password = form.as_ref().and_then(|form| form.get("password")).unwrap_or_default();
    check(&state, &authorization, &parts, &email, &password.into()).await
}

async fn check(
    state: &Arc<super::State>,
    authorization: &AuthorizationRequest,
    parts: &Parts,
    email: &str,
    password: &SecretString,
) -> Response {
    let address = limits::address_of(parts);
    if let Err(wait) = state.addresses.take(address) {
        return too_many(state, authorization, &parts.headers, email, wait);
    }
    match state.users.verify_password(email, password).await {
        Ok(PasswordCheck::Accepted { user_id, must_change }) => {
            state.addresses.give_back(address);
            let (token, session) = match state.users.begin_session(&user_id).await {
                Ok(begun) => begun,
                Err(error) => return respond::trouble(&error),
            };
            let response = if must_change {
                respond::see_other(&format!("/sign-in/new-password?{}", authorization.query()))
            } else {
                authorize::finish(state, authorization, &session).await
            };
            respond::with_cookies(response, [cookies::begin_session(&token, state.is_secure())])
        }
        Ok(PasswordCheck::Refused) => {
            tell_refusal(state, address, "wrong e-mail address or password").await;
            authorize::form(state, authorization, &parts.headers, StatusCode::UNPROCESSABLE_ENTITY, email, Some(WRONG))
        }
        Ok(PasswordCheck::Locked { until }) => {
            tell_refusal(state, address, "too many wrong passwords").await;
            too_many(state, authorization, &parts.headers, email, until.since(state.clock.now()))
        }
        Err(error) => respond::trouble(&error),
    }
}

/// Who tried is not told: what was typed into the e-mail field may be a password.
async fn tell_refusal(state: &super::State, address: IpAddr, reason: &str) {
    if let Err(error) = state.hook.refused(address, reason).await {
        tracing::error!(error = &error as &dyn std::error::Error, "a refused sign-in can't be audited");
    }
}

fn too_many(state: &Arc<super::State>, request: &AuthorizationRequest, headers: &HeaderMap, email: &str, wait: Duration) -> Response {
    let seconds = wait.as_millis().div_ceil(1_000).max(1);
    let text = format!("Too many tries. Please wait {seconds} seconds before the next.");
    let response = authorize::form(state, request, headers, StatusCode::TOO_MANY_REQUESTS, email, Some(&text));
    respond::with_retry_after(response, u64::try_from(seconds).ok())
}

/// `GET /sign-in/password`: somebody opens the form's address again.
pub(super) async fn again(RawQuery(query): RawQuery) -> Response {
    respond::see_other(&format!("/sign-in/authorize?{}", query.unwrap_or_default()))
}
