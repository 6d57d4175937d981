//! How fast an import writes.

use std::time::Duration;

use domain::ports::{Table, Write, item_size};
use tokio::time::{Instant, sleep_until};

/// Keeps writes to the partition of a package below what its store takes.
///
/// A partition of `DynamoDB` takes 1,000 write units a second (*Amazon DynamoDB Developer Guide*, "Designing partition keys to
/// distribute your workload"); a write in a transaction is two for each KiB that was begun.
#[derive(Debug)]
pub(super) struct Pace {
    per_second: Option<u32>,
    next: Instant,
}

impl Pace {
    /// At most so many units a second; `None` where the store takes whatever comes.
    pub(super) fn new(per_second: Option<u32>) -> Self {
        Self { per_second, next: Instant::now() }
    }

    /// Waits until what was written before is paid for.
    pub(super) async fn wait(&self) {
        if self.per_second.is_some() {
            sleep_until(self.next).await;
        }
    }

    /// These writes are on their way.
    pub(super) fn spend(&mut self, writes: &[Write]) {
        let Some(per_second) = self.per_second else { return };
        let units: u32 = writes.iter().map(units).sum();
        self.next = self.next.max(Instant::now()) + Duration::from_secs(1) * units / per_second;
    }
}

fn units(write: &Write) -> u32 {
    let bytes = match write {
        Write::Put { table: Table::Datasets, item, .. } => item_size(item),
        // The row keeps some attributes besides: those are small.
        Write::Update { table: Table::Datasets, update, .. } => item_size(&update.set) + 1_024,
        _ => return 0,
    };
    2 * u32::try_from(bytes.div_ceil(1_024)).unwrap_or(u32::MAX / 200)
}
