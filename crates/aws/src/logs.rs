//! The audit log in Amazon CloudWatch Logs.

mod batch;
mod place;
mod question;

use std::{collections::BTreeSet, error::Error, fmt, sync::Arc};

use async_trait::async_trait;
use aws_sdk_cloudwatchlogs::{
    Client,
    error::{ProvideErrorMetadata, SdkError},
    types::{InputLogEvent, QueryStatus, RejectedLogEventsInfo, ResultField},
};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use domain::{
    PortError, PortErrorKind, PortResult, Timestamp,
    ports::{AuditLog, AuditQuery, AuditRows, ChainedRecord, Clock},
};

use self::{
    batch::{batches, events},
    place::{Begun, Place},
    question::question,
};
use crate::{account::Account, failure};

const APPEND: &str = "audit_log.append";
const QUERY: &str = "audit_log.query";
const ROWS: &str = "audit_log.rows";
/// The port's limit.
const PAGE: usize = 1_000;
/// What Logs Insights answers with at once.
const WINDOW: usize = 10_000;

impl Account {
    /// The audit log in this log group.
    #[must_use]
    pub fn audit_log(&self, group: &str, clock: Arc<dyn Clock>) -> Arc<CloudWatchAuditLog> {
        Arc::new(CloudWatchAuditLog::new(Client::new(self.config()), group, clock))
    }
}

/// The port `AuditLog` over one log group: a log stream for each day and chain, written by `PutLogEvents` and asked by
/// Logs Insights.
///
/// Logs Insights answers with 10,000 rows at most. Behind those, the next query begins where the one before ended, so
/// that nothing is left out; copies of a record that were appended half a day apart may then be shown twice.
#[derive(Clone)]
pub struct CloudWatchAuditLog {
    client: Client,
    group: String,
    clock: Arc<dyn Clock>,
    page: usize,
    window: usize,
}

impl fmt::Debug for CloudWatchAuditLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CloudWatchAuditLog").field("group", &self.group).finish_non_exhaustive()
    }
}

impl CloudWatchAuditLog {
    /// Over a client that follows the account's policy of time limits and repetitions.
    #[must_use]
    pub fn new(client: Client, group: impl Into<String>, clock: Arc<dyn Clock>) -> Self {
        Self { client, group: group.into(), clock, page: PAGE, window: WINDOW }
    }

    /// With smaller pages, and smaller answers of Logs Insights behind them.
    #[must_use]
    pub fn with_pages_of(self, page: usize, window: usize) -> Self {
        Self { page: page.min(PAGE), window: window.min(WINDOW), ..self }
    }

    /// Makes the stream if it isn't there yet.
    async fn put(&self, stream: &str, events: Vec<InputLogEvent>) -> PortResult<()> {
        match self.put_once(stream, events.clone()).await {
            Err(error) if error.is(PortErrorKind::NotFound) => {
                self.make(stream).await?;
                self.put_once(stream, events).await.map_err(missing)
            }
            other => other,
        }
    }

    async fn put_once(&self, stream: &str, events: Vec<InputLogEvent>) -> PortResult<()> {
        let request = self.client.put_log_events().log_group_name(&self.group).log_stream_name(stream).set_log_events(Some(events));
        let answer = request.send().await.map_err(|error| failed(&error, APPEND))?;
        answer.rejected_log_events_info.map_or(Ok(()), |rejected| Err(not_all_taken(&rejected)))
    }

    async fn make(&self, stream: &str) -> PortResult<()> {
        let made = self.client.create_log_stream().log_group_name(&self.group).log_stream_name(stream).send().await;
        match made.map_err(|error| failed(&error, APPEND)) {
            // Another process was faster.
            Err(error) if error.is(PortErrorKind::AlreadyExists) => Ok(()),
            other => other.map(drop).map_err(missing),
        }
    }

    /// Begins a query for what was logged from `since` (in milliseconds) on; the answer is its id.
    async fn begin(&self, query: &AuditQuery, (since, end): (i64, i64), operation: &'static str) -> PortResult<String> {
        let start = since.div_euclid(1_000);
        let request = self
            .client
            .start_query()
            .log_group_name(&self.group)
            .query_string(question(query, since))
            .start_time(start)
            .end_time(end.max(start))
            .limit(i32::try_from(self.window).unwrap_or(i32::MAX));
        let answer = request.send().await.map_err(|error| missing(failed(&error, operation)))?;
        answer.query_id.ok_or_else(|| PortError::new(PortErrorKind::Unexpected, operation).because("a query without an id"))
    }

    /// Rows as they were logged; `None` while the query runs.
    async fn answer(&self, query_id: &str) -> PortResult<Option<Vec<Vec<ResultField>>>> {
        let request = self.client.get_query_results().query_id(query_id).max_items(i32::try_from(self.window).unwrap_or(i32::MAX));
        let answer = request.send().await.map_err(|error| failed(&error, ROWS)).map_err(|error| match error.kind() {
            PortErrorKind::InvalidArgument => PortError::new(PortErrorKind::NotFound, ROWS).because(error),
            _ => error,
        })?;
        match answer.status {
            Some(QueryStatus::Complete) => Ok(Some(answer.results.unwrap_or_default())),
            Some(QueryStatus::Cancelled | QueryStatus::Failed | QueryStatus::Timeout) => {
                let status = answer.status.map(|status| status.to_string()).unwrap_or_default();
                Err(PortError::new(PortErrorKind::Unavailable, ROWS).with("status", status))
            }
            _ => Ok(None),
        }
    }
}

#[async_trait]
impl AuditLog for CloudWatchAuditLog {
    async fn append(&self, chain: u32, records: &[ChainedRecord]) -> PortResult<()> {
        if let Some(other) = records.iter().find(|record| record.chain != chain) {
            return Err(PortError::new(PortErrorKind::InvalidArgument, APPEND).with("chain", other.chain));
        }
        let now = self.clock.now();
        let stream = format!("{}/chain-{chain}", &now.to_string()[..10]);
        for batch in batches(events(records, now)?) {
            let event = |(millis, message)| {
                let event = InputLogEvent::builder().timestamp(millis).message(message).build();
                event.map_err(|error| PortError::new(PortErrorKind::Unexpected, APPEND).because(error))
            };
            self.put(&stream, batch.into_iter().map(event).collect::<PortResult<_>>()?).await?;
        }
        Ok(())
    }

    async fn query(&self, query: &AuditQuery) -> PortResult<String> {
        let since = query.from.unwrap_or(Timestamp::EPOCH).as_millis();
        // Up to now, not up to `to`: a record that came late was logged late.
        let end = self.clock.now().plus(batch::AHEAD).as_seconds();
        let query_id = self.begin(query, (since, end), QUERY).await?;
        Begun { query_id, end, query: query.clone() }.name()
    }

    async fn rows(&self, query: &str, after: Option<String>) -> PortResult<AuditRows> {
        let begun = Begun::named(query)?;
        let place = after.map_or_else(|| Ok(Place::first(&begun)), |text| Place::read(&text))?;
        let Some(mut lines) = self.answer(&place.query_id).await? else {
            return Ok(AuditRows { complete: false, rows: Vec::new(), next: None });
        };
        let on = if lines.len() < self.window { None } else { Some(cut(&mut lines)?) };
        let rows = read(&lines, &begun.query)?;
        let end = place.skip.saturating_add(self.page);
        let next = if end < rows.len() {
            Some(Place { skip: end, ..place.clone() })
        } else if let Some(since) = on {
            Some(Place { query_id: self.begin(&begun.query, (since, begun.end), ROWS).await?, skip: 0 })
        } else {
            None
        };
        let rows = rows.into_iter().skip(place.skip).take(self.page).collect();
        Ok(AuditRows { complete: true, rows, next: next.map(|place| place.text()) })
    }
}

/// Takes what was logged in the last millisecond off a full answer, for there may be more of it, and says which
/// millisecond that is.
fn cut(lines: &mut Vec<Vec<ResultField>>) -> PortResult<i64> {
    let last = lines.last().map(|line| logged_at(line)).transpose()?.unwrap_or_default();
    let mut kept = lines.len();
    while kept > 0 && logged_at(&lines[kept - 1])? == last {
        kept -= 1;
    }
    if kept == 0 {
        return Err(PortError::new(PortErrorKind::Unexpected, ROWS).with("millis", last).because("more in a millisecond than can be read"));
    }
    lines.truncate(kept);
    Ok(last)
}

/// Milliseconds, from a text like `2026-01-31 12:00:00.000` in UTC.
fn logged_at(line: &[ResultField]) -> PortResult<i64> {
    let text = field(line, "@timestamp")?;
    let time: Result<Timestamp, _> = format!("{}Z", text.replacen(' ', "T", 1)).parse();
    time.map(Timestamp::as_millis).map_err(|error| PortError::new(PortErrorKind::Unexpected, ROWS).with("timestamp", text).because(error))
}

/// What is asked for, oldest first and each record once.
fn read(lines: &[Vec<ResultField>], query: &AuditQuery) -> PortResult<Vec<ChainedRecord>> {
    let mut seen = BTreeSet::new();
    let mut rows = Vec::new();
    for line in lines {
        let broken = |error: serde_json::Error| PortError::new(PortErrorKind::Unexpected, ROWS).because(error);
        let record: ChainedRecord = serde_json::from_str(field(line, "@message")?).map_err(broken)?;
        // Not all that is asked for can be asked of the service: see `question`.
        if query.matches(&record.record) && seen.insert((record.chain, record.sequence, record.hash.clone())) {
            rows.push(record);
        }
    }
    rows.sort_by_key(|row| (row.record.time, row.chain, row.sequence));
    Ok(rows)
}

fn field<'a>(line: &'a [ResultField], name: &'static str) -> PortResult<&'a str> {
    let found = line.iter().find(|field| field.field() == Some(name)).and_then(ResultField::value);
    found.ok_or_else(|| PortError::new(PortErrorKind::Unexpected, ROWS).with("without", name))
}

/// The service takes the other records of a batch nevertheless: appended again, they are copies.
fn not_all_taken(rejected: &RejectedLogEventsInfo) -> PortError {
    let told = |end: Option<i32>| end.map_or_else(|| "none".to_owned(), |end| end.to_string());
    PortError::new(PortErrorKind::Unexpected, APPEND)
        .with("too_new_from", told(rejected.too_new_log_event_start_index))
        .with("too_old_up_to", told(rejected.too_old_log_event_end_index))
        .with("expired_up_to", told(rejected.expired_log_event_end_index))
        .because("the log did not take all records: is this process's clock right, and the log's retention at least a day?")
}

/// A log group that isn't there is a defect of the deployment.
fn missing(error: PortError) -> PortError {
    if error.is(PortErrorKind::NotFound) { PortError::new(PortErrorKind::Unexpected, error.operation()).because(error) } else { error }
}

fn failed<E: ProvideErrorMetadata + Error + 'static>(error: &SdkError<E, HttpResponse>, operation: &'static str) -> PortError {
    failure::failed(error, operation, failure::kind_of)
}
