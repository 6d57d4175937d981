//! Every list, by one generated check: each page is no longer than asked for, all pages together give each item once,
//! and a cursor works for its caller and its list only.

use std::collections::BTreeSet;

use datalake_tests_api::{World, seconds};
use domain::Principal;
use serde_json::{Value, json};
use testkit::builders::{PrincipalExt as _, admin, api_key, member};

const ITEMS: usize = 5;

/// A world in which each list has [`ITEMS`] items for Ann, and the address of each list.
async fn listed() -> (World, Principal, Vec<String>) {
    let world = World::new();
    let ann = member("ann").in_groups(&["a", "b", "c", "d", "e"]);
    let mut packages = Vec::new();
    for number in 0..ITEMS {
        let package = world.package(&ann, json!({ "name": format!("Package {number}") })).await;
        world.in_cart(&ann, &package).await;
        packages.push(package);
        world.later(seconds(1));
    }
    let package = &packages[0];
    for number in 1..ITEMS {
        let tags = json!({ "tags": { "number": number.to_string() } });
        world.patch(format!("/packages/{package}/metadata")).by(&ann).json(&tags).send().await;
    }
    world.drain().await;
    world.person(&ann, "Ann").await;
    let imports = format!("/packages/{}/imports", packages[1]);
    let mut import = String::new();
    for _ in 0..ITEMS {
        let answer = world.post(&imports).by(&ann).json(&json!({ "entries": vec![1; ITEMS] })).send().await;
        assert_eq!(answer.status, 202);
        import = answer.text("/id");
        world.drain().await;
    }
    for number in 0..ITEMS {
        world.uploaded(&ann, package, &format!("{number}.csv"), b"1").await;
        world.registered(&ann, package, &format!("{number}.txt"), b"1").await;
        world.granted(&api_key(number as u64, "ann")).await;
        world.person(&member(&format!("person{number}")), &format!("Person {number}")).await;
        let checkout = world.post("/cart/checkout").by(&ann).json(&json!({ "format": "grant" })).send().await;
        assert_eq!(checkout.status, 202);
    }
    for number in 0..ITEMS {
        let deleted = world.package(&ann, json!({ "name": format!("Deleted {number}") })).await;
        world.delete(format!("/packages/{deleted}")).by(&ann).send().await;
    }
    let lists = [
        "/packages".to_owned(),
        "/packages?state=deleted".to_owned(),
        format!("/packages/{package}/history"),
        format!("/packages/{package}/metadata/versions"),
        format!("/packages/{package}/datasets"),
        format!("/packages/{package}/datasets?delimiter=%2F"),
        format!("/packages/{package}/datasets?state=pending"),
        imports.clone(),
        format!("{imports}/{import}/failures"),
        "/search?sort=name".to_owned(),
        "/search?sort=created".to_owned(),
        "/cart".to_owned(),
        "/cart/exports".to_owned(),
        "/profile/groups".to_owned(),
        "/profile/people?q=person".to_owned(),
        "/profile/api-keys".to_owned(),
    ];
    (world, ann, lists.to_vec())
}

fn with(list: &str, parameters: &str) -> String {
    format!("{list}{}{parameters}", if list.contains('?') { '&' } else { '?' })
}

async fn first_cursor(world: &World, caller: &Principal, list: &str) -> String {
    world.get(with(list, "limit=1")).by(caller).send().await.text("/next_cursor")
}

#[tokio::test]
async fn pages_of_each_length_give_each_item_once() {
    let (world, ann, lists) = listed().await;
    for list in &lists {
        let whole = world.get(with(list, "limit=200")).by(&ann).send().await;
        assert_eq!(whole.items().len(), ITEMS, "{list}: {}", whole.body);
        assert!(whole.body.get("next_cursor").is_none(), "{list}");
        for limit in 1..=ITEMS + 1 {
            let (mut items, mut cursor): (Vec<Value>, String) = (Vec::new(), String::new());
            for _ in 0..=4 * ITEMS {
                let page = world.get(with(list, &format!("limit={limit}{cursor}"))).by(&ann).send().await;
                assert!(page.items().len() <= limit, "{list}");
                items.extend(page.items().iter().cloned());
                match page.body.get("next_cursor").and_then(Value::as_str) {
                    Some(next) => cursor = format!("&cursor={next}"),
                    None => {
                        cursor.clear();
                        break;
                    }
                }
            }
            assert_eq!(cursor, "", "{list}: the pages come to an end");
            assert_eq!(Value::from(items), whole.body["items"], "{list} in pages of {limit}");
        }
    }
}

#[tokio::test]
async fn a_cursor_that_was_tampered_with_is_refused() {
    let (world, ann, lists) = listed().await;
    for list in &lists {
        let cursor = first_cursor(&world, &ann, list).await;
        let flipped = if cursor.starts_with('A') { 'B' } else { 'A' };
        let (short, broken) = (&cursor[..cursor.len() - 4], format!("{flipped}{}", &cursor[1..]));
        for tampered in [short, &broken, "AAAA", "", "%20", &"A".repeat(3_001)] {
            let answer = world.get(with(list, &format!("cursor={tampered}"))).by(&ann).send().await;
            assert_eq!((answer.status.as_u16(), &answer.body["code"]), (400, &json!("bad_parameter")), "{list} {tampered}");
        }
    }
}

#[tokio::test]
async fn a_cursor_of_another_caller_is_refused() {
    let (world, ann, lists) = listed().await;
    for list in &lists {
        let cursor = first_cursor(&world, &ann, list).await;
        let answer = world.get(with(list, &format!("cursor={cursor}"))).by(&admin("root")).send().await;
        assert_eq!(answer.status, 400, "{list}");
    }
}

#[tokio::test]
async fn a_cursor_of_another_list_is_refused() {
    let (world, ann, lists) = listed().await;
    let mut seen = BTreeSet::new();
    for from in &lists {
        let cursor = first_cursor(&world, &ann, from).await;
        assert!(seen.insert(cursor.clone()), "two lists never share a cursor");
        for to in lists.iter().filter(|to| *to != from) {
            let answer = world.get(with(to, &format!("cursor={cursor}"))).by(&ann).send().await;
            assert_eq!(answer.status, 400, "{from} -> {to}");
        }
    }
    let cursor = first_cursor(&world, &ann, "/packages").await;
    world.get(format!("/cart?cursor={cursor}")).by(&ann).send().await.is("read_cart", 400, "cursor_of_another_list");
}
