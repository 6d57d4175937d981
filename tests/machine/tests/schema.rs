//! Schemathesis, a tester that makes requests of an `OpenAPI` document, right ones and wrong ones, against the real server:
//! whatever it asks, the answer is one that the document names, and none is the server's fault.

use std::{path::Path, process::Stdio};

use datalake_tests_machine::Lake;
use serde_json::{Value, json};
use tokio::process::Command;

const PACKAGE: &str = "schemathesis==4.32.5";
/// What holds of every answer. Whether a body that the document allows is refused for another rule is not asked: a name that
/// is taken, a dataset that is not there.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,\
                      response_schema_conformance,missing_required_header,unsupported_method,allow_header_conformance,ignored_auth";
/// Requests of an operation, in every push's test and in the long one.
const SOME: &str = "8";
const MANY: &str = "300";

/// What a request needs to get behind the first 404.
async fn prepared(lake: &Lake) -> Value {
    let ann = lake.ann();
    let package = lake.create_package(ann, "Rivers").await.expect("a package");
    let dataset = lake.upload(ann, &package, "rivers.csv", "text/csv", b"name\nOder\n").await.expect("uploaded");
    let export = lake.export(ann, &package, "grant").await.expect("an export");
    json!({ "package": package, "dataset": dataset["id"], "export": export["id"] })
}

/// The configuration: ids that are there.
fn configuration(ids: &Value) -> String {
    let line = |name: &str, id: &str| format!("\"path.{name}\" = {}\n", ids[id]);
    // 428 is the API's answer where a condition is missing.
    let checks = "[checks.missing_required_header]\nexpected-statuses = [400, 401, 403, 406, 415, 422, 428]\n";
    format!(
        "{checks}\n[parameters]\n{}{}{}{}",
        line("id", "package"),
        line("package_id", "package"),
        line("dataset", "dataset"),
        line("export", "export")
    )
}

async fn run(program: &Path, lake: &Lake, arguments: &[&str]) -> (bool, String) {
    let mut command = Command::new(program);
    command.args(arguments).current_dir(lake.path("schema")).stdin(Stdio::null()).kill_on_drop(true);
    let output = command.output().await.expect("run");
    (output.status.success(), format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr)))
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_asked_the_answer_is_documented_and_never_the_servers_fault() {
    if test_servers::left_out("Python, for Schemathesis") {
        return;
    }
    let program = test_servers::python_environment(&[PACKAGE]).join("bin/schemathesis");
    let lake = Lake::start().await.expect("a lake");
    lake.write("schema/schemathesis.toml", configuration(&prepared(&lake).await).as_bytes()).expect("written");
    let examples = if test_servers::only_long("many requests of each operation") { SOME } else { MANY };
    let document = format!("{}/openapi.json", lake.api());
    let token = format!("Authorization: Bearer {}", lake.ann().signed_in.tokens.access);
    let fixed = ["run", &document, "--header", &token, "--checks", CHECKS, "--max-examples", examples, "--seed", "20261123"];
    let quick = ["--phases", "examples,coverage,fuzzing,stateful", "--no-shrink", "--continue-on-failure", "--no-color"];
    let (passed, said) = run(&program, &lake, &[&fixed[..], &quick].concat()).await;
    assert!(passed, "{said}");
}
