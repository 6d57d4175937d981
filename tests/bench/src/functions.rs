//! What each function is asked: the event that it handles most, in the shape that `tests/events` keeps.

use domain::job::Job;
use serde_json::{Value, json};
use testkit::builders::{audit_record, export_id, member, package_id, user_id};

use crate::account::{Account, USER};

/// A function, an event for it, and how its answer is known to be right.
pub(crate) struct Function {
    /// The folder below `functions/`.
    pub(crate) name: String,
    /// What it is handed.
    pub(crate) event: Value,
    /// Whether the answer says that it was done.
    pub(crate) is_done: fn(&Value) -> bool,
}

/// The function of this name.
pub(crate) fn named(name: &str, account: &Account) -> Option<Function> {
    let (event, is_done): (Value, fn(&Value) -> bool) = match name {
        "packages" => (request(&format!("/packages/{}", package_id(1)), ""), is_ok),
        "search" => (request("/search", "q=package"), is_ok),
        "cart" => (request("/cart", ""), is_ok),
        "profile" => (request("/profile", ""), is_ok),
        "authorizer" => (question(account), |answer| answer["context"]["verdict"] == "allowed"),
        "identity" => (fixture(include_str!("../../events/fixtures/sign_in.json")), |answer| {
            answer["response"]["claimsAndScopeOverrideDetails"].is_object()
        }),
        "changes" => (fixture(include_str!("../../events/fixtures/stream.json")), nothing_failed),
        "indexer" => (message(&Job::Index { package_id: package_id(1) }), nothing_failed),
        "manifest" => (message(&Job::Export { user_id: user_id(USER), export_id: export_id(1) }), nothing_failed),
        "logging" => (message(&Job::Audit { record: audit_record(1, &package_id(1).to_string()) }), nothing_failed),
        // A regular sweep asks in more than 60 places what is due: its time would be that of so many calls, not of the start.
        "housekeeping" => (message(&Job::PackageDeleted { package_id: package_id(1) }), nothing_failed),
        _ => return None,
    };
    Some(Function { name: name.to_owned(), event, is_done })
}

fn is_ok(answer: &Value) -> bool {
    answer["statusCode"] == 200
}

fn nothing_failed(answer: &Value) -> bool {
    *answer == json!({ "batchItemFailures": [] })
}

/// A recorded or documented event. (They are checked in, and a test of `tests/events` reads each.)
fn fixture(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_default()
}

/// A request of the user who has signed in, as the gateway hands it over with what the authorizer said.
fn request(path: &str, query: &str) -> Value {
    let principal = serde_json::to_string(&member(USER)).unwrap_or_default();
    json!({
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": query,
        "headers": { "accept": "application/json", "host": "abcdef123.execute-api.eu-west-1.amazonaws.com" },
        "requestContext": {
            "authorizer": { "lambda": { "verdict": "allowed", "principal": principal } },
            "http": { "method": "GET", "path": path, "protocol": "HTTP/1.1", "sourceIp": "198.51.100.7", "userAgent": "bench" },
            "requestId": "JKJaXmPLvHcESHA=",
            "timeEpoch": 1_583_348_638_390_i64,
        },
        "isBase64Encoded": false,
    })
}

/// The gateway's question who somebody with an access token is.
fn question(account: &Account) -> Value {
    let mut event = fixture(include_str!("../../events/fixtures/authorizer.json"));
    event["headers"]["authorization"] = json!(format!("Bearer {}", account.token()));
    event
}

/// A queue's message.
fn message(job: &Job) -> Value {
    let mut event = fixture(include_str!("../../events/fixtures/queue.json"));
    let mut message = event["Records"][0].clone();
    message["body"] = json!(serde_json::to_string(job).unwrap_or_default());
    if let Some(group) = job.group() {
        message["attributes"]["MessageGroupId"] = json!(group);
    }
    event["Records"] = json!([message]);
    event
}
