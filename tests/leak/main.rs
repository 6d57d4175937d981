//! The leak test: in random worlds nobody is shown what access denies, and nothing is missing that it allows.
//!
//! Each world is a data lake in memory behind the real authorizer and the real routers. A seed decides who is in which
//! group, what is shared with whom, which keys are narrowed to what, and what people do; between the deeds people look at
//! what they may and may not see, at the end of some worlds everybody at everything, and each answer is held against an oracle (`oracle`, over `model`) that knows nothing but what was done.
//!
//! A world that fails is lived through again with `DATALAKE_LEAK_SEED=<its number>`.

mod choices;
mod deeds;
mod deeds_content;
mod deeds_people;
mod finding;
mod flaws;
mod lake;
mod look_cart;
mod look_packages;
mod look_search;
mod model;
mod model_work;
mod oracle;
mod world;

use std::{
    env,
    sync::atomic::{AtomicU64, Ordering},
    thread,
};

use crate::{
    finding::{Finding, Kind},
    flaws::{EarlyFacets, EternalGrants, Flaw, ForgottenSharing, LostHits, Sound, StalePrincipals, TellingErrors, Undead},
};

/// So many worlds with every push.
const WORLDS: u64 = 500;
/// So many in the long run, those with every push among them.
const LONG_WORLDS: u64 = 20_000;
/// So many worlds at most until a flaw is found.
const FLAWED_WORLDS: u64 = 200;

/// One world in a runtime of its own.
fn live(seed: u64, flaw: &dyn Flaw) -> Result<(), Finding> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(world::live(seed, flaw))
}

/// The seed that was asked for.
#[expect(clippy::disallowed_methods, reason = "whoever repeats a failed world says so by the environment")]
fn asked_for() -> Option<u64> {
    env::var("DATALAKE_LEAK_SEED").ok().map(|seed| seed.parse().expect("DATALAKE_LEAK_SEED is a number"))
}

/// Lives through these worlds on all cores, and fails with the first finding.
fn live_through(first: u64, end: u64) {
    let (first, end) = asked_for().map_or((first, end), |seed| (seed, seed + 1));
    let next = AtomicU64::new(first);
    let work = || {
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= end {
                return;
            }
            if let Err(finding) = live(seed, &Sound) {
                next.store(end, Ordering::Relaxed);
                panic!("DATALAKE_LEAK_SEED={seed}: {finding}");
            }
        }
    };
    let cores = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(work);
        }
    });
}

/// The flaw is found, by what it does, in one of the first worlds; the same world without it is sound.
fn finds(flaw: &dyn Flaw, kind: Kind, places: &[&str]) {
    for seed in 0..FLAWED_WORLDS {
        match live(seed, flaw) {
            Err(finding) if finding.kind == kind && places.contains(&finding.place) => {
                if let Err(finding) = live(seed, &Sound) {
                    panic!("DATALAKE_LEAK_SEED={seed}: the world is not sound without the flaw: {finding}");
                }
                return;
            }
            _ => {}
        }
    }
    panic!("not found in {FLAWED_WORLDS} worlds");
}

#[test]
fn nobody_sees_what_access_denies_and_nothing_allowed_is_missing() {
    live_through(0, WORLDS);
}

#[test]
fn the_same_in_many_more_worlds() {
    if !test_servers::only_long("thousands of worlds") {
        live_through(WORLDS, LONG_WORLDS);
    }
}

#[test]
fn an_index_that_forgets_a_change_of_visibility_is_found() {
    finds(&ForgottenSharing, Kind::Leak, &["search", "totals"]);
}

#[test]
fn facets_that_are_counted_before_the_visibility_filter_are_found() {
    finds(&EarlyFacets, Kind::Leak, &["facets"]);
}

#[test]
fn a_stale_principal_is_found() {
    finds(&StalePrincipals, Kind::Leak, &["packages", "refusals"]);
}

#[test]
fn tables_that_answer_deleted_packages_are_found() {
    finds(&Undead, Kind::Leak, &["packages"]);
}

#[test]
fn a_grant_link_that_outlives_its_revocation_is_found() {
    finds(&EternalGrants, Kind::Leak, &["grants"]);
}

#[test]
fn an_error_that_tells_that_something_is_there_is_found() {
    finds(&TellingErrors, Kind::Tells, &["packages"]);
}

#[test]
fn a_hit_that_gets_lost_is_found() {
    finds(&LostHits, Kind::Missing, &["search"]);
}
