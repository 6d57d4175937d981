//! Access tokens.
//!
//! An input is a token as it is, or the JSON of its header, a line with the JSON of its claims, and a line that says how it
//! is signed: `issuer`, `stranger`, `none`, `secret` (the public key taken for a shared secret), or the signature itself.

use app::identity::verdict::Verdict;
use aws_lc_rs::{hmac, signature::KeyPair as _};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use domain::principal::Role;
use function_authorizer::RequestHead;
use serde_json::Value;
use testkit::builders::{NOW_MILLIS, group, user_id};

use crate::{
    door::{CLIENT, Door, ISSUER, KEY_ID, at_the_door, es256},
    engine,
};

/// How far clocks may differ.
const LEEWAY: f64 = 60.0;
/// So many characters of a good token are changed each time, evenly.
const PLACES: usize = 24;

pub(crate) fn holds(input: &[u8]) {
    at_the_door(|door| {
        let text = String::from_utf8_lossy(input);
        let token = token(door, &text);
        match door.verdict(&bearer(&token)) {
            Verdict::Allowed { principal, body_sha256 } => {
                assert_eq!(principal.user_id, user_id("ann"), "nobody else is known");
                // Rights are the row's, whatever the token says.
                assert_eq!((principal.role, principal.groups), (Role::Member, [group("team")].into()));
                assert_eq!((principal.via, body_sha256), (domain::principal::Via::Session, None));
                promised(&text);
                changed(door, &token);
            }
            Verdict::Refused { detail, .. } => {
                let parts = token.split('.').filter(|part| part.len() > 8);
                parts.for_each(|part| assert!(!detail.contains(part), "a part of the token is told: {detail}"));
            }
            Verdict::Anonymous => panic!("a proof that nobody looked at"),
        }
    });
}

fn token(door: &Door, text: &str) -> String {
    let mut lines = text.splitn(3, '\n');
    let (Some(header), Some(claims), Some(signature)) = (lines.next(), lines.next(), lines.next()) else { return text.to_owned() };
    let message = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
    let signature = match signature.trim_end() {
        "issuer" => es256(&door.issuer, &message),
        "stranger" => es256(&door.stranger, &message),
        "none" => String::new(),
        "secret" => {
            let key = hmac::Key::new(hmac::HMAC_SHA256, door.issuer.public_key().as_ref());
            URL_SAFE_NO_PAD.encode(hmac::sign(&key, message.as_bytes()))
        }
        other => other.to_owned(),
    };
    format!("{message}.{signature}")
}

fn bearer(token: &str) -> RequestHead {
    RequestHead {
        method: "GET".to_owned(),
        path: "/packages".to_owned(),
        headers: vec![("authorization".to_owned(), format!("Bearer {token}"))],
        ..RequestHead::default()
    }
}

/// Everything that a token must say to be let in, read here anew.
fn promised(text: &str) {
    let lines: Vec<&str> = text.splitn(3, '\n').collect();
    assert_eq!(lines.get(2).map(|signature| signature.trim_end()), Some("issuer"), "nobody else signs");
    let json = |text: &str| serde_json::from_str::<Value>(text).expect("JSON");
    let (header, claims) = (json(lines[0]), json(lines[1]));
    assert_eq!((&header["alg"], &header["kid"], &header["crit"]), (&"ES256".into(), &KEY_ID.into(), &Value::Null));
    assert_eq!((&claims["iss"], &claims["sub"]), (&ISSUER.into(), &"ann".into()));
    assert!(matches!(claims["token_use"].as_str(), None | Some("access")), "{claims}");
    let names = |audience: &Value| audience == CLIENT || audience.as_array().is_some_and(|all| all.contains(&CLIENT.into()));
    let client = &claims["client_id"];
    assert!(client == CLIENT || client.is_null() && names(&claims["aud"]), "{claims}");
    #[expect(clippy::cast_precision_loss, reason = "seconds of this century are far below 2^53")]
    let now = (NOW_MILLIS / 1000) as f64;
    assert!(claims["exp"].as_f64().is_some_and(|end| end > now - LEEWAY), "{claims}");
    assert!(claims["iat"].as_f64().is_some_and(|begin| begin <= now + LEEWAY), "{claims}");
    assert!(claims["nbf"].is_null() || claims["nbf"].as_f64().is_some_and(|begin| begin <= now + LEEWAY), "{claims}");
}

/// No other text is this token.
fn changed(door: &Door, token: &str) {
    let step = (token.len() / PLACES).max(1);
    for at in (0..token.len()).step_by(step).chain(token.len() - 2..token.len()) {
        let other = if token.as_bytes()[at] == b'A' { "B" } else { "A" };
        let mut changed = token.to_owned();
        changed.replace_range(at..=at, other);
        assert!(matches!(door.verdict(&bearer(&changed)), Verdict::Refused { .. }), "changed at {at}: {changed}");
    }
    for longer in [format!("{token}="), format!("{token}A"), format!("{token}."), format!("{token}.{token}")] {
        assert!(matches!(door.verdict(&bearer(&longer)), Verdict::Refused { .. }), "longer: {longer}");
    }
}

#[test]
fn what_the_corpus_calls_valid_comes_in() {
    at_the_door(|door| {
        let valid: Vec<_> = engine::corpus("tokens").into_iter().filter(|(name, _)| name.starts_with("valid")).collect();
        assert!(valid.len() >= 4, "few valid tokens: every other property might hold of nothing");
        for (name, input) in valid {
            let verdict = door.verdict(&bearer(&token(door, &String::from_utf8_lossy(&input))));
            assert!(matches!(verdict, Verdict::Allowed { .. }), "{name}: {verdict:?}");
        }
    });
}
