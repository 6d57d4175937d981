//! The contract of `AuditLog`, held by log groups of CloudWatch Logs.

#![cfg(feature = "logs")]

mod support;

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, SystemTime},
};

use aws_sdk_cloudwatchlogs::Client;
use datalake_aws::logs::CloudWatchAuditLog;
use domain::{
    PortErrorKind, Timestamp,
    ports::{AuditLog, AuditQuery, Clock},
};
use testkit::{
    FixedClock, Subject,
    audit_log::{all_rows, sealed},
    builders::now,
};

use self::support::account;

/// A group of its own for each check, as Terraform makes it.
async fn group(url: &str) -> (Client, String) {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let client = Client::new(account(url).await.config());
    let group = format!("check-{}/audit-log", NEXT.fetch_add(1, Ordering::Relaxed));
    client.create_log_group().log_group_name(&group).send().await.expect("a group");
    (client, group)
}

async fn log(url: &str, clock: Arc<dyn Clock>) -> CloudWatchAuditLog {
    let (client, group) = group(url).await;
    CloudWatchAuditLog::new(client, group, clock)
}

async fn streams(client: &Client, group: &str) -> Vec<String> {
    let answer = client.describe_log_streams().log_group_name(group).send().await.expect("streams");
    answer.log_streams().iter().filter_map(|stream| stream.log_stream_name().map(str::to_owned)).collect()
}

/// ministack deviates from AWS:
/// - it takes events of any time, in any order, while `PutLogEvents` rejects what is older than 14 days or more than two
///   hours ahead, and batches that aren't in order
///   (<https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html>): see [`moto`];
/// - of a question's filters it knows those over `@…` fields and leaves out the others; Logs Insights knows the fields of
///   JSON events (<https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_AnalyzeLogData-discoverable-fields.html>),
///   so that what the adapter judges again is already little there;
/// - a query is complete at once, and sees what was just logged; Logs Insights takes seconds for both
///   (<https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_GetQueryResults.html>).
mod ministack {
    use super::*;

    testkit::audit_log_suite!(make, unless = left_out);

    fn left_out() -> bool {
        test_servers::left_out("ministack")
    }

    /// A quarter of an hour after the suite's records.
    async fn a_log() -> CloudWatchAuditLog {
        log(&test_servers::ministack().url(), Arc::new(FixedClock::new(now().plus(Duration::from_secs(15 * 60))))).await
    }

    /// Small pages, each of which begins a query of its own behind the one before.
    async fn make() -> Subject<dyn AuditLog> {
        Subject::new(Arc::new(a_log().await.with_pages_of(3, 7)), ())
    }

    #[tokio::test]
    async fn pages_of_one_answer_join_too() {
        if left_out() {
            return;
        }
        let log = a_log().await.with_pages_of(4, 1_000);
        let records = sealed(3, 23);
        log.append(3, &records).await.expect("appends");
        assert_eq!(all_rows(&log, &AuditQuery::default()).await, records);
    }

    #[tokio::test]
    async fn a_value_that_is_no_plain_word_is_judged_by_the_adapter() {
        if left_out() {
            return;
        }
        let log = a_log().await;
        let mut records = sealed(1, 2);
        let resource = "a\" or 'b' | limit 0";
        let odd = domain::audit::AuditRecord { resource: resource.to_owned(), ..records[1].record.clone() };
        records[1] = domain::ports::ChainedRecord::seal(1, 2, records[0].hash.clone(), odd);
        log.append(1, &records).await.expect("appends");
        let query = AuditQuery { resource: Some(resource.to_owned()), ..AuditQuery::default() };
        assert_eq!(all_rows(&log, &query).await, records[1..]);
    }

    #[tokio::test]
    async fn a_record_that_comes_late_is_found_by_its_own_time() {
        if left_out() {
            return;
        }
        let (client, group) = group(&test_servers::ministack().url()).await;
        let clock = Arc::new(FixedClock::new(now().plus(Duration::from_secs(30 * 24 * 60 * 60))));
        let log = CloudWatchAuditLog::new(client, group, clock);
        let records = sealed(1, 4);
        log.append(1, &records).await.expect("appends");
        let at = |second| Some(now().plus(Duration::from_secs(second)));
        let query = AuditQuery { from: at(2), to: at(3), ..AuditQuery::default() };
        assert_eq!(all_rows(&log, &query).await, records[1..3]);
    }

    #[tokio::test]
    async fn each_day_and_chain_has_a_stream() {
        if left_out() {
            return;
        }
        let (client, group) = group(&test_servers::ministack().url()).await;
        let clock = Arc::new(FixedClock::new("2026-01-31T23:59:59Z".parse().expect("a time")));
        let log = CloudWatchAuditLog::new(client.clone(), group.clone(), clock.clone());
        let chains = [sealed(1, 2), sealed(2, 1)];
        log.append(1, &chains[0][..1]).await.expect("appends");
        log.append(2, &chains[1]).await.expect("appends");
        clock.advance(Duration::from_secs(1));
        log.append(1, &chains[0][1..]).await.expect("appends");
        assert_eq!(streams(&client, &group).await, ["2026-01-31/chain-1", "2026-01-31/chain-2", "2026-02-01/chain-1"]);
        assert_eq!(all_rows(&log, &AuditQuery::default()).await.len(), 3);
    }

    #[tokio::test]
    async fn two_processes_can_make_a_stream_at_once() {
        if left_out() {
            return;
        }
        let log = a_log().await;
        let records = sealed(1, 8);
        futures::future::join_all(records.iter().map(|record| log.append(1, std::slice::from_ref(record))))
            .await
            .into_iter()
            .for_each(|appended| appended.expect("appends"));
        assert_eq!(all_rows(&log, &AuditQuery::default()).await, records);
    }

    #[tokio::test]
    async fn a_group_that_is_not_there_is_a_defect_of_the_deployment() {
        if left_out() {
            return;
        }
        let (client, _) = group(&test_servers::ministack().url()).await;
        let log = CloudWatchAuditLog::new(client, "never-made", Arc::new(FixedClock::default()));
        let error = log.append(1, &sealed(1, 1)).await.expect_err("there is no group");
        assert!(error.is(PortErrorKind::Unexpected), "{error}");
        let error = log.query(&AuditQuery::default()).await.expect_err("there is no group");
        assert!(error.is(PortErrorKind::Unexpected), "{error}");
    }

    #[tokio::test]
    async fn a_line_that_is_no_record_is_never_passed_over() {
        if left_out() {
            return;
        }
        let (client, group) = group(&test_servers::ministack().url()).await;
        let log = CloudWatchAuditLog::new(client.clone(), group.clone(), Arc::new(FixedClock::default()));
        log.append(1, &sealed(1, 1)).await.expect("appends");
        let event = aws_sdk_cloudwatchlogs::types::InputLogEvent::builder().timestamp(now().as_millis()).message("hello");
        let stream = &streams(&client, &group).await[0];
        let request = client.put_log_events().log_group_name(&group).log_stream_name(stream).log_events(event.build().expect("an event"));
        request.send().await.expect("a line");
        let name = log.query(&AuditQuery::default()).await.expect("a query begins");
        let error = log.rows(&name, None).await.expect_err("a broken line");
        assert!(error.is(PortErrorKind::Unexpected), "{error}");
    }
}

/// moto holds `PutLogEvents` to the times and the order that it wants. It deviates from AWS:
/// - it knows no filter at all, and neither the limit nor the pages of a query;
/// - `@timestamp` is a number, in Logs Insights a text like `2026-01-31 12:00:00.000`
///   (<https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_GetQueryResults.html>), so answers that go
///   on behind a limit are tried over ministack alone.
mod moto {
    use super::*;

    testkit::audit_log_suite!(make, unless = left_out);

    fn left_out() -> bool {
        test_servers::left_out("moto")
    }

    /// The time of the machine: moto has no other.
    struct SystemClock;

    impl Clock for SystemClock {
        #[expect(clippy::disallowed_methods, reason = "the server compares times with the machine's own clock")]
        fn now(&self) -> Timestamp {
            let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or(Duration::ZERO);
            Timestamp::from_millis(i64::try_from(since.as_millis()).expect("this age")).expect("this age")
        }
    }

    /// The suite's records are long past: they are logged now.
    async fn make() -> Subject<dyn AuditLog> {
        let log = log(&test_servers::moto().url(), Arc::new(SystemClock)).await;
        Subject::new(Arc::new(log.with_pages_of(3, 1_000)), ())
    }

    #[tokio::test]
    async fn a_record_that_the_log_does_not_take_is_an_error() {
        if left_out() {
            return;
        }
        // This process's clock stands still since January, and the record seems to be of today.
        let log = log(&test_servers::moto().url(), Arc::new(FixedClock::default())).await;
        let error = log.append(1, &sealed(1, 2)).await.expect_err("too old");
        assert!(error.is(PortErrorKind::Unexpected), "{error}");
        assert!(error.context().contains(&("too_old_up_to", "1".to_owned())), "{error}");
    }
}
