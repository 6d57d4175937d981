//! How far the writing of an export came: all that another run needs to go on, kept as an object because it may be larger
//! than a row.

use std::time::Duration;

use domain::{
    DatasetId, PackageId, Timestamp,
    cart::{Export, ExportFormat, ManifestFile, Skipped, Totals},
    package::Package,
    ports::PageKey,
};
use serde::{Deserialize, Serialize};

use super::{folders::Folder, lines::Segment};
use crate::store::{EntryRows, Store};

/// So many of what was left out the row names; the manifests name all.
const SKIPPED_NAMED: usize = 1_000;

/// How far a run came.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Progress {
    begun: Timestamp,
    /// Nothing of the export lives longer.
    pub(super) latest_end: Timestamp,
    /// It was begun anew once, because what had been signed was old.
    pub(super) anew: bool,
    /// So many of the export's packages are done.
    pub(super) done: usize,
    /// The package that is being written.
    pub(super) current: Option<Current>,
    pub(super) written: Written,
    pub(super) entries: Entries,
    /// Entries in the store that are in a manifest now, or in none.
    pub(super) settled: Vec<Segment>,
}

/// A package whose datasets are being listed.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Current {
    pub(super) name: String,
    /// Its revision when the listing began.
    pub(super) revision: u64,
    /// How often the listing began.
    pub(super) listings: usize,
    /// Where the listing is; `None` at the beginning.
    pub(super) after: Option<PageKey>,
    /// Everything is listed.
    pub(super) listed: bool,
    /// Everything that the paths take, what is skipped included.
    pub(super) expected: Totals,
    pub(super) totals: Totals,
    pub(super) skipped: Vec<Skipped>,
    pub(super) expires_at: Timestamp,
    /// Prefixes whose content is still to be listed.
    #[serde(default)]
    pub(super) folders: Vec<Folder>,
    /// Entries that are in the store already, in order.
    pub(super) segments: Vec<Segment>,
    /// The grant entries before this package.
    entries_before: Entries,
}

/// What was written.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Written {
    pub(super) files: Vec<ManifestFile>,
    pub(super) expires_at: Timestamp,
    pub(super) expected: Totals,
    pub(super) written: Totals,
    pub(super) skipped: Vec<Skipped>,
    pub(super) skipped_count: u64,
    /// Packages that were left out whole.
    pub(super) packages: Vec<Skipped>,
}

/// What the grant links stand for, numbered through all packages.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(super) struct Entries {
    /// So many rows are full.
    rows: usize,
    /// What does not fill a row yet.
    rest: Vec<(PackageId, DatasetId)>,
    /// Which attempt wrote which rows.
    pub(super) written_by: Vec<EntryRows>,
}

impl Progress {
    /// Of an export that is begun `now`.
    pub(super) fn new(export: &Export, now: Timestamp, anew: bool) -> Self {
        let latest_end = now.plus(Duration::from_secs(export.expires_in));
        let mut written = Written {
            files: Vec::new(),
            expires_at: latest_end,
            expected: Totals::default(),
            written: Totals::default(),
            skipped: Vec::new(),
            skipped_count: 0,
            packages: Vec::new(),
        };
        // What checkout left out stays left out, whichever run this is.
        export.skipped.iter().for_each(|skipped| written.skip(skipped));
        Self { begun: now, latest_end, anew, done: 0, current: None, written, entries: Entries::default(), settled: Vec::new() }
    }

    /// Whether URLs that were signed at the beginning have lived half of their life, or all of it: then nobody is served
    /// with them.
    pub(super) fn is_old(&self, export: &Export, now: Timestamp) -> bool {
        let half = Duration::from_secs(export.expires_in / 2);
        export.format == ExportFormat::SignedUrl && (now.since(self.begun) > half || now >= self.latest_end)
    }

    /// Begins to list a package, or begins again.
    pub(super) fn list(&mut self, package: &Package) {
        let (listings, entries_before) = match self.current.take() {
            Some(Current { listings, entries_before, segments, .. }) => {
                self.settled.extend(segments);
                (listings, entries_before)
            }
            None => (0, self.entries.clone()),
        };
        self.entries = entries_before.clone();
        self.current = Some(Current {
            name: package.name.as_str().to_owned(),
            revision: package.revision,
            listings: listings + 1,
            after: None,
            listed: false,
            expected: Totals::default(),
            totals: Totals::default(),
            skipped: Vec::new(),
            expires_at: self.latest_end,
            folders: Vec::new(),
            segments: Vec::new(),
            entries_before,
        });
    }

    /// Leaves the package out that is being listed, if one is.
    pub(super) fn leave_out(&mut self, skipped: &Skipped) {
        if let Some(current) = self.current.take() {
            self.entries = current.entries_before;
            self.settled.extend(current.segments);
        }
        self.written.skip(skipped);
    }

    /// The package has its manifest.
    pub(super) fn settle(&mut self, current: Current) {
        self.written.keep(&current);
        self.settled.extend(current.segments);
    }
}

impl Written {
    pub(super) fn skip(&mut self, skipped: &Skipped) {
        self.skipped_count += 1;
        if skipped.dataset_id.is_none() {
            self.packages.push(skipped.clone());
        }
        if self.skipped.len() < SKIPPED_NAMED {
            self.skipped.push(skipped.clone());
        }
    }

    /// Notes what a package's manifest holds.
    fn keep(&mut self, current: &Current) {
        current.skipped.iter().for_each(|skipped| self.skip(skipped));
        add(&mut self.expected, current.expected);
        add(&mut self.written, current.totals);
        self.expires_at = self.expires_at.min(current.expires_at);
    }
}

impl Entries {
    /// The number of the next one.
    pub(super) fn count(&self) -> usize {
        self.rows * Store::entries_per_row() + self.rest.len()
    }

    pub(super) fn push(&mut self, entry: (PackageId, DatasetId)) {
        self.rest.push(entry);
    }

    /// The number and content of the next row to be written: a full one, or at the end what is left.
    pub(super) fn row(&self, last: bool) -> Option<(usize, &[(PackageId, DatasetId)])> {
        let size = self.rest.len().min(Store::entries_per_row());
        let ready = if last { size > 0 } else { size == Store::entries_per_row() };
        ready.then(|| (self.rows, &self.rest[..size]))
    }

    /// The row that [`Entries::row`] gave was written by `attempt`.
    pub(super) fn row_written(&mut self, attempt: u64) {
        // A package that is listed anew writes its rows anew.
        self.written_by.retain(|rows| rows.first < self.rows);
        if self.written_by.last().is_none_or(|rows| rows.attempt != attempt) {
            self.written_by.push(EntryRows { attempt, first: self.rows });
        }
        self.rest.drain(..self.rest.len().min(Store::entries_per_row()));
        self.rows += 1;
    }
}

fn add(sum: &mut Totals, more: Totals) {
    sum.entries += more.entries;
    sum.bytes += more.bytes;
}

#[cfg(test)]
mod tests {
    use testkit::builders::{dataset_id, package_id};

    use super::*;

    fn pushed(entries: &mut Entries, count: usize, attempt: u64) {
        for _ in 0..count {
            entries.push((package_id(1), dataset_id(1)));
            while entries.row(false).is_some() {
                entries.row_written(attempt);
            }
        }
    }

    #[test]
    fn rows_of_entries_are_those_of_the_attempt_that_wrote_them_last() {
        let row = Store::entries_per_row();
        let mut entries = Entries::default();
        pushed(&mut entries, 2 * row + 3, 1);
        let before = entries.clone();
        pushed(&mut entries, row, 2);
        assert_eq!(entries.written_by, [EntryRows { attempt: 1, first: 0 }, EntryRows { attempt: 2, first: 2 }]);
        assert_eq!((entries.count(), entries.rest.len()), (3 * row + 3, 3));
        // The package is listed anew by a third attempt.
        let mut entries = before;
        pushed(&mut entries, 2 * row, 3);
        assert_eq!(entries.written_by, [EntryRows { attempt: 1, first: 0 }, EntryRows { attempt: 3, first: 2 }]);
        assert_eq!(entries.row(true).map(|(number, row)| (number, row.len())), Some((4, 3)));
    }
}
