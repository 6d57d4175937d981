//! What is refused before the S3 library sees it, because Amazon S3 refuses it and the library would take it.

use std::borrow::Cow;

use http::{HeaderMap, Method, StatusCode, header, request::Parts};

/// Longest life of a signed URL: seven days, as S3 has it.
const LONGEST_EXPIRY_SECONDS: u64 = 7 * 24 * 60 * 60;

/// A refusal in S3's words.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) status: StatusCode,
    pub(super) code: &'static str,
    pub(super) message: &'static str,
}

const fn invalid(message: &'static str) -> Refusal {
    Refusal { status: StatusCode::BAD_REQUEST, code: "InvalidRequest", message }
}

const fn denied(message: &'static str) -> Refusal {
    Refusal { status: StatusCode::FORBIDDEN, code: "AccessDenied", message }
}

/// Refuses old signatures, forms, and headers that would change the request's meaning without being signed.
///
/// The last is what makes a signed URL strict: with an unsigned `x-amz-copy-source`, say, a URL for one PUT would copy.
pub(super) fn check(request: &Parts) -> Result<(), Refusal> {
    let query: Vec<_> = url::form_urlencoded::parse(request.uri.query().unwrap_or_default().as_bytes()).collect();
    if query.iter().any(|(name, _)| matches!(name.as_ref(), "Signature" | "AWSAccessKeyId")) {
        return Err(invalid("Only AWS4-HMAC-SHA256 signatures are taken."));
    }
    let content_type = request.headers.get(header::CONTENT_TYPE).map(|value| value.as_bytes().to_ascii_lowercase());
    if request.method == Method::POST && content_type.is_some_and(|value| value.starts_with(b"multipart/")) {
        let status = StatusCode::METHOD_NOT_ALLOWED;
        return Err(Refusal { status, code: "MethodNotAllowed", message: "Forms are not taken." });
    }
    match (request.headers.get(header::AUTHORIZATION), one(&query, "X-Amz-Signature")?) {
        (Some(_), Some(_)) => Err(invalid("Only one authentication mechanism is allowed.")),
        (Some(authorization), None) => {
            let authorization = authorization.to_str().map_err(|_| invalid("The header Authorization is malformed."))?;
            check_header(authorization, &request.headers)
        }
        (None, Some(_)) => check_signed_url(&query, &request.headers),
        // Nothing is signed; the access check refuses it.
        (None, None) => Ok(()),
    }
}

fn check_header(authorization: &str, headers: &HeaderMap) -> Result<(), Refusal> {
    let fields = authorization.strip_prefix("AWS4-HMAC-SHA256").ok_or(invalid("Only AWS4-HMAC-SHA256 signatures are taken."))?;
    let field = |name: &str| fields.split(',').find_map(|field| field.trim().strip_prefix(name)?.strip_prefix('=')).unwrap_or_default();
    check_service(field("Credential"))?;
    check_signed_headers(field("SignedHeaders"), headers, &[])
}

fn check_signed_url(query: &[(Cow<'_, str>, Cow<'_, str>)], headers: &HeaderMap) -> Result<(), Refusal> {
    let expires = one(query, "X-Amz-Expires")?.and_then(|expires| expires.parse::<u64>().ok());
    if !expires.is_some_and(|expires| (1..=LONGEST_EXPIRY_SECONDS).contains(&expires)) {
        return Err(invalid("X-Amz-Expires must be from 1 to 604,800 seconds."));
    }
    check_service(one(query, "X-Amz-Credential")?.unwrap_or_default())?;
    // The body's hash needs no signature: it is verified, and can only make the URL stricter.
    check_signed_headers(one(query, "X-Amz-SignedHeaders")?.unwrap_or_default(), headers, &["x-amz-content-sha256"])
}

/// The library also takes the scope of the token service, which has no business here.
fn check_service(credential: &str) -> Result<(), Refusal> {
    if credential.ends_with("/s3/aws4_request") { Ok(()) } else { Err(invalid("The credential's scope is not of the service s3.")) }
}

fn check_signed_headers(signed: &str, headers: &HeaderMap, exempt: &[&str]) -> Result<(), Refusal> {
    let signed: Vec<&str> = signed.split(';').collect();
    if !signed.contains(&"host") {
        return Err(denied("The header host is not signed."));
    }
    if signed.iter().any(|name| *name != "host" && !headers.contains_key(*name)) {
        return Err(denied("A signed header is missing."));
    }
    let unsigned = |name: &str| name.starts_with("x-amz-") && !signed.contains(&name) && !exempt.contains(&name);
    if headers.keys().any(|name| unsigned(name.as_str())) {
        return Err(denied("There were headers present in the request which were not signed."));
    }
    Ok(())
}

/// The value of a query parameter that may come once.
fn one<'a>(query: &'a [(Cow<'_, str>, Cow<'_, str>)], name: &str) -> Result<Option<&'a str>, Refusal> {
    let mut values = query.iter().filter(|(its, _)| its == name).map(|(_, value)| value.as_ref());
    match (values.next(), values.next()) {
        (value, None) => Ok(value),
        _ => Err(invalid("A query parameter of the signature comes twice.")),
    }
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    const SIGNED_URL: &str =
        "/b/k?X-Amz-Credential=id%2F20260101%2Fr%2Fs3%2Faws4_request&X-Amz-Expires=60&X-Amz-Signature=00&X-Amz-SignedHeaders=host";

    fn code(request: http::request::Builder) -> Option<&'static str> {
        let (parts, ()) = request.body(()).expect("a request").into_parts();
        check(&parts).err().map(|refusal| refusal.code)
    }

    #[test]
    fn a_signed_url_passes_and_an_unsigned_amz_header_beside_it_does_not() {
        assert_eq!(code(Request::put(SIGNED_URL)), None);
        assert_eq!(code(Request::put(SIGNED_URL).header("x-amz-content-sha256", "UNSIGNED-PAYLOAD")), None);
        assert_eq!(code(Request::put(SIGNED_URL).header("x-amz-copy-source", "b/other")), Some("AccessDenied"));
        assert_eq!(code(Request::put(format!("{SIGNED_URL}%3Bif-none-match"))), Some("AccessDenied"));
    }

    #[test]
    fn signatures_of_other_kinds_are_refused() {
        assert_eq!(code(Request::get("/b/k?AWSAccessKeyId=a&Expires=9999999999&Signature=s")), Some("InvalidRequest"));
        assert_eq!(code(Request::get("/b/k").header("authorization", "AWS id:signature")), Some("InvalidRequest"));
        assert_eq!(code(Request::get(SIGNED_URL.replace("%2Fs3%2F", "%2Fsts%2F"))), Some("InvalidRequest"));
        assert_eq!(code(Request::get(SIGNED_URL.replace("Expires=60", "Expires=604801"))), Some("InvalidRequest"));
        assert_eq!(code(Request::get(format!("{SIGNED_URL}&X-Amz-SignedHeaders=host"))), Some("InvalidRequest"));
        assert_eq!(code(Request::get(SIGNED_URL).header("authorization", "AWS4-HMAC-SHA256 Credential=a")), Some("InvalidRequest"));
        assert_eq!(code(Request::post("/b").header("content-type", "Multipart/form-data; boundary=x")), Some("MethodNotAllowed"));
    }

    #[test]
    fn a_signed_header_must_cover_host_and_every_amz_header() {
        let signed = |names: &str| {
            let value = format!("AWS4-HMAC-SHA256 Credential=id/20260101/r/s3/aws4_request, SignedHeaders={names}, Signature=00");
            Request::get("/b/k").header("authorization", value).header("x-amz-date", "20260101T000000Z")
        };
        assert_eq!(code(signed("host;x-amz-date")), None);
        assert_eq!(code(signed("host")), Some("AccessDenied"));
        assert_eq!(code(signed("x-amz-date")), Some("AccessDenied"));
    }
}
