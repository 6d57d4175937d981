//! What is to be done with a file, given what the package holds.

use std::collections::HashMap;

use client::{Client, datasets::DatasetFilter};
use contract::datasets::{Dataset, Part};
use futures::TryStreamExt as _;

use super::{LocalFile, composed};
use crate::failure::Outcome;

/// A file with its hash.
#[derive(Clone, Debug)]
pub(super) struct Hashed {
    pub(super) file: LocalFile,
    pub(super) sha256: String,
}

/// What the package holds by path.
#[derive(Debug, Default)]
pub(super) struct Known {
    current: HashMap<String, Dataset>,
    pending: HashMap<String, Dataset>,
}

/// What is to be done.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Nothing: it is there.
    Skip,
    /// An earlier push registered it and perhaps sent it: first try to complete that, or go on with its parts.
    Resume(String),
    /// Register and send.
    Send,
}

impl Known {
    /// All of the package, every page.
    pub(super) async fn load(client: &Client, package: &str) -> Outcome<Self> {
        let load = async |state: Option<&str>| -> Outcome<HashMap<String, Dataset>> {
            let filter = DatasetFilter { prefix: None, state: state.map(str::to_owned) };
            let datasets = client.datasets(package, &filter);
            // Of several pending ones of a path the last is the freshest.
            Ok(datasets.map_ok(|dataset| (composed(&dataset.name), dataset)).try_collect().await?)
        };
        Ok(Self { current: load(None).await?, pending: load(Some("pending")).await? })
    }

    pub(super) fn step(&self, hashed: &Hashed) -> Step {
        let same = |dataset: &&Dataset| dataset.size == hashed.file.size && dataset.sha256.as_ref() == Some(&hashed.sha256);
        let name = composed(&hashed.file.name);
        if self.current.get(&name).filter(same).is_some() {
            return Step::Skip;
        }
        match self.pending.get(&name).filter(same) {
            Some(dataset) => Step::Resume(dataset.id.clone()),
            None => Step::Send,
        }
    }
}

/// A part of a file: its number, from 1, where it begins, and its size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct PartRange {
    pub(super) number: u32,
    pub(super) from: u64,
    pub(super) size: u64,
}

/// The parts of a file of `size` bytes.
pub(super) fn parts(size: u64, part_size: u64) -> impl Iterator<Item = PartRange> {
    let count = if part_size == 0 { 0 } else { size.div_ceil(part_size) };
    (0..count).map(move |n| {
        let from = n * part_size;
        PartRange { number: u32::try_from(n + 1).unwrap_or(u32::MAX), from, size: part_size.min(size - from) }
    })
}

/// The part size of an upload, told from the parts of it that arrived; `None` if they don't tell.
pub(super) fn part_size_of(size: u64, arrived: &[Part]) -> Option<u64> {
    let part_size = arrived.iter().map(|part| part.size).max().filter(|size| *size > 0)?;
    // The last part may be smaller: only the first, or two of a size, are certainly whole ones.
    if arrived.iter().filter(|part| part.size == part_size).count() < 2 && !arrived.iter().any(|part| part.number == 1) {
        return None;
    }
    let fits = |part: &Part| {
        let from = u64::from(part.number.checked_sub(1)?).checked_mul(part_size)?;
        (from < size && part.size == part_size.min(size - from)).then_some(())
    };
    arrived.iter().all(|part| fits(part).is_some()).then_some(part_size)
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;

    const MEBIBYTE: u64 = 1024 * 1024;

    fn hashed(name: &str, size: u64, sha256: &str) -> Hashed {
        let file = LocalFile { path: name.into(), name: name.to_owned(), size, modified: SystemTime::UNIX_EPOCH };
        Hashed { file, sha256: sha256.to_owned() }
    }

    fn dataset(name: &str, size: u64, sha256: Option<&str>) -> Dataset {
        Dataset {
            id: format!("ds_{name}"),
            kind: "object".to_owned(),
            name: name.to_owned(),
            content_type: "text/csv".to_owned(),
            size,
            sha256: sha256.map(str::to_owned),
            verified: None,
            state: "available".to_owned(),
            added_in: None,
            removed_in: None,
            updated_at: String::new(),
        }
    }

    fn known(current: Vec<Dataset>, pending: Vec<Dataset>) -> Known {
        let by_name = |datasets: Vec<Dataset>| datasets.into_iter().map(|dataset| (dataset.name.clone(), dataset)).collect();
        Known { current: by_name(current), pending: by_name(pending) }
    }

    #[test]
    fn only_the_same_path_size_and_hash_is_skipped() {
        let known = known(vec![dataset("a", 1, Some("h")), dataset("unknown", 1, None)], vec![]);
        let steps = [hashed("a", 1, "h"), hashed("a", 2, "h"), hashed("a", 1, "other"), hashed("b", 1, "h"), hashed("unknown", 1, "h")];
        assert_eq!(steps.map(|file| known.step(&file)), [Step::Skip, Step::Send, Step::Send, Step::Send, Step::Send]);
    }

    #[test]
    fn a_decomposed_name_is_that_of_the_package() {
        let known = known(vec![dataset("\u{fc}", 1, Some("h"))], vec![dataset("\u{f6}", 1, Some("h"))]);
        assert_eq!(known.step(&hashed("u\u{308}", 1, "h")), Step::Skip);
        assert_eq!(known.step(&hashed("o\u{308}", 1, "h")), Step::Resume("ds_\u{f6}".to_owned()));
    }

    #[test]
    fn what_was_registered_alike_is_resumed() {
        let known = known(vec![dataset("a", 1, Some("old"))], vec![dataset("a", 1, Some("new")), dataset("b", 1, Some("x"))]);
        assert_eq!(known.step(&hashed("a", 1, "new")), Step::Resume("ds_a".to_owned()));
        assert_eq!(known.step(&hashed("b", 1, "y")), Step::Send);
    }

    #[test]
    fn parts_cover_the_file_without_gap_or_overlap() {
        let all: Vec<PartRange> = parts(40 * MEBIBYTE + 5, 16 * MEBIBYTE).collect();
        assert_eq!(
            all.iter().map(|part| (part.number, part.size)).collect::<Vec<_>>(),
            [(1, 16 * MEBIBYTE), (2, 16 * MEBIBYTE), (3, 8 * MEBIBYTE + 5)]
        );
        assert!(all.windows(2).all(|pair| pair[0].from + pair[0].size == pair[1].from));
        assert_eq!(parts(32 * MEBIBYTE, 16 * MEBIBYTE).count(), 2);
        assert_eq!(parts(5, 0).count(), 0);
    }

    #[test]
    fn the_part_size_is_told_by_what_arrived() {
        let part = |number, size| Part { number, size, sha256: String::new() };
        let size = 40 * MEBIBYTE;
        assert_eq!(part_size_of(size, &[part(1, 16 * MEBIBYTE)]), Some(16 * MEBIBYTE));
        assert_eq!(part_size_of(size, &[part(3, 8 * MEBIBYTE), part(1, 16 * MEBIBYTE)]), Some(16 * MEBIBYTE));
        assert_eq!(part_size_of(3 * size, &[part(5, 16 * MEBIBYTE), part(2, 16 * MEBIBYTE)]), Some(16 * MEBIBYTE));
        assert_eq!(part_size_of(size, &[part(3, 8 * MEBIBYTE)]), None, "the last part alone does not tell");
        assert_eq!(part_size_of(size, &[part(1, 16 * MEBIBYTE), part(2, 15 * MEBIBYTE)]), None);
        assert_eq!(part_size_of(size, &[]), None);
    }
}
