//! The operator's commands on data that was really used.

mod backup;
mod check;
mod import_sources;
mod jobs;
mod serving;

use std::{
    path::Path,
    process::{Command, Output},
};

use datalake_tests_machine::{Lake, Person, program};
use serde_json::Value;

/// `datalake-server` on a data folder, run to its end.
fn server(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(program("datalake-server").expect("built"));
    command.args(["--log-level", "error", "--data-dir"]).arg(folder).args(arguments).output().expect("runs")
}

/// What it prints when it succeeds.
fn done(folder: &Path, arguments: &[&str]) -> String {
    let output = server(folder, arguments);
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    String::from_utf8(output.stdout).expect("text")
}

/// The findings of `check`.
fn findings(folder: &Path) -> Vec<Value> {
    let output = server(folder, &["check", "--output", "json"]);
    let report: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"));
    let findings = report["findings"].as_array().expect("findings").clone();
    assert_eq!(output.status.code(), Some(i32::from(!findings.is_empty())), "{output:?}");
    findings
}

/// A lake with two packages, a replaced dataset and a removed one, and its first package.
async fn used() -> (Lake, Person, String) {
    let lake = Lake::start().await.expect("a lake");
    let ann = lake.ann().clone();
    let rivers = lake.create_package(&ann, "Rivers").await.expect("a package");
    for (name, bytes) in [("rivers.csv", "old\n"), ("rivers.csv", "name\nOder\n"), ("gone.csv", "gone\n"), ("more/lakes.csv", "")] {
        lake.upload(&ann, &rivers, name, "text/csv", bytes.as_bytes()).await.expect("uploaded");
    }
    let listed = lake.get(&ann, &format!("/packages/{rivers}/datasets")).await.expect("an answer").expect(200).expect("listed");
    let items = listed.body["items"].as_array().expect("items").clone();
    let gone = items.iter().find(|item| item["name"] == "gone.csv").expect("there")["id"].as_str().expect("an id").to_owned();
    lake.delete(&ann, &format!("/packages/{rivers}/datasets/{gone}")).await.expect("an answer").expect(204).expect("removed");
    let empty = lake.create_package(&ann, "Empty").await.expect("a package");
    let deleted = lake.create_package(&ann, "Deleted").await.expect("a package");
    lake.upload(&ann, &deleted, "a.csv", "text/csv", b"a\n").await.expect("uploaded");
    lake.delete(&ann, &format!("/packages/{deleted}")).await.expect("an answer").expect(204).expect("deleted");
    lake.export(&ann, &rivers, "bucket-key").await.expect("an export");
    // Registered, and never sent.
    lake.register(&ann, &empty, "pending.csv", "text/csv", b"pending").await.expect("registered");
    (lake, ann, rivers)
}
