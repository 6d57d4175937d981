//! botocore's plain signer and awscurl; and signatures that were made for something else.

use datalake_tests_machine::{Lake, Person};
use serde_json::{Value, json};

use crate::{python_program, run, script};

#[tokio::test]
async fn a_signature_of_botocore_fits_its_request_and_no_other_one() {
    if test_servers::left_out("botocore") {
        return;
    }
    let lake = Lake::start().await.expect("a lake");
    let package = lake.create_package(lake.ann(), "Signed").await.expect("a package");
    let answers = script("signatures.py", &lake, lake.ann(), json!({ "package": package })).await;
    let expected = [
        ("get", json!([200, null])),
        ("get with query", json!([200, null])),
        ("post", json!([201, null])),
        ("four minutes old", json!([200, null])),
        ("other method", json!([401, "invalid_signature"])),
        ("other path", json!([401, "invalid_signature"])),
        ("longer path", json!([401, "invalid_signature"])),
        ("other query", json!([401, "invalid_signature"])),
        ("query added", json!([401, "invalid_signature"])),
        ("other body", json!([401, "invalid_signature"])),
        ("other body and its hash", json!([401, "invalid_signature"])),
        ("hash of another body", json!([401, "invalid_signature"])),
        ("body added", json!([401, "body_hash_required"])),
        ("replayed on another request", json!([401, "body_hash_required"])),
        ("six minutes old", json!([401, "clock_skew"])),
        ("six minutes early", json!([401, "clock_skew"])),
        ("unsigned payload", json!([401, "unsigned_payload"])),
    ];
    for (name, expected) in &expected {
        assert_eq!(&answers[name], expected, "{name}");
    }
    assert_eq!(answers.as_object().map(serde_json::Map::len), Some(expected.len()), "every answer was looked at");
    let listed = lake.get(lake.ann(), "/packages").await.expect("an answer");
    let names: Vec<&str> = listed.body["items"].as_array().expect("a list").iter().filter_map(|item| item["name"].as_str()).collect();
    assert_eq!(names, ["By botocore", "Signed"], "only the request that fits has made anything");
}

async fn awscurl(lake: &Lake, person: &Person, arguments: &[&str], path: &str) -> Value {
    let mut command = tokio::process::Command::new(python_program("awscurl").await);
    command.args(["--service", "datalake", "--region", "us-east-1"]).args(arguments).arg(format!("{}{path}", lake.api()));
    command.env("AWS_ACCESS_KEY_ID", &person.access_key_id).env("AWS_SECRET_ACCESS_KEY", &person.secret_access_key);
    command.env_remove("AWS_SESSION_TOKEN").env_remove("AWS_SECURITY_TOKEN").env_remove("AWS_PROFILE");
    serde_json::from_str(&run(command, "").await).expect("JSON")
}

#[tokio::test]
async fn awscurl_reads_and_writes() {
    if test_servers::left_out("awscurl") {
        return;
    }
    let lake = Lake::start().await.expect("a lake");
    let ann = lake.ann();
    let json = ["-X", "POST", "-H", "content-type: application/json", "-d", "{\"name\":\"By awscurl\"}"];
    let package = awscurl(&lake, ann, &json, "/packages").await;
    assert_eq!(package["name"], "By awscurl", "{package}");
    let listed = awscurl(&lake, ann, &[], "/packages?limit=1").await;
    assert_eq!(listed["items"][0]["id"], package["id"], "{listed}");
    // It encodes the query itself, and encodes again what is encoded.
    let found = awscurl(&lake, ann, &[], "/search?limit=5&q=two words").await;
    assert!(found["items"].is_array(), "{found}");
}
