//! What the audit log must hold.

use domain::{PortResult, chain_heads::ChainEnd};

use super::Check;

impl Check {
    /// Ends of chains that stand in the log for sure: those of the tables, without what was sealed and perhaps not written
    /// yet, and those that were signed last.
    ///
    /// # Errors
    /// Those of the tables.
    pub async fn logged_ends(&self) -> PortResult<Vec<ChainEnd>> {
        let mut ends = Vec::new();
        for ChainEnd { chain, sequence, hash } in self.store.chain_ends().await? {
            let pending = self.store.chain_head(chain).await?.pending;
            let end = pending.first().map_or((sequence, hash), |first| (first.sequence - 1, first.previous_hash.clone()));
            ends.push(ChainEnd { chain, sequence: end.0, hash: end.1 });
        }
        ends.extend(self.store.kept_chain_heads().await?.into_iter().flat_map(|heads| heads.chains));
        ends.retain(|end| end.sequence > 0);
        ends.sort();
        ends.dedup();
        Ok(ends)
    }
}
