//! Reads a log from begin to end and tells whether anything is missing or was changed.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    path::Path,
};

use domain::{
    chain_heads::ChainEnd,
    ports::{FIRST_PREVIOUS_HASH, chain_hash},
};
use serde_json::{Map, Value};

use super::read::{Identity, Line, Place, lines};

/// What is wrong with a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// A line is no record.
    Unreadable {
        /// The file.
        file: String,
        /// The line, from 1.
        line: u64,
    },
    /// A record does not have the hash that it names: it was changed.
    Changed {
        /// The chain.
        chain: u32,
        /// Its place there.
        sequence: u64,
    },
    /// A record does not follow the one before it: one of the two was replaced.
    Broken {
        /// The chain.
        chain: u32,
        /// Its place there.
        sequence: u64,
    },
    /// Records are missing.
    Missing {
        /// The chain.
        chain: u32,
        /// The first that is missing.
        first: u64,
        /// The last that is missing.
        last: u64,
    },
    /// The record at this place is not the one that was signed as the chain's head: it is missing, or everything up to it
    /// was written anew.
    NotAsSigned {
        /// The chain.
        chain: u32,
        /// The place.
        sequence: u64,
    },
    /// A second record claims a place that another one has.
    Forked {
        /// The chain.
        chain: u32,
        /// The place.
        sequence: u64,
    },
}

/// What a verification found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Different records.
    pub records: u64,
    /// Identical copies of them, which are no problem.
    pub copies: u64,
    /// Sequence and hash of the last record of each chain. Whoever keeps heads elsewhere compares: a log whose end was
    /// cut off looks whole from inside.
    pub heads: BTreeMap<u32, (u64, String)>,
    /// Everything that is wrong.
    pub problems: Vec<Problem>,
}

impl Report {
    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.problems.is_empty()
    }
}

/// Verifies the log in `folder`, also against heads that were signed earlier and kept elsewhere; it may be in use. Blocks:
/// to be called off the asynchronous threads.
///
/// # Errors
/// If a file can't be read.
pub fn verify(folder: &Path, signed: &[ChainEnd]) -> io::Result<Report> {
    let mut report = Report::default();
    let mut repeated: BTreeMap<Identity, u64> = BTreeMap::new();
    let mut missing: BTreeSet<Identity> = signed.iter().map(|end| (end.chain, end.sequence, end.hash.clone())).collect();
    lines(folder, &Place::default(), |line| {
        if let Some(identity) = report.take(line, &mut repeated) {
            missing.remove(&identity);
        }
        Ok(true)
    })?;
    report.resolve(folder, repeated)?;
    report.problems.extend(missing.into_iter().map(|(chain, sequence, _)| Problem::NotAsSigned { chain, sequence }));
    Ok(report)
}

impl Report {
    /// Takes a line, and answers with the record that it is.
    fn take(&mut self, line: &Line<'_>, repeated: &mut BTreeMap<Identity, u64>) -> Option<Identity> {
        let Some((fields, identity)) = parse(line.bytes) else {
            self.problems.push(Problem::Unreadable { file: line.file.to_owned(), line: line.number });
            return None;
        };
        let (chain, sequence, hash) = identity.clone();
        if chain_hash(&fields) != hash {
            self.problems.push(Problem::Changed { chain, sequence });
        }
        let (last, last_hash) = self.heads.get(&chain).cloned().unwrap_or((0, FIRST_PREVIOUS_HASH.to_owned()));
        if sequence <= last {
            *repeated.entry((chain, sequence, hash)).or_default() += 1;
            return Some(identity);
        }
        if sequence > last + 1 {
            self.problems.push(Problem::Missing { chain, first: last + 1, last: sequence - 1 });
        } else if fields.get("previous_hash").and_then(Value::as_str) != Some(&last_hash) {
            self.problems.push(Problem::Broken { chain, sequence });
        }
        self.records += 1;
        self.heads.insert(chain, (sequence, hash));
        Some(identity)
    }

    /// Tells copies from forks: an identity that stands more often in the log than it was repeated has an original.
    fn resolve(&mut self, folder: &Path, repeated: BTreeMap<Identity, u64>) -> io::Result<()> {
        if repeated.is_empty() {
            return Ok(());
        }
        let mut all: BTreeMap<Identity, u64> = BTreeMap::new();
        lines(folder, &Place::default(), |line| {
            if let Some((_, identity)) = parse(line.bytes)
                && repeated.contains_key(&identity)
            {
                *all.entry(identity).or_default() += 1;
            }
            Ok(true)
        })?;
        let mut forks = BTreeSet::new();
        for (identity, times) in repeated {
            if all.get(&identity).copied().unwrap_or(0) > times {
                self.copies += times;
            } else {
                self.records += 1;
                self.copies += times - 1;
                forks.insert((identity.0, identity.1));
            }
        }
        self.problems.extend(forks.into_iter().map(|(chain, sequence)| Problem::Forked { chain, sequence }));
        Ok(())
    }
}

fn parse(bytes: &[u8]) -> Option<(Map<String, Value>, Identity)> {
    let fields: Map<String, Value> = serde_json::from_slice(bytes).ok()?;
    let chain = u32::try_from(fields.get("chain")?.as_u64()?).ok()?;
    let sequence = fields.get("sequence")?.as_u64().filter(|sequence| *sequence > 0)?;
    let hash = fields.get("hash")?.as_str()?.to_owned();
    Some((fields, (chain, sequence, hash)))
}
