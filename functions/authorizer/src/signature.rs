//! Reads what an `Authorization` header of AWS Signature Version 4 claims, and refuses what could not be bound to the
//! request, before anything is computed.

use std::time::Duration;

use domain::{
    Timestamp,
    id::AccessKeyId,
    text::{SHOWN_OF_A_WORD, shown},
};
use percent_encoding::percent_decode_str;

use crate::{Refusal, head::RequestHead};

/// The scheme, with the space behind it.
pub(crate) const ALGORITHM: &str = "AWS4-HMAC-SHA256 ";
/// The service that a signature must name.
pub(crate) const SERVICE: &str = "datalake";
/// A request may be so much older or younger than our clock.
const SKEW: Duration = Duration::from_secs(300);

/// What a header claims.
#[derive(Debug)]
pub(crate) struct Claim {
    pub(crate) access_key_id: AccessKeyId,
    pub(crate) region: String,
    pub(crate) time: Timestamp,
    /// In lower case, sorted, each once.
    pub(crate) signed_headers: Vec<String>,
    /// 64 characters of lower-case hex.
    pub(crate) signature: String,
    /// The hash that was promised for the body.
    pub(crate) body_sha256: Option<String>,
}

/// The key that a proof names, if it is a signature at all.
pub(crate) fn claimed_key(proof: &str) -> Option<AccessKeyId> {
    let (_, rest) = proof.strip_prefix(ALGORITHM)?.split_once("Credential=")?;
    rest.split('/').next()?.parse().ok()
}

/// Reads the claim and holds it against the request's head.
pub(crate) fn read(head: &RequestHead, parameters: &str, now: Timestamp) -> Result<Claim, Refusal> {
    let Parameters { credential, signed_headers, signature } = Parameters::read(parameters)?;
    let [access_key_id, date, region, service, "aws4_request"] = credential.split('/').collect::<Vec<_>>()[..] else {
        return Err(malformed("Credential must be key id, date, region, service and aws4_request, with slashes between."));
    };
    if service != SERVICE {
        let detail = format!("The signature is for another service. Sign for the service '{SERVICE}'.");
        return Err(Refusal::unauthenticated("wrong_service", detail));
    }
    if region.is_empty() || region.len() > 64 || !region.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
        return Err(malformed("The region of Credential is not a region's name."));
    }
    if signature.len() != 64 || !is_lower_hex(signature) {
        return Err(malformed("Signature must be 64 characters of lower-case hex."));
    }
    let access_key_id = access_key_id.parse().map_err(|_| malformed("The access key id is not one of this data lake."))?;
    let signed_headers = read_signed_headers(head, signed_headers)?;
    let time = read_time(head, date, now)?;
    let body_sha256 = read_body_hash(head, &signed_headers)?;
    check_query(&head.query)?;
    Ok(Claim { access_key_id, region: region.to_owned(), time, signed_headers, signature: signature.to_owned(), body_sha256 })
}

struct Parameters<'a> {
    credential: &'a str,
    signed_headers: &'a str,
    signature: &'a str,
}

impl<'a> Parameters<'a> {
    fn read(text: &'a str) -> Result<Self, Refusal> {
        let (mut credential, mut signed_headers, mut signature) = (None, None, None);
        for part in text.split(',') {
            let (name, value) = part.trim().split_once('=').ok_or_else(|| malformed("A part of Authorization has no '='."))?;
            let place = match name {
                "Credential" => &mut credential,
                "SignedHeaders" => &mut signed_headers,
                "Signature" => &mut signature,
                _ => return Err(malformed("Authorization has a part that is none of Credential, SignedHeaders and Signature.")),
            };
            if place.replace(value).is_some() {
                return Err(malformed("A part of Authorization is there twice."));
            }
        }
        match (credential, signed_headers, signature) {
            (Some(credential), Some(signed_headers), Some(signature)) => Ok(Self { credential, signed_headers, signature }),
            _ => Err(malformed("Authorization lacks one of Credential, SignedHeaders and Signature.")),
        }
    }
}

fn read_signed_headers(head: &RequestHead, text: &str) -> Result<Vec<String>, Refusal> {
    let names: Vec<String> = text.split(';').map(str::to_owned).collect();
    if !names.is_sorted_by(|left, right| left < right) || names.iter().any(|name| name.is_empty() || *name != name.to_ascii_lowercase()) {
        return Err(malformed("SignedHeaders must be names in lower case, sorted, each once."));
    }
    for name in &names {
        if head.single(name)?.is_none() {
            return Err(malformed(format!("The signed header {} is not there.", shown(name, SHOWN_OF_A_WORD))));
        }
    }
    for required in ["host", "x-amz-date"] {
        if !names.iter().any(|name| name == required) {
            let detail = format!("The header {required} must be among the signed headers.");
            return Err(Refusal::unauthenticated("header_not_signed", detail));
        }
    }
    Ok(names)
}

fn read_time(head: &RequestHead, scope_date: &str, now: Timestamp) -> Result<Timestamp, Refusal> {
    let text = head.single("x-amz-date")?.unwrap_or_default();
    let time = (text.len() == 16)
        .then(|| jiff::civil::DateTime::strptime("%Y%m%dT%H%M%SZ", text).ok())
        .flatten()
        .and_then(|time| time.to_zoned(jiff::tz::TimeZone::UTC).ok())
        .and_then(|time| Timestamp::from_millis(time.timestamp().as_millisecond()))
        .ok_or_else(|| malformed("The header x-amz-date is not a time such as 20260131T120000Z."))?;
    if !text.starts_with(scope_date) || scope_date.len() != 8 {
        return Err(malformed("The dates of Credential and x-amz-date differ."));
    }
    if now.since(time) > SKEW || time.since(now) > SKEW {
        let detail = "The request was signed more than 5 minutes before or after now. Check your clock, and sign each request anew.";
        return Err(Refusal::unauthenticated("clock_skew", detail));
    }
    Ok(time)
}

/// Without a body the hash may be left out: it is that of nothing then, and whoever reads the body holds it against that.
fn read_body_hash(head: &RequestHead, signed_headers: &[String]) -> Result<Option<String>, Refusal> {
    const NAME: &str = "x-amz-content-sha256";
    let required = || {
        let detail =
            "A signed request with a body needs the header x-amz-content-sha256 with the body's SHA-256, among the signed headers.";
        Refusal::unauthenticated("body_hash_required", detail)
    };
    match head.single(NAME)? {
        None if head.has_body() => Err(required()),
        None => Ok(None),
        Some(_) if !signed_headers.iter().any(|name| name == NAME) => Err(required()),
        Some(hash) if hash.len() == 64 && is_lower_hex(hash) => Ok(Some(hash.to_owned())),
        Some(_) => {
            let detail = "x-amz-content-sha256 must be the body's SHA-256 in 64 characters of lower-case hex; unsigned and streamed bodies are not taken.";
            Err(Refusal::unauthenticated("unsigned_payload", detail))
        }
    }
}

/// Only unreserved characters, `%XX`, `=` and `&`: everything else is read differently by different decoders, above all `+`.
fn check_query(query: &str) -> Result<(), Refusal> {
    let bytes = query.as_bytes();
    let strict = bytes.iter().enumerate().all(|(at, byte)| match byte {
        b'%' => bytes.get(at + 1..at + 3).is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit)),
        b'-' | b'.' | b'_' | b'~' | b'=' | b'&' => true,
        byte => byte.is_ascii_alphanumeric(),
    });
    // A second '=' in a pair would be signed encoded.
    let pairs = query.split('&').all(|pair| pair.matches('=').count() <= 1);
    if strict && pairs && percent_decode_str(query).decode_utf8().is_ok() {
        Ok(())
    } else {
        let detail =
            "Percent-encode everything in the query but letters, digits, '-', '.', '_' and '~' (RFC 3986), a space as %20, then sign it.";
        Err(Refusal::malformed("query_not_encoded", detail))
    }
}

fn is_lower_hex(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
}

fn malformed(detail: impl Into<String>) -> Refusal {
    Refusal::unauthenticated("malformed_signature", detail)
}
