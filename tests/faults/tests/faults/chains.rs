//! What stands in the audit log, held against what a chain promises.

use std::collections::BTreeMap;

use domain::{
    audit::AuditRecord,
    ports::{ChainedRecord, FIRST_PREVIOUS_HASH},
};

use crate::account::Deployment;

impl Deployment {
    /// Every line of the log, copies too.
    async fn lines(&self) -> Vec<ChainedRecord> {
        let client = aws_sdk_cloudwatchlogs::Client::new(self.direct.config());
        let answer = client.filter_log_events().log_group_name(&self.group).limit(10_000).send().await.expect("lines");
        let line = |event: &aws_sdk_cloudwatchlogs::types::FilteredLogEvent| {
            serde_json::from_str(event.message().expect("a text")).expect("a record")
        };
        answer.events().iter().map(line).collect()
    }

    /// The log's records, each once, after every place, link and hash was checked: copies are identical.
    pub(crate) async fn logged(&self) -> Vec<AuditRecord> {
        let mut chains: BTreeMap<u32, BTreeMap<u64, ChainedRecord>> = BTreeMap::new();
        for line in self.lines().await {
            assert!(line.verify(), "a hash does not fit: {line:?}");
            if let Some(other) = chains.entry(line.chain).or_default().insert(line.sequence, line.clone()) {
                assert_eq!(other, line, "a place of a chain was given away twice");
            }
        }
        for chain in chains.values() {
            let mut previous = FIRST_PREVIOUS_HASH.to_owned();
            for (place, record) in (1..).zip(chain.values()) {
                assert_eq!((record.sequence, &record.previous_hash), (place, &previous));
                previous.clone_from(&record.hash);
            }
        }
        chains.into_values().flat_map(BTreeMap::into_values).map(|record| record.record).collect()
    }
}

/// Fails unless these are the same records, in whatever order.
pub(crate) fn assert_same(found: &[AuditRecord], expected: &[AuditRecord]) {
    let sorted = |records: &[AuditRecord]| {
        let mut texts: Vec<String> = records.iter().map(|record| serde_json::to_string(record).expect("JSON")).collect();
        texts.sort_unstable();
        texts
    };
    assert_eq!(sorted(found), sorted(expected));
}
