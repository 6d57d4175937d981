//! Every list, by one generated check: each page is no longer than asked for, all pages together give each item once and
//! none that is hidden, whatever is written meanwhile, and a cursor works for its caller and its list only.

use std::collections::BTreeSet;

use datalake_tests_api::{World, seconds};
use domain::Principal;
use serde_json::{Value, json};
use testkit::builders::{PrincipalExt as _, admin, api_key, member};

const ITEMS: usize = 5;

/// A world in which each list has [`ITEMS`] items for Ann with others between that she does not see, and the address of
/// each list.
async fn listed() -> (World, Principal, Vec<String>) {
    let world = World::new();
    let ann = member("ann").in_groups(&["a", "b", "c", "d", "e"]);
    let bob = member("bob").in_groups(&["hidden"]);
    let mut packages = Vec::new();
    for number in 0..ITEMS {
        let hidden = world.package(&bob, json!({ "name": format!("Package {number} of others") })).await;
        world.in_cart(&bob, &hidden).await;
        world.later(seconds(1));
        let package = world.package(&ann, json!({ "name": format!("Package {number}") })).await;
        world.in_cart(&ann, &package).await;
        packages.push(package);
        world.later(seconds(1));
    }
    let package = &packages[0];
    for number in 1..ITEMS {
        let tags = json!({ "tags": { "number": number.to_string() } });
        world.later(seconds(1));
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
        let removed = world.uploaded(&ann, package, &format!("{number}.removed"), b"1").await;
        assert_eq!(world.delete(format!("/packages/{package}/datasets/{removed}")).by(&ann).send().await.status, 204);
        // Later ones come before these.
        world.granted(&api_key((20 * ITEMS + number) as u64, "ann")).await;
        world.granted(&api_key((ITEMS + number) as u64, "bob")).await;
        world.person(&member(&format!("person{number}")), &format!("Person {number}")).await;
        for person in [&bob, &ann] {
            let checkout = world.post("/cart/checkout").by(person).json(&json!({ "format": "grant" })).send().await;
            assert_eq!(checkout.status, 202);
        }
    }
    for number in 0..ITEMS {
        let deleted = world.package(&ann, json!({ "name": format!("Deleted {number}") })).await;
        world.delete(format!("/packages/{deleted}")).by(&ann).send().await;
        let hidden = world.package(&bob, json!({ "name": format!("Deleted {number} of others") })).await;
        world.delete(format!("/packages/{hidden}")).by(&bob).send().await;
    }
    let lists = [
        "/packages".to_owned(),
        "/packages?state=deleted".to_owned(),
        format!("/packages/{package}/history"),
        format!("/packages/{package}/metadata/versions"),
        format!("/packages/{package}/datasets"),
        format!("/packages/{package}/datasets?delimiter=%2F"),
        format!("/packages/{package}/datasets?state=pending"),
        format!("/packages/{package}/datasets?state=removed"),
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
    every_list_of_the_contract_is_in(&lists);
    (world, ann, lists.to_vec())
}

fn every_list_of_the_contract_is_in(lists: &[String]) {
    let document: Value = serde_json::from_str(include_str!("../../openapi/datalake.json")).expect("JSON");
    let paged = document["paths"].as_object().expect("paths").iter().filter(|(_, path)| {
        let parameters = path["get"]["parameters"].as_array();
        parameters.is_some_and(|parameters| parameters.iter().any(|parameter| parameter["name"] == "cursor"))
    });
    let of_the_contract: BTreeSet<String> = paged.map(|(path, _)| path.clone()).collect();
    let here = lists.iter().map(|list| {
        let parts = list.split('?').next().unwrap_or_default().split('/').map(|part| match part.split_once('_') {
            Some(("pkg", _)) => "{id}",
            Some(("imp", _)) => "{import}",
            _ => part,
        });
        parts.collect::<Vec<_>>().join("/")
    });
    assert_eq!(here.collect::<BTreeSet<_>>(), of_the_contract);
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

/// What tells an item of a list from the others.
fn identity(item: &Value) -> String {
    let names = ["id", "access_key_id", "line", "version", "time", "user_id", "name"];
    let identity = names.into_iter().find_map(|name| item.get(name)).unwrap_or(item);
    // Folders are names.
    identity.as_str().map_or_else(|| identity.to_string(), str::to_owned)
}

/// Adds an item to each list that others can add to while Ann reads it, before and behind where she is, and takes away
/// some.
async fn write_meanwhile(world: &World, ann: &Principal, package: &str, round: usize) {
    world.later(seconds(1));
    let added = world.package(ann, json!({ "name": format!("Package {round} and later") })).await;
    world.in_cart(ann, &added).await;
    // What was read first goes away: who counts items now leaves one out.
    let cart = world.get("/cart?limit=1").by(ann).send().await;
    world.delete(format!("/cart/{}", cart.items()[0]["id"].as_str().expect("an id"))).by(ann).send().await;
    let deleted = world.package(ann, json!({ "name": format!("Deleted {round} and later") })).await;
    world.delete(format!("/packages/{deleted}")).by(ann).send().await;
    let tags = json!({ "tags": { "round": round.to_string() } });
    assert_eq!(world.patch(format!("/packages/{package}/metadata")).by(ann).json(&tags).send().await.status, 200);
    for name in [format!("{round}.before"), format!("9{round}.behind")] {
        let dataset = world.uploaded(ann, package, &name, b"1").await;
        world.registered(ann, package, &format!("{name}.pending"), b"1").await;
        world.uploaded(ann, package, &format!("{name}.removed"), b"1").await;
        if round.is_multiple_of(2) {
            world.delete(format!("/packages/{package}/datasets/{dataset}")).by(ann).send().await;
        }
    }
    world.granted(&api_key((10 * ITEMS + round) as u64, "ann")).await;
    world.person(&member(&format!("person{round}later")), &format!("Person {round} and later")).await;
    assert_eq!(world.post("/cart/checkout").by(ann).json(&json!({ "format": "grant" })).send().await.status, 202);
}

#[tokio::test]
async fn what_is_there_all_the_time_is_given_once_whatever_is_written_meanwhile() {
    let (world, ann, lists) = listed().await;
    let packages = world.get("/packages?limit=200").by(&ann).send().await;
    let package = packages.items().iter().find(|item| item["name"] == "Package 0").expect("the first one")["id"].clone();
    let mut there = Vec::new();
    for list in &lists {
        let whole = world.get(with(list, "limit=200")).by(&ann).send().await;
        there.push(whole.items().iter().map(identity).collect::<Vec<_>>());
    }
    let mut reading: Vec<(Vec<String>, Option<String>)> = lists.iter().map(|_| (Vec::new(), Some(String::new()))).collect();
    for round in 0..4 * ITEMS {
        for (list, (seen, cursor)) in lists.iter().zip(&mut reading) {
            let Some(place) = cursor.take() else { continue };
            let page = world.get(with(list, &format!("limit=2{place}"))).by(&ann).send().await;
            assert_eq!(page.status, 200, "{list}: {}", page.body);
            seen.extend(page.items().iter().map(identity));
            *cursor = page.body.get("next_cursor").and_then(Value::as_str).map(|next| format!("&cursor={next}"));
        }
        // Then the lists come to an end, too.
        if round < ITEMS / 2 {
            write_meanwhile(&world, &ann, package.as_str().expect("an id"), round).await;
        }
    }
    for ((list, there), (seen, cursor)) in lists.iter().zip(there).zip(reading) {
        assert_eq!(cursor, None, "{list}: the pages come to an end");
        let unique: BTreeSet<&String> = seen.iter().collect();
        assert_eq!(unique.len(), seen.len(), "{list} gives something twice: {seen:?}");
        let kept: Vec<&String> = seen.iter().filter(|item| there.contains(item)).collect();
        assert_eq!(kept, there.iter().collect::<Vec<_>>(), "{list}");
    }
}

/// Its index follows the feed. (By relevance, every write moves the ranking itself.)
#[tokio::test]
async fn a_search_whose_index_changes_while_it_is_read_gives_once_what_is_there_all_the_time() {
    let (world, ann, _) = listed().await;
    for sort in ["name", "created"] {
        let list = format!("/search?sort={sort}&q=package");
        world.drain().await;
        let whole = world.get(with(&list, "limit=200")).by(&ann).send().await;
        let there: Vec<String> = whole.items().iter().map(identity).collect();
        assert!(there.len() >= ITEMS, "{there:?}");
        let (mut seen, mut cursor) = (Vec::new(), Some(String::new()));
        for round in 0..20 * ITEMS {
            let Some(place) = cursor.take() else { break };
            let page = world.get(with(&list, &format!("limit=2{place}"))).by(&ann).send().await;
            seen.extend(page.items().iter().map(identity));
            cursor = page.body.get("next_cursor").and_then(Value::as_str).map(|next| format!("&cursor={next}"));
            if round < ITEMS / 2 {
                world.later(seconds(1));
                // Before all others by name, and by time of creation.
                let added = world.package(&ann, json!({ "name": format!("A package {round} {sort}") })).await;
                world.drain().await;
                if round.is_multiple_of(2) {
                    world.delete(format!("/packages/{added}")).by(&ann).send().await;
                    world.drain().await;
                }
            }
        }
        assert_eq!(cursor, None, "{list}: the pages come to an end");
        seen.retain(|item| there.contains(item));
        assert_eq!(seen, there, "{list}");
    }
}

/// Its entries come by the feed.
#[tokio::test]
async fn a_history_that_grows_while_it_is_read_is_given_once() {
    let (world, ann, lists) = listed().await;
    let list = lists.iter().find(|list| list.ends_with("/history")).expect("a history");
    let package = list.split('/').nth(2).expect("an id");
    world.drain().await;
    let there = world.get(with(list, "limit=200")).by(&ann).send().await.items().to_vec();
    let newest = there[0]["time"].as_str().expect("a time").to_owned();
    let (mut seen, mut cursor) = (Vec::new(), Some(String::new()));
    for round in 0..20 * ITEMS {
        let Some(place) = cursor.take() else { break };
        let page = world.get(with(list, &format!("limit=2{place}"))).by(&ann).send().await;
        seen.extend(page.items().iter().filter(|entry| entry["time"].as_str() <= Some(&newest)).cloned());
        cursor = page.body.get("next_cursor").and_then(Value::as_str).map(|next| format!("&cursor={next}"));
        if round < ITEMS / 2 {
            world.later(seconds(1));
            let tags = json!({ "tags": { "round": round.to_string() } });
            assert_eq!(world.patch(format!("/packages/{package}/metadata")).by(&ann).json(&tags).send().await.status, 200);
            world.drain().await;
        }
    }
    assert_eq!(cursor, None, "the pages come to an end");
    assert_eq!(seen, there);
}

#[tokio::test]
async fn a_cursor_works_as_it_is_for_its_caller_and_its_list() {
    let (world, ann, lists) = listed().await;
    let mut seen = BTreeSet::new();
    for from in &lists {
        let cursor = first_cursor(&world, &ann, from).await;
        assert!(seen.insert(cursor.clone()), "two lists never share a cursor");
        tampered_with(&world, &ann, from, &cursor).await;
        let answer = world.get(with(from, &format!("cursor={cursor}"))).by(&admin("root")).send().await;
        assert_eq!(answer.status, 400, "{from} of another caller");
        for to in lists.iter().filter(|to| *to != from) {
            let answer = world.get(with(to, &format!("cursor={cursor}"))).by(&ann).send().await;
            assert_eq!(answer.status, 400, "{from} -> {to}");
        }
    }
    let cursor = first_cursor(&world, &ann, "/packages").await;
    world.get(format!("/cart?cursor={cursor}")).by(&ann).send().await.is("read_cart", 400, "cursor_of_another_list");
}

async fn tampered_with(world: &World, caller: &Principal, list: &str, cursor: &str) {
    let flipped = if cursor.starts_with('A') { 'B' } else { 'A' };
    let (short, broken) = (&cursor[..cursor.len() - 4], format!("{flipped}{}", &cursor[1..]));
    for tampered in [short, &broken, "AAAA", "", "%20", &"A".repeat(3_001)] {
        let answer = world.get(with(list, &format!("cursor={tampered}"))).by(caller).send().await;
        assert_eq!((answer.status.as_u16(), &answer.body["code"]), (400, &json!("bad_parameter")), "{list} {tampered}");
    }
}
