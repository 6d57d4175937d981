//! Use cases over fakes, and entries as a home's loop hands them over.

use std::sync::Arc;

use datalake_app::{Caller, Core, packages::Packages};
use domain::{
    audit::{AuditRecord, Origin},
    job::Job,
    ports::Entry,
};
use testkit::{FixedClock, MemoryCipher, MemoryJobs, MemoryObjects, MemoryTables, SequentialIds, builders::member};

pub(crate) struct Lake {
    pub(crate) tables: Arc<MemoryTables>,
    pub(crate) jobs: Arc<MemoryJobs>,
    pub(crate) clock: Arc<FixedClock>,
    pub(crate) core: Core,
    pub(crate) packages: Packages,
}

impl Lake {
    pub(crate) fn new() -> Self {
        let (tables, jobs) = (Arc::new(MemoryTables::new()), Arc::new(MemoryJobs::default()));
        let clock = Arc::new(FixedClock::default());
        let core =
            Core::new(tables.clone(), jobs.clone(), Arc::new(MemoryCipher::default()), clock.clone(), Arc::new(SequentialIds::default()));
        let packages = Packages::new(core.clone(), Arc::new(MemoryObjects::default()), "data");
        Self { tables, jobs, clock, core, packages }
    }
}

pub(crate) fn ann() -> Caller {
    Caller { principal: member("ann"), origin: Origin { request_id: "req_1".to_owned(), source_ip: Some("192.0.2.1".to_owned()) } }
}

/// Entries with ids that tell their places.
pub(crate) fn entries<T>(bodies: impl IntoIterator<Item = T>) -> Vec<Entry<T>> {
    bodies.into_iter().enumerate().map(|(place, body)| Entry { id: place.to_string(), body }).collect()
}

pub(crate) fn records(jobs: &[Job]) -> Vec<AuditRecord> {
    let record = |job: &Job| match job {
        Job::Audit { record } => Some(record.clone()),
        _ => None,
    };
    jobs.iter().filter_map(record).collect()
}
