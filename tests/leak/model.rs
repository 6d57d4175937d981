//! What there is in a world, as the test itself knows it from what it did: nothing here was read from the data lake.

use std::collections::{BTreeMap, BTreeSet};

use client::credentials::KeyPair;
use domain::{Timestamp, id::UserId};

/// The time that something deleted can be brought back, in days.
pub(crate) const RETENTION_DAYS: u64 = 30;

/// Everything.
#[derive(Default)]
pub(crate) struct Model {
    pub(crate) users: Vec<User>,
    pub(crate) keys: Vec<Key>,
    pub(crate) packages: Vec<Package>,
    pub(crate) exports: Vec<Export>,
    /// What workers have yet to do, in order.
    pub(crate) waiting: Vec<Waiting>,
}

/// A person.
pub(crate) struct User {
    pub(crate) id: UserId,
    pub(crate) name: String,
    pub(crate) admin: bool,
    pub(crate) groups: BTreeSet<String>,
    pub(crate) enabled: bool,
    pub(crate) signed_in_at: Timestamp,
    pub(crate) cart: Vec<Item>,
}

/// A package in a cart.
#[derive(Clone)]
pub(crate) struct Item {
    pub(crate) id: String,
    pub(crate) package: usize,
}

/// An API key.
pub(crate) struct Key {
    pub(crate) pair: KeyPair,
    pub(crate) user: usize,
    pub(crate) read_only: bool,
    /// Ids of packages, if it is narrowed to some.
    pub(crate) packages: Option<BTreeSet<String>>,
    pub(crate) active: bool,
}

/// Who sees a package besides its owner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Shared {
    Nobody,
    Groups(BTreeSet<String>),
    Everybody,
}

/// A package.
pub(crate) struct Package {
    pub(crate) id: String,
    /// A word that stands in everything that is written into this package, and nowhere else.
    pub(crate) mark: String,
    pub(crate) name: String,
    pub(crate) owner: usize,
    pub(crate) shared: Shared,
    pub(crate) tags: BTreeMap<String, String>,
    pub(crate) versions: usize,
    pub(crate) created_at: Timestamp,
    pub(crate) deleted_at: Option<Timestamp>,
    pub(crate) datasets: Vec<Dataset>,
    pub(crate) imports: Vec<Import>,
    /// Changes that its history tells, by name.
    pub(crate) told: BTreeMap<&'static str, usize>,
    /// It was deleted once: what was pending then may be gone.
    pub(crate) lost_uploads: bool,
}

/// Where a dataset stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    Pending,
    Available,
    Removed,
}

/// A dataset.
#[derive(Clone)]
pub(crate) struct Dataset {
    pub(crate) id: String,
    pub(crate) path: String,
    pub(crate) content: Vec<u8>,
    pub(crate) state: State,
    /// It was removed then.
    pub(crate) removed_at: Option<Timestamp>,
    /// It was available once.
    pub(crate) was_there: bool,
}

/// An import of one object that is there and one that is not.
pub(crate) struct Import {
    pub(crate) id: String,
    pub(crate) by: usize,
    pub(crate) path: String,
    pub(crate) content: Vec<u8>,
    /// `None` until the worker did it; whether it could.
    pub(crate) done: Option<bool>,
}

/// An export.
pub(crate) struct Export {
    pub(crate) id: String,
    pub(crate) user: usize,
    pub(crate) format: &'static str,
    pub(crate) items: Vec<Item>,
    pub(crate) state: ExportState,
    pub(crate) expires_in: u64,
    pub(crate) expires_at: Option<Timestamp>,
    /// Ids of the datasets of each package that is in it.
    pub(crate) holds: BTreeMap<usize, BTreeSet<String>>,
    pub(crate) links: Vec<Link>,
}

/// Where an export stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ExportState {
    Running,
    Ready,
    Failed,
    Revoked,
}

/// A grant link, as a manifest told it.
#[derive(Clone)]
pub(crate) struct Link {
    pub(crate) path: String,
    pub(crate) package: usize,
    pub(crate) dataset: String,
}

/// What a worker has yet to do.
#[derive(Clone, Copy)]
pub(crate) enum Waiting {
    Export(usize),
    Import { package: usize, import: usize },
}

impl Package {
    pub(crate) fn tell(&mut self, action: &'static str) {
        *self.told.entry(action).or_default() += 1;
    }

    pub(crate) fn in_state(&self, state: State) -> Vec<&Dataset> {
        self.datasets.iter().filter(|dataset| dataset.state == state).collect()
    }

    pub(crate) fn bytes(&self) -> usize {
        self.in_state(State::Available).iter().map(|dataset| dataset.content.len()).sum()
    }

    /// The dataset is what its path stands for from now on.
    pub(crate) fn put(&mut self, id: &str, now: Timestamp) {
        let Some(path) = self.datasets.iter().find(|dataset| dataset.id == id).map(|dataset| dataset.path.clone()) else { return };
        for dataset in self.datasets.iter_mut().filter(|dataset| dataset.path == path && dataset.state == State::Available) {
            (dataset.state, dataset.removed_at) = (State::Removed, Some(now));
        }
        for dataset in self.datasets.iter_mut().filter(|dataset| dataset.id == id) {
            (dataset.state, dataset.removed_at, dataset.was_there) = (State::Available, None, true);
        }
    }

    pub(crate) fn remove(&mut self, id: &str, now: Timestamp) {
        for dataset in self.datasets.iter_mut().filter(|dataset| dataset.id == id) {
            (dataset.state, dataset.removed_at) = (State::Removed, Some(now));
        }
    }
}
