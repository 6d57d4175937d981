//! Against Amazon's published SigV4 examples and its test suite.

use super::*;

fn key(id: &str, secret: &str) -> KeyPair {
    KeyPair { access_key_id: id.to_owned(), secret_access_key: secret.into() }
}

fn at(text: &str) -> SystemTime {
    text.parse::<jiff::Timestamp>().expect("a time").into()
}

fn authorization(headers: &[(String, String)]) -> &str {
    &headers.iter().find(|(name, _)| name == "authorization").expect("it is signed").1
}

/// *Amazon S3 API Reference*, "Authenticating Requests: Using Query Parameters": the example with its signature.
#[test]
fn presigned_url_is_that_of_amazons_example() {
    let key = key("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY");
    // The example addresses the bucket by host; the endpoint's host with the key's first segment as path signs the same text.
    let endpoint = Url::parse("https://examplebucket.s3.amazonaws.com").expect("a URL");
    let mut settings = SigningSettings::default();
    settings.signature_location = SignatureLocation::QueryParams;
    settings.expires_in = Some(Duration::from_secs(86_400));
    settings.percent_encoding_mode = PercentEncodingMode::Single;
    settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
    let address = format!("{endpoint}test.txt");
    let request = SignableRequest::new("GET", address.as_str(), std::iter::empty(), SignableBody::UnsignedPayload).expect("a request");
    let (_, query) = signed(&key, "us-east-1", "s3", settings, request, at("2013-05-24T00:00:00Z")).expect("signed");
    let signature = &query.iter().find(|(name, _)| name == "X-Amz-Signature").expect("a signature").1;
    assert_eq!(signature, "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404");
}

/// `get-vanilla-query-order-key-case` and `post-vanilla` of Amazon's SigV4 test suite, with its service name.
#[test]
fn signatures_are_those_of_amazons_test_suite() {
    let key = key("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY");
    let cases = [
        (
            "GET",
            "https://example.amazonaws.com/?Param2=value2&Param1=value1",
            "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
        ),
        ("POST", "https://example.amazonaws.com/", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"),
        ("POST", "https://example.amazonaws.com/?Param1=value1", "28038455d6de14eafc1f9222cf5aa6f1a96197d7deb8263271d420d138af7f11"),
    ];
    for (method, url, expected) in cases {
        let request = SignableRequest::new(method, url, std::iter::empty(), SignableBody::Bytes(b"")).expect("a request");
        let (headers, _) =
            signed(&key, "us-east-1", "service", SigningSettings::default(), request, at("2015-08-30T12:36:00Z")).expect("signed");
        assert!(authorization(&headers).ends_with(&format!("Signature={expected}")), "{method} {url}: {}", authorization(&headers));
    }
}

#[test]
fn a_body_is_named_by_its_hash_and_the_hash_is_signed() {
    let url = Url::parse("http://127.0.0.1:8080/packages").expect("a URL");
    let headers = sign_request(&key("DLAK1", "secret"), REGION, "POST", &url, b"{}", at("2026-01-01T00:00:00Z")).expect("signed");
    let hash = &headers.iter().find(|(name, _)| name == "x-amz-content-sha256").expect("the hash").1;
    assert_eq!(hash, "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a");
    let value = authorization(&headers);
    assert!(value.contains("Credential=DLAK1/20260101/us-east-1/datalake/aws4_request"), "{value}");
    assert!(value.contains("SignedHeaders=host;x-amz-content-sha256;x-amz-date"), "{value}");
}

#[test]
fn without_a_body_there_is_no_hash() {
    let url = Url::parse("http://127.0.0.1:8080/cart").expect("a URL");
    let headers = sign_request(&key("DLAK1", "secret"), REGION, "GET", &url, b"", at("2026-01-01T00:00:00Z")).expect("signed");
    assert!(headers.iter().all(|(name, _)| name != "x-amz-content-sha256"));
    assert!(authorization(&headers).contains("SignedHeaders=host;x-amz-date,"), "{}", authorization(&headers));
}

/// The order in which a query is written does not matter to its signature; its every byte does.
#[test]
fn a_signature_holds_for_one_method_path_query_body_and_time_only() {
    let key = key("DLAK1", "secret");
    let signature = |method: &str, url: &str, body: &[u8], time: &str| {
        let url = Url::parse(url).expect("a URL");
        authorization(&sign_request(&key, REGION, method, &url, body, at(time)).expect("signed")).to_owned()
    };
    let first = signature("GET", "http://h/a?x=1&y=2", b"", "2026-01-01T00:00:00Z");
    assert_eq!(first, signature("GET", "http://h/a?y=2&x=1", b"", "2026-01-01T00:00:00Z"));
    assert_ne!(first, signature("PUT", "http://h/a?x=1&y=2", b"", "2026-01-01T00:00:00Z"));
    assert_ne!(first, signature("GET", "http://h/b?x=1&y=2", b"", "2026-01-01T00:00:00Z"));
    assert_ne!(first, signature("GET", "http://h/a?x=1&y=3", b"", "2026-01-01T00:00:00Z"));
    assert_ne!(first, signature("GET", "http://h/a?x=1&y=2", b"x", "2026-01-01T00:00:00Z"));
    assert_ne!(first, signature("GET", "http://h/a?x=1&y=2", b"", "2026-01-01T00:06:00Z"));
}

#[test]
fn an_objects_key_is_encoded_once_and_kept_as_it_is() {
    let endpoint = Url::parse("http://127.0.0.1:8081/").expect("a URL");
    let object = ObjectName { bucket: "lake", key: "p/a b/ü+//x.csv", version: Some("v/1") };
    let url = presign_object(&key("DLAK1", "secret"), REGION, &endpoint, object, Duration::from_secs(900), at("2026-01-01T00:00:00Z"))
        .expect("signed");
    assert!(url.starts_with("http://127.0.0.1:8081/lake/p/a%20b/%C3%BC%2B//x.csv?versionId=v%2F1&"), "{url}");
    assert!(url.contains("X-Amz-Credential=DLAK1%2F20260101%2Fus-east-1%2Fs3%2Faws4_request"), "{url}");
}
