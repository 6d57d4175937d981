//! Tokens that the verifier must not take.

use std::time::Duration;

use aws_lc_rs::hmac;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use domain::PortErrorKind;
use serde_json::{Value, json};

use crate::{
    browser::Browser,
    home::{Home, claims},
};

/// A token of header, claims and a signature over both.
fn forge(header: &Value, claims: &Value, sign: impl Fn(&[u8]) -> Vec<u8>) -> String {
    let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", encode(header), encode(claims));
    let signature = URL_SAFE_NO_PAD.encode(sign(signed.as_bytes()));
    format!("{signed}.{signature}")
}

async fn assert_refused(home: &Home, token: &str, what: &str) {
    let error = home.verify(token).await.expect_err(what);
    assert_eq!(error.kind(), PortErrorKind::PermissionDenied, "{what}: {error}");
    assert!(token.len() < 20 || !error.to_string().contains(token), "{what}: the token is not in the error");
}

#[tokio::test]
async fn forged_tokens_are_refused_whatever_algorithm_they_claim() {
    let (home, browser) = (Home::new().await, Browser::new());
    home.member().await;
    let good = home.sign_in(&browser).await.access;
    home.verify(&good).await.expect("valid");
    let claims = claims(&good);
    let keys: Value = serde_json::from_str(&browser.get(&home.url("/.well-known/jwks.json")).await.body).expect("JSON");
    let key_id = &keys["keys"][0]["kid"];
    assert_refused(&home, &forge(&json!({"alg": "none", "typ": "JWT", "kid": key_id}), &claims, |_| Vec::new()), "none").await;

    let modulus = URL_SAFE_NO_PAD.decode(keys["keys"][0]["n"].as_str().expect("text")).expect("base64url");
    let text = keys["keys"][0].to_string();
    for secret in [modulus.as_slice(), text.as_bytes()] {
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
        let token =
            forge(&json!({"alg": "HS256", "typ": "JWT", "kid": key_id}), &claims, |signed| hmac::sign(&key, signed).as_ref().to_vec());
        assert_refused(&home, &token, "HS256 with the public key").await;
    }
    for algorithm in ["RS256", "ES256", "PS256", "RS512"] {
        let token = forge(&json!({"alg": algorithm, "kid": key_id}), &claims, |_| vec![1; 256]);
        assert_refused(&home, &token, algorithm).await;
    }
    let (signed, _) = good.rsplit_once('.').expect("three parts");
    assert_refused(&home, &format!("{signed}."), "no signature").await;
    for junk in ["", ".", "..", "a.b.c", &"x".repeat(100_000)] {
        assert_refused(&home, junk, "junk").await;
    }
}

#[tokio::test]
async fn a_changed_claim_breaks_the_signature() {
    let (home, browser) = (Home::new().await, Browser::new());
    home.member().await;
    let good = home.sign_in(&browser).await.access;
    let mut parts: Vec<String> = good.split('.').map(str::to_owned).collect();
    let mut changed = claims(&good);
    changed["sub"] = "somebody-else".into();
    parts[1] = URL_SAFE_NO_PAD.encode(changed.to_string());
    assert_refused(&home, &parts.join("."), "another subject").await;
}

#[tokio::test]
async fn an_id_token_is_no_access_token_and_another_issuers_token_is_nobodys() {
    let (home, other, browser) = (Home::new().await, Home::new().await, Browser::new());
    home.member().await;
    other.member().await;
    assert_refused(&home, &home.sign_in(&browser).await.id, "an id token").await;
    assert_refused(&home, &other.sign_in(&Browser::new()).await.access, "another issuer's").await;
}

#[tokio::test]
async fn a_token_ends_after_fifteen_minutes_and_a_minute_of_grace() {
    let (home, browser) = (Home::new().await, Browser::new());
    home.member().await;
    let token = home.sign_in(&browser).await.access;
    home.clock.advance(Duration::from_secs(15 * 60 + 59));
    home.verify(&token).await.expect("clocks differ");
    home.clock.advance(Duration::from_secs(1));
    assert_refused(&home, &token, "expired").await;
}

#[tokio::test]
async fn tokens_of_the_key_before_stay_valid_and_new_ones_are_known_at_once() {
    let (home, browser) = (Home::new().await, Browser::new());
    home.member().await;
    let before = home.sign_in(&browser).await.access;
    home.verify(&before).await.expect("valid");
    home.keys.rotate().expect("rotated");
    let after = home.sign_in(&Browser::new()).await.access;
    home.verify(&before).await.expect("still published");
    home.verify(&after).await.expect("known at once");
}
