//! An audit log in memory.

use std::{collections::BTreeSet, sync::Mutex};

use async_trait::async_trait;
use domain::{
    PortError, PortErrorKind, PortResult,
    ports::{AuditLog, AuditQuery, AuditRows, ChainedRecord},
};

use crate::{Faults, locked};

/// Keeps records in the order in which they came.
#[derive(Debug, Default)]
pub struct MemoryAuditLog {
    /// Failures on demand.
    pub faults: Faults,
    state: Mutex<State>,
    page: PageSize,
}

#[derive(Debug)]
struct PageSize(usize);

impl Default for PageSize {
    fn default() -> Self {
        Self(1_000)
    }
}

#[derive(Debug, Default)]
struct State {
    records: Vec<ChainedRecord>,
    queries: Vec<AuditQuery>,
}

impl MemoryAuditLog {
    /// A log that answers with pages of at most `rows`.
    #[must_use]
    pub fn with_pages_of(rows: usize) -> Self {
        Self { page: PageSize(rows), ..Self::default() }
    }

    /// Everything that was appended, copies too.
    #[must_use]
    pub fn records(&self) -> Vec<ChainedRecord> {
        locked(&self.state).records.clone()
    }

    /// Changes what stands there, as an attacker would.
    pub fn tamper(&self, change: impl FnOnce(&mut Vec<ChainedRecord>)) {
        change(&mut locked(&self.state).records);
    }
}

#[async_trait]
impl AuditLog for MemoryAuditLog {
    async fn append(&self, chain: u32, records: &[ChainedRecord]) -> PortResult<()> {
        self.faults.check("audit_log.append")?;
        if let Some(other) = records.iter().find(|record| record.chain != chain) {
            return Err(PortError::new(PortErrorKind::InvalidArgument, "audit_log.append").with("chain", other.chain));
        }
        locked(&self.state).records.extend_from_slice(records);
        Ok(())
    }

    async fn query(&self, query: &AuditQuery) -> PortResult<String> {
        self.faults.check("audit_log.query")?;
        let mut state = locked(&self.state);
        state.queries.push(query.clone());
        Ok(format!("query-{}", state.queries.len()))
    }

    async fn rows(&self, query: &str, after: Option<String>) -> PortResult<AuditRows> {
        self.faults.check("audit_log.rows")?;
        let unknown = || PortError::new(PortErrorKind::NotFound, "audit_log.rows");
        let state = locked(&self.state);
        let number: usize = query.strip_prefix("query-").and_then(|number| number.parse().ok()).ok_or_else(unknown)?;
        let wanted = number.checked_sub(1).and_then(|index| state.queries.get(index)).ok_or_else(unknown)?;
        let start: usize = after.map_or(Some(0), |after| after.parse().ok()).ok_or_else(|| {
            PortError::new(PortErrorKind::InvalidArgument, "audit_log.rows").with("reason", "not a place that this log gave")
        })?;
        let mut seen = BTreeSet::new();
        let mut matching: Vec<&ChainedRecord> = state
            .records
            .iter()
            .filter(|record| seen.insert((record.chain, record.sequence, record.hash.clone())) && wanted.matches(&record.record))
            .collect();
        matching.sort_by_key(|record| record.record.time);
        let rows: Vec<ChainedRecord> = matching.iter().skip(start).take(self.page.0).map(|record| (*record).clone()).collect();
        let end = start + rows.len();
        Ok(AuditRows { complete: true, rows, next: (end < matching.len()).then(|| end.to_string()) })
    }
}
