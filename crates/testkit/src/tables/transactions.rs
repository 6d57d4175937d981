//! Transactions.

use domain::{
    PortErrorKind,
    ports::{Condition, Item, Key, Table, Tables, Update, Write},
};
use serde_json::json;

use super::{TABLE, delete, expect_kind, key, keyed, listing, put, row, rows, store, stored, stored_in};

fn check(sort: &str, condition: Condition) -> Write {
    Write::Check { table: TABLE, key: key(sort), condition }
}

fn create(item: Item) -> Write {
    Write::Put { table: TABLE, item, condition: Some(Condition::Absent) }
}

fn count(sort: &str, amount: i64, condition: Option<Condition>) -> Write {
    let update = Update { add: [("count".to_owned(), amount)].into(), ..Update::default() };
    Write::Update { table: TABLE, key: key(sort), update, condition }
}

/// Each kind of write in one transaction.
pub async fn a_transaction_writes_everything(tables: &dyn Tables) {
    for sort in ["checked", "deleted", "updated"] {
        store(tables, row(sort, &[("count", json!(1))])).await;
    }
    let writes = vec![
        check("checked", Condition::Exists),
        create(row("created", &[])),
        count("updated", 2, Some(Condition::Exists)),
        delete("deleted"),
        delete("never there"),
    ];
    tables.transact(writes).await.expect("a transaction");
    let expected = [row("checked", &[("count", json!(1))]), row("created", &[]), row("updated", &[("count", json!(3))])];
    assert_eq!(rows(tables, listing()).await, expected);
}

/// All or nothing.
pub async fn a_failed_condition_undoes_all_and_tells_its_position(tables: &dyn Tables) {
    store(tables, row("there", &[("count", json!(1))])).await;
    store(tables, row("counted", &[("count", json!(7))])).await;
    let writes = vec![create(row("new", &[])), count("counted", 1, None), create(row("there", &[])), delete("counted too")];
    let error = tables.transact(writes).await.expect_err("the third write fails");
    assert!(error.is(PortErrorKind::PreconditionFailed), "{error}");
    assert_eq!(error.conditions(), [2]);
    assert_eq!(rows(tables, listing()).await, [row("counted", &[("count", json!(7))]), row("there", &[("count", json!(1))])]);
}

/// Several conditions fail.
pub async fn all_failed_positions_are_told(tables: &dyn Tables) {
    let writes = vec![
        check("a", Condition::Exists),
        create(row("b", &[])),
        count("c", 1, Some(Condition::Exists)),
        Write::Delete { table: TABLE, key: key("d"), condition: Some(Condition::Exists) },
    ];
    let error = tables.transact(writes).await.expect_err("three writes fail");
    assert!(error.is(PortErrorKind::PreconditionFailed), "{error}");
    assert_eq!(error.conditions(), [0, 2, 3]);
    assert_eq!(stored(tables, "b").await, None);
}

/// Checks.
pub async fn a_check_guards_without_writing(tables: &dyn Tables) {
    let guarded = |condition| vec![check("guard", condition), put(row("row", &[]))];
    let error = tables.transact(guarded(Condition::Exists)).await.expect_err("there is no guard");
    assert_eq!(error.conditions(), [0]);
    tables.transact(guarded(Condition::Absent)).await.expect("there is no guard");
    assert_eq!(stored(tables, "guard").await, None);
    assert!(stored(tables, "row").await.is_some());
}

/// 1 to 100.
pub async fn a_hundred_rows_fit_and_one_more_does_not(tables: &dyn Tables) {
    let writes = |count: usize| (0..count).map(|number| create(row(&format!("{number:03}"), &[]))).collect::<Vec<_>>();
    expect_kind(tables.transact(writes(101)).await, PortErrorKind::InvalidArgument, "101 writes");
    expect_kind(tables.transact(vec![]).await, PortErrorKind::InvalidArgument, "no write");
    assert_eq!(rows(tables, listing()).await.len(), 0);
    tables.transact(writes(100)).await.expect("100 writes");
    assert_eq!(rows(tables, listing()).await.len(), 100);
}

/// No row twice, whatever is done to it.
pub async fn the_same_row_twice_is_refused(tables: &dyn Tables) {
    for second in [put(row("row", &[])), delete("row"), count("row", 1, None), check("row", Condition::Absent)] {
        let writes = vec![put(row("row", &[])), second];
        expect_kind(tables.transact(writes).await, PortErrorKind::InvalidArgument, "the same row twice");
    }
    assert_eq!(stored(tables, "row").await, None);
}

/// 4 MB together.
pub async fn four_megabytes_at_most(tables: &dyn Tables) {
    let writes = |count: usize| {
        let large = json!("x".repeat(380 * 1024));
        (0..count).map(|number| put(row(&format!("{number:03}"), &[("large", large.clone())]))).collect::<Vec<_>>()
    };
    expect_kind(tables.transact(writes(11)).await, PortErrorKind::InvalidArgument, "more than 4 MB");
    assert_eq!(stored(tables, "000").await, None);
    tables.transact(writes(10)).await.expect("less than 4 MB");
    assert!(stored(tables, "009").await.is_some());
}

/// Rows of several tables.
pub async fn transactions_reach_over_tables(tables: &dyn Tables) {
    let create_in = |table: Table| Write::Put { table, item: keyed(table, "p", "s", &[]), condition: Some(Condition::Absent) };
    tables.transact(Table::ALL.into_iter().map(create_in).collect()).await.expect("a row in each table");
    let error = tables.transact(vec![put(row("new", &[])), create_in(Table::Keys)]).await.expect_err("it is there");
    assert_eq!(error.conditions(), [1]);
    for table in Table::ALL {
        assert!(stored_in(tables, table, Key::new("p", "s")).await.is_some());
    }
    assert_eq!(stored(tables, "new").await, None);
}
