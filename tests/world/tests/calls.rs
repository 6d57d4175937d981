//! So many calls to AWS a request costs, counted at the emulator by the role under which each was made.
//!
//! Counted are HTTP requests of the authorizer, of the function that answers and, for a checkout, of the manifest function.
//! Settings and rules are read once a minute by each process and belong to no request: calls about their table are left
//! out, and so is the read of nothing by which a new process opens its connection to the tables.

use std::collections::BTreeMap;

use datalake_tests_world::{Lake, World, sha256};
use serde_json::{Value, json};
use testkit::builders::{PrincipalExt as _, member};

/// A process that was asked before, or one that begins with this request.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Process {
    Warm,
    Cold,
}

/// What `functions` called while `work` was done: role, action and what the first row or object of a request was.
async fn calls(functions: &[&str], work: impl Future<Output = ()>) -> BTreeMap<String, usize> {
    let before = Lake::shared().calls().len();
    work.await;
    let mut requests: BTreeMap<u64, String> = BTreeMap::new();
    for call in Lake::shared().calls().into_iter().skip(before) {
        let role = call.role().unwrap_or_default().to_owned();
        let counted = functions.iter().any(|function| role == Lake::shared().role(function));
        if counted && !call.resource.ends_with("-settings") {
            requests.entry(call.request).or_insert(format!("{role} {} {}", call.action, call.resource));
        }
    }
    let mut actions = BTreeMap::new();
    for action in requests.into_values() {
        *actions.entry(action).or_default() += 1;
    }
    actions
}

fn hold(situation: &str, actions: &BTreeMap<String, usize>, most: usize) {
    let sum: usize = actions.values().sum();
    assert!(sum > 0, "{situation}: nothing was counted");
    assert!(sum <= most, "{situation}: {sum} calls instead of {most}: {actions:?}");
}

async fn reading_a_package(by_key: bool, process: Process) -> BTreeMap<String, usize> {
    let world = World::new();
    let ann = member("ann");
    let package = world.package(&ann, json!({ "name": "Flights" })).await;
    let caller = if by_key { ann.with_key(domain::principal::KeyScope::default()) } else { ann };
    // Twice: by the first one the use of the key is noted, once an hour.
    for _ in 0..2 {
        assert_eq!(world.get(format!("/packages/{package}")).by(&caller).send().await.status, 200);
    }
    if process == Process::Cold {
        Lake::shared().begin_anew("authorizer");
        Lake::shared().begin_anew("packages");
    }
    calls(&["authorizer", "packages"], async {
        assert_eq!(world.get(format!("/packages/{package}")).by(&caller).send().await.status, 200);
    })
    .await
}

#[tokio::test]
async fn a_package_is_read_with_a_token() {
    hold("warm", &reading_a_package(false, Process::Warm).await, 1);
    hold("cold", &reading_a_package(false, Process::Cold).await, 2);
}

#[tokio::test]
async fn a_package_is_read_with_a_key() {
    hold("warm", &reading_a_package(true, Process::Warm).await, 1);
    hold("cold", &reading_a_package(true, Process::Cold).await, 5);
}

#[tokio::test]
async fn a_package_is_made_with_three_tags() {
    let world = World::new();
    let ann = member("ann");
    let body = json!({ "name": "Flights", "metadata": { "year": "2001", "source": "BTS", "level": "open" } });
    world.package(&ann, body.clone()).await;
    let made = calls(&["authorizer", "packages"], async {
        world.package(&ann, body).await;
    });
    hold("three tags", &made.await, 3);
}

/// A package with so many small files.
async fn filled(world: &World, ann: &domain::Principal, name: String, files: usize) -> String {
    let package = world.package(ann, json!({ "name": name })).await;
    let path = format!("/packages/{package}/datasets");
    let entries: Vec<Value> =
        (0..files).map(|file| json!({ "name": format!("{file:03}.csv"), "size": 1, "sha256": sha256(b"1") })).collect();
    let registered = world.post(&path).by(ann).json(&json!({ "datasets": entries })).send().await;
    let results = registered.body["results"].as_array().expect("results").clone();
    for result in &results {
        world.send(&result["upload"], b"1").await;
    }
    let ids: Vec<&Value> = results.iter().map(|result| &result["dataset"]["id"]).collect();
    let completed = world.post(format!("{path}/complete")).by(ann).json(&json!({ "ids": ids })).send().await;
    assert_eq!(completed.status, 200, "{}", completed.body);
    world.in_cart(ann, &package).await;
    package
}

#[tokio::test]
async fn five_packages_of_twenty_files_are_checked_out() {
    const PACKAGES: usize = 5;
    let world = World::new();
    let ann = member("ann");
    world.person(&ann, "Ann").await;
    // The session of the role that signs lives on from an export to the next one, while it lives longer than the URLs.
    filled(&world, &ann, "First".to_owned(), 1).await;
    let checkout = json!({ "format": "signed-url", "expires_in": 900 });
    world.post("/cart/checkout").by(&ann).json(&checkout).send().await;
    world.drain().await;
    for number in 0..PACKAGES {
        filled(&world, &ann, format!("Package {number}"), 20).await;
    }
    world.drain().await;
    let mut export = String::new();
    let counted = calls(&["authorizer", "cart", "manifest"], async {
        export = world.post("/cart/checkout").by(&ann).json(&checkout).send().await.text("/id");
        world.drain().await;
    });
    hold("checkout", &counted.await, 12 + 2 * PACKAGES);
    let read = world.get(format!("/cart/exports/{export}")).by(&ann).send().await;
    assert_eq!((&read.body["state"], &read.body["written"]["entries"]), (&json!("ready"), &json!(100)));
}
