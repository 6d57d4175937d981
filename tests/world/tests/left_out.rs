//! Which tests of `tests/api` do not run in the deployment, and why.

use std::{collections::BTreeSet, fs, path::Path};

/// Each with what it asks of a home that the deployment can't do.
const LEFT_OUT: [(&str, &str); 5] = [
    ("clock::grant_link_dies_with_its_time", "a clock that is set forward by a month"),
    ("clock::restore_dataset_whose_time_in_the_bin_is_over", "the same"),
    ("clock::restore_package_whose_time_in_the_bin_is_over", "the same"),
    ("faults::a_retry_after_a_lost_answer_does_not_double", "an answer of the tables that is lost on demand"),
    ("faults::backends_that_are_busy_or_away", "backends that are away on demand"),
];

#[test]
fn every_test_of_the_api_runs_here_or_stands_in_the_list() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let here = fs::read_to_string(folder.join("tests/deployment.rs")).expect("the list of files");
    let mut absent = BTreeSet::new();
    for entry in fs::read_dir(folder.join("../api")).expect("the tests of the API") {
        let path = entry.expect("a file").path();
        let Some(name) = path.file_name().and_then(|name| name.to_str()).and_then(|name| name.strip_suffix(".rs")) else { continue };
        if !here.contains(&format!("\"../../api/{name}.rs\"")) {
            absent.extend(tests(&fs::read_to_string(&path).expect("a source")).map(|test| format!("{name}::{test}")));
        }
    }
    let listed: BTreeSet<String> = LEFT_OUT.iter().map(|(test, _)| (*test).to_owned()).collect();
    assert_eq!(absent, listed);
}

/// The names of a file's tests.
fn tests(source: &str) -> impl Iterator<Item = &str> {
    let after = source.split("#[tokio::test]\nasync fn ").skip(1);
    after.filter_map(|rest| rest.split('(').next())
}
