//! The real time and real randomness: the only place that asks the system for either.

use std::sync::{Mutex, PoisonError};

use domain::{
    Timestamp,
    ports::{Clock, Ids},
};
use ulid::Ulid;

/// The system's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the port's only implementation over the real time")]
    fn now(&self) -> Timestamp {
        // A clock set before 1970 is taken for 1970: nothing here can be older.
        Timestamp::from_millis(jiff::Timestamp::now().as_millisecond()).unwrap_or(Timestamp::EPOCH)
    }
}

/// ULIDs that rise within this process, also within a millisecond and when the clock is set back; random bytes from the
/// cryptographic library's generator.
#[derive(Debug)]
pub struct SystemIds<C = SystemClock> {
    clock: C,
    last: Mutex<Ulid>,
}

impl Default for SystemIds {
    fn default() -> Self {
        Self::new(SystemClock)
    }
}

impl<C> SystemIds<C> {
    /// Ids whose time is that of `clock`.
    pub const fn new(clock: C) -> Self {
        Self { clock, last: Mutex::new(Ulid::nil()) }
    }
}

impl<C: Clock> Ids for SystemIds<C> {
    fn new_id(&self) -> Ulid {
        let now = u64::try_from(self.clock.now().as_millis()).unwrap_or(0);
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh = |millis| {
            let mut bytes = [0_u8; 16];
            self.random(&mut bytes[6..]);
            Ulid::from_parts(millis, u128::from_be_bytes(bytes))
        };
        // Within a millisecond count on; should the 80 random bits be used up, borrow from the next millisecond.
        *last = if now > last.timestamp_ms() {
            fresh(now)
        } else {
            last.increment().unwrap_or_else(|_| fresh(last.timestamp_ms().saturating_add(1)))
        };
        *last
    }

    /// # Panics
    /// If the system has no source of randomness: nothing could be done safely then.
    fn random(&self, bytes: &mut [u8]) {
        aws_lc_rs::rand::fill(bytes).expect("the system has a source of randomness");
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, atomic::AtomicI64, atomic::Ordering};

    use super::*;

    struct Hand(Arc<AtomicI64>);

    impl Clock for Hand {
        fn now(&self) -> Timestamp {
            Timestamp::from_millis(self.0.load(Ordering::SeqCst)).expect("a valid time")
        }
    }

    #[test]
    fn ids_rise_within_a_millisecond_and_when_the_clock_goes_back() {
        let hand = Arc::new(AtomicI64::new(5_000));
        let ids = SystemIds::new(Hand(hand.clone()));
        let mut all: Vec<Ulid> = (0..100).map(|_| ids.new_id()).collect();
        hand.store(4_000, Ordering::SeqCst);
        all.push(ids.new_id());
        hand.store(6_000, Ordering::SeqCst);
        all.push(ids.new_id());
        assert!(all.windows(2).all(|pair| pair[0] < pair[1]));
        assert_eq!(all.last().map(Ulid::timestamp_ms), Some(6_000));
    }

    #[test]
    fn an_exhausted_millisecond_borrows_from_the_next() {
        let ids = SystemIds::new(Hand(Arc::new(AtomicI64::new(7))));
        *ids.last.lock().expect("not poisoned") = Ulid::from_parts(7, u128::MAX);
        assert_eq!(ids.new_id().timestamp_ms(), 8);
    }

    #[test]
    fn two_fillings_differ() {
        let (mut first, mut second) = ([0_u8; 32], [0_u8; 32]);
        SystemIds::default().random(&mut first);
        SystemIds::default().random(&mut second);
        assert_ne!(first, second);
    }
}
