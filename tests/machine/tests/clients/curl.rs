//! `curl --aws-sigv4`: the signer on every machine.

use datalake_tests_machine::{Lake, Person, sha256};
use serde_json::{Value, json};

use crate::run;

/// Status and body of what curl gets, signed with the person's API key.
async fn curl(lake: &Lake, person: &Person, arguments: &[&str], path: &str) -> (u16, Value) {
    let mut command = tokio::process::Command::new("curl");
    command.args(["--disable", "--config", "-", "--silent", "--show-error", "--aws-sigv4", "aws:amz:us-east-1:datalake"]);
    command.args(["--write-out", "\n%{http_code}"]).args(arguments).arg(format!("{}{path}", lake.api()));
    // The secret must not stand in the list of processes.
    let said = run(command, &format!("user = \"{}:{}\"\n", person.access_key_id, person.secret_access_key)).await;
    let (body, status) = said.rsplit_once('\n').expect("a status at the end");
    (status.parse().expect("a number"), serde_json::from_str(body).unwrap_or_default())
}

#[tokio::test]
async fn curl_signs_requests_with_and_without_a_query_and_a_body() {
    if test_servers::left_out("curl") {
        return;
    }
    let lake = Lake::start().await.expect("a lake");
    let ann = lake.ann();
    let (status, profile) = curl(&lake, ann, &[], "/profile").await;
    assert_eq!((status, profile["email"].as_str()), (200, Some("ann@example.org")), "{profile}");

    let body = json!({ "name": "Water levels", "visibility": "everyone" }).to_string();
    let hash = format!("x-amz-content-sha256: {}", sha256(body.as_bytes()));
    let json = ["-H", "content-type: application/json", "--data", &body];
    let (status, package) = curl(&lake, ann, &[&json[..], &["-H", &hash]].concat(), "/packages").await;
    assert_eq!((status, package["name"].as_str()), (201, Some("Water levels")), "{package}");

    let (status, listed) = curl(&lake, ann, &[], "/packages?limit=1&owner=me%2Fnobody").await;
    assert_eq!((status, listed["code"].as_str()), (400, Some("bad_parameter")), "an encoded query is signed right and then read: {listed}");
    let (status, listed) = curl(&lake, ann, &[], "/packages?limit=1").await;
    assert_eq!((status, &listed["items"][0]["id"]), (200, &package["id"]), "{listed}");
    let (status, found) = curl(&lake, ann, &[], "/search?limit=5&q=name%3A%22water%20levels%22").await;
    assert_eq!(status, 200, "{found}");
}

#[tokio::test]
async fn curl_is_told_what_its_signature_lacks() {
    if test_servers::left_out("curl") {
        return;
    }
    let lake = Lake::start().await.expect("a lake");
    let ann = lake.ann();
    for query in ["q=a+b", "q=a,b", "q=name:a", "q=a%2"] {
        let (status, problem) = curl(&lake, ann, &[], &format!("/search?{query}")).await;
        assert_eq!((status, problem["code"].as_str()), (400, Some("query_not_encoded")), "{query}: {problem}");
    }
    let body = ["-H", "content-type: application/json", "--data", "{\"name\":\"Unhashed\"}"];
    let (status, problem) = curl(&lake, ann, &body, "/packages").await;
    assert_eq!((status, problem["code"].as_str()), (401, Some("body_hash_required")), "{problem}");
    assert!(problem["detail"].as_str().expect("a text").contains("x-amz-content-sha256"), "{problem}");
    let unsigned = [&body[..], &["-H", "x-amz-content-sha256: UNSIGNED-PAYLOAD"]].concat();
    let (status, problem) = curl(&lake, ann, &unsigned, "/packages").await;
    assert_eq!((status, problem["code"].as_str()), (401, Some("unsigned_payload")), "{problem}");
    let stranger = Person { secret_access_key: "x".repeat(40), ..ann.clone() };
    let (status, problem) = curl(&lake, &stranger, &[], "/profile").await;
    assert_eq!((status, problem["code"].as_str()), (401, Some("invalid_signature")), "{problem}");
    let none = lake.get(ann, "/packages").await.expect("an answer");
    assert_eq!(none.body["items"].as_array().map(Vec::len), Some(0), "nothing of all that made a package");
}
