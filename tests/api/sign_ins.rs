//! The unhappy sign-ins: one list of proofs that do not hold, tried at the door of each home.
//!
//! A function that is called without a verdict belongs to them too: `errors::a_request_without_a_verdict_fails_closed`
//! tries each operation, in memory and in the deployment; on one machine the routers are those of memory.

use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use axum::http::{HeaderMap, Method};
use client::{credentials::KeyPair, signing::sign_request};
use serde_json::Value;
use url::Url;

/// Whose proof it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Person {
    /// A member.
    Member,
    /// Somebody who was a member and may not come in any more.
    Disabled,
}

/// An access token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Token {
    /// As the issuer makes it.
    Good,
    /// It ended more than a minute ago.
    Expired,
    /// Of another issuer.
    OtherIssuer,
    /// For another client.
    OtherClient,
    /// With `alg: none`, and no signature.
    Unsigned,
    /// An id token.
    Id,
}

/// A request that is signed with a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signed {
    /// Sent as it was signed.
    Genuine,
    /// By a clock that is so many seconds behind.
    Behind(u64),
    /// By a clock that is so many seconds ahead.
    Ahead(u64),
    /// Its headers are sent with another path.
    OtherPath,
    /// … another method.
    OtherMethod,
    /// … another query.
    OtherQuery,
    /// … another body.
    OtherBody,
}

/// What a caller comes with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// Nothing.
    Nothing,
    /// An access token.
    Bearer(Person, Token),
    /// A signature with an active key.
    Key(Person, Signed),
    /// A signature with a key that was revoked.
    RevokedKey,
}

/// Each situation, what the caller comes with, and how it is answered.
pub const SIGN_INS: &[(&str, Proof, u16, &str)] = &[
    ("a member's token", Proof::Bearer(Person::Member, Token::Good), 200, ""),
    ("a member's key", Proof::Key(Person::Member, Signed::Genuine), 200, ""),
    ("unsigned", Proof::Nothing, 401, "unauthenticated"),
    ("an expired token", Proof::Bearer(Person::Member, Token::Expired), 401, "invalid_token"),
    ("a token of another issuer", Proof::Bearer(Person::Member, Token::OtherIssuer), 401, "invalid_token"),
    ("a token for another audience", Proof::Bearer(Person::Member, Token::OtherClient), 401, "invalid_token"),
    ("a token with alg: none", Proof::Bearer(Person::Member, Token::Unsigned), 401, "invalid_token"),
    ("an id token", Proof::Bearer(Person::Member, Token::Id), 401, "invalid_token"),
    ("a disabled user's token", Proof::Bearer(Person::Disabled, Token::Good), 403, "user_disabled"),
    ("a disabled user's key", Proof::Key(Person::Disabled, Signed::Genuine), 403, "user_disabled"),
    ("a revoked key", Proof::RevokedKey, 401, "key_inactive"),
    ("a clock six minutes behind", Proof::Key(Person::Member, Signed::Behind(360)), 401, "clock_skew"),
    ("a clock six minutes ahead", Proof::Key(Person::Member, Signed::Ahead(360)), 401, "clock_skew"),
    ("a clock four minutes behind", Proof::Key(Person::Member, Signed::Behind(240)), 200, ""),
    ("a signature on another path", Proof::Key(Person::Member, Signed::OtherPath), 401, "invalid_signature"),
    ("a signature on another method", Proof::Key(Person::Member, Signed::OtherMethod), 401, "invalid_signature"),
    ("a signature on another query", Proof::Key(Person::Member, Signed::OtherQuery), 401, "invalid_signature"),
    ("a signature on another body", Proof::Key(Person::Member, Signed::OtherBody), 401, "invalid_signature"),
];

/// A request to a door.
#[derive(Clone, Debug)]
pub struct Knock {
    /// Its method.
    pub method: Method,
    /// Where to.
    pub url: Url,
    /// Headers.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: &'static [u8],
}

/// A home's door, from outside.
#[async_trait]
pub trait Door: Send + Sync {
    /// The API's address.
    fn address(&self) -> &str;

    /// A token of the person.
    async fn token(&self, person: Person, token: Token) -> String;

    /// A key of the person, active or revoked, with its secret.
    async fn key(&self, person: Person, revoked: bool) -> KeyPair;

    /// Sends the request as it is.
    async fn knock(&self, knock: Knock) -> (u16, HeaderMap, Value);
}

/// Tries the whole list.
///
/// # Panics
/// If something is answered in another way.
pub async fn try_all(door: &dyn Door) {
    for (situation, proof, status, code) in SIGN_INS {
        let (found, headers, body) = door.knock(knock(door, *proof).await).await;
        assert_eq!((found, body["code"].as_str().unwrap_or_default()), (*status, *code), "{situation}: {body}");
        if *status >= 400 {
            check_problem(situation, *status, &headers, &body);
        }
    }
}

fn check_problem(situation: &str, status: u16, headers: &HeaderMap, body: &Value) {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    assert_eq!(header("content-type"), "application/problem+json", "{situation}");
    assert_eq!(body["status"], status, "{situation}");
    assert_eq!(body["type"].as_str(), body["code"].as_str().map(|code| format!("urn:datalake:problem:{code}")).as_deref(), "{situation}");
    assert!(["title", "detail"].iter().all(|name| body[name].as_str().is_some_and(|text| !text.is_empty())), "{situation}: {body}");
    assert_eq!(body["request_id"].as_str(), Some(header("x-request-id")), "{situation}");
    assert_eq!(header("www-authenticate") == "Bearer", status == 401, "{situation}");
}

async fn knock(door: &dyn Door, proof: Proof) -> Knock {
    let url = |path: &str| Url::parse(&format!("{}{path}", door.address())).expect("an address");
    let mut knock = Knock { method: Method::GET, url: url("/cart?limit=1"), headers: Vec::new(), body: b"" };
    let (person, signed, revoked) = match proof {
        Proof::Nothing => return knock,
        Proof::Bearer(person, token) => {
            knock.headers.push(("authorization".to_owned(), format!("Bearer {}", door.token(person, token).await)));
            return knock;
        }
        Proof::Key(person, signed) => (person, signed, false),
        Proof::RevokedKey => (Person::Member, Signed::Genuine, true),
    };
    if signed == Signed::OtherBody {
        (knock.method, knock.url, knock.body) = (Method::POST, url("/packages"), br#"{"name":"Signed"}"#);
        knock.headers.push(("content-type".to_owned(), "application/json".to_owned()));
    }
    let pair = door.key(person, revoked).await;
    let headers = sign_request(&pair, "us-east-1", knock.method.as_str(), &knock.url, knock.body, time(signed)).expect("signed");
    knock.headers.extend(headers);
    match signed {
        Signed::OtherPath => knock.url = url("/cart/exports?limit=1"),
        Signed::OtherMethod => knock.method = Method::DELETE,
        Signed::OtherQuery => knock.url = url("/cart?limit=2"),
        Signed::OtherBody => knock.body = br#"{"name":"Forged"}"#,
        Signed::Genuine | Signed::Behind(_) | Signed::Ahead(_) => {}
    }
    knock
}

#[expect(clippy::disallowed_methods, reason = "the authorizer compares a signature's time with the system's")]
fn time(signed: Signed) -> SystemTime {
    let now = SystemTime::now();
    match signed {
        Signed::Behind(seconds) => now - Duration::from_secs(seconds),
        Signed::Ahead(seconds) => now + Duration::from_secs(seconds),
        _ => now,
    }
}
