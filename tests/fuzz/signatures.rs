//! Heads of requests that carry a Signature Version 4.
//!
//! An input is a request line and headers. `{signature}` in it stands for the signature that fits the rest, made here by
//! the steps of AWS's documentation ("Create a signed AWS API request", *IAM User Guide*) and by no library: what the
//! authorizer lets in must have this very signature.

use std::fmt::Write as _;

use app::identity::verdict::Verdict;
use aws_lc_rs::{
    digest::{SHA256, digest},
    hmac,
};
use function_authorizer::{HEAD_LIMIT, QUERY_LIMIT, RequestHead};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, percent_encode};
use testkit::builders::user_id;

use crate::{
    door::{Door, at_the_door},
    engine,
};

const EMPTY: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
/// Whatever RFC 3986 does not call unreserved is encoded.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

pub(crate) fn holds(input: &[u8]) {
    at_the_door(|door| {
        let head = signed(door, head(&String::from_utf8_lossy(input)));
        let verdict = door.verdict(&head);
        let proof = header(&head, "authorization");
        match &verdict {
            Verdict::Allowed { principal, body_sha256 } => {
                assert_eq!(principal.user_id, user_id("ann"));
                assert!(principal.scope().is_some(), "a key's scope");
                assert_eq!(body_sha256.as_deref(), header(&head, "x-amz-content-sha256"), "the hash that was signed");
                let (claim, expected) = (Claim::of(proof.expect("a proof")).expect("a claim"), expected(door, &head));
                assert_eq!(Some(claim.signature), expected.as_deref(), "another reading of the standard");
                assert!(head.query.len() <= QUERY_LIMIT && size(&head) <= HEAD_LIMIT);
                captured(door, &head, &claim.signed_headers.split(';').collect::<Vec<_>>());
            }
            Verdict::Anonymous => assert_eq!(proof, None, "a proof that nobody looked at"),
            Verdict::Refused { .. } => {}
        }
    });
}

/// A head that was captured works for nothing else.
fn captured(door: &Door, head: &RequestHead, signed_headers: &[&str]) {
    let refused = |what: &str, other: RequestHead| {
        assert!(matches!(door.verdict(&other), Verdict::Refused { .. }), "{what} of a captured request: {other:?}");
    };
    let joint = if head.query.is_empty() { "" } else { "&" };
    refused("another method", RequestHead { method: format!("{}X", head.method), ..head.clone() });
    refused("another path", RequestHead { path: format!("{}x", head.path), ..head.clone() });
    refused("more query", RequestHead { query: format!("{}{joint}zz=1", head.query), ..head.clone() });
    if head.query.contains(|c: char| c != '&') {
        refused("less query", RequestHead { query: String::new(), ..head.clone() });
    }
    for name in signed_headers {
        let mut other = head.clone();
        for (_, value) in other.headers.iter_mut().filter(|(found, _)| found == name) {
            value.push('1');
        }
        refused(name, other);
        let without = head.headers.iter().filter(|(found, _)| found != name).cloned().collect();
        refused(name, RequestHead { headers: without, ..head.clone() });
    }
    let mut twice = head.clone();
    twice.headers.extend(head.headers.iter().filter(|(name, _)| name == "authorization").cloned());
    refused("two proofs", twice);
}

fn size(head: &RequestHead) -> usize {
    head.path.len() + head.query.len() + head.headers.iter().map(|(name, value)| name.len() + value.len()).sum::<usize>()
}

/// As a server hands it over: names in lower case. No address, so that refusals are not counted.
fn head(text: &str) -> RequestHead {
    let mut lines = text.split('\n');
    let (method, target) = lines.next().and_then(|line| line.split_once(' ')).unwrap_or_default();
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let headers = lines.filter_map(|line| line.split_once(':'));
    RequestHead {
        method: method.to_owned(),
        path: path.to_owned(),
        query: query.to_owned(),
        headers: headers.map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned())).collect(),
        source_ip: None,
    }
}

fn header<'a>(head: &'a RequestHead, name: &str) -> Option<&'a str> {
    head.headers.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
}

/// With the right signature where one is asked for.
fn signed(door: &Door, mut head: RequestHead) -> RequestHead {
    if let Some(signature) = expected(door, &head) {
        for (_, value) in head.headers.iter_mut().filter(|(name, _)| name == "authorization") {
            *value = value.replace("{signature}", &signature);
        }
    }
    head
}

#[derive(Clone, Copy)]
struct Claim<'a> {
    credential: &'a str,
    signed_headers: &'a str,
    signature: &'a str,
}

impl<'a> Claim<'a> {
    fn of(proof: &'a str) -> Option<Self> {
        let parts = proof.strip_prefix("AWS4-HMAC-SHA256 ")?;
        let part = |name: &str| parts.split(',').find_map(|part| part.trim().strip_prefix(name)?.strip_prefix('='));
        Some(Self { credential: part("Credential")?, signed_headers: part("SignedHeaders")?, signature: part("Signature")? })
    }
}

fn expected(door: &Door, head: &RequestHead) -> Option<String> {
    let Claim { credential, signed_headers, .. } = Claim::of(header(head, "authorization")?)?;
    let (_, scope) = credential.split_once('/')?;
    let mut canonical = format!("{}\n{}\n{}\n", head.method, head.path, canonical_query(&head.query));
    for name in signed_headers.split(';') {
        let value = header(head, name)?.split(' ').filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ");
        writeln!(canonical, "{name}:{value}").expect("room");
    }
    write!(canonical, "\n{signed_headers}\n{}", header(head, "x-amz-content-sha256").unwrap_or(EMPTY)).expect("room");
    let request = hex::encode(digest(&SHA256, canonical.as_bytes()));
    let text = format!("AWS4-HMAC-SHA256\n{}\n{scope}\n{request}", header(head, "x-amz-date")?);
    let key = scope.split('/').fold(format!("AWS4{}", door.secret).into_bytes(), |key, part| keyed(&key, part));
    Some(hex::encode(keyed(&key, &text)))
}

fn keyed(key: &[u8], text: &str) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text.as_bytes()).as_ref().to_vec()
}

fn canonical_query(query: &str) -> String {
    let coded = |text: &str| percent_encode(&percent_decode_str(text).collect::<Vec<u8>>(), ENCODED).to_string();
    let pairs = query.split('&').filter(|pair| !pair.is_empty()).map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    let mut pairs: Vec<(String, String)> = pairs.map(|(name, value)| (coded(name), coded(value))).collect();
    pairs.sort();
    pairs.into_iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&")
}

#[test]
fn what_the_corpus_calls_valid_comes_in() {
    at_the_door(|door| {
        let valid: Vec<_> = engine::corpus("signatures").into_iter().filter(|(name, _)| name.starts_with("valid")).collect();
        assert!(valid.len() >= 6, "few valid requests: every other property might hold of nothing");
        for (name, input) in valid {
            let head = signed(door, head(&String::from_utf8_lossy(&input)));
            let verdict = door.verdict(&head);
            assert!(matches!(verdict, Verdict::Allowed { .. }), "{name}: {verdict:?}");
        }
    });
}
