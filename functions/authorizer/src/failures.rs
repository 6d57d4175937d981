//! Counts of refused proofs, by address and by key.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use domain::Timestamp;

/// Failures are counted in windows of this length.
const WINDOW: Duration = Duration::from_secs(60);
/// After so many in a window by one key from one address, nothing of it is looked at until the window ends.
pub(crate) const KEY_LIMIT: u32 = 60;
/// The same for everything from one address, which may be a whole office's.
pub(crate) const ADDRESS_LIMIT: u32 = 300;
/// So many names at most.
const CAPACITY: usize = 20_000;

/// What is counted under, and how many are too many.
pub(crate) type Name = (String, u32);

/// Failures of the last minute, in bounded room.
#[derive(Debug, Default)]
pub(crate) struct Failures {
    counts: Mutex<HashMap<String, Window>>,
}

#[derive(Clone, Copy, Debug)]
struct Window {
    began: Timestamp,
    count: u32,
}

impl Window {
    fn lasts(self, now: Timestamp) -> bool {
        self.began <= now && now.since(self.began) < WINDOW
    }
}

impl Failures {
    /// Counts one failure under each name.
    pub(crate) fn count(&self, names: &[Name], now: Timestamp) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        for (name, _) in names {
            if counts.len() >= CAPACITY && !counts.contains_key(name) {
                counts.retain(|_, window| window.lasts(now));
                if counts.len() >= CAPACITY {
                    // Those who are counted stay so; nobody gets rid of a count by crowding it out.
                    continue;
                }
            }
            let window = counts.entry(name.clone()).or_insert(Window { began: now, count: 0 });
            if !window.lasts(now) {
                *window = Window { began: now, count: 0 };
            }
            window.count = window.count.saturating_add(1);
        }
    }

    /// Whether one of the names failed too often.
    pub(crate) fn are_too_many(&self, names: &[Name], now: Timestamp) -> bool {
        let counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        names.iter().any(|(name, limit)| counts.get(name).is_some_and(|window| window.lasts(now) && window.count >= *limit))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: impl ToString) -> [Name; 1] {
        [(text.to_string(), KEY_LIMIT)]
    }

    #[test]
    fn a_window_ends_after_a_minute() {
        let failures = Failures::default();
        let mine = name("192.0.2.1");
        for _ in 0..KEY_LIMIT {
            assert!(!failures.are_too_many(&mine, Timestamp::EPOCH));
            failures.count(&mine, Timestamp::EPOCH);
        }
        assert!(failures.are_too_many(&mine, Timestamp::EPOCH));
        assert!(!failures.are_too_many(&name("192.0.2.2"), Timestamp::EPOCH));
        assert!(!failures.are_too_many(&mine, Timestamp::EPOCH.plus(WINDOW)));
    }

    #[test]
    fn room_is_bounded_and_nobody_is_crowded_out() {
        let failures = Failures::default();
        let mine = name("192.0.2.1");
        (0..KEY_LIMIT).for_each(|_| failures.count(&mine, Timestamp::EPOCH));
        for number in 0..=CAPACITY {
            failures.count(&name(number), Timestamp::EPOCH);
        }
        assert!(failures.counts.lock().expect("no panic while locked").len() <= CAPACITY);
        assert!(failures.are_too_many(&mine, Timestamp::EPOCH));
    }
}
