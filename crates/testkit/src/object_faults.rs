//! Failures on demand of the objects in memory.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use domain::{PortError, PortErrorKind, PortResult};

/// Which calls of a fake fail, by the operation's name as in errors (`objects.put`).
#[derive(Debug, Default)]
pub struct ObjectFaults(Mutex<Plan>);

#[derive(Debug, Default)]
struct Plan {
    next: Option<PortErrorKind>,
    always: BTreeMap<String, PortErrorKind>,
    once: BTreeMap<String, PortErrorKind>,
    after_effect: BTreeMap<String, PortErrorKind>,
    calls: BTreeMap<String, usize>,
}

impl ObjectFaults {
    /// The next call of any operation fails and does nothing.
    pub fn fail_next(&self, kind: PortErrorKind) {
        self.plan().next = Some(kind);
    }

    /// Every call of `operation` fails and does nothing, until [`ObjectFaults::heal`].
    pub fn fail_when(&self, operation: &str, kind: PortErrorKind) {
        self.plan().always.insert(operation.to_owned(), kind);
    }

    /// The next call of `operation` fails and does nothing.
    pub fn fail_once(&self, operation: &str, kind: PortErrorKind) {
        self.plan().once.insert(operation.to_owned(), kind);
    }

    /// The next call of `operation` does its work and fails all the same: an answer that got lost.
    pub fn fail_after(&self, operation: &str, kind: PortErrorKind) {
        self.plan().after_effect.insert(operation.to_owned(), kind);
    }

    /// Nothing fails any more.
    pub fn heal(&self) {
        let mut plan = self.plan();
        *plan = Plan { calls: std::mem::take(&mut plan.calls), ..Plan::default() };
    }

    /// How often `operation` was called, failed calls included.
    #[must_use]
    pub fn calls(&self, operation: &str) -> usize {
        self.plan().calls.get(operation).copied().unwrap_or(0)
    }

    /// For fakes: called at the beginning of an operation.
    pub fn check(&self, operation: &'static str) -> PortResult<()> {
        let mut plan = self.plan();
        *plan.calls.entry(operation.to_owned()).or_default() += 1;
        let kind = plan.next.take().or_else(|| plan.once.remove(operation)).or_else(|| plan.always.get(operation).copied());
        kind.map_or(Ok(()), |kind| Err(PortError::new(kind, operation).with("fault", "on demand")))
    }

    /// For fakes: called when an operation has had its effect.
    pub fn check_after(&self, operation: &'static str) -> PortResult<()> {
        let kind = self.plan().after_effect.remove(operation);
        kind.map_or(Ok(()), |kind| Err(PortError::new(kind, operation).with("fault", "on demand, after the effect")))
    }

    fn plan(&self) -> MutexGuard<'_, Plan> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
