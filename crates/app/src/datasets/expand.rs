//! The part of a list that leads into datasets of kind `prefix`: what the store holds there now.

use std::time::Duration;

use domain::{
    DatasetId, PackageId, Timestamp,
    dataset::{Dataset, DatasetKind, DatasetPath, DatasetState},
    ports::ObjectInfo,
};
use serde::{Deserialize, Serialize};

use super::{
    Datasets,
    below::{Below, UNLISTED},
    list::{Found, PREFIX_LIMIT},
};
use crate::error::AppResult;

/// So many pages of the store's are read for one of ours, which may be short.
const LISTINGS: usize = 10;
/// Behind that no other of them is begun: homes end a request after 30 seconds, and a store may need several attempts.
const LONGEST: Duration = Duration::from_secs(10);
/// No key is longer, in bytes.
const KEY_BYTES: usize = 1_024;

/// What is listed.
pub(super) struct Asked<'a> {
    pub(super) package_id: PackageId,
    /// As it was asked for: keys of other stores are not normalised.
    pub(super) prefix: &'a str,
    /// Whether only what stands directly below the prefix.
    pub(super) in_folders: bool,
    pub(super) limit: usize,
}

/// Where a page ended.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct BelowPlace {
    /// In which of the datasets that lead to the prefix, by how many folders its path has.
    depth: usize,
    /// Which one that was: another one of that path has other keys, and is begun anew.
    dataset_id: Option<DatasetId>,
    /// Behind this key, without what all of the dataset's begin with.
    after: Option<String>,
    /// Whether the folder that this key is in is done with.
    in_folder: bool,
}

/// A dataset whose path leads to the prefix, and what keys go on with there.
struct Around<'a> {
    depth: usize,
    dataset: Dataset,
    begin: &'a str,
}

/// A page as it grows.
struct Growing<'a> {
    datasets: &'a Datasets,
    asked: &'a Asked<'a>,
    found: &'a mut Vec<Found>,
    listings: usize,
    end: Timestamp,
    /// The last folder, whose other keys are stepped over.
    folder: Option<String>,
}

impl Datasets {
    /// Fills a page with what datasets hold whose path leads to the prefix; where the next one begins.
    pub(super) async fn expand(&self, asked: &Asked<'_>, place: BelowPlace, found: &mut Vec<Found>) -> AppResult<Option<BelowPlace>> {
        let end = self.core.now().plus(LONGEST);
        let mut page = Growing { datasets: self, asked, found, listings: LISTINGS, end, folder: None };
        for around in self.around(asked).await?.into_iter().filter(|around| around.depth >= place.depth) {
            let place = if place.dataset_id == Some(around.dataset.id) { place.clone() } else { BelowPlace::default() };
            let next = page.read(&around, place).await?;
            if next.is_some() {
                return Ok(next);
            }
        }
        Ok(None)
    }

    /// Those of kind `prefix`, the shortest path first.
    async fn around<'a>(&self, asked: &Asked<'a>) -> AppResult<Vec<Around<'a>>> {
        let folders = asked.prefix.match_indices('/').enumerate().filter_map(|(depth, (place, _))| {
            let (path, begin) = asked.prefix.split_at(place);
            Some((depth, path.parse::<DatasetPath>().ok()?, begin.strip_prefix('/')?))
        });
        let folders: Vec<(usize, DatasetPath, &'a str)> = folders.collect();
        if folders.is_empty() {
            return Ok(Vec::new());
        }
        let paths: Vec<DatasetPath> = folders.iter().map(|(_, path, _)| path.clone()).collect();
        let there = self.core.store.current_datasets(asked.package_id, &paths).await?;
        let prefixes = folders.into_iter().zip(there).filter_map(|((depth, _, begin), summary)| {
            let summary = summary.filter(|summary| summary.kind == DatasetKind::Prefix)?;
            Some((summary.id, depth, begin))
        });
        let prefixes: Vec<(DatasetId, usize, &'a str)> = prefixes.collect();
        if prefixes.is_empty() {
            return Ok(Vec::new());
        }
        let ids: Vec<DatasetId> = prefixes.iter().map(|(id, ..)| *id).collect();
        let datasets = self.core.store.datasets(asked.package_id, &ids).await?;
        let around = prefixes.into_iter().zip(datasets).filter_map(|((_, depth, begin), dataset)| {
            let dataset = dataset.filter(|dataset| dataset.state == DatasetState::Available)?;
            Some(Around { depth, dataset, begin })
        });
        Ok(around.collect())
    }
}

impl Around<'_> {
    /// The folder directly below the prefix that a key is in, with its slash.
    fn folder_of(&self, key: &str) -> Option<String> {
        let (name, _) = key.strip_prefix(self.begin)?.split_once('/')?;
        Some(format!("{}{name}/", self.begin))
    }
}

impl Growing<'_> {
    /// Reads on in a dataset, as far as there is room and time; `None` at its end.
    async fn read(&mut self, around: &Around<'_>, place: BelowPlace) -> AppResult<Option<BelowPlace>> {
        let below = Below::new(&around.dataset);
        let mut after = place.after;
        self.folder = after.as_deref().filter(|_| place.in_folder).and_then(|after| around.folder_of(after));
        loop {
            if self.listings == 0 || self.is_full() || self.is_late() {
                return Ok(Some(self.place(around, after)));
            }
            self.listings -= 1;
            let behind = after.as_ref().map(|after| format!("{}{after}", around.dataset.key));
            let Some(listing) = below.list(&*self.datasets.objects, around.begin, behind).await? else {
                self.found.push(Found::Skipped { dataset_id: around.dataset.id, reason: UNLISTED.to_owned() });
                return Ok(None);
            };
            for info in listing.objects {
                let key = below.relative(&info.key).to_owned();
                if self.is_in_folder(&key) {
                    // A folder whose name is nearly as long as keys can be is read through: no key would step over it.
                    after = after.max(Some(key));
                    continue;
                }
                if self.is_full() {
                    return Ok(Some(self.place(around, after)));
                }
                after = Some(self.take(around, &below, key, info).await?);
            }
            if listing.next.is_none() {
                return Ok(None);
            }
        }
    }

    fn is_full(&self) -> bool {
        self.found.len() >= self.asked.limit
    }

    /// Never before the first listing: each page gets somewhere.
    fn is_late(&self) -> bool {
        self.listings < LISTINGS && self.datasets.core.now() >= self.end
    }

    fn is_in_folder(&self, key: &str) -> bool {
        self.folder.as_ref().is_some_and(|folder| key.starts_with(folder.as_str()))
    }

    fn place(&self, around: &Around<'_>, after: Option<String>) -> BelowPlace {
        let in_folder = after.as_ref().is_some_and(|after| self.is_in_folder(after));
        BelowPlace { depth: around.depth, dataset_id: Some(around.dataset.id), after, in_folder }
    }

    /// Takes an object, or the folder that it is in. Answers with the key behind which it goes on.
    async fn take(&mut self, around: &Around<'_>, below: &Below<'_>, key: String, info: ObjectInfo) -> AppResult<String> {
        let dataset = &around.dataset;
        let Some(member) = below.member(info) else { return Ok(key) };
        if let Some(folder) = around.folder_of(&key).filter(|_| self.asked.in_folders) {
            let shown = format!("{}/{folder}", dataset.path);
            if !self.is_shown(&shown).await? {
                self.found.push(Found::Folder(shown));
            }
            let last = format!("{folder}{}", char::MAX);
            self.folder = Some(folder);
            return Ok(if dataset.key.len() + last.len() <= KEY_BYTES { last } else { key });
        }
        self.found.push(match member {
            Ok(member) => Found::Object { dataset_id: dataset.id, member: Box::new(member) },
            Err(reason) => Found::Skipped { dataset_id: dataset.id, reason },
        });
        Ok(key)
    }

    /// Whether a folder stands on this page, or stood among the datasets, for some are in it.
    async fn is_shown(&self, folder: &str) -> AppResult<bool> {
        if self.found.iter().any(|found| matches!(found, Found::Folder(name) if name == folder)) {
            return Ok(true);
        }
        // Paths of datasets are no longer.
        Ok(folder.len() <= PREFIX_LIMIT && self.datasets.core.store.has_datasets_below(self.asked.package_id, folder).await?)
    }
}
