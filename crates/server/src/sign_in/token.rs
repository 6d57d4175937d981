//! `POST /sign-in/token`: codes and refresh tokens become tokens.

use aws_lc_rs::{constant_time, digest};
use axum::{
    Json,
    extract::State,
    http::{HeaderMap, header},
    response::{IntoResponse, Response},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use domain::{PortErrorKind, id::UserId, ports::DirectoryUser, user::UserStatus};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;

use super::{
    Client, Shared,
    claims::{Bearer, TOKEN_LIFE},
    request::Params,
    respond::OAuthError,
};

#[derive(Serialize)]
struct Tokens<'a> {
    access_token: String,
    id_token: String,
    refresh_token: &'a str,
    token_type: &'static str,
    expires_in: u64,
    scope: &'a str,
}

/// Answers both grants.
pub(super) async fn exchange(State(state): Shared, headers: HeaderMap, body: String) -> Result<Response, OAuthError> {
    let params = form(&headers, &body)?;
    let client = params.get("client_id").and_then(|id| state.client(id));
    let client = client.ok_or(OAuthError::new("invalid_client", "client_id is missing or unknown"))?;
    match params.get("grant_type") {
        Some("authorization_code") => redeem(&state, client, &params).await,
        Some("refresh_token") => refresh(&state, client, &params).await,
        Some(_) => Err(OAuthError::new("unsupported_grant_type", "grant_type must be authorization_code or refresh_token")),
        None => Err(OAuthError::new("invalid_request", "grant_type is missing")),
    }
}

/// The parameters of a form.
pub(super) fn form(headers: &HeaderMap, body: &str) -> Result<Params, OAuthError> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    if !kind.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        return Err(OAuthError::new("invalid_request", "the body must be application/x-www-form-urlencoded"));
    }
    Params::read(body).map_err(|_| OAuthError::new("invalid_request", "a parameter came twice"))
}

/// One answer for all that can be wrong with a code, so that it tells a thief nothing.
fn bad_code() -> OAuthError {
    OAuthError::new("invalid_grant", "the code is not valid for this client, redirect_uri and code_verifier")
}

fn bad_refresh_token() -> OAuthError {
    OAuthError::new("invalid_grant", "the refresh token is not valid; sign in again")
}

async fn redeem(state: &super::State, client: &Client, params: &Params) -> Result<Response, OAuthError> {
    let (Some(code), Some(verifier), Some(redirect_uri)) = (params.get("code"), params.get("code_verifier"), params.get("redirect_uri"))
    else {
        return Err(OAuthError::new("invalid_request", "code, code_verifier and redirect_uri are required"));
    };
    // The code is used up whatever else is wrong: who has it and not its verifier must not have a second try.
    let grant = state.users.redeem_code(&code.into()).await?.ok_or_else(bad_code)?;
    if grant.bound.client_id != client.id || grant.bound.redirect_uri != redirect_uri || !proves(verifier, &grant.bound.challenge) {
        return Err(bad_code());
    }
    let user = admitted(state, &grant.user_id).await?.ok_or_else(bad_code)?;
    state.hook.signed_in(&user.user_id).await?;
    let refresh_token = state.users.first_refresh_token(&grant).await?.ok_or_else(bad_code)?;
    let bearer = Bearer {
        user: &user,
        client_id: &client.id,
        session_id: &grant.session_id,
        scope: &grant.bound.scope,
        nonce: grant.bound.nonce.as_deref(),
        signed_in_at: grant.signed_in_at,
    };
    answer(state, &bearer, &refresh_token)
}

async fn refresh(state: &super::State, client: &Client, params: &Params) -> Result<Response, OAuthError> {
    let token = params.get("refresh_token").ok_or(OAuthError::new("invalid_request", "refresh_token is required"))?;
    let token: SecretString = token.into();
    // The principal row comes first: were the token used up before, a failure here would end the session.
    if let Some(grant) = state.users.refresh_grant(&token).await?.filter(|grant| grant.client_id == client.id) {
        let granted = |scope: &str| grant.scope.split(' ').any(|word| word == scope);
        if params.get("scope").is_some_and(|asked| !asked.split(' ').all(granted)) {
            return Err(OAuthError::new("invalid_scope", "only what was granted at sign-in"));
        }
        admitted(state, &grant.user_id).await?.ok_or_else(bad_refresh_token)?;
        state.hook.renewed(&grant.user_id).await?;
    }
    let (next, grant) = state.users.rotate_refresh_token(&token, &client.id).await?.ok_or_else(bad_refresh_token)?;
    let user = admitted(state, &grant.user_id).await?.ok_or_else(bad_refresh_token)?;
    let bearer = Bearer {
        user: &user,
        client_id: &client.id,
        session_id: &grant.session_id,
        scope: params.get("scope").unwrap_or(&grant.scope),
        nonce: None,
        signed_in_at: grant.signed_in_at,
    };
    answer(state, &bearer, &next)
}

/// The person, if they may come in.
async fn admitted(state: &super::State, user_id: &UserId) -> Result<Option<DirectoryUser>, OAuthError> {
    match state.users.standing(user_id).await {
        Ok((user, must_change)) => Ok((user.status != UserStatus::Disabled && !must_change).then_some(user)),
        Err(error) if error.is(PortErrorKind::NotFound) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn answer(state: &super::State, bearer: &Bearer<'_>, refresh_token: &SecretString) -> Result<Response, OAuthError> {
    let (access_token, id_token) = bearer.tokens(state)?;
    let tokens = Tokens {
        access_token,
        id_token,
        refresh_token: refresh_token.expose_secret(),
        token_type: "Bearer",
        expires_in: TOKEN_LIFE.as_secs(),
        scope: bearer.scope,
    };
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(tokens)).into_response())
}

/// Whether `verifier` is what `challenge` was made from (RFC 7636, S256).
fn proves(verifier: &str, challenge: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    if !(43..=128).contains(&verifier.len()) || !verifier.bytes().all(allowed) {
        return false;
    }
    let computed = URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, verifier.as_bytes()));
    constant_time::verify_slices_are_equal(computed.as_bytes(), challenge.as_bytes()).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_rfc_7636_proves_itself_and_a_short_verifier_nothing() {
        assert!(proves("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"));
        assert!(!proves("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXX", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"));
        let short = "short";
        let challenge = URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, short.as_bytes()));
        assert!(!proves(short, &challenge));
    }
}
