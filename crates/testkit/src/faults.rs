//! Failures on demand, for the fakes.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Mutex,
};

use domain::{PortError, PortErrorKind, PortResult};

use crate::locked;

/// Which calls of a fake fail: the next ones, every one, or those of an operation, named as in errors (`objects.put`).
#[derive(Debug, Default)]
pub struct Faults(Mutex<Plan>);

#[derive(Debug, Default)]
struct Plan {
    next: VecDeque<PortErrorKind>,
    always: Option<PortErrorKind>,
    once: BTreeMap<&'static str, PortErrorKind>,
    whenever: BTreeMap<&'static str, PortErrorKind>,
    after_effect: BTreeMap<&'static str, PortErrorKind>,
    calls: BTreeMap<&'static str, usize>,
}

impl Faults {
    /// The next call of any operation fails and does nothing; told twice, the next two do.
    pub fn fail_next(&self, kind: PortErrorKind) {
        locked(&self.0).next.push_back(kind);
    }

    /// Every call fails and does nothing, until [`Faults::heal`].
    pub fn fail_always(&self, kind: PortErrorKind) {
        locked(&self.0).always = Some(kind);
    }

    /// Every call of `operation` fails and does nothing, until [`Faults::heal`].
    pub fn fail_when(&self, operation: &'static str, kind: PortErrorKind) {
        locked(&self.0).whenever.insert(operation, kind);
    }

    /// The next call of `operation` fails and does nothing.
    pub fn fail_once(&self, operation: &'static str, kind: PortErrorKind) {
        locked(&self.0).once.insert(operation, kind);
    }

    /// The next call of `operation` does its work and fails all the same: an answer that got lost.
    pub fn fail_after(&self, operation: &'static str, kind: PortErrorKind) {
        locked(&self.0).after_effect.insert(operation, kind);
    }

    /// Nothing fails any more.
    pub fn heal(&self) {
        let mut plan = locked(&self.0);
        *plan = Plan { calls: std::mem::take(&mut plan.calls), ..Plan::default() };
    }

    /// How often `operation` was called, failed calls included.
    #[must_use]
    pub fn calls(&self, operation: &str) -> usize {
        locked(&self.0).calls.get(operation).copied().unwrap_or_default()
    }

    /// To be asked by the fake at the begin of every call.
    ///
    /// # Errors
    /// The failure that was ordered.
    pub fn check(&self, operation: &'static str) -> PortResult<()> {
        let mut plan = locked(&self.0);
        *plan.calls.entry(operation).or_default() += 1;
        let once = plan.next.pop_front().or_else(|| plan.once.remove(operation));
        fail(operation, once.or_else(|| plan.whenever.get(operation).copied()).or(plan.always))
    }

    /// To be asked by the fake once a call has had its effect.
    ///
    /// # Errors
    /// The failure that was ordered.
    pub fn check_after(&self, operation: &'static str) -> PortResult<()> {
        fail(operation, locked(&self.0).after_effect.remove(operation))
    }
}

fn fail(operation: &'static str, kind: Option<PortErrorKind>) -> PortResult<()> {
    kind.map_or(Ok(()), |kind| Err(PortError::new(kind, operation).with("ordered_by", "the test")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(faults: &Faults, operation: &'static str) -> Option<PortErrorKind> {
        faults.check(operation).err().map(|error| error.kind())
    }

    #[test]
    fn what_is_ordered_for_once_is_over_then_and_the_rest_when_healed() {
        use PortErrorKind::{NotFound, RateLimited, Unavailable, Unexpected};
        let faults = Faults::default();
        faults.fail_next(NotFound);
        faults.fail_once("a.put", RateLimited);
        faults.fail_when("a.put", Unavailable);
        assert_eq!(asked(&faults, "a.get"), Some(NotFound));
        assert_eq!(asked(&faults, "a.get"), None);
        assert_eq!([asked(&faults, "a.put"), asked(&faults, "a.put")], [Some(RateLimited), Some(Unavailable)]);
        faults.fail_always(Unexpected);
        assert_eq!([asked(&faults, "a.put"), asked(&faults, "a.get")], [Some(Unavailable), Some(Unexpected)]);
        faults.heal();
        assert_eq!([asked(&faults, "a.put"), asked(&faults, "a.get")], [None, None]);
        assert_eq!((faults.calls("a.put"), faults.calls("a.get"), faults.calls("a.list")), (4, 4, 0));
    }

    #[test]
    fn an_answer_gets_lost_once() {
        let faults = Faults::default();
        faults.fail_after("a.put", PortErrorKind::Unavailable);
        assert!(faults.check("a.put").is_ok());
        assert!(faults.check_after("a.put").is_err() && faults.check_after("a.put").is_ok());
    }
}
