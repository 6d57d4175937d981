//! Signature Version 4: requests to the API, and URLs of objects.

use std::{
    borrow::Cow,
    time::{Duration, SystemTime},
};

use aws_credential_types::Credentials;
use aws_sigv4::{
    http_request::{
        PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SignatureLocation, SigningSettings,
        UriPathNormalizationMode, sign,
    },
    sign::v4,
};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use secrecy::ExposeSecret as _;
use url::Url;

use crate::{
    credentials::KeyPair,
    error::{Error, Result},
};

/// The service's name in signatures.
pub const SERVICE: &str = "datalake";
/// The region in signatures unless another is configured.
pub const REGION: &str = "us-east-1";

/// All but the unreserved characters of RFC 3986, section 2.3.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// `text` percent-encoded as Signature Version 4 asks for.
#[must_use]
pub fn encode(text: &str) -> Cow<'_, str> {
    utf8_percent_encode(text, RESERVED).into()
}

/// The headers that authorise a request to the API at `time`. With a body they include its hash: the service sees the
/// signature before it sees the body.
///
/// # Errors
/// When the method or URL can't be signed.
pub fn sign_request(key: &KeyPair, region: &str, method: &str, url: &Url, body: &[u8], time: SystemTime) -> Result<Vec<(String, String)>> {
    let mut settings = SigningSettings::default();
    if !body.is_empty() {
        settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
    }
    let request = SignableRequest::new(method, url.as_str(), std::iter::empty(), SignableBody::Bytes(body)).map_err(failed)?;
    let (headers, _) = signed(key, region, SERVICE, settings, request, time)?;
    Ok(headers)
}

/// An object in a store that speaks S3.
#[derive(Clone, Copy, Debug)]
pub struct ObjectName<'a> {
    /// The bucket.
    pub bucket: &'a str,
    /// The key.
    pub key: &'a str,
    /// The version, if it is pinned.
    pub version: Option<&'a str>,
}

/// A URL by which whoever has it reads the object until `life` is over. The path-style address works with every store.
///
/// # Errors
/// When the endpoint can't be signed for.
pub fn presign_object(
    key: &KeyPair,
    region: &str,
    endpoint: &Url,
    object: ObjectName<'_>,
    life: Duration,
    time: SystemTime,
) -> Result<String> {
    let mut settings = SigningSettings::default();
    settings.signature_location = SignatureLocation::QueryParams;
    settings.expires_in = Some(life);
    // S3 takes paths as they are: keys may hold `//` and `..`, and are encoded once.
    settings.percent_encoding_mode = PercentEncodingMode::Single;
    settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
    let path: Vec<Cow<'_, str>> = object.key.split('/').map(encode).collect();
    let mut address = format!("{}/{}/{}", endpoint.as_str().trim_end_matches('/'), encode(object.bucket), path.join("/"));
    if let Some(version) = object.version {
        address.push_str(&format!("?versionId={}", encode(version)));
    }
    let request = SignableRequest::new("GET", address.as_str(), std::iter::empty(), SignableBody::UnsignedPayload).map_err(failed)?;
    let (_, query) = signed(key, region, "s3", settings, request, time)?;
    for (name, value) in query {
        let separator = if address.contains('?') { '&' } else { '?' };
        address.push_str(&format!("{separator}{}={}", encode(&name), encode(&value)));
    }
    Ok(address)
}

type Pairs = Vec<(String, String)>;

fn signed(
    key: &KeyPair,
    region: &str,
    service: &str,
    settings: SigningSettings,
    request: SignableRequest<'_>,
    time: SystemTime,
) -> Result<(Pairs, Pairs)> {
    let identity = Credentials::new(&key.access_key_id, key.secret_access_key.expose_secret(), None, None, "datalake").into();
    let parameters = v4::SigningParams::builder()
        .identity(&identity)
        .region(region)
        .name(service)
        .time(time)
        .settings(settings)
        .build()
        .map_err(failed)?;
    let (instructions, _) = sign(request, &parameters.into()).map_err(failed)?.into_parts();
    let (headers, query) = instructions.into_parts();
    let headers = headers.into_iter().map(|header| (header.name().to_owned(), header.value().to_owned())).collect();
    let query = query.into_iter().map(|(name, value)| (name.to_owned(), value.into_owned())).collect();
    Ok((headers, query))
}

fn failed(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::Signing(Box::new(error))
}

#[cfg(test)]
#[path = "signing_tests.rs"]
mod tests;
