//! A queue in memory that remembers what was enqueued.

use std::{sync::Mutex, time::Duration};

use async_trait::async_trait;
use domain::{
    PortError, PortErrorKind, PortResult,
    job::{Job, JobKind},
    ports::Jobs,
};

use crate::{Faults, locked};

/// The longest delay that the port takes.
pub const LONGEST_DELAY: Duration = Duration::from_secs(15 * 60);

/// Remembers jobs; nobody does them but the test.
#[derive(Debug, Default)]
pub struct MemoryJobs {
    /// Failures on demand.
    pub faults: Faults,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    passed: Duration,
    waiting: Vec<(Duration, Job)>,
}

impl MemoryJobs {
    /// All jobs that nobody took yet, in order, delayed ones too; they are gone then.
    pub fn take(&self) -> Vec<Job> {
        std::mem::take(&mut locked(&self.state).waiting).into_iter().map(|(_, job)| job).collect()
    }

    /// All jobs that nobody took yet, in order, with what is left of their delay; they stay.
    #[must_use]
    pub fn waiting(&self) -> Vec<(Job, Duration)> {
        let state = locked(&self.state);
        state.waiting.iter().map(|(due, job)| (job.clone(), due.saturating_sub(state.passed))).collect()
    }

    /// Jobs of `kind` whose delay is over, in order; they are gone then.
    pub fn take_due(&self, kind: JobKind) -> Vec<Job> {
        let mut state = locked(&self.state);
        let passed = state.passed;
        let (due, waiting) = std::mem::take(&mut state.waiting).into_iter().partition(|(due, job)| *due <= passed && job.kind() == kind);
        state.waiting = waiting;
        let due: Vec<(Duration, Job)> = due;
        due.into_iter().map(|(_, job)| job).collect()
    }

    /// Lets time pass.
    pub fn pass(&self, time: Duration) {
        locked(&self.state).passed += time;
    }
}

#[async_trait]
impl Jobs for MemoryJobs {
    async fn enqueue(&self, job: &Job, delay: Duration) -> PortResult<()> {
        self.faults.check("jobs.enqueue")?;
        if delay > LONGEST_DELAY {
            return Err(PortError::new(PortErrorKind::InvalidArgument, "jobs.enqueue").with("delay_seconds", delay.as_secs()));
        }
        let mut state = locked(&self.state);
        let due = state.passed + delay;
        state.waiting.push((due, job.clone()));
        Ok(())
    }

    async fn enqueue_many(&self, jobs: &[Job]) -> PortResult<()> {
        self.faults.check("jobs.enqueue_many")?;
        let mut state = locked(&self.state);
        let passed = state.passed;
        state.waiting.extend(jobs.iter().map(|job| (passed, job.clone())));
        Ok(())
    }
}
