//! Clients that others wrote, as they come, against the running server.

mod curl;
mod descriptor;
mod objects;
mod sign_in;
mod signatures;

use std::{path::PathBuf, process::Stdio};

use datalake_tests_machine::{Lake, Person};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;

/// What the scripts in `python` and the test of awscurl need.
const PACKAGES: [&str; 5] = ["authlib==1.9.9", "awscurl==0.44", "boto3==1.44.5", "frictionless==5.21.0", "requests==2.34.2"];

/// A program of the Python environment.
async fn python_program(name: &str) -> PathBuf {
    let environment = tokio::task::spawn_blocking(|| test_servers::python_environment(&PACKAGES)).await.expect("a Python environment");
    environment.join("bin").join(name)
}

/// Runs a program with this on its standard input; it must succeed. Answers with what it printed.
async fn run(mut command: tokio::process::Command, input: &str) -> String {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let name = command.as_std().get_program().to_owned();
    let mut child = command.spawn().unwrap_or_else(|error| panic!("install {}: {error}", name.display()));
    let mut pipe = child.stdin.take().expect("its input");
    pipe.write_all(input.as_bytes()).await.expect("it reads");
    drop(pipe);
    let output = child.wait_with_output().await.expect("it ends");
    assert!(output.status.success(), "{}\n{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}

/// Runs a script of the folder `python` with addresses, credentials and `more`; answers with the JSON that it prints.
async fn script(name: &str, lake: &Lake, person: &Person, more: Value) -> Value {
    let mut input = json!({
        "api": lake.api(),
        "objects": lake.objects(),
        "access_key_id": person.access_key_id,
        "secret_access_key": person.secret_access_key,
    });
    let more = more.as_object().cloned().unwrap_or_default();
    input.as_object_mut().expect("an object").extend(more);
    let mut python = tokio::process::Command::new(python_program("python").await);
    python.arg("-B").arg(concat!(env!("CARGO_MANIFEST_DIR"), "/python").to_owned() + "/" + name);
    serde_json::from_str(&run(python, &input.to_string()).await).expect("the script prints JSON")
}
