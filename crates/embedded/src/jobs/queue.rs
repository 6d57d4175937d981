//! The rows of the queues, within one transaction.

use std::{collections::BTreeSet, time::Duration};

use domain::{PortError, PortErrorKind, PortResult, Timestamp, id::JobId, job::JobKind};
use rusqlite::{Connection, OptionalExtension, Row, named_params, params};
use serde::de::DeserializeOwned;

use super::{DeadLetter, Delivery, ListedJob, MAX_ATTEMPTS, QueueDepth};
use crate::sqlite::{Layout, failed};

/// `place` orders the jobs of a queue; `deliveries` only ever rises and makes the receipt; `attempts` counts failures.
const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS jobs (
        place       INTEGER PRIMARY KEY AUTOINCREMENT,
        id          TEXT    NOT NULL UNIQUE,
        queue       TEXT    NOT NULL,
        job_group   TEXT,
        body        TEXT    NOT NULL,
        enqueued_at INTEGER NOT NULL,
        visible_at  INTEGER NOT NULL,
        attempts    INTEGER NOT NULL DEFAULT 0,
        deliveries  INTEGER NOT NULL DEFAULT 0,
        died_at     INTEGER
    ) STRICT;
    CREATE INDEX IF NOT EXISTS jobs_due ON jobs (queue, visible_at) WHERE died_at IS NULL;
    CREATE INDEX IF NOT EXISTS jobs_group ON jobs (queue, job_group, place) WHERE died_at IS NULL AND job_group IS NOT NULL;
    CREATE INDEX IF NOT EXISTS jobs_dead ON jobs (id) WHERE died_at IS NOT NULL;
";

/// The file of all queues.
pub(super) const FILE: Layout = Layout { operation: "jobs.open", steps: &[SCHEMA], secure_delete: false };

/// A job before it has a place.
pub(super) struct NewJob {
    pub(super) id: JobId,
    pub(super) kind: JobKind,
    pub(super) group: Option<String>,
    pub(super) body: String,
    pub(super) delay: Duration,
}

/// The queues at one moment.
pub(super) struct Rows<'a> {
    connection: &'a Connection,
    now: Timestamp,
}

/// A row that can be delivered.
struct Due {
    place: i64,
    id: String,
    body: String,
    attempts: u32,
    deliveries: i64,
}

impl<'a> Rows<'a> {
    pub(super) const fn new(connection: &'a Connection, now: Timestamp) -> Self {
        Self { connection, now }
    }

    pub(super) fn insert(&self, jobs: &[NewJob]) -> PortResult<()> {
        const SQL: &str = "INSERT INTO jobs (id, queue, job_group, body, enqueued_at, visible_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
        let mut insert = self.connection.prepare_cached(SQL).map_err(failed("jobs.enqueue"))?;
        for job in jobs {
            let visible_at = self.now.plus(job.delay).as_millis();
            insert
                .execute(params![job.id.to_string(), job.kind.name(), job.group, job.body, self.now.as_millis(), visible_at])
                .map_err(failed("jobs.enqueue"))?;
        }
        Ok(())
    }

    pub(super) fn receive<T: DeserializeOwned>(&self, queue: &str, max: usize, lease: Duration) -> PortResult<Vec<Delivery<T>>> {
        self.bury_exhausted(queue)?;
        let mut deliveries = Vec::new();
        for due in self.due(queue, max)? {
            let (attempt, delivery) = (due.attempts + 1, due.deliveries + 1);
            match (due.id.parse(), serde_json::from_str(&due.body)) {
                (Ok(id), Ok(job)) => {
                    self.execute(
                        "jobs.receive",
                        "UPDATE jobs SET visible_at = ?2, attempts = ?3, deliveries = ?4 WHERE place = ?1",
                        params![due.place, self.now.plus(lease).as_millis(), attempt, delivery],
                    )?;
                    deliveries.push(Delivery { id, receipt: format!("{}.{delivery}", due.place), attempt, job });
                }
                // Written by a version that knew more: no attempt of this one can succeed.
                _ => {
                    tracing::error!(job = due.id, queue, "a job can't be read and becomes a dead letter");
                    self.die(due.place)?;
                }
            }
        }
        Ok(deliveries)
    }

    /// Oldest first, those of a group only if no earlier one of it is out or waiting.
    fn due(&self, queue: &str, max: usize) -> PortResult<Vec<Due>> {
        const SQL: &str = "
            SELECT place, id, body, attempts, deliveries FROM jobs AS job
            WHERE queue = :queue AND died_at IS NULL AND visible_at <= :now
              AND (job_group IS NULL OR NOT EXISTS (
                SELECT 1 FROM jobs AS earlier
                WHERE earlier.queue = job.queue AND earlier.job_group = job.job_group AND earlier.place < job.place
                  AND earlier.died_at IS NULL AND earlier.visible_at > :now))
            ORDER BY place LIMIT :max";
        let read = |row: &Row<'_>| {
            Ok(Due { place: row.get(0)?, id: row.get(1)?, body: row.get(2)?, attempts: row.get(3)?, deliveries: row.get(4)? })
        };
        let query = || {
            let mut select = self.connection.prepare_cached(SQL)?;
            let max = i64::try_from(max).unwrap_or(i64::MAX);
            select
                .query_map(named_params! { ":queue": queue, ":now": self.now.as_millis(), ":max": max }, read)?
                .collect::<rusqlite::Result<_>>()
        };
        query().map_err(failed("jobs.receive"))
    }

    /// Those whose last lease ended without a word.
    fn bury_exhausted(&self, queue: &str) -> PortResult<()> {
        let died = self.execute(
            "jobs.receive",
            "UPDATE jobs SET died_at = ?2 WHERE queue = ?1 AND died_at IS NULL AND visible_at <= ?2 AND attempts >= ?3",
            params![queue, self.now.as_millis(), MAX_ATTEMPTS],
        )?;
        if died > 0 {
            tracing::error!(queue, died, "jobs were given up: their last attempts ended without a word; they lie among the dead letters");
        }
        Ok(())
    }

    /// Jobs that were tried and wait, for whatever reason, come at once; old receipts are void.
    pub(super) fn end_leases(&self) -> PortResult<()> {
        self.execute(
            "jobs.end_leases",
            "UPDATE jobs SET visible_at = min(visible_at, ?1), deliveries = deliveries + 1 WHERE attempts > 0 AND died_at IS NULL",
            params![self.now.as_millis()],
        )?;
        Ok(())
    }

    pub(super) fn acknowledge(&self, receipts: &[String]) -> PortResult<()> {
        for (place, delivery) in receipts.iter().filter_map(|receipt| parse(receipt)) {
            self.execute("jobs.acknowledge", "DELETE FROM jobs WHERE place = ?1 AND deliveries = ?2", params![place, delivery])?;
        }
        Ok(())
    }

    pub(super) fn release(&self, receipts: &[String], backoff: impl Fn(u32) -> Duration) -> PortResult<()> {
        const SQL: &str = "SELECT queue, job_group, attempts FROM jobs WHERE place = ?1 AND deliveries = ?2 AND died_at IS NULL";
        let mut places: Vec<(i64, i64)> = receipts.iter().filter_map(|receipt| parse(receipt)).collect();
        places.sort_unstable();
        let mut failed_groups = BTreeSet::new();
        for (place, delivery) in places {
            let read = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
            let found = self.connection.query_row(SQL, params![place, delivery], read).optional();
            let Some((queue, group, attempts)) = found.map_err(failed("jobs.release"))? else { continue };
            let (queue, group, attempts): (String, Option<String>, u32) = (queue, group, attempts);
            let behind = group.is_some_and(|group| !failed_groups.insert((queue.clone(), group)));
            if behind {
                self.put_back(place, self.now, attempts.saturating_sub(1))?;
            } else if attempts >= MAX_ATTEMPTS {
                self.die(place)?;
                tracing::error!(queue, place, attempts, "a job was given up; it lies among the dead letters");
            } else {
                self.put_back(place, self.now.plus(backoff(attempts)), attempts)?;
            }
        }
        Ok(())
    }

    /// Ends the lease: its receipt is void.
    fn put_back(&self, place: i64, visible_at: Timestamp, attempts: u32) -> PortResult<()> {
        self.execute(
            "jobs.release",
            "UPDATE jobs SET visible_at = ?2, attempts = ?3, deliveries = deliveries + 1 WHERE place = ?1",
            params![place, visible_at.as_millis(), attempts],
        )?;
        Ok(())
    }

    fn die(&self, place: i64) -> PortResult<()> {
        self.execute(
            "jobs.die",
            "UPDATE jobs SET died_at = ?2, deliveries = deliveries + 1 WHERE place = ?1",
            params![place, self.now.as_millis()],
        )?;
        Ok(())
    }

    pub(super) fn bury(&self, queue: &str, id: JobId, body: &str, attempts: u32) -> PortResult<()> {
        self.execute(
            "jobs.bury",
            "INSERT INTO jobs (id, queue, body, enqueued_at, visible_at, attempts, died_at) VALUES (?1, ?2, ?3, ?4, ?4, ?5, ?4)",
            params![id.to_string(), queue, body, self.now.as_millis(), attempts],
        )?;
        Ok(())
    }

    pub(super) fn dead_letters(&self, after: Option<JobId>, limit: usize) -> PortResult<Vec<DeadLetter>> {
        let listed = self.select("jobs.dead_letters", "died_at IS NOT NULL", after, limit)?;
        let dead = |ListedJob { id, queue, body, attempts, enqueued_at, died_at, .. }| {
            Some(DeadLetter { id, queue, body, attempts, enqueued_at, died_at: died_at? })
        };
        Ok(listed.into_iter().filter_map(dead).collect())
    }

    pub(super) fn list(&self, after: Option<JobId>, limit: usize) -> PortResult<Vec<ListedJob>> {
        self.select("jobs.list", "true", after, limit)
    }

    /// Jobs of which a condition holds, in the order of their ids.
    fn select(&self, operation: &'static str, condition: &str, after: Option<JobId>, limit: usize) -> PortResult<Vec<ListedJob>> {
        let sql = format!(
            "SELECT id, queue, body, attempts, enqueued_at, visible_at, died_at FROM jobs WHERE {condition} AND id > ?1 ORDER BY id LIMIT ?2"
        );
        let after = after.map(|id| id.to_string()).unwrap_or_default();
        let query = || {
            let mut select = self.connection.prepare_cached(&sql)?;
            let rows = select.query_map(params![after, i64::try_from(limit).unwrap_or(i64::MAX)], listed)?;
            rows.collect::<rusqlite::Result<_>>()
        };
        query().map_err(failed(operation))
    }

    pub(super) fn retry(&self, id: JobId) -> PortResult<()> {
        // REPLACE gives it a new place: behind those that passed it while it was dead, and no old receipt fits.
        let changed = self.execute(
            "jobs.retry",
            "INSERT OR REPLACE INTO jobs (id, queue, job_group, body, enqueued_at, visible_at)
             SELECT id, queue, job_group, body, enqueued_at, ?2 FROM jobs WHERE id = ?1 AND died_at IS NOT NULL",
            params![id.to_string(), self.now.as_millis()],
        )?;
        if changed == 0 {
            return Err(PortError::new(PortErrorKind::NotFound, "jobs.retry").with("job", id));
        }
        Ok(())
    }

    pub(super) fn depth(&self, queue: &str) -> PortResult<QueueDepth> {
        const SQL: &str = "
            SELECT count(*) FILTER (WHERE died_at IS NULL), count(*) FILTER (WHERE died_at IS NOT NULL),
                   min(enqueued_at) FILTER (WHERE died_at IS NULL)
            FROM jobs WHERE queue = ?1";
        let read = |row: &Row<'_>| {
            let oldest: Option<i64> = row.get(2)?;
            let oldest_age = oldest.and_then(Timestamp::from_millis).map(|oldest| self.now.since(oldest));
            let count = |column: usize| Ok::<_, rusqlite::Error>(row.get::<_, i64>(column)?.unsigned_abs());
            Ok(QueueDepth { queue: queue.to_owned(), waiting: count(0)?, dead: count(1)?, oldest_age })
        };
        self.connection.query_row(SQL, [queue], read).map_err(failed("jobs.depths"))
    }

    fn execute(&self, operation: &'static str, sql: &str, parameters: impl rusqlite::Params) -> PortResult<usize> {
        let run = || self.connection.prepare_cached(sql)?.execute(parameters);
        run().map_err(failed(operation))
    }
}

fn listed(row: &Row<'_>) -> rusqlite::Result<ListedJob> {
    let unreadable = |column, error: Box<dyn std::error::Error + Send + Sync>| {
        rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, error)
    };
    let (id, body): (String, String) = (row.get(0)?, row.get(2)?);
    let time = |millis: i64| Timestamp::from_millis(millis).unwrap_or(Timestamp::EPOCH);
    Ok(ListedJob {
        id: id.parse().map_err(|error: domain::Invalid| unreadable(0, error.into()))?,
        queue: row.get(1)?,
        // What is no JSON is shown as the text that it is.
        body: serde_json::from_str(&body).unwrap_or(serde_json::Value::String(body)),
        attempts: row.get(3)?,
        enqueued_at: time(row.get(4)?),
        due_at: time(row.get(5)?),
        died_at: row.get::<_, Option<i64>>(6)?.map(time),
    })
}

/// Place and delivery of a receipt; another text is a receipt of nothing.
fn parse(receipt: &str) -> Option<(i64, i64)> {
    let (place, delivery) = receipt.split_once('.')?;
    Some((place.parse().ok()?, delivery.parse().ok()?))
}
