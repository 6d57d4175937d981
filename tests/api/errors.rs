//! The errors of every operation, generated from the table of operations, and those that belong to none.

use app::identity::verdict::{RefusalKind, Verdict};
use axum::http::Method;
use datalake_tests_api::{Call, World, sha256};
use serde_json::json;
use testkit::builders::{PrincipalExt as _, member, read_only};
use web::operations::{Class, OPERATIONS, Operation};

use crate::known::Known;

fn with(class: Class) -> impl Iterator<Item = &'static Operation> {
    OPERATIONS.iter().filter(move |operation| operation.classes.contains(&class))
}

/// The operation, called as it should be.
pub(crate) fn call<'a>(known: &'a Known, operation: &Operation, path: impl Into<String>) -> Call<'a> {
    let call = known.world.call(Method::from_bytes(operation.method.as_bytes()).expect("a method"), path).by(known.caller(operation));
    let call = if operation.classes.contains(&Class::IfMatchRequired) { call.header("if-match", "\"1\"") } else { call };
    match known.body(operation) {
        Some(body) => call.json(&body),
        None => call,
    }
}

#[tokio::test]
async fn nobody_gets_in_without_sign_in() {
    let known = Known::new().await;
    for operation in with(Class::SignedIn) {
        let answer = call(&known, operation, known.path(operation)).by_anonymous().send().await;
        answer.is(operation.id, 401, "");
    }
}

#[tokio::test]
async fn who_has_no_role_may_nothing() {
    let known = Known::new().await;
    for operation in with(Class::SignedIn) {
        call(&known, operation, known.path(operation)).by_nobody().send().await.is(operation.id, 403, "without_a_role");
    }
}

#[tokio::test]
async fn a_request_without_a_verdict_fails_closed() {
    let known = Known::new().await;
    for operation in with(Class::SignedIn) {
        let answer = call(&known, operation, known.path(operation)).with_verdict(None).send().await;
        assert_eq!(answer.status, 401, "{}", operation.id);
    }
    known.world.get("/packages").with_verdict(None).send().await.is_any(401, "without_a_verdict");
}

#[tokio::test]
async fn a_reading_key_changes_nothing() {
    let known = Known::new().await;
    // By the access policy, having an export made is reading data.
    let reads = |operation: &Operation| operation.method == "GET" || matches!(operation.id, "checkout" | "retry_export");
    for operation in with(Class::SignedIn).filter(|operation| !reads(operation)) {
        let reading = known.caller(operation).clone().with_key(read_only());
        let answer = call(&known, operation, known.path(operation)).signed_by(&reading).send().await;
        assert_eq!(answer.status, 403, "{}: {}", operation.id, answer.body);
    }
}

#[tokio::test]
async fn what_is_for_administrators_tells_others_nothing() {
    let known = Known::new().await;
    for operation in with(Class::Admin) {
        let there = call(&known, operation, known.path(operation)).by(&known.ann).send().await;
        there.is(operation.id, 403, "of_a_member");
        let absent = call(&known, operation, known.absent_path(operation)).by(&known.ann).send().await;
        assert_eq!((absent.status.as_u16(), &absent.body), (403, &there.body), "{}", operation.id);
    }
}

/// The operation's address, in a package that is not there, or without what it names.
fn absent(known: &Known, operation: &Operation) -> String {
    match operation.path.contains("{id}") {
        true => known.path(operation).replace(&known.package, &testkit::builders::package_id(999).to_string()),
        false => known.absent_path(operation),
    }
}

#[tokio::test]
async fn what_is_hidden_answers_as_what_is_absent() {
    let known = Known::new().await;
    let eve = member("eve");
    let hides = |operation: &Operation| operation.id != "follow_grant" && !operation.classes.contains(&Class::Admin);
    for operation in with(Class::Id).filter(|operation| hides(operation)) {
        let hidden = call(&known, operation, known.path(operation)).by(&eve).send().await;
        let absent = call(&known, operation, absent(&known, operation)).by(&eve).send().await;
        assert_eq!((hidden.status.as_u16(), &hidden.body), (404, &absent.body), "{}", operation.id);
    }
}

#[tokio::test]
async fn what_was_deleted_answers_as_what_is_absent() {
    let known = Known::new().await;
    let deleted = known.world.delete(format!("/packages/{}", known.package)).by(&known.ann).send().await;
    assert_eq!(deleted.status, 204);
    let undeletes = |operation: &Operation| operation.id == "restore_package";
    for operation in with(Class::Id).filter(|operation| operation.path.contains("{id}") && !undeletes(operation)) {
        let gone = call(&known, operation, known.path(operation)).send().await;
        let absent = call(&known, operation, absent(&known, operation)).send().await;
        assert_eq!((gone.status.as_u16(), &gone.body), (404, &absent.body), "{}", operation.id);
    }
    let into_the_cart = known.world.post("/cart/items").by(&known.ann).json(&json!({ "package_id": known.package })).send().await;
    assert_eq!(into_the_cart.status, 404);
    let link = known.world.get(format!("/cart/grants/{}/{}", known.token, known.entry)).send().await;
    link.is("follow_grant", 404, "package_deleted");
}

#[tokio::test]
async fn absent_things() {
    let known = Known::new().await;
    for operation in with(Class::Id) {
        call(&known, operation, known.absent_path(operation)).send().await.is(operation.id, 404, "");
    }
}

#[tokio::test]
async fn ids_that_are_none() {
    let known = Known::new().await;
    for operation in with(Class::Id) {
        let path: Vec<&str> = operation.path.split('/').map(|part| if part.starts_with('{') { "no-id" } else { part }).collect();
        call(&known, operation, path.join("/")).send().await.is(operation.id, 400, "bad_path");
    }
}

#[tokio::test]
async fn parameters_that_can_not_be_understood() {
    let known = Known::new().await;
    for operation in with(Class::Query) {
        let (query, situation) = if operation.id == "suggest" { ("q=a&q=b", "twice") } else { ("limit=201", "bad_limit") };
        let answer = call(&known, operation, format!("{}?{query}", known.path(operation))).send().await;
        answer.is(operation.id, 400, situation);
    }
}

#[tokio::test]
async fn bodies_that_are_no_json() {
    let known = Known::new().await;
    for operation in with(Class::Body) {
        let call = call(&known, operation, known.path(operation)).bytes("{\"name\": ");
        call.send().await.is(operation.id, 400, "malformed");
    }
}

#[tokio::test]
async fn bodies_that_are_too_large() {
    let known = Known::new().await;
    let large = vec![b' '; web::BODY_LIMIT + 1];
    for operation in with(Class::Body) {
        call(&known, operation, known.path(operation)).bytes(large.clone()).send().await.is(operation.id, 413, "");
    }
}

#[tokio::test]
async fn bodies_of_another_kind() {
    let known = Known::new().await;
    for operation in with(Class::Body) {
        let method = Method::from_bytes(operation.method.as_bytes()).expect("a method");
        let call = known.world.call(method, known.path(operation)).by(&known.ann).header("if-match", "\"1\"");
        call.header("content-type", "text/plain").bytes("name=Flights").send().await.is(operation.id, 415, "");
    }
}

#[tokio::test]
async fn bodies_that_break_a_rule() {
    let known = Known::new().await;
    for operation in with(Class::Body) {
        let answer = call(&known, operation, known.path(operation)).bytes(known.broken_body(operation).to_string()).send().await;
        answer.is(operation.id, 422, "");
        let pointer = answer.body.pointer("/errors/0/pointer").and_then(serde_json::Value::as_str);
        assert!(pointer.is_some_and(|pointer| pointer.starts_with('/')), "{} names the place: {}", operation.id, answer.body);
    }
}

#[tokio::test]
async fn versions_that_are_no_longer_current() {
    let known = Known::new().await;
    for operation in with(Class::IfMatch).chain(with(Class::IfMatchRequired)) {
        let method = Method::from_bytes(operation.method.as_bytes()).expect("a method");
        let call = known.world.call(method, known.path(operation)).by(&known.ann).header("if-match", "\"99\"");
        let call = match known.body(operation) {
            Some(body) => call.json(&body),
            None => call,
        };
        call.send().await.is(operation.id, 412, "");
    }
}

#[tokio::test]
async fn changes_that_must_name_their_version() {
    let known = Known::new().await;
    for operation in with(Class::IfMatchRequired) {
        let method = Method::from_bytes(operation.method.as_bytes()).expect("a method");
        let body = known.body(operation).expect("a body");
        known.world.call(method, known.path(operation)).by(&known.ann).json(&body).send().await.is(operation.id, 428, "");
    }
}

#[tokio::test]
async fn what_belongs_to_no_operation() {
    let world = World::new();
    let ann = member("ann");
    world.get("/nothing/here").by(&ann).send().await.is_any(404, "unknown_route");
    let answer = world.call(Method::PUT, "/packages").by(&ann).json(&json!({})).send().await;
    answer.is_any(405, "method_not_allowed");
    let allowed: Vec<&str> = answer.header("allow").split(',').map(str::trim).collect();
    assert!(allowed.contains(&"GET") && allowed.contains(&"POST"), "Allow lists what there is: {allowed:?}");
    world.get(format!("/packages?owner={}", "a".repeat(4_096))).by(&ann).send().await.is_any(400, "query_too_long");
    world.get("/packages?limit=1&limit=2").by(&ann).send().await.is_any(400, "duplicate_parameter");
    world.get("/search?q=%FF").by(&ann).send().await.is_any(400, "query_that_is_no_utf8");
    world.get("/search?q=100%zz").by(&ann).send().await.is_any(400, "query_with_broken_escapes");
    let key = world.post("/packages").by(&ann).header("idempotency-key", "x".repeat(129)).json(&json!({ "name": "Flights" })).send().await;
    key.is_any(400, "bad_idempotency_key");
    let place = json!({ "name": "Flights", "groups": "team" });
    world.post("/packages").by(&ann).json(&place).send().await.is_any(400, "body_of_another_shape");
    world.post("/packages").by(&ann).header("content-type", "application/json").bytes("{} {}").send().await.is_any(400, "two_bodies");
}

#[tokio::test]
async fn the_body_of_a_signed_request_must_be_the_signed_one() {
    let world = World::new();
    let signed = |body_sha256| Verdict::Allowed { principal: member("ann").with_key(domain::principal::KeyScope::default()), body_sha256 };
    let send = |verdict| world.post("/packages").with_verdict(Some(verdict)).json(&json!({ "name": "Flights" }));
    send(signed(Some(sha256(b"another body")))).send().await.is_any(401, "another_body_than_signed");
    send(signed(None)).send().await.is_any(401, "signed_without_a_body_hash");
    let genuine = json!({ "name": "Flights" }).to_string();
    assert_eq!(send(signed(Some(sha256(genuine.as_bytes())))).send().await.status, 201);
    assert_eq!(world.get("/packages").by(&member("ann")).send().await.items().len(), 1, "nothing was made of the others");
}

#[tokio::test]
async fn refusals_of_the_authorizer_are_told_as_they_are() {
    let world = World::new();
    let refused = |kind, code: &str, detail: &str| Verdict::Refused { kind, code: code.to_owned(), detail: detail.to_owned() };
    for (kind, status, code, detail) in [
        (RefusalKind::Malformed, 400, "query_not_encoded", "The query string is not strictly percent-encoded."),
        (RefusalKind::Unauthenticated, 401, "expired_token", "The access token has expired."),
        (RefusalKind::TooMany, 429, "too_many_failures", "Too many failed attempts."),
        (RefusalKind::Unavailable, 503, "unavailable", "The issuer of access tokens does not answer."),
    ] {
        let answer = world.get("/packages").with_verdict(Some(refused(kind, code, detail))).send().await;
        answer.is_any(status, "refused_by_the_authorizer");
        assert_eq!(answer.body["code"], code);
    }
}
