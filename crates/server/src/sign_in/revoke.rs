//! `POST /sign-in/revoke`: a program gives its refresh token up (RFC 7009).

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
};

use super::{Shared, respond::OAuthError, token};

/// Ends the token's family. Access tokens end by themselves, within 15 minutes; unknown tokens are no error.
pub(super) async fn revoke(State(state): Shared, headers: HeaderMap, body: String) -> Result<StatusCode, OAuthError> {
    let params = token::form(&headers, &body)?;
    let client = params.get("client_id").and_then(|id| state.client(id));
    let client = client.ok_or(OAuthError::new("invalid_client", "client_id is missing or unknown"))?;
    let token = params.get("token").ok_or(OAuthError::new("invalid_request", "token is required"))?;
    state.users.revoke_refresh_token(&token.into(), &client.id).await?;
    Ok(StatusCode::OK)
}
