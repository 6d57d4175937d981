//! API Gateway's question who somebody is, through the authorizer.

use std::{sync::Arc, time::Duration};

use app::{Core, identity::verdict::Verdict};
use async_trait::async_trait;
use aws::events::{AuthorizerRequest, authorizer_answer, authorizer_request};
use domain::{
    PortError, PortErrorKind, PortResult, Timestamp,
    id::UserId,
    ports::{Clock as _, Tables as _, TokenVerifier, UserRecords, VerifiedToken},
    principal::Role,
    user::PrincipalRecord,
};
use function_authorizer::{Authorizer, Deps, RequestHead};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};
use testkit::{
    FixedClock, MemoryCipher, MemoryJobs, MemoryTables, SequentialIds,
    builders::{group, user_id},
};

use crate::support::fixture;

/// `good-token` is Ann's.
struct Tokens(Arc<FixedClock>);

#[async_trait]
impl TokenVerifier for Tokens {
    async fn verify(&self, token: &SecretString) -> PortResult<VerifiedToken> {
        let now = self.0.now();
        if token.expose_secret() == "good-token" {
            Ok(VerifiedToken { user_id: user_id("ann"), issued_at: now, expires_at: now.plus(Duration::from_secs(60)) })
        } else {
            Err(PortError::new(PortErrorKind::PermissionDenied, "tokens.verify"))
        }
    }
}

/// Nobody has keys.
struct NoRecords;

#[async_trait]
impl UserRecords for NoRecords {
    async fn get(&self, _: &UserId) -> PortResult<Option<Vec<u8>>> {
        Ok(None)
    }

    async fn put(&self, _: &UserId, _: &[u8]) -> PortResult<()> {
        Err(PortError::new(PortErrorKind::Unsupported, "user_records.put"))
    }
}

async fn authorizer() -> Authorizer {
    let (clock, tables) = (Arc::new(FixedClock::default()), Arc::new(MemoryTables::new()));
    let (cipher, ids) = (Arc::new(MemoryCipher::default()), Arc::new(SequentialIds::default()));
    let core = Core::new(tables.clone(), Arc::new(MemoryJobs::default()), cipher.clone(), clock.clone(), ids.clone());
    let record = PrincipalRecord {
        user_id: user_id("ann"),
        directory_name: "ann".to_owned(),
        email: "ann@example.org".to_owned(),
        name: "Ann".to_owned(),
        role: Some(Role::Member),
        groups: vec![group("rivers")],
        enabled: true,
        tokens_valid_after: Timestamp::EPOCH,
        last_sign_in: None,
        federated: false,
    };
    tables.transact(core.store.put_principal(&record, None, None).expect("a row")).await.expect("tables answer");
    Authorizer::new(Deps { tables, records: Arc::new(NoRecords), cipher, tokens: Arc::new(Tokens(clock.clone())), clock, ids })
}

fn head(event: Value) -> RequestHead {
    let AuthorizerRequest { method, path, query, headers, source_ip, .. } = authorizer_request(event).expect("an event");
    RequestHead { method, path, query, headers, source_ip }
}

/// As the function's program does it.
async fn ask(event: Value) -> Value {
    let verdict = authorizer().await.verdict(&head(event)).await;
    authorizer_answer(verdict.to_context().expect("texts"))
}

fn context(answer: &Value) -> &Value {
    assert_eq!(answer["isAuthorized"], json!(true), "what the gateway refuses itself is a bare answer");
    &answer["context"]
}

#[test]
fn a_requests_head_is_what_the_client_sent() {
    let AuthorizerRequest { method, path, query, headers, source_ip, request_id } =
        authorizer_request(fixture("authorizer")).expect("an event");
    let told =
        json!({ "method": method, "path": path, "query": query, "headers": headers, "source_ip": source_ip, "request_id": request_id });
    insta::assert_json_snapshot!(told);
}

#[tokio::test]
async fn a_known_caller_is_handed_to_the_function_behind() {
    let answer = ask(fixture("authorizer")).await;
    insta::assert_json_snapshot!(answer);
    let told: std::collections::BTreeMap<String, String> = serde_json::from_value(context(&answer).clone()).expect("texts alone");
    let Verdict::Allowed { principal, .. } = Verdict::from_context(&told).expect("a verdict") else { panic!("refused") };
    assert_eq!(principal.user_id, user_id("ann"));
}

#[tokio::test]
async fn events_that_were_recorded_are_read_as_well() {
    let head = head(fixture("authorizer_recorded"));
    assert_eq!((head.method.as_str(), head.query.as_str()), ("GET", "prefix=a%2Fb&limit=5"));
    assert_eq!(context(&ask(fixture("authorizer_recorded")).await)["verdict"], "allowed");
}

#[tokio::test]
async fn whoever_is_not_known_is_let_pass_with_the_reason() {
    type Change = fn(&mut Value);
    let cases: [(&str, Change); 6] = [
        ("anonymous", |event| drop(event["headers"].as_object_mut().map(|headers| headers.remove("authorization")))),
        ("invalid_token", |event| event["headers"]["authorization"] = json!("Bearer other-token")),
        ("duplicate_header", |event| event["headers"]["authorization"] = json!("Bearer good-token,Bearer good-token")),
        ("unsupported_authorization", |event| event["headers"]["authorization"] = json!("Basic YTpi")),
        ("bad_path", |event| event["rawPath"] = json!("/packages/a b")),
        ("query_too_long", |event| event["rawQueryString"] = json!("q".repeat(5_000))),
    ];
    for (code, change) in cases {
        let mut event = fixture("authorizer");
        change(&mut event);
        let answer = ask(event).await;
        let told = context(&answer);
        let found = if told["verdict"] == "refused" { &told["code"] } else { &told["verdict"] };
        assert_eq!(found, code);
    }
}

#[test]
fn what_the_gateway_adds_is_no_part_of_the_request() {
    let mut event = fixture("authorizer");
    let sent = head(event.clone()).headers.len();
    event["headers"]["x-forwarded-for"] = json!("192.0.2.1, ".repeat(900));
    assert_eq!(head(event).headers.len(), sent, "nor of its size");
}

#[test]
fn what_is_no_question_is_not_answered() {
    let mut pathless = fixture("authorizer");
    pathless["rawPath"] = Value::Null;
    for event in [json!({}), fixture("queue"), pathless] {
        assert!(authorizer_request(event).is_err());
    }
}
