//! Access tokens.

use app::identity::{
    Identity,
    verdict::{RefusalKind, Verdict},
};
use domain::{PortErrorKind, ports::TokenVerifier};
use secrecy::SecretString;

use crate::Refusal;

/// The token of an `Authorization` header with the scheme `Bearer`, in any case (RFC 9110, section 11.1).
pub(crate) fn token(proof: &str) -> Option<SecretString> {
    let (scheme, token) = proof.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| SecretString::from(token.trim().to_owned()))
}

pub(crate) async fn verdict(identity: &Identity, tokens: &dyn TokenVerifier, token: &SecretString) -> Result<Verdict, Refusal> {
    let verified = tokens.verify(token).await.map_err(|error| {
        if error.is(PortErrorKind::PermissionDenied) {
            Refusal::unauthenticated("invalid_token", "The access token is not valid here, or has expired. Sign in again.")
        } else {
            tracing::error!(error = &error as &dyn std::error::Error, "access tokens can't be verified");
            Refusal::new(RefusalKind::Unavailable, "unavailable", "Access tokens can't be verified right now. Try again shortly.")
        }
    })?;
    let principal = identity.authenticate_token(&verified).await?;
    Ok(Verdict::Allowed { principal, body_sha256: None })
}
