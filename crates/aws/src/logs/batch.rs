//! What is sent of records, and how much of it at once.

use std::time::Duration;

use domain::{PortError, PortErrorKind, PortResult, Timestamp, ports::ChainedRecord};

use super::APPEND;

/// Limits of `PutLogEvents`
/// (<https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html>).
const BATCH_BYTES: usize = 1_048_576;
const BATCH_EVENTS: usize = 10_000;
/// What each event counts besides its text.
const EVENT_BYTES: usize = 26;
/// What an event may have in every partition.
const LONGEST: usize = 256 * 1024;

/// How old a record may be to be logged at its own time. The service takes 14 days, but nothing older than the group
/// keeps, and no more than 24 hours in one batch.
const BEHIND: Duration = Duration::from_secs(12 * 60 * 60);
/// How far ahead of this process's clock; the service takes two hours.
pub(super) const AHEAD: Duration = Duration::from_secs(60 * 60);

/// An event: its time in milliseconds and its text.
pub(super) type Event = (i64, String);

/// Events in the order of their times, as the service wants them. A record's own time stands in its text; one that is
/// too far from `now` is logged now.
pub(super) fn events(records: &[ChainedRecord], now: Timestamp) -> PortResult<Vec<Event>> {
    let event = |record: &ChainedRecord| {
        let defect = |error: serde_json::Error| PortError::new(PortErrorKind::InvalidArgument, APPEND).because(error);
        let text = serde_json::to_string(record).map_err(defect)?;
        if text.len() > LONGEST {
            return Err(PortError::new(PortErrorKind::InvalidArgument, APPEND).with("bytes", text.len()));
        }
        let time = record.record.time;
        let near = now.since(time) <= BEHIND && time.since(now) <= AHEAD;
        Ok((if near { time } else { now }.as_millis(), text))
    };
    let mut events = records.iter().map(event).collect::<PortResult<Vec<_>>>()?;
    events.sort_by_key(|(millis, _)| *millis);
    Ok(events)
}

/// In order, each as long as one call may be.
pub(super) fn batches(events: Vec<Event>) -> Vec<Vec<Event>> {
    let mut batches: Vec<Vec<Event>> = Vec::new();
    let mut bytes = 0;
    for event in events {
        let size = event.1.len() + EVENT_BYTES;
        bytes += size;
        match batches.last_mut() {
            Some(batch) if batch.len() < BATCH_EVENTS && bytes <= BATCH_BYTES => batch.push(event),
            _ => {
                bytes = size;
                batches.push(vec![event]);
            }
        }
    }
    batches
}

#[cfg(test)]
mod tests {
    use testkit::{audit_log::sealed, builders::now};

    use super::*;

    #[test]
    fn a_record_is_logged_at_its_own_time_unless_that_is_far_away() {
        let record = sealed(1, 1);
        let time = record[0].record.time;
        let logged_at = |now: Timestamp| events(&record, now).expect("an event")[0].0;
        assert_eq!(logged_at(time.plus(BEHIND)), time.as_millis());
        assert_eq!(logged_at(time.minus(AHEAD)), time.as_millis());
        for far in [time.plus(BEHIND + Duration::from_millis(1)), time.minus(AHEAD + Duration::from_millis(1))] {
            assert_eq!(logged_at(far), far.as_millis());
        }
    }

    #[test]
    fn events_are_in_the_order_of_their_times() {
        let mut records = sealed(1, 3);
        records.reverse();
        let events = events(&records, now()).expect("events");
        assert!(events.is_sorted_by_key(|(millis, _)| *millis));
        assert!(events[0].1.contains(&records[2].hash));
    }

    #[test]
    fn a_batch_has_no_more_bytes_and_events_than_a_call_takes() {
        let sizes = |events: Vec<Event>| batches(events).iter().map(Vec::len).collect::<Vec<_>>();
        let longest = BATCH_BYTES / 4 - EVENT_BYTES;
        assert_eq!(sizes(vec![(0, "x".repeat(longest)); 9]), [4, 4, 1]);
        assert_eq!(sizes(vec![(0, "x".repeat(longest + 1)); 9]), [3, 3, 3]);
        assert_eq!(sizes(vec![(0, String::new()); BATCH_EVENTS + 1]), [BATCH_EVENTS, 1]);
        assert!(sizes(Vec::new()).is_empty());
    }
}
