//! Secondary indexes, which may lag behind.

use domain::ports::{Index, Item, Key, Order, PageKey, Query, Range, Table, Tables, Update, Value, Write};
use serde_json::json;

use super::{eventually, index_listing, keyed, pages, put_in, rows, sorts, text};

fn export(user: &str, sort: &str, attributes: &[(&str, Value)]) -> Item {
    keyed(Table::Cart, user, sort, attributes)
}

fn due(shard: &str) -> Query {
    index_listing(Table::Cart, Index::Due, shard)
}

async fn store(tables: &dyn Tables, item: Item) {
    tables.write(put_in(Table::Cart, item)).await.expect("a put");
}

async fn expect_due(tables: &dyn Tables, query: Query, expected: &[&str]) {
    let what = format!("{query:?}");
    let expected = expected.iter().map(|sort| (*sort).to_owned()).collect();
    eventually(expected, &what, || sorts(tables, query.clone())).await;
}

/// Sparse.
pub async fn an_index_holds_the_rows_that_have_both_attributes(tables: &dyn Tables) {
    store(tables, export("u", "both", &[("due_shard", json!("3")), ("due_at", json!("2026"))])).await;
    store(tables, export("u", "shard only", &[("due_shard", json!("3"))])).await;
    store(tables, export("u", "time only", &[("due_at", json!("2026"))])).await;
    store(tables, export("u", "neither", &[])).await;
    store(tables, export("u", "other shard", &[("due_shard", json!("4")), ("due_at", json!("2026"))])).await;
    store(tables, export("u", "token", &[("token_hash", json!("3"))])).await;
    expect_due(tables, due("3"), &["both"]).await;
    expect_due(tables, due("4"), &["other shard"]).await;
    expect_due(tables, index_listing(Table::Cart, Index::Token, "3"), &["token"]).await;
}

/// Rows move and leave.
pub async fn an_index_follows_updates_and_deletes(tables: &dyn Tables) {
    for sort in ["a", "b", "c"] {
        store(tables, export("u", sort, &[("due_shard", json!("1")), ("due_at", json!(sort))])).await;
    }
    expect_due(tables, due("1"), &["a", "b", "c"]).await;
    let update = |sort: &str, update: Update| Write::Update { table: Table::Cart, key: Key::new("u", sort), update, condition: None };
    let later = Update { set: [("due_at".to_owned(), json!("d"))].into(), ..Update::default() };
    tables.write(update("a", later)).await.expect("an update");
    let done = Update { remove: vec!["due_shard".to_owned(), "due_at".to_owned()], ..Update::default() };
    tables.transact(vec![update("b", done)]).await.expect("a transaction");
    expect_due(tables, due("1"), &["c", "a"]).await;
    tables.write_many(vec![Write::Delete { table: Table::Cart, key: Key::new("u", "c"), condition: None }]).await.expect("a delete");
    expect_due(tables, due("1"), &["a"]).await;
    store(tables, export("u", "a", &[("due_shard", json!("2")), ("due_at", json!("d"))])).await;
    expect_due(tables, due("1"), &[]).await;
    expect_due(tables, due("2"), &["a"]).await;
}

/// Order, direction, pages.
pub async fn an_index_is_ordered_and_paged(tables: &dyn Tables) {
    let names: Vec<String> = (0..20).map(|number| format!("{number:02}")).collect();
    for (position, name) in names.iter().enumerate() {
        // Neither the order of writing nor that of the table is the index's.
        let user = format!("user {}", (position * 7) % 5);
        let other = format!("{:02}", 19 - position);
        store(tables, export(&user, &other, &[("due_shard", json!("1")), ("due_at", json!(name))])).await;
    }
    let listed = |query: Query| async move { rows(tables, query).await.iter().map(|item| text(item, "due_at")).collect::<Vec<_>>() };
    for limit in [1, 3, 20, 1000] {
        eventually(names.clone(), "ascending", || listed(Query { limit, ..due("1") })).await;
        let backwards: Vec<String> = names.iter().rev().cloned().collect();
        eventually(backwards, "descending", || listed(Query { limit, order: Order::Descending, ..due("1") })).await;
    }
    for page in pages(tables, Query { limit: 3, ..due("1") }).await {
        assert!(page.items.len() <= 3);
    }
}

/// The same partition and sort attribute in many rows.
pub async fn rows_that_share_a_place_are_all_listed(tables: &dyn Tables) {
    let mut expected = Vec::new();
    for number in 0..23 {
        let (user, sort) = (format!("user {}", number % 4), format!("{number:02}"));
        store(tables, export(&user, &sort, &[("due_shard", json!("1")), ("due_at", json!("same"))])).await;
        expected.push(sort);
    }
    for order in [Order::Ascending, Order::Descending] {
        for limit in [1, 4, 1000] {
            eventually(expected.clone(), "all rows of one place", || async {
                let mut found = sorts(tables, Query { limit, order, ..due("1") }).await;
                found.sort();
                found
            })
            .await;
        }
    }
}

/// Places made by the caller, among rows that share one.
pub async fn an_index_page_can_go_on_behind_any_row(tables: &dyn Tables) {
    for number in 0..6 {
        let item = export("u", &number.to_string(), &[("due_shard", json!("1")), ("due_at", json!((number / 2).to_string()))]);
        store(tables, item).await;
    }
    eventually(6, "all rows", || async { rows(tables, due("1")).await.len() }).await;
    for order in [Order::Ascending, Order::Descending] {
        let listed = rows(tables, Query { order, ..due("1") }).await;
        for (position, item) in listed.iter().enumerate() {
            let after = Some(PageKey::of(Table::Cart, Some(Index::Due), item));
            let rest = rows(tables, Query { order, after, limit: 2, ..due("1") }).await;
            assert_eq!(rest, listed[position + 1..], "{order:?} behind {position}");
        }
    }
}

/// All attributes.
pub async fn an_index_gives_whole_rows(tables: &dyn Tables) {
    let owner = [("owner", json!("u")), ("name", json!("n")), ("tags", json!({"a": [1, null]}))];
    let package = keyed(Table::Packages, "p", "package", &owner);
    tables.write(put_in(Table::Packages, package.clone())).await.expect("a put");
    let listed = || rows(tables, index_listing(Table::Packages, Index::Owner, "u"));
    eventually(vec![package.clone()], "the package", listed).await;
    let rename = Update { set: [("name".to_owned(), json!("m"))].into(), ..Update::default() };
    let key = Key::new("p", "package");
    tables.write(Write::Update { table: Table::Packages, key, update: rename, condition: None }).await.expect("an update");
    let mut renamed = package;
    renamed.insert("name".to_owned(), json!("m"));
    eventually(vec![renamed], "the renamed package", listed).await;
}

/// Ranges of an index.
pub async fn index_ranges_hold_what_they_say(tables: &dyn Tables) {
    let times = ["2025-12-31", "2026-01-01", "2026-01-02", "2026-02-01"];
    for time in times {
        store(tables, export("u", time, &[("due_shard", json!("1")), ("due_at", json!(time))])).await;
    }
    expect_due(tables, due("1"), &times).await;
    let ranged = |range: Range, order: Order| Query { range, order, limit: 1, ..due("1") };
    expect_due(tables, ranged(Range::Prefix("2026-01".to_owned()), Order::Ascending), &times[1..3]).await;
    let until = Range::Between("2025".to_owned(), "2026-01-01".to_owned());
    expect_due(tables, ranged(until, Order::Descending), &["2026-01-01", "2025-12-31"]).await;
}
