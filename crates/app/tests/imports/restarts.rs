//! Runs that die, stop, come twice or come late.

use std::time::Duration;

use app::AppResult;
use domain::{ImportId, PortErrorKind, import::ImportState, job::Job};

use crate::{
    lake::{LAKE, Lake, counts, lines},
    steps::Event,
};

/// As many lines as one transaction takes, and one more.
const OVER_ONE: u64 = 50;

async fn check(lake: &Lake, id: ImportId, count: u64) {
    let bad = (0..count).filter(|number| number % 100 == 50).count() as u64;
    let import = lake.read(id).await;
    assert_eq!((import.state, import.counts), (ImportState::Done, counts(count, count - bad, 0, bad)));
    let failed: Vec<u64> = lake.failures(id).await.iter().map(|failure| failure.line).collect();
    assert_eq!(failed, (0..count).filter(|number| number % 100 == 50).map(|number| number + 1).collect::<Vec<_>>());
    let expected: Vec<String> = (0..count).filter(|number| number % 100 != 50).map(|number| format!("{number:07}.csv")).collect();
    assert_eq!(lake.paths().await, expected);
    assert_eq!(lake.dataset_rows() as u64, count - bad, "nothing is there twice");
    let package = lake.package().await;
    assert_eq!((package.datasets, package.bytes), (count - bad, 3 * (count - bad)));
}

#[tokio::test]
async fn twenty_thousand_lines_with_one_in_a_hundred_bad_are_counted_exactly_however_often_runs_die() {
    const COUNT: u64 = 20_000;
    let lake = Lake::new().await;
    lake.fill(COUNT).await;
    let id = lake.start(lines(COUNT).0).await;
    let (mut deaths, mut random) = (0, 7_u64);
    loop {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        lake.steps.plan(usize::try_from(random >> 33).expect("small") % 4_000 + 1, Event::End);
        match lake.steps.run(lake.worker().import(lake.package, id)).await {
            Some(done) => break done.expect("done"),
            None => deaths += 1,
        }
    }
    assert!(deaths >= 5, "{deaths}");
    check(&lake, id, COUNT).await;
}

#[tokio::test]
async fn a_run_may_die_at_any_step() {
    const COUNT: u64 = 2 * OVER_ONE;
    let undisturbed = Lake::new().await;
    undisturbed.fill(COUNT).await;
    let id = undisturbed.start(lines(COUNT).0).await;
    undisturbed.steps.plan(usize::MAX, Event::End);
    undisturbed.worker().import(undisturbed.package, id).await.expect("done");
    let steps = undisturbed.steps.taken();
    for step in (1..=steps).step_by(3) {
        let lake = Lake::new().await;
        lake.fill(COUNT).await;
        let id = lake.start(lines(COUNT).0).await;
        lake.steps.plan(step, Event::End);
        assert!(lake.steps.run(lake.worker().import(lake.package, id)).await.is_none(), "it dies at step {step}");
        lake.worker().import(lake.package, id).await.expect("done");
        check(&lake, id, COUNT).await;
    }
}

#[tokio::test]
async fn a_run_stops_before_its_end_and_the_next_one_goes_on() {
    let lake = Lake::new().await;
    lake.fill(1_000).await;
    let id = lake.start(lines(1_000).0).await;
    let mut runs = 0;
    loop {
        runs += 1;
        let before = lake.read(id).await.counts.read;
        match lake.worker().import_until(lake.package, id, lake.in_seconds(0)).await.expect("as far as it comes") {
            Some(job) => assert_eq!(job, Job::Import { package_id: lake.package, import_id: id }),
            None => break,
        }
        assert!(lake.read(id).await.counts.read > before, "each run comes further");
    }
    assert!(runs > 10, "{runs}");
    check(&lake, id, 1_000).await;
}

#[tokio::test]
async fn two_runs_at_once_do_nothing_twice() {
    let lake = Lake::new().await;
    lake.fill(1_000).await;
    let id = lake.start(lines(1_000).0).await;
    let (first, second) = (lake.interleaved(), lake.interleaved());
    // The second one begins while the first one is at it.
    let later = async {
        for _ in 0..20 {
            tokio::task::yield_now().await;
        }
        second.import(lake.package, id).await
    };
    let (one, two): (AppResult<()>, AppResult<()>) = tokio::join!(first.import(lake.package, id), later);
    one.expect("done or overtaken");
    two.expect("done or overtaken");
    check(&lake, id, 1_000).await;
}

#[tokio::test]
async fn a_job_that_comes_late_or_of_a_package_that_is_gone_does_nothing() {
    let lake = Lake::new().await;
    lake.fill(OVER_ONE).await;
    let id = lake.start(lines(OVER_ONE).0).await;
    lake.worker().import(lake.package, id).await.expect("done");
    lake.jobs();
    lake.worker().import(lake.package, id).await.expect("nothing to do");
    lake.worker().import(testkit::builders::package_id(9), id).await.expect("nothing to do");
    assert!(lake.tables.take_changes().is_empty());
    check(&lake, id, OVER_ONE).await;
}

#[tokio::test]
async fn lost_answers_and_other_changes_of_the_package_cost_nothing() {
    let lake = Lake::new().await;
    lake.fill(500).await;
    let id = lake.start(lines(500).0).await;
    lake.tables.lose_answers("tables.transact", 1);
    assert!(lake.worker().import(lake.package, id).await.is_err(), "it is to come again");
    lake.tables.fail("tables.transact", PortErrorKind::PreconditionFailed, 3);
    lake.worker().import(lake.package, id).await.expect("done");
    check(&lake, id, 500).await;
}

#[tokio::test]
async fn a_store_that_is_away_is_no_failure_of_a_line() {
    let lake = Lake::new().await;
    lake.fill(OVER_ONE).await;
    let id = lake.start(lines(OVER_ONE).0).await;
    lake.objects.fail_when("objects.head", PortErrorKind::Unavailable);
    assert!(lake.worker().import(lake.package, id).await.is_err());
    lake.objects.faults().heal();
    lake.objects.fail_when("objects.head", PortErrorKind::PermissionDenied);
    lake.worker().import(lake.package, id).await.expect("done");
    assert_eq!(lake.read(id).await.counts, counts(50, 0, 0, 50));
    assert!(lake.failures(id).await.iter().all(|failure| failure.code.name() == "forbidden"));
}

#[tokio::test]
async fn one_that_came_no_further_for_six_hours_has_failed() {
    let lake = Lake::new().await;
    let id = lake.start(format!("{LAKE},raw/a.csv\n")).await;
    lake.clock.advance(Duration::from_secs(6 * 3600 - 1));
    lake.housekeeping.sweep().await;
    assert_eq!(lake.read(id).await.state, ImportState::Running);
    lake.clock.advance(Duration::from_secs(1));
    lake.housekeeping.sweep().await;
    let import = lake.read(id).await;
    assert_eq!(import.state, ImportState::Failed);
    assert!(import.failure.is_some());
    lake.worker().import(lake.package, id).await.expect("nothing to do");
    assert_eq!(lake.dataset_rows(), 0);
}

#[tokio::test]
async fn what_was_imported_stays_in_its_store_when_its_package_goes_for_good() {
    let lake = Lake::new().await;
    lake.fill(300).await;
    let import = lake.import(lines(300).0).await;
    let many: String = (0..100).map(|_| "nonsense\n").collect();
    lake.import(many).await;
    let outside = lake.objects.keys(LAKE).len();
    assert!(lake.objects.keys(testkit::builders::BUCKET).iter().any(|key| key.starts_with("imports/")));
    let stamp =
        lake.core.stamp_of(domain::audit::Actor::system(), &domain::audit::Origin::default(), domain::access::Action::PackageDelete, &[]);
    let now = domain::ports::Clock::now(&*lake.clock);
    let change = app::store::PackageChange::at(now).deleted(lake.package, now, now).stamped(&stamp);
    domain::ports::Tables::write(&*lake.tables, change.into_write(lake.package)).await.expect("written");
    assert_eq!(lake.housekeeping.sweep().await.failed, 0);
    assert_eq!((lake.dataset_rows(), lake.objects.keys(LAKE).len()), (0, outside));
    let left = lake.objects.keys(testkit::builders::BUCKET);
    assert!(left.iter().all(|key| !key.starts_with(&format!("imports/{}", import.package_id))), "{left:?}");
}
