//! A history.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Mutex,
    time::Instant,
};

/// Tags of a version.
pub(super) type Tags = BTreeMap<String, String>;
/// The tag in which every writer of tags leaves the id of its operation.
pub(super) const WRITER: &str = "writer";

/// What was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum What {
    /// These tags besides the others, whatever those are.
    Merge(Tags),
    /// These tags in place of those of version `base`.
    Replace { base: u64, tags: Tags },
    /// Another description in place of that of version `base`.
    Describe { base: u64 },
    /// The package is gone, if it still has version `base`.
    Delete { base: u64 },
    /// It is there again.
    Restore,
    /// A package of this name under an idempotency key.
    Create { key: String, name: String },
    /// A dataset of this name under an idempotency key; a deletion of the package drops those that are not complete.
    Register { key: String, name: String },
    /// An export under an idempotency key.
    CheckOut { key: String },
    /// A dataset becomes current.
    Complete { dataset: String },
    /// A dataset is removed.
    Remove { dataset: String },
}

/// What was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Told {
    /// It is done, and this version came of it, where versions are told.
    Done(Option<u64>),
    /// It is done, and this is the id of what was made.
    Made(String),
    /// It is not done.
    Refused(u16),
    /// Nobody knows: no answer came, or one that does not say.
    Unknown,
}

/// A request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Operation {
    /// Its id, which no other has.
    pub(super) id: String,
    pub(super) what: What,
    /// Nanoseconds since the history began.
    pub(super) start: u128,
    /// The same.
    pub(super) end: u128,
    pub(super) told: Told,
}

/// What the server tells at the end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Finale {
    /// Versions of the tags, from 1.
    pub(super) tags: BTreeMap<u64, Tags>,
    /// Version of the package's descriptive part.
    pub(super) version: u64,
    /// Revision of its content.
    pub(super) revision: u64,
    /// Ids of packages and datasets by name, in whatever state; the package itself and what was there before left out.
    pub(super) made: BTreeMap<String, BTreeSet<String>>,
    /// Ids of the datasets that are current.
    pub(super) current: BTreeSet<String>,
    /// Exports.
    pub(super) exports: BTreeSet<String>,
    /// Entries of the package's own history by action.
    pub(super) audited: BTreeMap<String, u64>,
}

/// All of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct History {
    pub(super) operations: Vec<Operation>,
    pub(super) finale: Finale,
}

impl Operation {
    /// Whether it was acknowledged.
    pub(super) fn is_done(&self) -> bool {
        matches!(self.told, Told::Done(_) | Told::Made(_))
    }

    /// Whether it may have happened.
    pub(super) fn is_possible(&self) -> bool {
        !matches!(self.told, Told::Refused(_))
    }

    /// The version that it was told.
    pub(super) fn version(&self) -> Option<u64> {
        if let Told::Done(version) = self.told { version } else { None }
    }
}

/// Where clients write down what they do.
pub(super) struct Recorder {
    began: Instant,
    operations: Mutex<Vec<Operation>>,
}

impl Recorder {
    pub(super) fn new() -> Self {
        Self { began: Instant::now(), operations: Mutex::new(Vec::new()) }
    }

    /// The time in this history.
    pub(super) fn now(&self) -> u128 {
        self.began.elapsed().as_nanos()
    }

    /// Writes down what ends now.
    pub(super) fn note(&self, id: String, what: What, start: u128, told: Told) {
        // What nobody knows of may still happen later.
        let end = if told == Told::Unknown { u128::MAX } else { self.now() };
        let operation = Operation { id, what, start, end, told };
        self.operations.lock().expect("nobody panics with it").push(operation);
    }

    /// How many were written down.
    pub(super) fn len(&self) -> usize {
        self.operations.lock().expect("nobody panics with it").len()
    }

    pub(super) fn into_operations(self) -> Vec<Operation> {
        self.operations.into_inner().expect("nobody panics with it")
    }
}
