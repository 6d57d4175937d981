//! Verifies a signature by signing again: the signer is the one that clients use, so both read the standard alike.

use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_lc_rs::{
    constant_time::verify_slices_are_equal,
    digest::{SHA256, digest},
};
use aws_sigv4::{
    http_request::{
        PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SigningSettings, UriPathNormalizationMode, sign,
    },
    sign::v4,
};
use secrecy::{ExposeSecret as _, SecretString};

use crate::{
    head::RequestHead,
    signature::{Claim, SERVICE},
};

/// Whether the claim's signature is the one that `secret` makes of this request. Compared in constant time.
pub(crate) fn matches(head: &RequestHead, claim: &Claim, secret: &SecretString) -> bool {
    signature(head, claim, secret).is_some_and(|expected| verify_slices_are_equal(expected.as_bytes(), claim.signature.as_bytes()).is_ok())
}

/// `None` for a request that can't be signed at all.
fn signature(head: &RequestHead, claim: &Claim, secret: &SecretString) -> Option<String> {
    let mut settings = SigningSettings::default();
    // Exactly what the client named, as the client sent it.
    settings.excluded_headers = None;
    settings.percent_encoding_mode = PercentEncodingMode::Single;
    settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
    settings.payload_checksum_kind = PayloadChecksumKind::NoHeader;

    let identity = Credentials::new(claim.access_key_id.as_str(), secret.expose_secret(), None, None, SERVICE).into();
    let seconds = u64::try_from(claim.time.as_seconds()).ok()?;
    let parameters = v4::SigningParams::builder()
        .identity(&identity)
        .region(&claim.region)
        .name(SERVICE)
        .time(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds))
        .settings(settings)
        .build()
        .ok()?;

    let signed = head.headers.iter().filter(|(name, _)| claim.signed_headers.binary_search(name).is_ok());
    let headers = signed.map(|(name, value)| (name.as_str(), value.as_str()));
    let body = claim.body_sha256.clone().unwrap_or_else(|| hex::encode(digest(&SHA256, b"")));
    // The host is signed as a header; here it only makes the path an address.
    let address = format!("https://host{}?{}", head.path, head.query);
    let request = SignableRequest::new(&head.method, address, headers, SignableBody::Precomputed(body)).ok()?;
    let (_, signature) = sign(request, &parameters.into()).ok()?.into_parts();
    Some(signature)
}
