//! `/sign-in/end-session`: sign-out (OpenID Connect RP-Initiated Logout).

use std::sync::Arc;

use axum::{
    extract::{RawQuery, State},
    http::{HeaderMap, StatusCode},
    response::Response,
};
use domain::{PortResult, id::UserId};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode_header};

use super::{
    Shared,
    authorize::{self, SignedIn},
    claims::HintClaims,
    cookies, pages,
    request::{Params, with_query},
    respond,
};

const FIELDS: [&str; 4] = ["id_token_hint", "client_id", "post_logout_redirect_uri", "state"];

/// `GET /sign-in/end-session`
pub(super) async fn by_link(State(state): Shared, RawQuery(query): RawQuery, headers: HeaderMap) -> Response {
    sign_out(&state, &headers, &query.unwrap_or_default()).await
}

/// `POST /sign-in/end-session`: from a program, or from our own question.
pub(super) async fn by_form(State(state): Shared, headers: HeaderMap, body: String) -> Response {
    sign_out(&state, &headers, &body).await
}

async fn sign_out(state: &Arc<super::State>, headers: &HeaderMap, text: &str) -> Response {
    let Ok(params) = Params::read(text) else { return bad("The link that led here names something twice.") };
    let hint = params.get("id_token_hint").and_then(|token| hint(state, token));
    let destination = match destination(state, &params, hint.as_ref()) {
        Ok(destination) => destination,
        Err(text) => return bad(text),
    };
    let signed_in = match authorize::signed_in(state, headers).await {
        Ok(signed_in) => signed_in,
        Err(error) => return respond::trouble(&error),
    };
    if let Some(signed_in) = &signed_in
        && !may_end(state, headers, &params, hint.as_ref(), signed_in)
    {
        return question(state, headers, &params);
    }
    match end(state, signed_in.as_ref(), hint.as_ref()).await {
        Ok(()) => {
            let response = destination.map_or_else(signed_out, |location| respond::see_other(&location));
            respond::with_cookies(response, [cookies::end_session(state.is_secure())])
        }
        Err(error) => respond::trouble(&error),
    }
}

/// Another site must not sign people out: either the program shows the person's id token, or the person has answered our question.
fn may_end(state: &super::State, headers: &HeaderMap, params: &Params, hint: Option<&HintClaims>, signed_in: &SignedIn) -> bool {
    hint.is_some_and(|hint| hint.sub == signed_in.user.user_id.as_str())
        || params.get("form_token").is_some_and(|token| state.forms.accepts(headers, state.is_secure(), token))
}

/// Ends the browser's session, and the hint's where that is another.
async fn end(state: &super::State, signed_in: Option<&SignedIn>, hint: Option<&HintClaims>) -> PortResult<()> {
    let mut people: Vec<UserId> = Vec::new();
    if let Some(signed_in) = signed_in {
        state.users.end_session(&signed_in.session.session_id).await?;
        people.push(signed_in.user.user_id.clone());
    }
    if let Some(hint) = hint {
        state.users.end_session(&hint.sid).await?;
        people.extend(hint.sub.parse());
    }
    people.dedup();
    for user_id in people {
        state.hook.signed_out(&user_id).await?;
    }
    Ok(())
}

/// The id token that a program shows: ours, of whatever age.
fn hint(state: &super::State, token: &str) -> Option<HintClaims> {
    let key_id = decode_header(token).ok()?.kid?;
    let keys = state.keys.public();
    let key = DecodingKey::from_jwk(keys.find(&key_id)?).ok()?;
    let mut validation = Validation::new(Algorithm::RS256);
    validation.required_spec_claims.clear();
    validation.validate_exp = false;
    validation.validate_aud = false;
    let claims = jsonwebtoken::decode::<HintClaims>(token, &key, &validation).ok()?.claims;
    (claims.iss == state.config.origin && claims.token_use == "id").then_some(claims)
}

/// Where the browser goes afterwards: only to an address that is the client's own.
fn destination(state: &super::State, params: &Params, hint: Option<&HintClaims>) -> Result<Option<String>, &'static str> {
    let Some(uri) = params.get("post_logout_redirect_uri") else { return Ok(None) };
    let client_id = match (params.get("client_id"), hint) {
        (Some(client_id), Some(hint)) if client_id != hint.aud => {
            return Err("The program that sent you here is not the one you signed in to.");
        }
        (Some(client_id), _) => Some(client_id),
        (None, hint) => hint.map(|hint| hint.aud.as_str()),
    };
    let client = client_id.and_then(|id| state.client(id)).ok_or("The program that sent you here is not known.")?;
    if !client.post_logout_redirect_uris.iter().any(|known| known == uri) {
        return Err("The program that sent you here wants you at an address that is not its own.");
    }
    Ok(Some(with_query(uri, params.get("state").map(|value| ("state", value)))))
}

fn question(state: &super::State, headers: &HeaderMap, params: &Params) -> Response {
    let token = state.forms.token(headers, state.is_secure(), state.ids.as_ref());
    let fields: Vec<_> = FIELDS.into_iter().filter_map(|name| Some((name, params.get(name)?))).collect();
    let origin =
        params.get("post_logout_redirect_uri").and_then(|uri| url::Url::parse(uri).ok()).map(|uri| uri.origin().ascii_serialization());
    let page = pages::confirm_sign_out(&token.value, &fields);
    respond::with_cookies(respond::page(StatusCode::OK, page, origin.as_deref()), [token.cookie])
}

fn signed_out() -> Response {
    respond::page(StatusCode::OK, pages::message("Signed out", "You are signed out. You can close this page."), None)
}

fn bad(text: &'static str) -> Response {
    respond::page(StatusCode::BAD_REQUEST, pages::message("This link does not work", text), None)
}
