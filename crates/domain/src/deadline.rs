//! Until when a worker may go on.

use std::time::Duration;

use crate::time::Timestamp;

/// The time at which a home ends a worker, whatever it is doing; none where it may take as long as it needs.
///
/// Work that can take longer stops at a safe point before, keeps how far it came, and has the rest done by a job.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Deadline(Option<Timestamp>);

impl Deadline {
    /// As long as it takes.
    pub const NONE: Self = Self(None);

    /// Until `end`.
    #[must_use]
    pub const fn at(end: Timestamp) -> Self {
        Self(Some(end))
    }

    /// Whether less than `margin` is left at `now`: then only what is shorter than that may be begun.
    #[must_use]
    pub fn is_within(self, margin: Duration, now: Timestamp) -> bool {
        self.0.is_some_and(|end| end.since(now) < margin)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deadline_comes_near_and_none_never_does() {
        let (now, minute) = (Timestamp::EPOCH.plus(Duration::from_secs(3_600)), Duration::from_secs(60));
        assert!(!Deadline::at(now.plus(minute)).is_within(minute, now));
        assert!(Deadline::at(now.plus(minute)).is_within(minute, now.plus(Duration::from_millis(1))));
        assert!(Deadline::at(now).is_within(minute, now.plus(minute)), "also when it is over");
        assert!(!Deadline::NONE.is_within(Duration::MAX, now));
    }
}
