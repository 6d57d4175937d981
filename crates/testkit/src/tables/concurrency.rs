//! Many at once.

use domain::{
    PortErrorKind, PortResult,
    ports::{Condition, Tables, Update, Write},
};
use futures::future::join_all;
use serde_json::json;

use super::{TABLE, key, persistently, row, store, stored};

fn add(sort: &str, amount: i64, condition: Option<Condition>) -> Write {
    let update = Update { add: [("count".to_owned(), amount)].into(), ..Update::default() };
    Write::Update { table: TABLE, key: key(sort), update, condition }
}

async fn count(tables: &dyn Tables, sort: &str) -> i64 {
    stored(tables, sort).await.and_then(|item| item.get("count")?.as_i64()).unwrap_or_default()
}

/// No addition is lost.
pub async fn a_hundred_additions_at_once_all_count(tables: &dyn Tables) {
    let additions = (0..100).map(|_| tables.write(add("row", 1, None)));
    for done in join_all(additions).await {
        done.expect("an addition");
    }
    assert_eq!(count(tables, "row").await, 100);
}

/// Create if absent.
pub async fn of_many_creations_one_wins(tables: &dyn Tables) {
    let create = |number: usize| {
        let item = row("row", &[("winner", json!(number))]);
        tables.write(Write::Put { table: TABLE, item, condition: Some(Condition::Absent) })
    };
    let outcomes: Vec<PortResult<()>> = join_all((0..40).map(create)).await;
    let winners: Vec<usize> = (0..40).filter(|number| outcomes[*number].is_ok()).collect();
    assert_eq!(winners.len(), 1, "{winners:?}");
    let lost = |outcome: &PortResult<()>| outcome.as_ref().is_err_and(|error| error.is(PortErrorKind::PreconditionFailed));
    assert_eq!(outcomes.iter().filter(|outcome| lost(outcome)).count(), 39);
    assert_eq!(stored(tables, "row").await.expect("the row")["winner"], json!(winners[0]));
}

/// Read, decide, write on condition, and again where another was faster.
pub async fn of_many_guarded_updates_none_is_lost(tables: &dyn Tables) {
    store(tables, row("row", &[("count", json!(0))])).await;
    let guarded = |_| async {
        loop {
            let seen = count(tables, "row").await;
            let condition = Some(Condition::Equals("count".to_owned(), json!(seen)));
            match tables.write(add("row", 1, condition)).await {
                Ok(()) => return,
                Err(error) => assert!(error.is(PortErrorKind::PreconditionFailed), "{error}"),
            }
        }
    };
    join_all((0..12).map(guarded)).await;
    assert_eq!(count(tables, "row").await, 12);
}

/// Transfers between two rows, both ways.
pub async fn transactions_that_cross_keep_the_sum(tables: &dyn Tables) {
    for sort in ["a", "b"] {
        store(tables, row(sort, &[("count", json!(5))])).await;
    }
    let transfer = |number: i64| async move {
        let (from, to) = if number % 2 == 0 { ("a", "b") } else { ("b", "a") };
        let enough = Some(Condition::Greater("count".to_owned(), json!(0)));
        let done = persistently(|| tables.transact(vec![add(from, -1, enough.clone()), add(to, 1, None)])).await;
        if let Err(error) = done {
            assert!(error.is(PortErrorKind::PreconditionFailed), "{error}");
            assert_eq!(error.conditions(), [0]);
        }
    };
    join_all((0..24).map(transfer)).await;
    let (a, b) = (count(tables, "a").await, count(tables, "b").await);
    assert_eq!(a + b, 10);
    assert!(a >= 0 && b >= 0, "{a} and {b}");
}
