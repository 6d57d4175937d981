//! Rules about our own sources: sizes of ports, lints everywhere, status codes in one file, the environment in few.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use syn::visit::Visit;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().expect("the workspace is there")
}

/// Files with this extension below these folders of the workspace.
fn files(folders: &[&str], extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open: Vec<PathBuf> = folders.iter().map(|folder| root().join(folder)).collect();
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|found| found == extension) {
                found.push(path);
            }
        }
    }
    assert!(!found.is_empty(), "no .{extension} files below {folders:?}");
    found
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[derive(Default)]
struct Ports(Vec<(String, usize)>);

impl<'ast> Visit<'ast> for Ports {
    fn visit_item_trait(&mut self, item: &'ast syn::ItemTrait) {
        let methods = item.items.iter().filter(|item| matches!(item, syn::TraitItem::Fn(_))).count();
        self.0.push((item.ident.to_string(), methods));
    }
}

#[test]
fn no_port_has_more_than_seven_methods() {
    let mut ports = Ports::default();
    for path in files(&["crates/domain/src/ports"], "rs") {
        ports.visit_file(&syn::parse_file(&read(&path)).expect("our sources parse"));
    }
    assert!(ports.0.len() >= 15, "ports are missing: {:?}", ports.0);
    let large: Vec<_> = ports.0.iter().filter(|(_, methods)| *methods > 7).collect();
    assert!(large.is_empty(), "{large:?}");
}

#[test]
fn every_package_inherits_the_shared_lints() {
    for path in files(&["crates", "functions", "tests"], "toml").iter().filter(|path| path.ends_with("Cargo.toml")) {
        assert!(read(path).contains("[lints]\nworkspace = true"), "{} does not inherit the lints", path.display());
    }
}

#[test]
fn a_status_code_is_chosen_in_one_file() {
    for path in files(&["crates/web/src", "crates/app/src", "functions"], "rs") {
        let text = read(&path);
        let chooses = [
            "StatusCode::BAD",
            "StatusCode::NOT_",
            "StatusCode::CONFLICT",
            "StatusCode::FORBIDDEN",
            "StatusCode::UN",
            "StatusCode::INTERNAL",
        ];
        let found = chooses.iter().find(|pattern| text.contains(**pattern));
        assert!(found.is_none() || path.ends_with("web/src/problem.rs"), "{} chooses a status: {found:?}", path.display());
    }
}

#[test]
fn only_runtime_and_the_programs_read_the_environment() {
    let sources = files(&["crates", "functions"], "rs");
    for path in sources.iter().filter(|path| !path.components().any(|part| part.as_os_str() == "tests")) {
        let allowed = ["crates/runtime/", "crates/cli/", "crates/testkit/"].iter().any(|part| path.to_string_lossy().contains(part));
        assert!(allowed || !read(path).contains("env::var"), "{} reads the environment", path.display());
    }
}

#[test]
fn only_the_adapters_name_services_of_aws() {
    // The word in prose is fine; a type, a client or an ARN is not.
    for path in files(&["crates/domain/src", "crates/app/src", "crates/web/src", "crates/contract/src", "functions"], "rs") {
        let text = read(&path);
        for pattern in ["aws_sdk_", "arn:aws", "aws_config"] {
            assert!(!text.contains(pattern), "{} names {pattern}", path.display());
        }
    }
}

#[test]
fn no_warning_is_silenced_without_a_reason() {
    for path in files(&["crates", "functions", "tests"], "rs") {
        if path.ends_with("architecture/tests/sources.rs") {
            continue;
        }
        let text = read(&path);
        assert!(!text.contains("#[allow(") && !text.contains("#![allow("), "{}: use #[expect(…, reason = …)]", path.display());
        assert!(!text.contains("#[ignore"), "{}: a test that does not run proves nothing", path.display());
    }
}

#[test]
fn the_program_of_a_function_is_composition_and_no_more() {
    for path in files(&["functions"], "rs").iter().filter(|path| path.ends_with("src/main.rs")) {
        let lines = read(path).lines().count();
        assert!(lines <= 40, "{} has {lines} lines: what is more than composition belongs to a library", path.display());
    }
}

#[test]
fn only_the_runtime_knows_lambda() {
    for path in files(&["crates", "functions"], "rs") {
        let knows = read(&path).contains("lambda_runtime");
        assert!(!knows || path.to_string_lossy().contains("crates/runtime/src/lambda/"), "{} names lambda_runtime", path.display());
    }
}

/// Names of variables (`DATALAKE_…`) in a text.
fn variables(text: &str) -> BTreeSet<String> {
    let letters = |character: char| character.is_ascii_uppercase() || character == '_';
    text.match_indices("DATALAKE_").map(|(start, _)| text[start..].chars().take_while(|character| letters(*character)).collect()).collect()
}

#[test]
fn terraform_tells_functions_what_they_read() {
    let read_by_functions = variables(&read(&root().join("crates/runtime/src/lambda/settings.rs")));
    let told: BTreeSet<String> = files(&["modules/functions"], "tf").iter().flat_map(|path| variables(&read(path))).collect();
    assert!(told.len() >= 15, "variables are missing: {told:?}");
    assert_eq!(read_by_functions, told);
}
