//! Who may import whom, read from `cargo metadata`.

use std::{
    collections::{BTreeMap, BTreeSet},
    process::Command,
};

use serde_json::Value;

/// What each of our packages may import of ours (`datalake-` left out), as in ARCHITECTURE.md.
fn allowed(package: &str) -> &'static [&'static str] {
    match package {
        "domain" | "contract" => &[],
        "app" | "aws" | "runtime" => &["domain"],
        // The object store speaks S3 through the S3 adapter, and its own issuer's tokens are checked by the OIDC adapter.
        "embedded" => &["domain", "aws"],
        "testkit" => &["domain"],
        "web" => &["domain", "app", "contract"],
        "client" => &["contract"],
        "cli" => &["client", "contract"],
        "server" => &["domain", "app", "contract", "web", "runtime", "embedded", "functions"],
        // The adapters are for the program alone: see the rule about libraries.
        name if name.starts_with("function-") => &["domain", "app", "contract", "web", "runtime", "aws"],
        other => panic!("{other} is new: say in ARCHITECTURE.md and here what it may import"),
    }
}

/// Libraries that must not be reached from these packages.
const FORBIDDEN: &[(&str, &[&str])] = &[
    ("domain", &["tokio", "axum", "http", "hyper", "reqwest", "aws-sdk-s3", "aws-sdk-dynamodb", "aws-config", "rusqlite"]),
    ("app", &["axum", "http", "hyper", "reqwest", "aws-sdk-s3", "aws-sdk-dynamodb", "aws-config", "rusqlite", "tantivy"]),
    ("function-", &["datafusion", "tantivy", "rusqlite"]),
    ("client", &["rusqlite", "tantivy", "aws-sdk-s3", "axum"]),
    ("", &["openssl", "openssl-sys", "native-tls", "rsa"]),
];

/// Libraries that the program of a function may reach, and its library must not.
const OF_PROGRAMS: &[&str] =
    &["datalake-aws", "datalake-runtime", "aws-config", "aws-sdk-dynamodb", "aws-sdk-s3", "lambda_runtime", "reqwest"];

struct Metadata {
    /// Our packages by name without `datalake-`, with the ids of what they depend on (development left out).
    ours: BTreeMap<String, String>,
    dependencies: BTreeMap<String, Vec<String>>,
    names: BTreeMap<String, String>,
}

/// What there is with default features: the programs.
fn metadata() -> Metadata {
    resolved(&[])
}

/// What there is without them: of functions, the libraries.
fn metadata_of_libraries() -> Metadata {
    resolved(&["--no-default-features"])
}

fn resolved(features: &[&str]) -> Metadata {
    let arguments = ["metadata", "--format-version", "1", "--locked"];
    let output = Command::new(env!("CARGO")).args(arguments).args(features).output().expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let document: Value = serde_json::from_slice(&output.stdout).expect("cargo metadata is JSON");
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    let list = |value: &Value| value.as_array().expect("a list").clone();
    let members: BTreeSet<String> = list(&document["workspace_members"]).iter().map(text).collect();
    let names: BTreeMap<String, String> =
        list(&document["packages"]).iter().map(|package| (text(&package["id"]), text(&package["name"]))).collect();
    let dependencies = list(&document["resolve"]["nodes"])
        .iter()
        .map(|node| {
            let normal = list(&node["deps"])
                .into_iter()
                .filter(|dependency| list(&dependency["dep_kinds"]).iter().any(|kind| kind["kind"].is_null()));
            (text(&node["id"]), normal.map(|dependency| text(&dependency["pkg"])).collect())
        })
        .collect();
    let ours = members.iter().map(|id| (names[id].trim_start_matches("datalake-").to_owned(), id.clone())).collect();
    Metadata { ours, dependencies, names }
}

impl Metadata {
    fn reached_from(&self, id: &str) -> BTreeSet<String> {
        let mut reached = BTreeSet::new();
        let mut open = vec![id.to_owned()];
        while let Some(next) = open.pop() {
            for dependency in &self.dependencies[&next] {
                if reached.insert(self.names[dependency].clone()) {
                    open.push(dependency.clone());
                }
            }
        }
        reached
    }
}

#[test]
fn every_package_imports_only_what_its_layer_may() {
    let metadata = metadata();
    for (package, id) in metadata.ours.iter().filter(|(package, _)| !package.starts_with("test")) {
        for dependency in &metadata.dependencies[id] {
            let Some(name) = metadata.names[dependency].strip_prefix("datalake-") else { continue };
            let layer = if name.starts_with("function-") { "functions" } else { name };
            assert!(allowed(package).contains(&layer), "{package} must not import {name}");
        }
    }
}

#[test]
fn the_library_of_a_function_knows_neither_aws_nor_lambda() {
    let metadata = metadata_of_libraries();
    let functions = metadata.ours.iter().filter(|(package, _)| package.starts_with("function-"));
    let mut seen = 0;
    for (package, id) in functions {
        let reached = metadata.reached_from(id);
        for library in OF_PROGRAMS {
            assert!(!reached.contains(*library), "the library of {package} reaches {library}");
        }
        seen += 1;
    }
    assert!(seen >= 10, "functions are missing");
}

#[test]
fn tests_helpers_are_nobodys_dependency_outside_tests() {
    let metadata = metadata();
    for (package, id) in metadata.ours.iter().filter(|(package, _)| !package.starts_with("test")) {
        let reached = metadata.reached_from(id);
        assert!(!reached.contains("datalake-testkit") && !reached.contains("datalake-test-servers"), "{package} reaches test helpers");
    }
}

#[test]
fn heavy_and_forbidden_libraries_stay_where_they_belong() {
    let metadata = metadata();
    for (package, id) in metadata.ours.iter().filter(|(package, _)| !package.starts_with("test")) {
        let reached = metadata.reached_from(id);
        for (prefix, libraries) in FORBIDDEN.iter().filter(|(prefix, _)| package.starts_with(prefix)) {
            for library in *libraries {
                assert!(!reached.contains(*library), "{package} reaches {library} (rule for '{prefix}')");
            }
        }
    }
}

#[test]
fn every_adapter_of_aws_is_tested() {
    // A suite behind a feature that nobody turns on compiles to nothing and passes.
    let output = Command::new(env!("CARGO")).args(["metadata", "--format-version", "1", "--locked"]).output().expect("cargo runs");
    let document: Value = serde_json::from_slice(&output.stdout).expect("cargo metadata is JSON");
    let packages = document["packages"].as_array().expect("packages");
    let aws = packages.iter().find(|package| package["name"] == "datalake-aws").expect("the adapters");
    let features = aws["features"].as_object().expect("features").keys().filter(|name| *name != "default");
    let nodes = document["resolve"]["nodes"].as_array().expect("nodes");
    let on = &nodes.iter().find(|node| node["id"] == aws["id"]).expect("resolved")["features"];
    for feature in features {
        assert!(
            on.as_array().expect("a list").contains(&feature.as_str().into()),
            "nobody tests the feature {feature}: see Cargo.toml beside"
        );
    }
}
