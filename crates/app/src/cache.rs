//! What was read a short while ago, in bounded room.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use domain::Timestamp;

/// Entries live so long if nothing else is said: a change holds within a minute.
pub(crate) const LIFE: Duration = Duration::from_secs(60);
/// So many entries at most.
const CAPACITY: usize = 10_000;

/// A bounded cache whose entries die after some time.
pub(crate) struct Cache<K, V> {
    life: Duration,
    entries: Mutex<HashMap<K, (Timestamp, V)>>,
}

impl<K, V> Default for Cache<K, V> {
    fn default() -> Self {
        Self::lasting(LIFE)
    }
}

impl<K, V> Cache<K, V> {
    /// One whose entries live so long.
    pub(crate) fn lasting(life: Duration) -> Self {
        Self { life, entries: Mutex::default() }
    }

    /// A clock that was set back makes nothing live longer.
    fn is_alive(&self, read_at: Timestamp, now: Timestamp) -> bool {
        read_at <= now && now.since(read_at) < self.life
    }
}

impl<K: Eq + Hash + Clone, V: Clone> Cache<K, V> {
    pub(crate) fn get(&self, key: &K, now: Timestamp) -> Option<V> {
        let entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        entries.get(key).filter(|(read_at, _)| self.is_alive(*read_at, now)).map(|(_, value)| value.clone())
    }

    pub(crate) fn put(&self, key: K, value: V, now: Timestamp) {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        if entries.len() >= CAPACITY && !entries.contains_key(&key) {
            entries.retain(|_, (read_at, _)| self.is_alive(*read_at, now));
            // All alive: room is worth more than what was read once more.
            if entries.len() >= CAPACITY {
                entries.clear();
            }
        }
        entries.insert(key, (now, value));
    }

    /// Forgets what is remembered.
    pub(crate) fn remove(&self, key: &K) {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner).remove(key);
    }

    /// Changes what is remembered, which dies no later for it.
    pub(crate) fn change(&self, key: &K, change: impl FnOnce(&mut V)) {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, value)) = entries.get_mut(key) {
            change(value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_die_after_a_minute_and_by_a_clock_set_back() {
        let cache = Cache::default();
        let now = Timestamp::EPOCH.plus(Duration::from_secs(1000));
        cache.put("a", 1, now);
        assert_eq!(cache.get(&"a", now.plus(Duration::from_secs(59))), Some(1));
        assert_eq!(cache.get(&"a", now.plus(LIFE)), None);
        assert_eq!(cache.get(&"a", now.minus(Duration::from_secs(1))), None);
    }

    #[test]
    fn what_is_changed_dies_as_if_it_were_not() {
        let cache = Cache::default();
        let now = Timestamp::EPOCH.plus(Duration::from_secs(1000));
        cache.put("a", 1, now);
        cache.change(&"a", |value| *value = 2);
        cache.change(&"b", |value| *value = 2);
        assert_eq!(cache.get(&"a", now.plus(Duration::from_secs(59))), Some(2));
        assert_eq!(cache.get(&"a", now.plus(LIFE)), None);
        assert_eq!(cache.get(&"b", now), None);
    }

    #[test]
    fn room_is_bounded() {
        let cache = Cache::default();
        for number in 0..=CAPACITY {
            cache.put(number, (), Timestamp::EPOCH);
        }
        let entries = cache.entries.lock().expect("no panic while locked").len();
        assert!(entries <= CAPACITY);
        assert_eq!(cache.get(&CAPACITY, Timestamp::EPOCH), Some(()));
    }
}
