//! The limits that the port states, and what is refused.

use domain::{
    PortErrorKind::InvalidArgument,
    ports::{
        Condition, Index, Item, Key, PageKey, Query, Range, Scan, Table, Tables, Update, Value, Write, item_size, tables::ITEM_LIMIT_BYTES,
    },
};
use serde_json::json;

use super::{TABLE, delete, expect_kind, key, keyed, listing, put, put_in, row, row_in, rows, scanned, store, stored};

/// A row of exactly so many bytes.
fn row_of_size(sort: &str, bytes: usize) -> Item {
    let mut item = row(sort, &[("large", json!(""))]);
    let missing = bytes - item_size(&item);
    item.insert("large".to_owned(), json!("x".repeat(missing)));
    assert_eq!(item_size(&item), bytes);
    item
}

fn update(sort: &str, update: Update) -> Write {
    Write::Update { table: TABLE, key: key(sort), update, condition: None }
}

fn set(name: &str, value: Value) -> Update {
    Update { set: [(name.to_owned(), value)].into(), ..Update::default() }
}

/// 400 KB by `item_size`, wherever a row is put.
pub async fn rows_of_400_kilobytes_fit_and_greater_ones_do_not(tables: &dyn Tables) {
    let fits = row_of_size("fits", ITEM_LIMIT_BYTES);
    store(tables, fits.clone()).await;
    assert_eq!(stored(tables, "fits").await, Some(fits));
    let above = || put(row_of_size("above", ITEM_LIMIT_BYTES + 1));
    expect_kind(tables.write(above()).await, InvalidArgument, "a put of more than 400 KB");
    expect_kind(tables.write_many(vec![above()]).await, InvalidArgument, "a batch with more than 400 KB");
    expect_kind(tables.transact(vec![above()]).await, InvalidArgument, "a transaction with more than 400 KB");
    assert_eq!(stored(tables, "above").await, None);
}

/// The row after the update counts.
pub async fn an_update_can_not_grow_a_row_beyond_400_kilobytes(tables: &dyn Tables) {
    let before = row_of_size("row", ITEM_LIMIT_BYTES - 100);
    store(tables, before.clone()).await;
    let grow = || update("row", set("more", json!("x".repeat(200))));
    expect_kind(tables.write(grow()).await, InvalidArgument, "an update to more than 400 KB");
    expect_kind(tables.transact(vec![grow()]).await, InvalidArgument, "a transaction to more than 400 KB");
    assert_eq!(stored(tables, "row").await, Some(before));
}

/// 2,048 and 1,024 bytes (not characters).
pub async fn keys_fit_up_to_their_limits(tables: &dyn Tables) {
    let (partition, sort) = ("é".repeat(1024), "é".repeat(512));
    store(tables, row_in(&partition, &sort, &[])).await;
    assert_eq!(rows(tables, Query { partition: partition.clone(), ..listing() }).await, [row_in(&partition, &sort, &[])]);
    for (partition, sort) in [(format!("{partition}x"), sort.clone()), (partition, format!("{sort}x"))] {
        expect_kind(tables.write(put(row_in(&partition, &sort, &[]))).await, InvalidArgument, "a key that is too long");
        let long = Key::new(&partition, &sort);
        expect_kind(tables.get_many(TABLE, std::slice::from_ref(&long), true).await, InvalidArgument, "a key that is too long");
        let removal = Write::Delete { table: TABLE, key: long, condition: None };
        expect_kind(tables.write(removal).await, InvalidArgument, "a key that is too long");
    }
}

/// No empty key, no missing one, none that isn't text.
pub async fn empty_keys_are_refused(tables: &dyn Tables) {
    for (partition, sort) in [("", "s"), ("p", "")] {
        let what = "an empty key";
        let empty = Key::new(partition, sort);
        expect_kind(tables.write(put(row_in(partition, sort, &[]))).await, InvalidArgument, what);
        expect_kind(tables.write_many(vec![put(row_in(partition, sort, &[]))]).await, InvalidArgument, what);
        expect_kind(tables.transact(vec![put(row_in(partition, sort, &[]))]).await, InvalidArgument, what);
        expect_kind(tables.get_many(TABLE, std::slice::from_ref(&empty), true).await, InvalidArgument, what);
        let change = Write::Update { table: TABLE, key: empty, update: set("a", json!(1)), condition: None };
        expect_kind(tables.write(change).await, InvalidArgument, what);
    }
    let mut without = row("s", &[]);
    without.remove("id");
    expect_kind(tables.write(put(without)).await, InvalidArgument, "a row without its sort key");
    let mut number = row("s", &[]);
    number.insert("id".to_owned(), json!(7));
    expect_kind(tables.write(put(number)).await, InvalidArgument, "a key that is a number");
}

/// Only keys can't be empty.
pub async fn empty_texts_are_values(tables: &dyn Tables) {
    let item = row("row", &[("empty", json!("")), ("list", json!([""]))]);
    store(tables, item.clone()).await;
    assert_eq!(stored(tables, "row").await, Some(item));
    let change = Write::Update {
        table: TABLE,
        key: key("row"),
        update: set("made", json!("")),
        condition: Some(Condition::Equals("empty".to_owned(), json!(""))),
    };
    tables.write(change).await.expect("an update");
}

/// An index's attributes.
pub async fn attributes_of_an_indexs_key_are_texts(tables: &dyn Tables) {
    for bad in [json!(1), json!(""), json!(null), json!(["x"])] {
        let item = keyed(Table::Cart, "u", "s", &[("due_shard", json!("1")), ("due_at", bad.clone())]);
        expect_kind(tables.write(put_in(Table::Cart, item)).await, InvalidArgument, "a bad attribute of an index's key");
        let change = Write::Update { table: Table::Cart, key: Key::new("u", "s"), update: set("due_at", bad), condition: None };
        expect_kind(tables.write(change).await, InvalidArgument, "a bad attribute of an index's key");
    }
    let update = Update { add: [("due_at".to_owned(), 1)].into(), ..Update::default() };
    let change = Write::Update { table: Table::Cart, key: Key::new("u", "s"), update, condition: None };
    expect_kind(tables.write(change).await, InvalidArgument, "a sum as an index's key");
}

/// Names, at every depth.
pub async fn attributes_without_a_name_are_refused(tables: &dyn Tables) {
    for bad in [row("row", &[("", json!(1))]), row("row", &[("deep", json!([{"": 1}]))])] {
        expect_kind(tables.write(put(bad)).await, InvalidArgument, "an attribute without a name");
    }
    for bad in [set("", json!(1)), set("deep", json!({"a": {"": 1}}))] {
        expect_kind(tables.write(update("row", bad)).await, InvalidArgument, "an attribute without a name");
    }
    assert_eq!(stored(tables, "row").await, None);
}

/// Floats out of range.
pub async fn numbers_that_can_not_be_stored_are_refused(tables: &dyn Tables) {
    for bad in [json!(1e200), json!(-1e126), json!([{"deep": 1e-200}])] {
        expect_kind(tables.write(put(row("row", &[("bad", bad.clone())]))).await, InvalidArgument, "a number out of range");
        expect_kind(tables.write(update("row", set("bad", bad))).await, InvalidArgument, "a number out of range");
    }
    let fits = row("row", &[("fits", json!([1e125, -9.9e125, 1e-130, 0.0]))]);
    tables.write(put(fits)).await.expect("numbers in range");
}

/// Updates.
pub async fn malformed_updates_are_refused(tables: &dyn Tables) {
    let twice = Update { remove: vec!["a".to_owned()], ..set("a", json!(1)) };
    let added_twice = Update { add: [("a".to_owned(), 1)].into(), ..set("a", json!(1)) };
    let removed_twice = Update { remove: vec!["a".to_owned(), "a".to_owned()], ..Update::default() };
    for bad in [set("kind", json!("x")), set("id", json!("x")), twice, added_twice, removed_twice, Update::default()] {
        let what = format!("{bad:?}");
        expect_kind(tables.write(update("row", bad.clone())).await, InvalidArgument, &what);
        expect_kind(tables.transact(vec![update("row", bad)]).await, InvalidArgument, &what);
    }
}

/// Conditions.
pub async fn malformed_conditions_are_refused(tables: &dyn Tables) {
    for value in [json!(true), json!(null), json!([1])] {
        for bad in [Condition::Less("a".to_owned(), value.clone()), Condition::Greater("a".to_owned(), value.clone())] {
            let write = |condition| Write::Delete { table: TABLE, key: key("row"), condition: Some(condition) };
            expect_kind(tables.write(write(bad.clone())).await, InvalidArgument, "an order of what has none");
            expect_kind(tables.write(write(Condition::Any(vec![bad]))).await, InvalidArgument, "an order of what has none");
        }
    }
    let check = Write::Check { table: TABLE, key: key("row"), condition: Condition::Absent };
    expect_kind(tables.write(check).await, InvalidArgument, "a check outside of a transaction");
}

/// Batches and keys.
pub async fn malformed_batches_are_refused(tables: &dyn Tables) {
    let conditional = Write::Put { table: TABLE, item: row("row", &[]), condition: Some(Condition::Absent) };
    let check = Write::Check { table: TABLE, key: key("row"), condition: Condition::Absent };
    for bad in [conditional, check, update("row", set("a", json!(1)))] {
        let what = format!("{bad:?}");
        expect_kind(tables.write_many(vec![put(row("other", &[])), bad]).await, InvalidArgument, &what);
    }
    let twice = vec![put(row("row", &[])), put(row("other", &[])), delete("row")];
    expect_kind(tables.write_many(twice).await, InvalidArgument, "the same row twice");
    expect_kind(tables.get_many(TABLE, &[key("row"), key("row")], true).await, InvalidArgument, "the same key twice");
}

/// Queries.
pub async fn malformed_queries_are_refused(tables: &dyn Tables) {
    let place = |pairs: &[(&str, &str)]| Some(PageKey(pairs.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()));
    let prefix = |text: &str| Range::Prefix(text.to_owned());
    let between = |first: &str, last: &str| Range::Between(first.to_owned(), last.to_owned());
    let bad = [
        Query { limit: 0, ..listing() },
        Query { limit: 1001, ..listing() },
        Query { partition: String::new(), ..listing() },
        Query { partition: "x".repeat(2049), ..listing() },
        Query { range: prefix(""), ..listing() },
        Query { range: prefix(&"x".repeat(1025)), ..listing() },
        Query { range: between("b", "a"), ..listing() },
        Query { range: between("", "a"), ..listing() },
        Query { index: Some(Index::Due), consistent: false, ..listing() },
        Query { table: Table::Cart, index: Some(Index::Due), ..listing() },
        Query { after: place(&[]), ..listing() },
        Query { after: place(&[("kind", "suite")]), ..listing() },
        Query { after: place(&[("kind", "suite"), ("id", "a"), ("more", "x")]), ..listing() },
        Query { after: place(&[("kind", "another"), ("id", "a")]), ..listing() },
        Query { after: place(&[("kind", "suite"), ("id", "a")]), range: prefix("b"), ..listing() },
    ];
    for query in bad {
        let what = format!("{query:?}");
        expect_kind(tables.query(query).await, InvalidArgument, &what);
    }
}

/// Scans.
pub async fn malformed_scans_are_refused(tables: &dyn Tables) {
    let scan = Scan { table: TABLE, segment: 0, segments: 1, limit: 10, after: None };
    let bad = [
        Scan { segment: 1, ..scan.clone() },
        Scan { segments: 0, ..scan.clone() },
        Scan { segments: 1_000_001, ..scan.clone() },
        Scan { limit: 0, ..scan.clone() },
        Scan { limit: 1001, ..scan.clone() },
        Scan { after: Some(PageKey::of(Table::Cart, None, &keyed(Table::Cart, "u", "s", &[]))), ..scan },
    ];
    for scan in bad {
        let what = format!("{scan:?}");
        expect_kind(tables.scan(scan).await, InvalidArgument, &what);
    }
}

/// One bad write among good ones.
pub async fn nothing_is_written_by_what_is_refused(tables: &dyn Tables) {
    let bad = || put(row_of_size("bad", ITEM_LIMIT_BYTES + 1));
    let good = || (0..30).map(|number| put(row(&number.to_string(), &[])));
    expect_kind(tables.write_many(good().chain([bad()]).collect()).await, InvalidArgument, "a batch");
    expect_kind(tables.transact(good().chain([bad()]).collect()).await, InvalidArgument, "a transaction");
    assert!(scanned(tables, TABLE, (0, 1), 1000).await.is_empty());
}
