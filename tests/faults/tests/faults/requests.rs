//! Functions behind the API that are killed in the middle of a request: whoever sends it again under its key, to another
//! process, has it done once.

use datalake_tests_faults::Counted;
use serde_json::{Value, json};

use crate::{kill::at_every, lake::Lake, left_out};

/// What is asked, by number, and how many calls it takes at least.
struct Asked {
    path: String,
    body: fn(u64) -> Value,
    calls: usize,
    /// Where its answer has the id of what was made.
    made: &'static str,
    /// The list that has it then, and where it has the id.
    list: String,
    id: &'static str,
}

#[tokio::test]
async fn a_request_that_was_cut_off_is_done_once_when_it_is_sent_again() {
    if left_out() {
        return;
    }
    let lake = Lake::new().await;
    let package = lake.create("Flights", None).await.body["id"].as_str().expect("an id").to_owned();
    let datasets = format!("/packages/{package}/datasets");
    let all = [
        Asked {
            path: "/packages".to_owned(),
            body: |number| json!({ "name": format!("Made {number}"), "metadata": { "topic": "faults" } }),
            calls: 2,
            list: "/packages?limit=200".to_owned(),
            made: "/id",
            id: "/id",
        },
        Asked {
            path: datasets.clone(),
            body: |number| {
                let name = format!("{number}.csv");
                json!({ "datasets": [{ "name": name, "size": 1, "sha256": "6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b" }] })
            },
            calls: 2,
            list: format!("{datasets}?state=pending&limit=200"),
            made: "/results/0/dataset/id",
            id: "/id",
        },
        Asked {
            path: "/cart/checkout".to_owned(),
            body: |_| json!({ "format": "bucket-key" }),
            calls: 3,
            made: "/id",
            list: "/cart/exports?limit=200".to_owned(),
            id: "/id",
        },
    ];
    for asked in all {
        is_done_once(&lake, &package, &asked).await;
    }
}

async fn is_done_once(lake: &Lake, package: &str, asked: &Asked) {
    let listed = async || {
        let list = lake.ask(("GET", &asked.list), None, None).await;
        assert!(list.status == 200 && list.body.get("next_cursor").is_none_or(Value::is_null), "{list:?}");
        list.body["items"].as_array().expect("items").clone()
    };
    let (before, mut number) = (listed().await.len(), 0);
    let mut made: Vec<Value> = Vec::new();
    at_every(Counted::All, asked.calls, async |place| {
        number += 1;
        // A checkout needs something in the cart, and takes it.
        let added = lake.ask(("POST", "/cart/items"), Some(&json!({ "package_id": package })), None).await;
        assert!([200, 201].contains(&added.status), "{added:?}");
        let (key, body) = (format!("{}-{number}", asked.path), (asked.body)(number));
        let done = place.reached_by(&lake.deployment, lake.ask(("POST", &asked.path), Some(&body), Some(&key))).await;
        let other = lake.beside().await;
        let again = other.ask(("POST", &asked.path), Some(&body), Some(&key)).await;
        assert!([200, 201, 202].contains(&again.status), "{place:?}: {again:?}");
        let id = again.body.pointer(asked.made).unwrap_or_else(|| panic!("{place:?}: {again:?}"));
        assert!(done.as_ref().is_none_or(|done| done.body.pointer(asked.made) == Some(id)), "{place:?}: {done:?}, then {again:?}");
        made.push(id.clone());
        done.is_some()
    })
    .await;
    let items = listed().await;
    assert_eq!(items.len(), before + made.len(), "{}", asked.path);
    assert!(made.iter().all(|id| items.iter().any(|item| item.pointer(asked.id) == Some(id))), "{}", asked.path);
}
