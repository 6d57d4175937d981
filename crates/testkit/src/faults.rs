//! Failures on demand, for the fakes.

use std::{collections::VecDeque, sync::Mutex};

use domain::{PortError, PortErrorKind, PortResult};

use crate::locked;

/// What a fake is told to fail with: the next calls, or every call until told otherwise.
#[derive(Debug, Default)]
pub struct Faults(Mutex<Plan>);

#[derive(Debug, Default)]
struct Plan {
    next: VecDeque<PortErrorKind>,
    always: Option<PortErrorKind>,
}

impl Faults {
    /// The next call fails; called twice, the next two do.
    pub fn fail_next(&self, kind: PortErrorKind) {
        locked(&self.0).next.push_back(kind);
    }

    /// Every call fails from now on.
    pub fn fail_always(&self, kind: PortErrorKind) {
        locked(&self.0).always = Some(kind);
    }

    /// No call fails any more.
    pub fn heal(&self) {
        *locked(&self.0) = Plan::default();
    }

    /// To be asked by the fake at the begin of every call.
    ///
    /// # Errors
    /// The failure that was ordered.
    pub fn check(&self, operation: &'static str) -> PortResult<()> {
        let mut plan = locked(&self.0);
        match plan.next.pop_front().or(plan.always) {
            None => Ok(()),
            Some(kind) => Err(PortError::new(kind, operation).with("ordered_by", "the test")),
        }
    }
}
