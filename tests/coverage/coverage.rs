//! Nothing of the contract is absent or thin.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use datalake_tests_api::World;
use serde_json::Value;
use web::operations::OPERATIONS;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn document() -> Value {
    serde_json::to_value(World::new().document()).expect("the document is JSON")
}

/// `(method, path, operation id)` of the document.
fn described(document: &Value) -> BTreeSet<(String, String, String)> {
    let paths = document["paths"].as_object().expect("paths");
    paths
        .iter()
        .flat_map(|(path, item)| {
            let methods = item.as_object().expect("operations").iter();
            methods.map(move |(method, operation)| {
                (method.to_uppercase(), path.clone(), operation["operationId"].as_str().expect("an operation id").to_owned())
            })
        })
        .collect()
}

#[test]
fn the_table_of_operations_is_the_contract_of_the_routers() {
    let table: BTreeSet<_> =
        OPERATIONS.iter().map(|operation| (operation.method.to_owned(), operation.path.to_owned(), operation.id.to_owned())).collect();
    assert_eq!(described(&document()), table);
}

#[test]
#[expect(clippy::disallowed_methods, reason = "whoever runs the test says by a variable that the file is to be written")]
fn the_checked_in_document_is_the_one_that_the_code_describes() {
    let path = root().join("openapi/datalake.json");
    let current = serde_json::to_string_pretty(&document()).expect("JSON") + "\n";
    if std::env::var_os("UPDATE_OPENAPI").is_some() {
        fs::write(&path, &current).expect("the document is written");
    }
    let checked_in = fs::read_to_string(&path).expect("openapi/datalake.json");
    assert!(
        checked_in == current,
        "openapi/datalake.json is out of date: UPDATE_OPENAPI=1 cargo test -p datalake-tests-coverage, then read the difference"
    );
}

/// Every value below `value` with its place.
fn walk<'a>(place: &str, value: &'a Value, visit: &mut dyn FnMut(&str, &'a Value)) {
    visit(place, value);
    match value {
        Value::Object(fields) => fields.iter().for_each(|(name, value)| walk(&format!("{place}/{name}"), value, visit)),
        Value::Array(items) => items.iter().enumerate().for_each(|(number, value)| walk(&format!("{place}/{number}"), value, visit)),
        _ => {}
    }
}

#[test]
fn the_document_is_openapi_3_1_without_a_dangling_reference() {
    let document = document();
    let version = document["openapi"].as_str().expect("a version");
    assert!(version.starts_with("3.1."), "{version}");
    let mut references = 0;
    walk("#", &document, &mut |place, value| {
        if let Some(reference) = value.get("$ref").and_then(Value::as_str) {
            references += 1;
            let pointer = reference.strip_prefix('#').unwrap_or_else(|| panic!("{place} points outside: {reference}"));
            assert!(document.pointer(pointer).is_some(), "{place} points to {reference}, which is not there");
        }
    });
    assert!(references > OPERATIONS.len(), "the document has schemas");
}

#[test]
fn every_variable_of_a_path_is_described_and_every_described_one_is_there() {
    let document = document();
    for operation in OPERATIONS {
        let described = &document["paths"][operation.path][operation.method.to_lowercase()];
        let in_path: BTreeSet<&str> = operation.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')).collect();
        let parameters = described["parameters"].as_array().map(Vec::as_slice).unwrap_or_default();
        let of_path: BTreeSet<&str> =
            parameters.iter().filter(|parameter| parameter["in"] == "path").filter_map(|parameter| parameter["name"].as_str()).collect();
        assert_eq!(of_path, in_path, "{}", operation.id);
        let text = described["summary"].as_str().or(described["description"].as_str()).unwrap_or_default();
        assert!(!text.is_empty(), "{} says what it does", operation.id);
    }
}

#[test]
fn every_schema_is_used() {
    let document = document();
    let mut used = BTreeSet::new();
    walk("#", &document, &mut |_, value| {
        used.extend(value.get("$ref").and_then(Value::as_str).and_then(|reference| reference.strip_prefix("#/components/schemas/")));
    });
    let schemas: BTreeSet<&str> = document["components"]["schemas"].as_object().expect("schemas").keys().map(String::as_str).collect();
    assert_eq!(schemas, used);
}

#[test]
fn every_operation_documents_the_errors_of_its_classes_and_a_success() {
    let document = document();
    for operation in OPERATIONS {
        let responses = &document["paths"][operation.path][operation.method.to_lowercase()]["responses"];
        let documented: BTreeSet<u16> =
            responses.as_object().expect("responses").keys().map(|status| status.parse().expect("a status")).collect();
        assert!(documented.iter().any(|status| *status < 400), "{} documents no success", operation.id);
        let errors: BTreeSet<u16> = documented.into_iter().filter(|status| *status >= 400).collect();
        assert_eq!(errors, operation.errors(), "{}", operation.id);
    }
}

#[test]
fn every_operation_has_a_snapshot_for_its_success_and_each_documented_error() {
    let snapshots: BTreeSet<String> = fs::read_dir(root().join("tests/api/snapshots"))
        .expect("snapshots")
        .map(|entry| entry.expect("a file").file_name().into_string().expect("a name"))
        .collect();
    let document = document();
    let mut missing = Vec::new();
    for operation in OPERATIONS {
        let responses = document["paths"][operation.path][operation.method.to_lowercase()]["responses"].as_object().expect("responses");
        for status in responses.keys() {
            let name = format!("{}__{}_{status}", operation.tag, operation.id);
            let found = snapshots.iter().any(|file| file.strip_prefix(&name).is_some_and(|rest| rest == ".snap" || rest.starts_with('_')));
            if !found {
                missing.push(name);
            }
        }
    }
    assert!(missing.is_empty(), "{} snapshots are missing: {missing:#?}", missing.len());
}

#[test]
fn no_snapshot_is_left_of_an_operation_that_is_gone() {
    for entry in fs::read_dir(root().join("tests/api/snapshots")).expect("snapshots") {
        let file = entry.expect("a file").file_name().into_string().expect("a name");
        let known = OPERATIONS.iter().any(|operation| file.starts_with(&format!("{}__{}_", operation.tag, operation.id)))
            || file.starts_with("any__");
        assert!(known, "{file} belongs to no operation");
    }
}
