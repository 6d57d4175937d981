//! What an import costs, and how fast it writes.

use std::time::Duration;

use app::workers::importing::{CLOUD_UNITS_PER_SECOND, Importing};
use domain::{
    import::ImportState,
    ports::{Table, item_size},
};
use testkit::builders::BUCKET;
use tokio::time::Instant;

use crate::{
    lake::{Lake, counts, lines},
    steps::Event,
};

#[tokio::test]
async fn a_thousand_entries_cost_sixty_calls_besides_the_objects_that_are_looked_up() {
    let lake = Lake::new().await;
    lake.fill(1_000).await;
    for (expected, looked_up) in [(counts(1_000, 990, 0, 10), 990), (counts(1_000, 0, 990, 10), 0)] {
        let id = lake.start(lines(1_000).0).await;
        lake.steps.plan(usize::MAX, Event::Time(Duration::ZERO));
        lake.worker().import(lake.package, id).await.expect("done");
        assert_eq!(lake.read(id).await.counts, expected);
        let calls = lake.steps.taken() - looked_up;
        assert!(calls <= 60, "{calls}");
    }
}

#[tokio::test]
async fn entries_that_all_fail_cost_no_more() {
    let lake = Lake::new().await;
    let id = lake.start("nonsense\n".repeat(1_000)).await;
    lake.steps.plan(usize::MAX, Event::Time(Duration::ZERO));
    lake.worker().import(lake.package, id).await.expect("done");
    let (import, calls) = (lake.read(id).await, lake.steps.taken());
    assert_eq!((import.state, import.counts), (ImportState::Done, counts(1_000, 0, 0, 1_000)));
    assert!(calls <= 60, "{calls}");
    let lines: Vec<u64> = lake.failures(id).await.iter().map(|failure| failure.line).collect();
    assert_eq!(lines, (1..=1_000).collect::<Vec<_>>());
}

#[tokio::test]
async fn it_writes_below_the_rate_that_it_is_given() {
    const RATE: u32 = 4_000;
    let lake = Lake::new().await;
    lake.fill(500).await;
    let id = lake.start(lines(500).0).await;
    lake.tables.take_changes();
    let began = Instant::now();
    let importing = Importing::new(lake.core.clone(), lake.objects.clone(), BUCKET, Some(RATE));
    importing.import(lake.package, id).await.expect("done");
    let seconds = began.elapsed().as_secs_f64();
    let changes = lake.tables.take_changes();
    let written = changes.iter().filter(|change| change.table == Table::Datasets).filter_map(|change| change.new.as_ref());
    let units: Vec<f64> = written.map(|row| 2.0 * (item_size(row) as f64 / 1_024.0).ceil()).collect();
    // What is written last, of one transaction and the end, is not waited for.
    let waited_for: f64 = units.iter().take(units.len() - 103).sum();
    let rate = waited_for / seconds;
    assert!(rate <= f64::from(RATE) && CLOUD_UNITS_PER_SECOND < 1_000, "{rate} units a second, {waited_for} in {seconds} seconds");
}
