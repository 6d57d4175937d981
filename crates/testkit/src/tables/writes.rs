//! Writing one row, and batches.

use domain::{
    PortErrorKind,
    ports::{Condition, Table, Tables, Update, Value, Write},
};
use serde_json::json;

use super::{TABLE, delete, expect_kind, key, keyed, listing, put, put_in, row, rows, store, stored, stored_in};

fn update(sort: &str, update: Update) -> Write {
    Write::Update { table: TABLE, key: key(sort), update, condition: None }
}

fn set(name: &str, value: Value) -> Update {
    Update { set: [(name.to_owned(), value)].into(), ..Update::default() }
}

/// A put leaves nothing of the row before.
pub async fn a_put_replaces_the_whole_row(tables: &dyn Tables) {
    store(tables, row("row", &[("a", json!(1)), ("b", json!(2))])).await;
    store(tables, row("row", &[("b", json!(3))])).await;
    assert_eq!(stored(tables, "row").await, Some(row("row", &[("b", json!(3))])));
}

/// Deletes.
pub async fn a_delete_removes_the_row_and_an_absent_one_is_no_error(tables: &dyn Tables) {
    store(tables, row("row", &[])).await;
    store(tables, row("other", &[])).await;
    for _ in 0..2 {
        tables.write(delete("row")).await.expect("a delete");
        assert_eq!(stored(tables, "row").await, None);
    }
    assert_eq!(stored(tables, "other").await, Some(row("other", &[])));
}

/// Sets, adds and removes.
pub async fn an_update_changes_only_what_it_names(tables: &dyn Tables) {
    let before = row("row", &[("kept", json!({"a": [1]})), ("set", json!("old")), ("count", json!(5)), ("gone", json!(true))]);
    store(tables, before).await;
    let change = Update {
        set: [("set".to_owned(), json!(["new"])), ("made".to_owned(), json!(""))].into(),
        add: [("count".to_owned(), -7), ("started".to_owned(), 3)].into(),
        remove: vec!["gone".to_owned(), "never there".to_owned()],
    };
    tables.write(update("row", change)).await.expect("an update");
    let after = row(
        "row",
        &[("kept", json!({"a": [1]})), ("set", json!(["new"])), ("made", json!("")), ("count", json!(-2)), ("started", json!(3))],
    );
    assert_eq!(stored(tables, "row").await, Some(after));
}

/// Updates of absent rows.
pub async fn an_update_makes_an_absent_row(tables: &dyn Tables) {
    tables.write(update("set", set("a", json!(1)))).await.expect("an update");
    assert_eq!(stored(tables, "set").await, Some(row("set", &[("a", json!(1))])));
    let removal = Update { remove: vec!["a".to_owned()], ..Update::default() };
    tables.write(update("removed", removal)).await.expect("an update");
    assert_eq!(stored(tables, "removed").await, Some(row("removed", &[])));
}

/// Counters.
pub async fn adding_counts_from_zero_and_keeps_integers_exact(tables: &dyn Tables) {
    let add = |amount| update("row", Update { add: [("count".to_owned(), amount)].into(), ..Update::default() });
    tables.write(add(9_007_199_254_740_993)).await.expect("an addition");
    tables.write(add(-1)).await.expect("an addition");
    assert_eq!(stored(tables, "row").await.expect("the row")["count"], json!(9_007_199_254_740_992_i64));
    tables.write(update("row", set("count", json!("text")))).await.expect("an update");
    expect_kind(tables.write(add(1)).await, PortErrorKind::InvalidArgument, "adding to a text");
    tables.write(update("row", set("count", json!(0.5)))).await.expect("an update");
    tables.write(add(1)).await.expect("an addition");
    assert_eq!(stored(tables, "row").await.expect("the row")["count"], json!(1.5));
}

fn equals(name: &str, value: Value) -> Condition {
    Condition::Equals(name.to_owned(), value)
}

fn less(name: &str, value: Value) -> Condition {
    Condition::Less(name.to_owned(), value)
}

fn greater(name: &str, value: Value) -> Condition {
    Condition::Greater(name.to_owned(), value)
}

fn has(name: &str) -> Condition {
    Condition::Has(name.to_owned())
}

fn lacks(name: &str) -> Condition {
    Condition::Lacks(name.to_owned())
}

/// Tries each condition on a put, an update and a delete of a fresh row made by `before` (or of an absent one).
async fn conditions(tables: &dyn Tables, before: &[(&str, Value)], exists: bool, cases: Vec<(Condition, bool)>) {
    for (number, (condition, holds)) in cases.into_iter().enumerate() {
        for kind in ["put", "update", "delete"] {
            let sort = format!("{kind} {number}");
            let old = exists.then(|| row(&sort, before));
            if let Some(old) = &old {
                store(tables, old.clone()).await;
            }
            let condition = Some(condition.clone());
            let write = match kind {
                "put" => Write::Put { table: TABLE, item: row(&sort, &[("new", json!(1))]), condition },
                "update" => Write::Update { table: TABLE, key: key(&sort), update: set("new", json!(1)), condition },
                _ => Write::Delete { table: TABLE, key: key(&sort), condition },
            };
            let what = format!("{write:?}");
            let done = tables.write(write).await;
            let after = stored(tables, &sort).await;
            if holds {
                done.unwrap_or_else(|error| panic!("{what}: {error}"));
                assert_eq!(after.is_some_and(|item| item.contains_key("new")), kind != "delete", "{what}");
            } else {
                expect_kind(done, PortErrorKind::PreconditionFailed, &what);
                assert_eq!(after, old, "{what}");
            }
        }
    }
}

/// Every kind of condition on a row that is there.
pub async fn each_condition_holds_or_fails_on_a_stored_row(tables: &dyn Tables) {
    let before = [("n", json!(10)), ("t", json!("m")), ("f", json!(1.5)), ("z", json!(null)), ("l", json!([1, {"a": "b"}]))];
    let cases = vec![
        (Condition::Exists, true),
        (Condition::Absent, false),
        (equals("n", json!(10)), true),
        (equals("n", json!(10.0)), true),
        (equals("n", json!(11)), false),
        (equals("n", json!("10")), false),
        (equals("t", json!("m")), true),
        (equals("z", json!(null)), true),
        (equals("l", json!([1, {"a": "b"}])), true),
        (equals("l", json!([1])), false),
        (equals("no", json!(null)), false),
        (less("n", json!(11)), true),
        (less("n", json!(10)), false),
        (less("n", json!(10.5)), true),
        (less("n", json!("11")), false),
        (less("t", json!("n")), true),
        (less("t", json!("lz")), false),
        (less("f", json!(2)), true),
        (less("no", json!(1)), false),
        (greater("n", json!(9)), true),
        (greater("n", json!(10)), false),
        (greater("n", json!(-10)), true),
        (greater("t", json!("m\u{0}")), false),
        (greater("t", json!("lz")), true),
        (greater("f", json!(1)), true),
        (greater("no", json!(1)), false),
        (has("z"), true),
        (has("no"), false),
        (lacks("no"), true),
        (lacks("z"), false),
    ];
    conditions(tables, &before, true, cases).await;
}

/// Every kind of condition on a row that is not there.
pub async fn each_condition_holds_or_fails_on_an_absent_row(tables: &dyn Tables) {
    let cases = vec![
        (Condition::Exists, false),
        (Condition::Absent, true),
        (equals("a", json!(1)), false),
        (less("a", json!(1)), false),
        (greater("a", json!(1)), false),
        (has("a"), false),
        (lacks("a"), true),
        (Condition::All(vec![]), true),
        (Condition::Any(vec![]), false),
        (Condition::Any(vec![Condition::Absent, has("a")]), true),
    ];
    conditions(tables, &[], false, cases).await;
}

/// All and any, one inside the other.
pub async fn conditions_are_joined(tables: &dyn Tables) {
    use Condition::{All, Any};
    let cases = vec![
        (All(vec![]), true),
        (Any(vec![]), false),
        (All(vec![has("a"), equals("b", json!(2))]), true),
        (All(vec![has("a"), equals("b", json!(3))]), false),
        (Any(vec![has("c"), equals("b", json!(2))]), true),
        (Any(vec![has("c"), equals("b", json!(3))]), false),
        (All(vec![Any(vec![has("c"), has("a")]), Any(vec![lacks("b"), less("b", json!(3))])]), true),
        (Any(vec![All(vec![has("a"), has("c")]), All(vec![has("b"), lacks("a")])]), false),
    ];
    conditions(tables, &[("a", json!(1)), ("b", json!(2))], true, cases).await;
}

/// A refused write leaves no trace.
pub async fn a_failed_condition_changes_nothing(tables: &dyn Tables) {
    let condition = Some(Condition::Exists);
    let write = Write::Update { table: TABLE, key: key("row"), update: set("a", json!(1)), condition };
    expect_kind(tables.write(write).await, PortErrorKind::PreconditionFailed, "an update of an absent row");
    assert_eq!(rows(tables, listing()).await, []);
}

/// Batches over several tables.
pub async fn batches_of_any_number_are_written(tables: &dyn Tables) {
    for number in 0..40 {
        store(tables, row(&format!("{number:03}"), &[("old", json!(true))])).await;
    }
    let mut writes: Vec<Write> = (0..20).map(|number| delete(&format!("{number:03}"))).collect();
    writes.extend((20..130).map(|number| put(row(&format!("{number:03}"), &[]))));
    writes.extend((0..30).map(|number| put_in(Table::Cart, keyed(Table::Cart, "user", &format!("{number:03}"), &[]))));
    tables.write_many(writes).await.expect("a batch");
    let expected: Vec<_> = (20..130).map(|number| row(&format!("{number:03}"), &[])).collect();
    assert_eq!(rows(tables, listing()).await, expected);
    let cart = domain::ports::Query { table: Table::Cart, partition: "user".to_owned(), ..listing() };
    assert_eq!(rows(tables, cart).await.len(), 30);
    tables.write_many(vec![]).await.expect("an empty batch");
}

/// One key, two tables.
pub async fn tables_do_not_share_rows(tables: &dyn Tables) {
    let row_of = |table: Table| keyed(table, "same", "same", &[("table", json!(table.name()))]);
    for table in Table::ALL {
        tables.write(put_in(table, row_of(table))).await.expect("a put");
    }
    for table in Table::ALL {
        let stored = stored_in(tables, table, domain::ports::Key::new("same", "same")).await;
        assert_eq!(stored, Some(row_of(table)));
    }
}
