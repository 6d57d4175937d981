//! What callers of the API get while the account misbehaves: 429 or 503, in time, with when to come again.

use std::time::Duration;

use datalake_tests_faults::Fault;
use domain::{
    Principal,
    ports::{Scan, Table, Tables},
};
use futures::FutureExt;
use serde_json::{Value, json};
use testkit::builders::{admin, member};

use crate::{
    lake::{Answer, Lake},
    left_out, side_by_side,
};

/// A request, and the call of the account that goes wrong beneath it.
struct Asked {
    method: &'static str,
    path: String,
    body: Option<Value>,
    by: Principal,
    /// `None`: nothing works.
    through: Option<&'static str>,
    /// How it is answered when all is well; others ask for the same at the same time.
    well: &'static [u16],
}

const FAULTS: [(Fault, u16, &str); 7] = [
    (Fault::Slow(Duration::from_secs(60)), 503, "unavailable"),
    (Fault::Throttled, 429, "slow_down"),
    (Fault::Broken, 503, "unavailable"),
    (Fault::Expired, 503, "unavailable"),
    (Fault::Unheard, 503, "unavailable"),
    (Fault::Lost, 503, "unavailable"),
    (Fault::Torn, 503, "unavailable"),
];

/// What each router is asked, through each service that it needs.
fn requests(ann: &Principal, package: &str, key: &str) -> Vec<Asked> {
    let asked = |method, path: &str, through, well: &'static [u16]| Asked {
        method,
        path: path.to_owned(),
        body: None,
        by: ann.clone(),
        through,
        well,
    };
    let made = |path, body, through| Asked { body: Some(body), ..asked("POST", path, through, &[201, 200]) };
    let eve = Asked { by: member("eve"), ..asked("GET", package, Some("SendMessage"), &[404]) };
    let of_admins = Asked { by: admin("root"), ..asked("GET", "/profile/groups", Some("ListGroups"), &[200]) };
    vec![
        asked("GET", package, None, &[200]),
        made("/packages", named("Nothing works"), None),
        made("/packages", named("No transaction"), Some("TransactWriteItems")),
        asked("GET", "/packages?limit=1", Some("Decrypt"), &[200]),
        eve,
        asked("GET", "/search?q=flights", None, &[200]),
        asked("GET", "/search?q=flights", Some("_search"), &[200]),
        asked("GET", "/search/suggest?q=fl", Some("_search"), &[200]),
        asked("GET", "/search/stats", Some("_search"), &[200]),
        asked("GET", "/cart", Some("Query"), &[200]),
        made("/cart/items", json!({ "package_id": package.trim_start_matches("/packages/") }), Some("TransactWriteItems")),
        asked("GET", "/cart/exports", Some("Query"), &[200]),
        asked("GET", "/profile", Some("BatchGetItem"), &[200]),
        asked("GET", "/profile/people?q=a", Some("Query"), &[200]),
        of_admins,
        asked("POST", key, Some("AdminGetUser"), &[200, 409]),
        asked("POST", key, Some("UpdateItem"), &[200, 409]),
    ]
}

fn named(name: &str) -> Value {
    json!({ "name": name, "description": "", "metadata": { "topic": "faults" } })
}

/// Names of the packages that stand in the table.
async fn packages(lake: &Lake) -> Vec<String> {
    let scan = Scan { table: Table::Packages, segment: 0, segments: 1, limit: 1_000, after: None };
    let page = lake.deployment.real_tables().scan(scan).await.expect("rows");
    let packages = page.items.iter().filter(|item| item["item"] == "package");
    packages.map(|item| item["name"].as_str().expect("a name").to_owned()).collect()
}

impl Asked {
    async fn of(&self, lake: &Lake) -> Answer {
        lake.ask_as(self.by.clone(), (self.method, &self.path), self.body.as_ref(), None).await
    }

    /// Asks while this goes wrong, and then again.
    async fn check(&self, lake: &Lake, (fault, status, code): (Fault, u16, &str)) {
        let case = format!("{} {}, {:?} {fault:?}", self.method, self.path, self.through);
        match self.through {
            Some(operation) => lake.deployment.proxy.always_to(operation, fault),
            None => lake.deployment.proxy.always(fault),
        }
        let answer = self.of(lake).await;
        assert_eq!((answer.status, answer.body["code"].as_str()), (status, Some(code)), "{case}: {answer:?}");
        assert!(answer.retry_after, "{case}");
        let calls = lake.deployment.proxy.calls();
        assert!(self.through.is_none_or(|operation| calls.iter().any(|call| call == operation)), "{case}: {calls:?}");
        lake.deployment.proxy.heal();
        let answer = self.of(lake).await;
        assert!(self.well.contains(&answer.status), "{case}, and then all is well: {answer:?}");
    }
}

#[tokio::test]
async fn every_fault_is_answered_with_when_to_come_again() {
    if left_out() {
        return;
    }
    let lake = Lake::new().await;
    let ann = lake.deployment.invite("ann").await.user_id;
    let key = lake.deployment.grant(1, &ann).await.access_key_id;
    let (ann, key) = (member(ann.as_str()), format!("/profile/api-keys/{key}/secret"));
    // Each case has a proxy and processes of its own, so that many wait at the same time.
    let mut cases = Vec::new();
    for fault in FAULTS {
        let made = lake.ask_as(ann.clone(), ("POST", "/packages"), Some(&named("Flights")), None).await;
        assert_eq!(made.status, 201, "{made:?}");
        let path = format!("/packages/{}", made.body["id"].as_str().expect("an id"));
        for asked in requests(&ann, &path, &key) {
            let lake = lake.beside().await;
            cases.push(async move { asked.check(&lake, fault).await }.boxed());
        }
    }
    side_by_side(cases).await;
    // Once for each fault when all was well; what was done and not told may stand there besides, what was refused does not.
    let made = packages(&lake).await;
    for (name, untold) in [("Nothing works", 3), ("No transaction", 3)] {
        let count = made.iter().filter(|made| *made == name).count();
        assert!((FAULTS.len()..=FAULTS.len() + untold).contains(&count), "{name}: {count}");
    }
}
