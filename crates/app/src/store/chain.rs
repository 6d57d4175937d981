//! Heads of the audit log's chains (`chain/{k}`), and those that were signed last (`chain-heads/signed`).

use std::collections::VecDeque;

use domain::{
    PortResult,
    audit::CHAINS,
    chain_heads::{ChainEnd, ChainHeads},
    ports::{ChainedRecord, Condition, FIRST_PREVIOUS_HASH, Key, Table, Write},
};
use serde::{Deserialize, Serialize};

use super::{Store, item_of, row_of};

/// The end of a chain, with what stands there already but perhaps not yet in the log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ChainHead {
    /// Sequence of the last record; 0 for none.
    pub sequence: u64,
    /// Hash of the last record.
    pub hash: String,
    /// Digests of the last records' ids: what is delivered again is recognised.
    pub recent: VecDeque<String>,
    /// Sealed records that may not stand in the log yet: whoever comes next appends them first.
    pub pending: Vec<ChainedRecord>,
}

impl Default for ChainHead {
    fn default() -> Self {
        Self { sequence: 0, hash: FIRST_PREVIOUS_HASH.to_owned(), recent: VecDeque::new(), pending: Vec::new() }
    }
}

/// A head as it stands in the table; `revision` 0 is one that was never written.
#[derive(Clone, Debug)]
pub(crate) struct StoredHead {
    pub(crate) head: ChainHead,
    pub(crate) revision: u64,
}

/// The row of the heads that were signed last.
const KEPT: (&str, &str) = ("chain-heads", "signed");

#[derive(Serialize, Deserialize)]
struct ChainRow {
    kind: String,
    id: String,
    #[serde(flatten)]
    head: ChainHead,
    revision: u64,
}

impl Store {
    /// The head of a chain, as it is now.
    ///
    /// # Errors
    /// Those of the tables.
    pub async fn chain_head(&self, chain: u32) -> PortResult<ChainHead> {
        Ok(self.stored_chain_head(chain).await?.head)
    }

    pub(crate) async fn stored_chain_head(&self, chain: u32) -> PortResult<StoredHead> {
        let mut found = self.tables.get_many(Table::Settings, &[Key::new("chain", chain.to_string())], true).await?;
        let row = found.pop().flatten().map(row_of::<ChainRow>).transpose()?;
        Ok(row.map_or_else(
            || StoredHead { head: ChainHead::default(), revision: 0 },
            |row| StoredHead { head: row.head, revision: row.revision },
        ))
    }

    /// Where every chain that has a record ends now.
    ///
    /// # Errors
    /// Those of the tables.
    pub async fn chain_ends(&self) -> PortResult<Vec<ChainEnd>> {
        let keys: Vec<Key> = (0..CHAINS).map(|chain| Key::new("chain", chain.to_string())).collect();
        let rows = self.tables.get_many(Table::Settings, &keys, true).await?;
        let end = |(chain, item)| {
            let ChainHead { sequence, hash, .. } = row_of::<ChainRow>(item)?.head;
            Ok(ChainEnd { chain, sequence, hash })
        };
        (0..).zip(rows).filter_map(|(chain, item)| Some((chain, item?))).map(end).collect()
    }

    /// The heads that were signed last.
    ///
    /// # Errors
    /// Those of the tables.
    pub async fn kept_chain_heads(&self) -> PortResult<Option<ChainHeads>> {
        self.setting(KEPT.0, KEPT.1).await
    }

    /// Remembers heads that were signed.
    ///
    /// # Errors
    /// Those of the tables.
    pub(crate) async fn keep_chain_heads(&self, heads: &ChainHeads) -> PortResult<()> {
        self.save_setting(KEPT.0, KEPT.1, heads, None).await
    }

    /// Moves a head, if nobody moved it since it was read. `PreconditionFailed` otherwise.
    pub(crate) async fn move_chain_head(&self, chain: u32, head: ChainHead, before: u64) -> PortResult<StoredHead> {
        let revision = before + 1;
        let condition = if before == 0 { Condition::Absent } else { Condition::Equals("revision".to_owned(), before.into()) };
        let row = ChainRow { kind: "chain".to_owned(), id: chain.to_string(), head, revision };
        self.tables.write(Write::Put { table: Table::Settings, item: item_of(&row)?, condition: Some(condition) }).await?;
        Ok(StoredHead { head: row.head, revision })
    }
}
