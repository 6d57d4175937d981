//! An issuer of access tokens with a key of its own.

use std::time::{Duration, SystemTime};

use anyhow::Result;
use aws_lc_rs::{encoding::AsDer as _, rsa};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use jsonwebtoken::{
    Algorithm, EncodingKey, Header,
    jwk::{Jwk, JwkSet, PublicKeyUse, ThumbprintHash},
};
use serde_json::json;

/// Who is said to have issued the tokens.
pub(crate) const ISSUER: &str = "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_EXAMPLE01";
/// For which client.
pub(crate) const CLIENT: &str = "1example23456789";
/// Longer than a bench runs.
const LIFE: Duration = Duration::from_secs(3_600);

/// A token, and the keys by which it is known.
#[derive(Debug)]
pub(crate) struct Issued {
    /// The token.
    pub(crate) token: String,
    /// The key set, as its address answers.
    pub(crate) keys: String,
}

/// A token for `user`, signed with a fresh key.
#[expect(clippy::disallowed_methods, reason = "the authorizer compares a token's times with the system's")]
pub(crate) fn issue(user: &str) -> Result<Issued> {
    let der = rsa::KeyPair::generate(rsa::KeySize::Rsa2048)?.as_der()?;
    let lines: Vec<String> =
        BASE64_STANDARD.encode(der.as_ref()).as_bytes().chunks(64).map(|line| String::from_utf8_lossy(line).into_owned()).collect();
    let pem = format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", lines.join("\n"));
    let signing = EncodingKey::from_rsa_pem(pem.as_bytes())?;
    let mut public = Jwk::from_encoding_key(&signing, Algorithm::RS256)?;
    let key_id = public.thumbprint(ThumbprintHash::SHA256)?;
    public.common.key_id = Some(key_id.clone());
    public.common.public_key_use = Some(PublicKeyUse::Signature);
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?;
    let claims = json!({
        "iss": ISSUER,
        "client_id": CLIENT,
        "token_use": "access",
        "sub": user,
        "iat": now.as_secs(),
        "exp": (now + LIFE).as_secs(),
    });
    let header = Header { kid: Some(key_id), ..Header::new(Algorithm::RS256) };
    let token = jsonwebtoken::encode(&header, &claims, &signing)?;
    Ok(Issued { token, keys: serde_json::to_string(&JwkSet { keys: vec![public] })? })
}
