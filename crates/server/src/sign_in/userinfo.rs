//! `/sign-in/userinfo`: who the bearer of an access token is.

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use domain::{PortErrorKind, ports::TokenVerifier, user::UserStatus};
use jsonwebtoken::dangerous::insecure_decode_claims;
use serde::{Deserialize, Serialize};

use super::{Shared, claims::Person, respond::OAuthError};

#[derive(Serialize)]
struct UserInfo<'a> {
    sub: &'a str,
    #[serde(flatten)]
    person: Person<'a>,
}

#[derive(Deserialize)]
struct Scope {
    #[serde(default)]
    scope: String,
}

/// Answers GET and POST.
pub(super) async fn show(State(state): Shared, headers: HeaderMap) -> Result<Response, OAuthError> {
    let given = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let Some(token) = given.and_then(|value| value.strip_prefix("Bearer ")) else { return Ok(unauthorised("Bearer")) };
    let verified = match state.verifier.verify(&token.into()).await {
        Ok(verified) => verified,
        Err(error) if error.is(PortErrorKind::PermissionDenied) => return Ok(unauthorised("Bearer error=\"invalid_token\"")),
        Err(error) => return Err(error.into()),
    };
    let user = match state.users.standing(&verified.user_id).await {
        Ok((user, _)) if user.status != UserStatus::Disabled => user,
        Ok(_) => return Ok(unauthorised("Bearer error=\"invalid_token\"")),
        Err(error) if error.is(PortErrorKind::NotFound) => return Ok(unauthorised("Bearer error=\"invalid_token\"")),
        Err(error) => return Err(error.into()),
    };
    // The signature has been verified above; only the scope is read here.
    let scope = insecure_decode_claims::<Scope>(token).map(|claims| claims.scope).unwrap_or_default();
    let body = Json(UserInfo { sub: user.user_id.as_str(), person: Person::new(&user, &scope) });
    Ok(([(header::CACHE_CONTROL, "no-store")], body).into_response())
}

fn unauthorised(challenge: &'static str) -> Response {
    (StatusCode::UNAUTHORIZED, [(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge))]).into_response()
}
