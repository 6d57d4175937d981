//! The entries of one transaction: which of them become datasets.

use std::collections::BTreeMap;

use aws_lc_rs::digest::{SHA256, digest};
use domain::{
    DatasetId, ImportId, Timestamp,
    dataset::{Dataset, DatasetKind, DatasetPath, DatasetState, Verified},
    import::{FailureCode, Import, ImportFailure},
    location::{Location, location_of},
    text::{SHOWN_OF_AN_ENTRY, shown},
};
use ulid::Ulid;

use super::lookup::Found;
use crate::imports::manifest::{Fault, Line, Source};

/// An entry that names something which may be imported, and the path it would have.
#[derive(Clone, Debug)]
pub(super) struct Candidate {
    pub(super) number: u64,
    pub(super) text: String,
    pub(super) source: Source,
    pub(super) path: DatasetPath,
}

/// What became of an entry.
#[derive(Clone, Debug)]
pub(super) enum Fate {
    Added(Box<Dataset>),
    Skipped,
    Failed(ImportFailure),
}

/// An entry that may become a dataset, if what it names is below a location and has a path.
pub(super) fn candidate(line: Line, locations: &[Location], own_bucket: &str) -> Result<Candidate, ImportFailure> {
    let Line { number, text, source } = line;
    let prepared = source.and_then(|source| path_of(&source, locations, own_bucket).map(|path| (source, path)));
    match prepared {
        Ok((source, path)) => Ok(Candidate { number, text, source, path }),
        Err(fault) => Err(failure(number, text, fault)),
    }
}

pub(super) fn failure(line: u64, entry: String, Fault { code, reason }: Fault) -> ImportFailure {
    ImportFailure { line, code, reason, entry }
}

fn path_of(source: &Source, locations: &[Location], own_bucket: &str) -> Result<DatasetPath, Fault> {
    let (bucket, key) = source.address();
    let location = location_of(locations, bucket, key).filter(|_| bucket != own_bucket);
    let outside = || Fault::new(FailureCode::OutsideLocations, "It lies below no location that an administrator registered.");
    let location = location.ok_or_else(outside)?;
    let relative = location.relative(bucket, key).unwrap_or(key).trim_end_matches('/');
    let path = if relative.is_empty() { location.folder_name() } else { relative };
    path.parse()
        .map_err(|why| Fault::new(FailureCode::BadPath, format!("The path \u{201c}{}\u{201d} {why}.", shown(path, SHOWN_OF_AN_ENTRY))))
}

/// Whether `dataset` is what `source` names.
pub(super) fn is_same(dataset: &Dataset, source: &Source) -> bool {
    let address = |bucket: &str, key: &str| dataset.bucket == bucket && dataset.key == key;
    match source {
        Source::Object { bucket, key, version } => {
            dataset.kind != DatasetKind::Prefix && address(bucket, key) && (version.is_none() || *version == dataset.object_version)
        }
        Source::Prefix { bucket, prefix, exclude } => {
            dataset.kind == DatasetKind::Prefix && address(bucket, prefix) && *exclude == dataset.exclude
        }
        Source::Either { bucket, key } => address(bucket, key) || (address(bucket, &format!("{key}/")) && dataset.exclude.is_empty()),
    }
}

/// The fate of each candidate, in order; `current` is what has their paths, `found` what the store has of the others.
pub(super) fn decide(
    import: &Import,
    candidates: &[Candidate],
    current: &BTreeMap<DatasetPath, Dataset>,
    found: &BTreeMap<u64, Result<Found, Fault>>,
    now: Timestamp,
) -> Vec<Fate> {
    let mut added: BTreeMap<&DatasetPath, Dataset> = BTreeMap::new();
    let mut fates = Vec::new();
    for candidate in candidates {
        let Candidate { number, text, source, path } = candidate;
        let failed = |fault| Fate::Failed(failure(*number, text.clone(), fault));
        let taken = added.get(path).or_else(|| current.get(path));
        fates.push(match (taken, found.get(number)) {
            (Some(dataset), _) if is_same(dataset, source) => Fate::Skipped,
            (Some(dataset), _) => {
                let reason = format!("Another dataset, {}, has the path {}.", dataset.id, shown(path.as_str(), SHOWN_OF_AN_ENTRY));
                failed(Fault::new(FailureCode::PathTaken, reason))
            }
            (None, Some(Ok(found))) => {
                let dataset = dataset(import, candidate, found.clone(), now);
                added.insert(path, dataset.clone());
                Fate::Added(Box::new(dataset))
            }
            (None, Some(Err(fault))) => failed(fault.clone()),
            (None, None) => failed(Fault::new(FailureCode::Unreadable, "It was not looked up. Import it again.")),
        });
    }
    fates
}

/// Those whose path nothing has yet, so that what they name must be looked up.
pub(super) fn unknown<'a>(candidates: &'a [Candidate], current: &BTreeMap<DatasetPath, Dataset>) -> Vec<&'a Candidate> {
    candidates.iter().filter(|candidate| !current.contains_key(&candidate.path)).collect()
}

fn dataset(import: &Import, candidate: &Candidate, found: Found, now: Timestamp) -> Dataset {
    let id = derived_id(import.id, import.created_at, candidate.number);
    let base = Dataset {
        package_id: import.package_id,
        id,
        kind: DatasetKind::Object,
        path: candidate.path.clone(),
        bucket: String::new(),
        key: String::new(),
        exclude: Vec::new(),
        object_version: None,
        content_type: "application/octet-stream".to_owned(),
        size: 0,
        sha256: None,
        verified: None,
        state: DatasetState::Available,
        upload_id: None,
        import_id: Some(import.id),
        added_in: None,
        removed_in: None,
        created_by: import.created_by.clone(),
        created_at: now,
        updated_at: now,
    };
    match found {
        Found::Object { bucket, key, info } => Dataset {
            bucket,
            key,
            object_version: info.version,
            content_type: info.content_type.unwrap_or(base.content_type),
            size: info.size,
            verified: info.sha256.is_some().then_some(Verified::Store),
            sha256: info.sha256,
            ..base
        },
        Found::Prefix { bucket, prefix, exclude } => Dataset { kind: DatasetKind::Prefix, bucket, key: prefix, exclude, ..base },
    }
}

/// The id of the dataset of a line, however often it is made.
fn derived_id(import: ImportId, begun: Timestamp, line: u64) -> DatasetId {
    let hash = digest(&SHA256, format!("{import}\n{line}").as_bytes());
    let random = hash.as_ref().iter().take(10).fold(0_u128, |value, byte| (value << 8) | u128::from(*byte));
    DatasetId::new(Ulid::from_parts(u64::try_from(begun.as_millis()).unwrap_or(0), random))
}
