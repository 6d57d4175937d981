//! Reading by key.

use domain::ports::{Key, Table, Tables};
use serde_json::json;

use super::{PARTITION, TABLE, key, put, row, store, stored};

/// Rows by key.
pub async fn rows_come_back_in_the_order_of_the_keys_and_none_for_absent_ones(tables: &dyn Tables) {
    for sort in ["a", "b", "c"] {
        store(tables, row(sort, &[("name", json!(sort))])).await;
    }
    let keys = [key("c"), key("nowhere"), key("a"), Key::new("elsewhere", "a")];
    for consistent in [true, false] {
        let rows = tables.get_many(TABLE, &keys, consistent).await.expect("rows");
        let expected = [Some(row("c", &[("name", json!("c"))])), None, Some(row("a", &[("name", json!("a"))])), None];
        assert_eq!(rows, expected);
    }
    assert_eq!(tables.get_many(TABLE, &[], true).await.expect("no rows"), []);
}

/// More keys than one request of any backend takes.
pub async fn any_number_of_keys_can_be_read(tables: &dyn Tables) {
    let item = |number: usize| row(&format!("{number:03}"), &[("number", json!(number))]);
    tables.write_many((0..230).map(|number| put(item(number))).collect()).await.expect("rows");
    let keys: Vec<Key> = (0..240).rev().map(|number| Key::new(PARTITION, format!("{number:03}"))).collect();
    let rows = tables.get_many(TABLE, &keys, true).await.expect("rows");
    let expected: Vec<_> = (0..240).rev().map(|number| (number < 230).then(|| item(number))).collect();
    assert_eq!(rows, expected);
}

/// Values.
pub async fn every_kind_of_value_comes_back_as_it_was(tables: &dyn Tables) {
    let item = row(
        "values",
        &[
            ("integers", json!([0, -1, 9_007_199_254_740_993_u64, i64::MIN, i64::MAX, u64::MAX])),
            ("floats", json!([0.1, -2.5e-7, 1.7976e100, 0.300_000_000_000_000_04])),
            ("texts", json!(["", "\u{0}", "日本", "\u{1f600}", "a\"b\\c\n"])),
            ("nothing", json!(null)),
            ("truths", json!([true, false])),
            ("empty", json!([[], {}])),
            ("nested", json!({"a": [{"b": {"c": [1, "two", null]}}]})),
            ("odd name: # . [0]", json!("fine")),
        ],
    );
    store(tables, item.clone()).await;
    assert_eq!(stored(tables, "values").await, Some(item));
}

/// `1.0` is `1`.
pub async fn whole_numbers_have_one_notation(tables: &dyn Tables) {
    store(tables, row("row", &[("numbers", json!([1.0, -0.0, 1e16, {"deep": -2.0}])), ("float", json!(2.5))])).await;
    let expected = row("row", &[("numbers", json!([1, 0, 10_000_000_000_000_000_u64, {"deep": -2}])), ("float", json!(2.5))]);
    assert_eq!(stored(tables, "row").await, Some(expected));
}

/// What was acknowledged is seen by the next consistent read.
pub async fn consistent_reads_see_what_was_acknowledged(tables: &dyn Tables) {
    for number in 0..50 {
        store(tables, row("row", &[("number", json!(number))])).await;
        let read = stored(tables, "row").await.expect("the row");
        assert_eq!(read["number"], json!(number));
        let rows = super::rows(tables, super::listing()).await;
        assert_eq!(rows[0]["number"], json!(number));
    }
    assert_eq!(tables.get_many(Table::Cart, &[key("row")], true).await.expect("another table"), [None]);
}
