//! Time and ids that a test decides.

use std::{
    sync::atomic::{AtomicI64, AtomicU64, Ordering},
    time::Duration,
};

use domain::{
    Timestamp,
    ports::{Clock, Ids},
};
use ulid::Ulid;

/// A clock that stands still until the test moves it.
#[derive(Debug)]
pub struct FixedClock(AtomicI64);

impl FixedClock {
    /// A clock that stands at `now`.
    #[must_use]
    pub fn new(now: Timestamp) -> Self {
        Self(AtomicI64::new(now.as_millis()))
    }

    /// Sets the clock, backwards too.
    pub fn set(&self, now: Timestamp) {
        self.0.store(now.as_millis(), Ordering::SeqCst);
    }

    /// Moves the clock on.
    pub fn advance(&self, duration: Duration) {
        self.set(self.now().plus(duration));
    }
}

impl Default for FixedClock {
    /// Noon of the last day of January 2026.
    fn default() -> Self {
        Self(AtomicI64::new(crate::builders::NOW_MILLIS))
    }
}

impl Clock for FixedClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::SeqCst)).unwrap_or(Timestamp::EPOCH)
    }
}

/// Ids that rise by one from a seed, and "random" bytes that are the same in every run (and therefore secret to nobody).
#[derive(Debug)]
pub struct SequentialIds {
    next: AtomicU64,
    state: AtomicU64,
}

impl SequentialIds {
    /// Ids from `seed` on; two generators with one seed give the same.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self { next: AtomicU64::new(seed), state: AtomicU64::new(seed) }
    }
}

impl Default for SequentialIds {
    fn default() -> Self {
        Self::new(1)
    }
}

impl Ids for SequentialIds {
    fn new_id(&self) -> Ulid {
        crate::builders::ulid(self.next.fetch_add(1, Ordering::SeqCst))
    }

    fn random(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            let seed = self.state.fetch_add(0x9E37_79B9_7F4A_7C15, Ordering::SeqCst);
            chunk.copy_from_slice(&split_mix(seed).to_le_bytes()[..chunk.len()]);
        }
    }
}

/// `SplitMix64` (Steele, Lea, Flood: *Fast Splittable Pseudorandom Number Generators*): bytes that look random.
fn split_mix(seed: u64) -> u64 {
    let mut value = seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
    value = (value ^ (value >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    value = (value ^ (value >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    value ^ (value >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_rise_and_two_generators_of_one_seed_agree() {
        let (first, second) = (SequentialIds::default(), SequentialIds::default());
        let ids: Vec<Ulid> = (0..3).map(|_| first.new_id()).collect();
        assert!(ids.is_sorted() && ids[0] != ids[1]);
        assert_eq!(ids[0], second.new_id());
        let (mut bytes, mut others, mut more) = ([0_u8; 12], [0_u8; 12], [0_u8; 12]);
        first.random(&mut bytes);
        second.random(&mut others);
        first.random(&mut more);
        assert_eq!(bytes, others);
        assert_ne!(bytes, more);
    }

    #[test]
    fn the_clock_moves_only_when_told() {
        let clock = FixedClock::default();
        let before = clock.now();
        assert_eq!(clock.now(), before);
        clock.advance(Duration::from_secs(5));
        assert_eq!(clock.now().since(before), Duration::from_secs(5));
    }
}
