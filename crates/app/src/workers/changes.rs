//! From the tables' change feed to audit records, index hints and jobs: the only place that announces a change.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use domain::{
    PackageId, PortError, PortErrorKind, PortResult,
    access::Action,
    audit::{AuditOutcome, AuditRecord, SCHEMA},
    change::{Change, STAMP_ATTRIBUTE, Stamp},
    job::Job,
    ports::{Entry, Handler, Jobs, Outcome, Table},
};

/// The worker.
#[derive(Clone)]
pub struct Changes {
    jobs: Arc<dyn Jobs>,
}

impl Changes {
    /// Over the queues of the other workers.
    pub fn new(jobs: Arc<dyn Jobs>) -> Self {
        Self { jobs }
    }

    /// All of a batch in one write of the queues. What the changes of one action have in common is told once.
    async fn tell_all(&self, batch: &[Entry<Change>]) -> PortResult<()> {
        let mut jobs: Vec<Job> = Vec::new();
        for entry in batch {
            for job in jobs_of(&entry.body)? {
                if !jobs.contains(&job) {
                    jobs.push(job);
                }
            }
        }
        if jobs.is_empty() { Ok(()) } else { self.jobs.enqueue_many(&jobs).await }
    }

    async fn tell(&self, change: &Change) -> PortResult<()> {
        let told = match jobs_of(change) {
            Ok(jobs) if jobs.is_empty() => Ok(()),
            Ok(jobs) => self.jobs.enqueue_many(&jobs).await,
            Err(error) => Err(error),
        };
        match told {
            Err(error) if error.is(PortErrorKind::InvalidArgument) => self.set_aside(change, error).await,
            other => other,
        }
    }

    /// What can never be told must not hold up what is behind it: it goes on as a job that nobody does, so that it lies
    /// among the dead letters, with as much of its rows as a queue takes.
    async fn set_aside(&self, change: &Change, error: PortError) -> PortResult<()> {
        tracing::error!(
            error = &error as &dyn std::error::Error,
            table = change.table.name(),
            "a change can never be told: it is set aside"
        );
        let whole = change.clone();
        let new = Change { old: None, ..whole.clone() };
        let key = Change { new: None, ..new.clone() };
        let mut refused = error;
        for change in [whole, new, key] {
            match self.jobs.enqueue(&Job::Untold { change }, Duration::ZERO).await {
                Err(error) if error.is(PortErrorKind::InvalidArgument) => refused = error,
                other => return other,
            }
        }
        // It is not the change that the queue refuses.
        Err(refused)
    }
}

#[async_trait]
impl Handler<Change> for Changes {
    async fn handle(&self, batch: Vec<Entry<Change>>) -> Outcome {
        let mut outcome = Outcome::default();
        if self.tell_all(&batch).await.is_ok() {
            return outcome;
        }
        // One after the other, and nothing beyond what failed: audit records of a chain keep the feed's order, as far as the
        // queue keeps that of a batch.
        let mut left = batch.into_iter();
        while let Some(entry) = left.next() {
            if let Err(error) = self.tell(&entry.body).await {
                let (table, entry_id) = (entry.body.table.name(), entry.id.as_str());
                tracing::warn!(error = &error as &dyn std::error::Error, table, entry = entry_id, "a change could not be told");
                outcome.failed.push(entry.id);
                outcome.failed.extend(left.by_ref().map(|entry| entry.id));
            }
        }
        outcome
    }
}

/// Whether anything follows from a change: a feed may leave out those from which nothing does.
#[must_use]
pub fn is_told(change: &Change) -> bool {
    // What can't be read is told as well: it is set aside for people.
    jobs_of(change).map_or(true, |jobs| !jobs.is_empty())
}

/// What follows from a change; the same change makes the same jobs.
///
/// # Errors
/// `InvalidArgument` for a row whose stamp or key can't be read: it is set aside for people, not dropped.
pub fn jobs_of(change: &Change) -> PortResult<Vec<Job>> {
    let mut jobs = Vec::new();
    if let Some(stamp) = new_stamp(change)? {
        jobs.extend(work(change, stamp.action)?);
        jobs.push(Job::Audit { record: record(change, stamp) });
    }
    if change.table == Table::Packages && change.key.sort == "package" && (change.new_sequence().is_some() || change.new.is_none()) {
        jobs.push(Job::Index { package_id: package_id(change)? });
    }
    Ok(jobs)
}

fn new_stamp(change: &Change) -> PortResult<Option<Stamp>> {
    if let Some(value) = change.new.as_ref().and_then(|item| item.get(STAMP_ATTRIBUTE)) {
        serde_json::from_value::<Stamp>(value.clone()).map_err(|error| broken(change).because(error))?;
    }
    Ok(change.new_stamp())
}

/// Jobs of the other workers.
fn work(change: &Change, action: Action) -> PortResult<Vec<Job>> {
    let export = |make: fn(domain::id::UserId, domain::ExportId) -> Job| {
        let user_id = change.key.partition.parse().map_err(|error: domain::Invalid| broken(change).because(error))?;
        let id = change.key.sort.strip_prefix("export#").ok_or_else(|| broken(change))?;
        let export_id = id.parse().map_err(|error: domain::Invalid| broken(change).because(error))?;
        Ok(vec![make(user_id, export_id)])
    };
    match (change.table, action) {
        (Table::Cart, Action::ExportCreate | Action::ExportRetry) => export(|user_id, export_id| Job::Export { user_id, export_id }),
        (Table::Cart, Action::ExportRevoke) => export(|user_id, export_id| Job::RemoveExport { user_id, export_id }),
        (Table::Datasets, Action::ImportStart) => {
            let id = change.key.sort.strip_prefix("import#").ok_or_else(|| broken(change))?;
            let import_id = id.parse().map_err(|error: domain::Invalid| broken(change).because(error))?;
            Ok(vec![Job::Import { package_id: package_id(change)?, import_id }])
        }
        (Table::Settings, Action::SearchReindex) => Ok(vec![Job::Reindex]),
        (Table::Packages, Action::PackageDelete) => Ok(vec![Job::PackageDeleted { package_id: package_id(change)? }]),
        _ => Ok(Vec::new()),
    }
}

fn record(change: &Change, stamp: Stamp) -> AuditRecord {
    AuditRecord {
        schema: SCHEMA,
        id: stamp.id,
        time: stamp.time,
        actor: stamp.actor,
        origin: stamp.origin,
        action: stamp.action,
        resource: resource(change),
        outcome: AuditOutcome::Allow,
        reason: None,
        changed: stamp.fields,
    }
}

/// What a row is about: for everything below a package, the package, so that its history is whole.
fn resource(change: &Change) -> String {
    let (partition, sort) = (change.key.partition.as_str(), change.key.sort.as_str());
    match change.table {
        Table::Packages | Table::Metadata | Table::Datasets => partition.to_owned(),
        Table::Cart => match sort.split_once('#') {
            Some(("item" | "export", id)) => id.to_owned(),
            _ => partition.to_owned(),
        },
        Table::Keys => partition.strip_prefix("user#").unwrap_or(partition).to_owned(),
        Table::Settings => format!("{partition}/{sort}"),
    }
}

fn package_id(change: &Change) -> PortResult<PackageId> {
    change.key.partition.parse().map_err(|error: domain::Invalid| broken(change).because(error))
}

fn broken(change: &Change) -> PortError {
    PortError::new(PortErrorKind::InvalidArgument, "changes.jobs_of").with("table", change.table.name())
}
