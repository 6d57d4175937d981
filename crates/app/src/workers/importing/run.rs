//! One run over a manifest: from where the last one stopped until its end, or until its home is about to end it.

use std::{collections::BTreeMap, time::Duration};

use aws_lc_rs::digest::{SHA256, digest};
use bytes::Bytes;
use domain::{
    DatasetId, Deadline, PortErrorKind,
    dataset::{Dataset, DatasetPath},
    import::{self, Import, ImportFailure, ImportState},
    location::Location,
    package::Package,
    ports::{ObjectAddress, ObjectVersion, PutOptions, Write},
};
use futures::{StreamExt as _, TryStreamExt as _, stream};

use super::{
    Importing, Stop,
    batch::{Candidate, Fate, candidate, decide, unknown},
    lookup::{Found, look_up},
    pace::Pace,
};
use crate::{
    error::AppError,
    imports::manifest::{Broken, Entries, Fault, Manifest},
    paging::internal,
    store::{FailurePage, ImportRecord, PackageChange},
};

/// Entries of a transaction: each makes two rows, and package and import take one each, of 100 a transaction.
const BATCH: usize = 49;
/// So often a transaction is tried again when other changes of the package came between.
const ATTEMPTS: u32 = 12;
/// So many objects are looked up at a time.
const PARALLEL: usize = 16;
/// So many failures the import's row holds; more go into an object.
const RECENT: usize = 32;
/// How far a run came is kept after so many entries at the latest, also if none of them is new.
const KEPT_AFTER: u64 = 2_000;
/// A batch is begun only if so much time is left: one takes seconds, if the store is not slow.
const MARGIN: Duration = Duration::from_secs(60);

/// What a run has to work with and how far it is.
pub(super) struct Run<'a> {
    importing: &'a Importing,
    /// As it is stored.
    stored: ImportRecord,
    /// As it is.
    now: ImportRecord,
    package: Package,
    locations: Vec<Location>,
    deadline: Deadline,
    pace: Pace,
}

impl<'a> Run<'a> {
    pub(super) fn new(
        importing: &'a Importing,
        record: ImportRecord,
        package: Package,
        locations: Vec<Location>,
        deadline: Deadline,
    ) -> Self {
        let pace = Pace::new(importing.units_per_second);
        Self { importing, stored: record.clone(), now: record, package, locations, deadline, pace }
    }

    /// Reads on to the manifest's end.
    pub(super) async fn read(mut self) -> Result<(), Stop> {
        let import = &self.now.import;
        let manifest = Manifest { objects: self.importing.objects.clone(), object: import.manifest.clone(), size: import.size };
        let mut entries = Entries::from(manifest, self.now.place);
        let mut begun = false;
        loop {
            // Each run does one batch at least, however little time it has: otherwise it would be begun again and again.
            if begun && self.deadline.is_within(MARGIN, self.importing.core.now()) {
                self.keep(Vec::new()).await?;
                return Err(Stop::Cut);
            }
            begun = true;
            let (lines, end) = self.next_lines(&mut entries).await?;
            self.take(lines).await?;
            match end {
                None => {}
                Some(End::Whole) => {
                    self.now.import.state = ImportState::Done;
                    return self.keep(Vec::new()).await;
                }
                Some(End::Broken(reason)) => {
                    self.keep(Vec::new()).await?;
                    return Err(Stop::ForGood(reason));
                }
            }
        }
    }

    /// The entries of the next batch as candidates; those that are none are counted as failed.
    async fn next_lines(&mut self, entries: &mut Entries) -> Result<(Vec<Candidate>, Option<End>), Stop> {
        let mut candidates = Vec::new();
        let mut end = None;
        for _ in 0..BATCH {
            match entries.next().await {
                Ok(Some(line)) => {
                    self.now.import.counts.read += 1;
                    match candidate(line, &self.locations, &self.importing.bucket) {
                        Ok(candidate) => candidates.push(candidate),
                        Err(failure) => self.failed(failure),
                    }
                }
                Ok(None) => end = Some(End::Whole),
                Err(Broken::Here(reason)) => end = Some(End::Broken(reason)),
                Err(Broken::Store(error)) if error.is(PortErrorKind::NotFound) => {
                    return Err(Stop::ForGood("The manifest is gone.".to_owned()));
                }
                Err(Broken::Store(error)) => return Err(error.into()),
            }
            if end.is_some() {
                break;
            }
        }
        self.now.place = entries.place();
        Ok((candidates, end))
    }

    fn failed(&mut self, failure: ImportFailure) {
        self.now.import.counts.failed += 1;
        self.now.recent.push(failure);
    }

    /// Makes datasets of the candidates that are new, and keeps how far this is if anything is to be kept.
    async fn take(&mut self, candidates: Vec<Candidate>) -> Result<(), Stop> {
        let before = self.now.clone();
        let mut found: BTreeMap<u64, Result<Found, Fault>> = BTreeMap::new();
        for attempt in 0..ATTEMPTS {
            self.now = before.clone();
            let current = self.current(&candidates).await?;
            self.look_up(&unknown(&candidates, &current), &mut found).await?;
            let mut added = Vec::new();
            for fate in decide(&self.now.import, &candidates, &current, &found, self.importing.core.now()) {
                match fate {
                    Fate::Added(dataset) => added.push(*dataset),
                    Fate::Skipped => self.now.import.counts.skipped += 1,
                    Fate::Failed(failure) => self.failed(failure),
                }
            }
            // What was held against each other must be in the manifest's order.
            sort_from(&mut self.now.recent, self.stored.recent.len());
            self.now.import.counts.added += added.len() as u64;
            let unkept = self.now.import.counts.read - self.stored.import.counts.read;
            if added.is_empty() && self.now.recent.len() <= RECENT && unkept < KEPT_AFTER {
                return Ok(());
            }
            match self.keep(added).await {
                Err(Stop::Later(error)) if error.code() == CLASHED => self.come_again(attempt).await?,
                other => return other,
            }
        }
        Err(Stop::Later(AppError::busy()))
    }

    /// What has the candidates' paths.
    async fn current(&self, candidates: &[Candidate]) -> Result<BTreeMap<DatasetPath, Dataset>, Stop> {
        let mut paths: Vec<DatasetPath> = candidates.iter().map(|candidate| candidate.path.clone()).collect();
        paths.sort();
        paths.dedup();
        if paths.is_empty() {
            return Ok(BTreeMap::new());
        }
        let store = &self.importing.core.store;
        let summaries = store.current_datasets(self.package.id, &paths).await?;
        let ids: Vec<DatasetId> = summaries.into_iter().flatten().map(|summary| summary.id).collect();
        if ids.is_empty() {
            return Ok(BTreeMap::new());
        }
        let datasets = store.datasets(self.package.id, &ids).await?;
        Ok(datasets.into_iter().flatten().map(|dataset| (dataset.path.clone(), dataset)).collect())
    }

    async fn look_up(&self, new: &[&Candidate], found: &mut BTreeMap<u64, Result<Found, Fault>>) -> Result<(), Stop> {
        let asked: Vec<(u64, _)> = new
            .iter()
            .filter(|candidate| !found.contains_key(&candidate.number))
            .map(|candidate| (candidate.number, candidate.source.clone()))
            .collect();
        let answers: Vec<(u64, Result<Found, Fault>)> = stream::iter(asked)
            .map(|(number, source)| async move { Ok::<_, Stop>((number, look_up(&*self.importing.objects, source).await?)) })
            .buffered(PARALLEL)
            .try_collect()
            .await?;
        found.extend(answers);
        Ok(())
    }

    /// Writes the datasets together with how far this is.
    async fn keep(&mut self, added: Vec<Dataset>) -> Result<(), Stop> {
        let core = &self.importing.core;
        self.now.import.updated_at = core.now();
        let mut writes = Vec::with_capacity(2 * added.len() + 3);
        if self.now.recent.len() > RECENT {
            writes.push(self.put_failures().await?);
        }
        let revision = self.package.revision + 1;
        let (mut count, mut bytes) = (0_i64, 0_i64);
        for dataset in added {
            let dataset = Dataset { added_in: Some(revision), ..dataset };
            count += 1;
            bytes = bytes.saturating_add(i64::try_from(dataset.size).unwrap_or(i64::MAX));
            writes.push(self.importing.core.store.put_dataset(&dataset, None, None, None)?);
            writes.push(self.importing.core.store.put_path(&dataset, None)?);
        }
        if count > 0 {
            let change = PackageChange::at(self.now.import.updated_at).from_revision(self.package.revision).counts(count, bytes);
            writes.push(change.into_write(self.package.id));
        }
        writes.push(self.importing.core.store.keep_import(&self.stored, &self.now)?);
        self.commit(writes).await?;
        self.stored = self.now.clone();
        self.package.revision += u64::from(count > 0);
        Ok(())
    }

    async fn commit(&mut self, writes: Vec<Write>) -> Result<(), Stop> {
        self.pace.wait().await;
        self.pace.spend(&writes);
        let own = writes.len() - 1;
        match self.importing.core.store.tables.transact(writes).await {
            Ok(()) => Ok(()),
            Err(error) if error.is(PortErrorKind::PreconditionFailed) => {
                let overtaken = error.conditions().contains(&own);
                Err(if overtaken { Stop::Overtaken } else { Stop::Later(clashed()) })
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Puts the recent failures into an object; the write that says so.
    async fn put_failures(&mut self) -> Result<Write, Stop> {
        let mut lines = Vec::new();
        for failure in &self.now.recent {
            serde_json::to_writer(&mut lines, failure).map_err(internal)?;
            lines.push(b'\n');
        }
        let Import { id, package_id, .. } = &self.now.import;
        let (first, count) = (self.now.paged(), self.now.recent.len() as u64);
        // The row names the object of the attempt that counts.
        let key = import::failures_key(*package_id, *id, first, self.now.attempt);
        let address = ObjectAddress { bucket: self.importing.bucket.clone(), key };
        let options = PutOptions {
            size: lines.len() as u64,
            content_type: "application/jsonl".to_owned(),
            sha256: hex::encode(digest(&SHA256, &lines)),
            only_if_absent: false,
        };
        let content = stream::once(async move { Ok(Bytes::from(lines)) }).boxed();
        let info = self.importing.objects.put(&address, &options, content).await?;
        let page = FailurePage { first, count, object: ObjectVersion { address, version: info.version } };
        let write = self.importing.core.store.put_failure_page(&self.now, &page)?;
        self.now.recent.clear();
        Ok(write)
    }

    /// Somebody else changed the package: what he did is read again.
    async fn come_again(&mut self, attempt: u32) -> Result<(), Stop> {
        self.importing.core.pause(attempt).await;
        let package = self.importing.core.store.package(self.package.id).await?;
        let there = package.filter(|package| package.deleted_at.is_none());
        self.package = there.ok_or_else(|| Stop::ForGood("The package was deleted meanwhile.".to_owned()))?;
        Ok(())
    }
}

/// How a manifest ended.
enum End {
    Whole,
    Broken(String),
}

const CLASHED: &str = "import_clashed";

fn clashed() -> AppError {
    AppError::new(crate::error::ErrorKind::Unavailable, CLASHED, "Other changes of the package came between.")
}

fn sort_from(failures: &mut [ImportFailure], start: usize) {
    if let Some(new) = failures.get_mut(start..) {
        new.sort_by_key(|failure| failure.line);
    }
}
