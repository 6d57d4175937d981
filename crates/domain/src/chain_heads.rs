//! Heads of the audit log's chains at one moment: kept elsewhere, they show whether the log was changed later.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

/// Version of what is written.
pub const SCHEMA: u32 = 1;

/// Where a chain ended.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ChainEnd {
    /// The chain's number.
    pub chain: u32,
    /// Its last record's place, from 1.
    pub sequence: u64,
    /// Its last record's hash, which stands for all records before it too.
    pub hash: String,
}

/// Where all chains that have a record ended, in the order of their numbers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChainHeads {
    /// [`SCHEMA`].
    pub schema: u32,
    /// When they were read.
    pub time: Timestamp,
    /// The ends.
    pub chains: Vec<ChainEnd>,
}

impl ChainHeads {
    /// Chains that `later` has at an earlier place, with another record at the same place, or not at all. A chain only grows:
    /// the tables were changed or set back.
    #[must_use]
    pub fn set_back_in(&self, later: &[ChainEnd]) -> Vec<u32> {
        let later: BTreeMap<u32, &ChainEnd> = later.iter().map(|end| (end.chain, end)).collect();
        let holds = |end: &ChainEnd| later.get(&end.chain).is_some_and(|later| later.sequence > end.sequence || **later == *end);
        self.chains.iter().filter(|end| !holds(end)).map(|end| end.chain).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn end(chain: u32, sequence: u64, hash: &str) -> ChainEnd {
        ChainEnd { chain, sequence, hash: hash.to_owned() }
    }

    #[test]
    fn chains_only_grow() {
        let before = ChainHeads { schema: SCHEMA, time: Timestamp::EPOCH, chains: vec![end(0, 7, "a"), end(2, 3, "b")] };
        for later in [before.chains.clone(), vec![end(0, 8, "c"), end(1, 1, "d"), end(2, 3, "b")]] {
            assert_eq!(before.set_back_in(&later), [0_u32; 0], "{later:?}");
        }
        let cases = [(vec![end(0, 6, "a"), end(2, 3, "b")], 0), (vec![end(0, 7, "a"), end(2, 3, "x")], 2), (vec![end(0, 9, "e")], 2)];
        for (later, chain) in cases {
            assert_eq!(before.set_back_in(&later), [chain], "{later:?}");
        }
    }
}
