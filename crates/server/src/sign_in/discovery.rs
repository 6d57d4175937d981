//! What clients learn about the issuer.

use axum::{Json, extract::State, http::header, response::IntoResponse};
use serde_json::json;

use super::Shared;

/// `GET /.well-known/openid-configuration`
pub(super) async fn document(State(state): Shared) -> impl IntoResponse {
    let origin = &state.config.origin;
    let document = json!({
        "issuer": origin,
        "authorization_endpoint": format!("{origin}/sign-in/authorize"),
        "token_endpoint": format!("{origin}/sign-in/token"),
        "userinfo_endpoint": format!("{origin}/sign-in/userinfo"),
        "end_session_endpoint": format!("{origin}/sign-in/end-session"),
        "revocation_endpoint": format!("{origin}/sign-in/revoke"),
        "jwks_uri": format!("{origin}/.well-known/jwks.json"),
        "scopes_supported": ["openid", "profile", "email", "offline_access"],
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code", "refresh_token"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "token_endpoint_auth_methods_supported": ["none"],
        "revocation_endpoint_auth_methods_supported": ["none"],
        "code_challenge_methods_supported": ["S256"],
        "prompt_values_supported": ["none", "login"],
        "claims_supported": ["iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "at_hash", "sid", "token_use", "name", "email"],
        "authorization_response_iss_parameter_supported": true,
        "request_parameter_supported": false,
        "request_uri_parameter_supported": false,
        "claims_parameter_supported": false,
    });
    ([(header::CACHE_CONTROL, "public, max-age=300")], Json(document))
}

/// `GET /.well-known/jwks.json`
pub(super) async fn keys(State(state): Shared) -> impl IntoResponse {
    ([(header::CACHE_CONTROL, "public, max-age=300")], Json(state.keys.public()))
}
