//! Who is asking: requests signed by a stock signer, and everything that must not pass.

mod support;

use std::time::Duration;

use app::identity::verdict::{RefusalKind, Verdict};
use datalake_function_authorizer::RequestHead;
use domain::{
    ports::{Clock as _, VerifiedToken},
    principal::{KeyScope, Role},
};
use support::{EMPTY_SHA256, Home, Signing, header, set_header, sha256};
use testkit::builders::{access_key_id, group, only_packages, user_id};

fn code(verdict: &Verdict) -> &str {
    match verdict {
        Verdict::Allowed { .. } => "allowed",
        Verdict::Anonymous => "anonymous",
        Verdict::Refused { code, .. } => code,
    }
}

#[tokio::test]
async fn a_signed_request_is_its_users_with_its_keys_scope() {
    let home = Home::new().await;
    home.grant(1, "ann", only_packages(&[7])).await;
    let head = home.sign(1, "GET", "/packages", "limit=5&q=flights%20delay", None).await;
    let Verdict::Allowed { principal, body_sha256 } = home.verdict(&head).await else { panic!("refused") };
    assert_eq!(principal.user_id, user_id("ann"));
    assert_eq!((principal.role, principal.scope()), (Role::Member, Some(&only_packages(&[7]))));
    assert_eq!(principal.groups, [group("team")].into());
    assert_eq!(body_sha256, None);
}

#[tokio::test]
async fn the_bodys_hash_is_handed_on() {
    let home = Home::with_key().await;
    let head = home.sign(1, "POST", "/packages", "", Some(b"{}")).await;
    let Verdict::Allowed { body_sha256, .. } = home.verdict(&head).await else { panic!("refused") };
    assert_eq!(body_sha256, Some(sha256(b"{}")));
    let head = home.sign(1, "GET", "/packages", "", Some(b"")).await;
    let Verdict::Allowed { body_sha256, .. } = home.verdict(&head).await else { panic!("refused") };
    assert_eq!(body_sha256.as_deref(), Some(EMPTY_SHA256));
}

#[tokio::test]
async fn any_region_and_any_order_of_the_query_will_do() {
    let home = Home::with_key().await;
    for query in ["", "b=2&a=1", "a=%C3%A9&a=%2B&c", "filter=level%3Dopen&filter=format%3Dcsv"] {
        let signing = Signing { region: "eu-central-1", ..Signing::default() };
        let head = home.sign_as(1, &signing, "GET", "/search", query, None).await;
        assert_eq!(code(&home.verdict(&head).await), "allowed", "{query}");
    }
}

/// The predecessor's signature was a bearer token for a day: it covered neither method, path, query, body nor time.
#[tokio::test]
async fn replayable_signature() {
    let home = Home::with_key().await;
    let good = home.sign(1, "POST", "/packages/pkg_1/datasets", "a=1", Some(b"{}")).await;
    assert_eq!(code(&home.verdict(&good).await), "allowed");

    let other: [(&str, RequestHead); 7] = [
        ("method", RequestHead { method: "PUT".to_owned(), ..good.clone() }),
        ("path", RequestHead { path: "/packages/pkg_2/datasets".to_owned(), ..good.clone() }),
        ("query", RequestHead { query: "a=2".to_owned(), ..good.clone() }),
        ("more query", RequestHead { query: "a=1&b=2".to_owned(), ..good.clone() }),
        ("body hash", set_header(&good, "x-amz-content-sha256", &sha256(b"{ }"))),
        ("host", set_header(&good, "host", "other.example")),
        ("time", set_header(&good, "x-amz-date", "20260131T120001Z")),
    ];
    for (what, head) in other {
        assert_eq!(code(&home.verdict(&head).await), "invalid_signature", "another {what}");
    }

    home.clock.advance(Duration::from_secs(300));
    assert_eq!(code(&home.verdict(&good).await), "allowed", "five minutes are allowed for");
    home.clock.advance(Duration::from_secs(60));
    assert_eq!(code(&home.verdict(&good).await), "clock_skew", "six minutes later");
    home.clock.set(home.clock.now().minus(Duration::from_secs(720)));
    assert_eq!(code(&home.verdict(&good).await), "clock_skew", "six minutes before");
}

#[tokio::test]
async fn another_key_or_a_wrong_secret_is_refused_as_an_unknown_one() {
    let home = Home::with_key().await;
    home.grant(2, "ann", KeyScope::default()).await;
    let good = home.sign(1, "GET", "/packages", "", None).await;
    let swap = |name: &str| {
        let proof = header(&good, "authorization").replace(access_key_id(1).as_str(), name);
        set_header(&good, "authorization", &proof)
    };
    let other = home.verdict(&swap(access_key_id(2).as_str())).await;
    let unknown = home.verdict(&swap(access_key_id(99).as_str())).await;
    assert_eq!(code(&other), "invalid_signature");
    assert_eq!(other, unknown);
    let signing = Signing { secret: Some("wrong"), ..Signing::default() };
    assert_eq!(home.verdict(&home.sign_as(1, &signing, "GET", "/packages", "", None).await).await, unknown);
}

#[tokio::test]
async fn a_damaged_header_is_refused_before_anything_is_computed() {
    let home = Home::with_key().await;
    let good = home.sign(1, "GET", "/packages", "", None).await;
    let proof = header(&good, "authorization").to_owned();
    let other_day = proof.replacen("/20260131/", "/20260130/", 1);
    assert_ne!(other_day, proof);
    let damaged = [
        ("truncated signature", proof[..proof.len() - 1].to_owned(), "malformed_signature"),
        ("upper-case signature", format!("{}A", &proof[..proof.len() - 1]), "malformed_signature"),
        ("date of another day", other_day, "malformed_signature"),
        ("no signed headers", proof.replace("SignedHeaders=host;x-amz-date", "SignedHeaders="), "malformed_signature"),
        ("host not signed", proof.replace("SignedHeaders=host;x-amz-date", "SignedHeaders=x-amz-date"), "header_not_signed"),
        ("date not signed", proof.replace("SignedHeaders=host;x-amz-date", "SignedHeaders=host"), "header_not_signed"),
        ("unsorted", proof.replace("SignedHeaders=host;x-amz-date", "SignedHeaders=x-amz-date;host"), "malformed_signature"),
        ("absent header", proof.replace("SignedHeaders=host;", "SignedHeaders=accept;host;"), "malformed_signature"),
        ("twice", format!("{proof}, Signature={}", "0".repeat(64)), "malformed_signature"),
        ("key of somebody else's cloud", proof.replace(access_key_id(1).as_str(), "AKIAIOSFODNN7EXAMPLE"), "malformed_signature"),
        ("another scheme", "Basic YTpi".to_owned(), "unsupported_authorization"),
    ];
    for (what, proof, expected) in damaged {
        assert_eq!(code(&home.verdict(&set_header(&good, "authorization", &proof)).await), expected, "{what}");
    }
}

#[tokio::test]
async fn a_header_that_is_there_twice_is_refused() {
    let home = Home::with_key().await;
    let good = home.sign(1, "GET", "/packages", "", None).await;
    for name in ["authorization", "host", "x-amz-date"] {
        let mut head = good.clone();
        head.headers.push((name.to_owned(), header(&good, name).to_owned()));
        let verdict = home.verdict(&head).await;
        assert!(matches!(&verdict, Verdict::Refused { kind: RefusalKind::Malformed, code, .. } if code == "duplicate_header"), "{name}");
    }
}

/// API Gateway joins what was sent twice by a comma
/// (<https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html>).
#[tokio::test]
async fn a_header_that_was_joined_with_another_is_refused_alike() {
    let home = Home::with_key().await;
    let good = home.sign(1, "POST", "/packages", "", Some(b"{}")).await;
    let second = [
        ("authorization", "Bearer good-token"),
        ("authorization", header(&good, "authorization")),
        ("host", "localhost:8080"),
        ("x-amz-date", header(&good, "x-amz-date")),
        ("x-amz-content-sha256", EMPTY_SHA256),
    ];
    for (name, value) in second {
        for joined in [format!("{},{value}", header(&good, name)), format!("{value}, {}", header(&good, name))] {
            assert_eq!(code(&home.verdict(&set_header(&good, name, &joined)).await), "duplicate_header", "{name}: {joined}");
        }
    }
    let twice = home.bearer("good-token,Bearer good-token");
    assert_eq!(code(&home.verdict(&twice).await), "duplicate_header");
}

#[tokio::test]
async fn what_was_signed_twice_and_joined_on_its_way_is_what_was_signed() {
    let home = Home::with_key().await;
    let signing = Signing { headers: &[("x-note", "one"), ("x-note", "two")], ..Signing::default() };
    let sent = home.sign_as(1, &signing, "GET", "/packages", "", None).await;
    assert!(header(&sent, "authorization").contains("x-note"));
    let with = |value: &str| {
        let mut head = sent.clone();
        head.headers.retain(|(name, _)| name != "x-note");
        head.headers.push(("x-note".to_owned(), value.to_owned()));
        head
    };
    assert_eq!(code(&home.verdict(&with("one,two")).await), "allowed");
    for other in ["one", "two,one", "one,two,three"] {
        assert_eq!(code(&home.verdict(&with(other)).await), "invalid_signature", "{other}");
    }
    // Where it arrives as it was sent, whoever reads one of the two would read less than was signed.
    assert_eq!(code(&home.verdict(&sent).await), "duplicate_header");
}

#[tokio::test]
async fn a_signature_for_another_service_is_refused() {
    let home = Home::with_key().await;
    for service in ["s3", "execute-api"] {
        let signing = Signing { service, ..Signing::default() };
        let head = home.sign_as(1, &signing, "GET", "/packages", "", None).await;
        assert_eq!(code(&home.verdict(&head).await), "wrong_service");
    }
}

#[tokio::test]
async fn a_body_needs_its_hash_among_the_signed_headers() {
    let home = Home::with_key().await;
    let mut head = home.sign(1, "POST", "/packages", "", None).await;
    head.headers.push(("content-length".to_owned(), "2".to_owned()));
    let verdict = home.verdict(&head).await;
    assert_eq!(code(&verdict), "body_hash_required");
    assert!(matches!(verdict, Verdict::Refused { detail, .. } if detail.contains("x-amz-content-sha256")));

    head.headers.push(("x-amz-content-sha256".to_owned(), sha256(b"{}")));
    assert_eq!(code(&home.verdict(&head).await), "body_hash_required", "there, but not signed");

    let signed = home.sign(1, "POST", "/packages", "", Some(b"{}")).await;
    for hash in ["UNSIGNED-PAYLOAD", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"] {
        assert_eq!(code(&home.verdict(&set_header(&signed, "x-amz-content-sha256", hash)).await), "unsigned_payload");
    }
}

#[tokio::test]
async fn a_query_that_two_decoders_could_read_differently_is_refused() {
    let home = Home::with_key().await;
    let good = home.sign(1, "GET", "/search", "", None).await;
    for query in ["q=a b", "q=a+b", "q=format:csv", "q=%zz", "q=%4", "q=é", "q=%FF", "q=a=b"] {
        let head = RequestHead { query: query.to_owned(), ..good.clone() };
        let verdict = home.verdict(&head).await;
        assert_eq!(code(&verdict), "query_not_encoded", "{query}");
        assert!(matches!(verdict, Verdict::Refused { kind: RefusalKind::Malformed, .. }));
    }
}

#[tokio::test]
async fn a_path_beyond_its_alphabet_is_refused_whoever_asks() {
    let home = Home::new().await;
    for path in ["", "packages", "//packages", "/packages/..", "/./packages", "/packages/%70kg_1", "/packages/a b", "/é", "/a;b", "/a\\b"]
    {
        let head = RequestHead { method: "GET".to_owned(), path: path.to_owned(), ..RequestHead::default() };
        assert_eq!(code(&home.verdict(&head).await), "bad_path", "{path}");
    }
    for path in ["/", "/packages", "/packages/", "/packages/pkg_1/datapackage.json", "/openapi.json"] {
        let head = RequestHead { method: "GET".to_owned(), path: path.to_owned(), ..RequestHead::default() };
        assert_eq!(code(&home.verdict(&head).await), "anonymous", "{path}");
    }
}

#[tokio::test]
async fn a_head_beyond_the_gateways_limit_is_refused() {
    let home = Home::new().await;
    let plain = RequestHead { method: "GET".to_owned(), path: "/search".to_owned(), ..RequestHead::default() };
    let long_query = RequestHead { query: "a".repeat(4_097), ..plain.clone() };
    assert_eq!(code(&home.verdict(&long_query).await), "query_too_long");
    let long_header = RequestHead { headers: vec![("cookie".to_owned(), "a".repeat(10_240))], ..plain };
    assert_eq!(code(&home.verdict(&long_header).await), "head_too_large");
}

#[tokio::test]
async fn an_access_token_is_its_users_by_the_principal_row() {
    let home = Home::new().await;
    let head = home.bearer("good-token");
    let Verdict::Allowed { principal, body_sha256: None } = home.verdict(&head).await else { panic!("refused") };
    assert_eq!((principal.user_id, principal.role), (user_id("ann"), Role::Member));
    assert_eq!(code(&home.verdict(&home.bearer("other-token")).await), "invalid_token");
    home.tokens.go_away();
    let verdict = home.verdict(&head).await;
    assert!(matches!(verdict, Verdict::Refused { kind: RefusalKind::Unavailable, .. }));
}

/// The predecessor never looked at the flag: tokens and keys of disabled users went on working.
#[tokio::test]
async fn disabled_users_whose_keys_work() {
    let home = Home::with_key().await;
    let bearer = home.bearer("good-token");
    assert_eq!(code(&home.verdict(&bearer).await), "allowed");
    assert_eq!(code(&home.verdict(&home.sign(1, "GET", "/packages", "", None).await).await), "allowed");
    home.change("ann", |record| record.enabled = false).await;
    home.clock.advance(Duration::from_secs(60));
    for head in [bearer, home.sign(1, "GET", "/packages", "", None).await] {
        let verdict = home.verdict(&head).await;
        assert!(matches!(&verdict, Verdict::Refused { kind: RefusalKind::Forbidden, code, .. } if code == "user_disabled"), "{verdict:?}");
    }
}

#[tokio::test]
async fn a_token_from_before_the_sign_out_is_refused() {
    let home = Home::new().await;
    let now = home.clock.now();
    home.change("ann", |record| record.tokens_valid_after = now).await;
    home.tokens.answer(VerifiedToken {
        user_id: user_id("ann"),
        issued_at: now.minus(Duration::from_secs(1)),
        expires_at: now.plus(Duration::from_secs(3600)),
    });
    assert_eq!(code(&home.verdict(&home.bearer("good-token")).await), "token_revoked");
}

#[tokio::test]
async fn a_key_that_has_ended_is_refused() {
    let home = Home::with_key().await;
    home.expire(1).await;
    let verdict = home.verdict(&home.sign(1, "GET", "/packages", "", None).await).await;
    assert_eq!(code(&verdict), "key_inactive");
}

#[tokio::test]
async fn a_remembered_key_takes_its_new_secret_at_once_and_the_old_one_for_a_minute_at_most() {
    let home = Home::with_key().await.remembering_keys();
    let before = home.sign(1, "GET", "/packages", "", None).await;
    assert_eq!(code(&home.verdict(&before).await), "allowed");
    home.rotate(1, "ann").await;
    assert_eq!(code(&home.verdict(&before).await), "allowed", "nobody asked the tables");
    let after = home.sign(1, "GET", "/packages", "", None).await;
    assert_eq!(code(&home.verdict(&after).await), "allowed");
    assert_eq!(code(&home.verdict(&before).await), "invalid_signature", "from then on the old one is known to be old");

    home.expire(1).await;
    home.clock.advance(Duration::from_secs(60));
    assert_eq!(code(&home.verdict(&home.sign(1, "GET", "/packages", "", None).await).await), "key_inactive");
}

#[tokio::test]
async fn a_key_whose_use_is_noted_is_not_remembered_any_longer_for_it() {
    let home = Home::with_key().await.remembering_keys();
    let verdict = async || home.verdict(&home.sign(1, "GET", "/packages", "", None).await).await;
    // Read half a minute before its use is to be noted again.
    for seconds in [0, 3_570, 30] {
        home.clock.advance(Duration::from_secs(seconds));
        assert_eq!(code(&verdict().await), "allowed");
    }
    home.expire(1).await;
    home.clock.advance(Duration::from_secs(29));
    assert_eq!(code(&verdict().await), "allowed", "nobody asked the tables");
    home.clock.advance(Duration::from_secs(1));
    assert_eq!(code(&verdict().await), "key_inactive");
}

#[tokio::test]
async fn a_remembered_key_and_its_user_cost_no_read_and_no_write() {
    let home = Home::with_key().await.remembering_keys();
    let good = home.sign(1, "GET", "/packages", "", None).await;
    assert_eq!(code(&home.verdict(&good).await), "allowed");
    home.tables.take_changes();
    home.tables.fail("tables", domain::PortErrorKind::Unavailable, 1);
    assert_eq!(code(&home.verdict(&good).await), "allowed");
    assert!(home.tables.take_changes().is_empty(), "its use was noted when it was read");
}

#[tokio::test]
async fn many_failures_are_answered_429_until_a_minute_has_passed_and_elsewhere_nobody_notices() {
    let home = Home::with_key().await;
    let at = |head: &RequestHead, address: &str| RequestHead { source_ip: Some(address.to_owned()), ..head.clone() };
    let good = home.sign(1, "GET", "/packages", "", None).await;
    let bad = RequestHead { path: "/search".to_owned(), ..good.clone() };
    for _ in 0..60 {
        assert_eq!(code(&home.verdict(&at(&bad, "192.0.2.1")).await), "invalid_signature");
    }
    let verdict = home.verdict(&at(&good, "192.0.2.1")).await;
    assert!(matches!(verdict, Verdict::Refused { kind: RefusalKind::TooMany, .. }));
    assert_eq!(code(&home.verdict(&at(&good, "192.0.2.2")).await), "allowed");
    home.clock.advance(Duration::from_secs(60));
    assert_eq!(code(&home.verdict(&at(&good, "192.0.2.1")).await), "allowed");
}

#[tokio::test]
async fn when_the_tables_are_away_nobody_is_told_that_the_key_is_wrong() {
    let home = Home::with_key().await;
    let head = home.sign(1, "GET", "/packages", "", None).await;
    home.tables.fail("tables.get_many", domain::PortErrorKind::Unavailable, 1);
    assert!(matches!(home.verdict(&head).await, Verdict::Refused { kind: RefusalKind::Unavailable, .. }));
    assert_eq!(code(&home.verdict(&head).await), "allowed");
}

#[tokio::test]
async fn a_verdict_survives_the_gateways_flat_context() {
    let home = Home::with_key().await;
    let signed = home.verdict(&home.sign(1, "POST", "/packages", "", Some(b"{}")).await).await;
    let refused = home.verdict(&home.bearer("other-token")).await;
    for verdict in [signed, refused, Verdict::Anonymous] {
        let context = verdict.to_context().expect("a verdict has a flat form");
        assert_eq!(Verdict::from_context(&context).expect("readable"), verdict);
    }
    assert!(Verdict::from_context(&[("verdict".to_owned(), "allowed".to_owned())].into()).is_err(), "half a context lets nobody in");
}

/// The predecessor's authorizer printed the decrypted secret at each signed request, and whole events with their tokens.
#[tokio::test]
async fn secrets_and_tokens_in_logs() {
    let log = support::Log::default();
    log.record_everything();
    let home = Home::with_key().await;
    let signed = home.sign(1, "POST", "/packages", "", Some(b"{}")).await;
    let tampered = RequestHead { path: "/search".to_owned(), ..signed.clone() };
    let wrong = home.sign_as(1, &Signing { secret: Some("guessed-secret"), ..Signing::default() }, "GET", "/packages", "", None).await;
    let revoked = home.bearer("good-token");
    assert_eq!(code(&home.verdict(&signed).await), "allowed");
    for head in [tampered, wrong, home.bearer("other-token")] {
        assert!(matches!(home.verdict(&head).await, Verdict::Refused { .. }));
    }
    home.change("ann", |record| record.enabled = false).await;
    home.clock.advance(Duration::from_secs(60));
    assert_eq!(code(&home.verdict(&revoked).await), "user_disabled");
    home.tokens.go_away();
    assert_eq!(code(&home.verdict(&revoked).await), "unavailable");

    let text = log.text();
    assert!(text.contains("invalid_signature") && text.contains("user_disabled"), "it records what was refused: {text}");
    let (_, signature) = header(&signed, "authorization").split_once("Signature=").expect("a signature");
    for secret in [home.secret(&access_key_id(1)).await.as_str(), "guessed-secret", "good-token", "other-token", signature] {
        assert!(!text.contains(secret), "{secret} stands in the log");
    }
}
