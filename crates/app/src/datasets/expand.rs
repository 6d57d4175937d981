//! The part of a list that leads into datasets of kind `prefix`: what the store holds there now.

use domain::{
    DatasetId, PackageId,
    dataset::{Dataset, DatasetKind, DatasetPath, DatasetState},
    ports::{ObjectInfo, Objects},
};
use serde::{Deserialize, Serialize};

use super::{
    Datasets,
    below::{Below, Member, UNLISTED},
    list::Found,
};
use crate::error::AppResult;

/// So many pages of the store's are read for one of ours, which may be short.
const LISTINGS: usize = 10;
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
    /// Behind this key, without what all of the dataset's begin with.
    after: Option<String>,
}

/// A dataset whose path leads to the prefix, and what keys go on with there.
struct Around<'a> {
    depth: usize,
    dataset: Dataset,
    begin: &'a str,
}

/// A page as it grows.
pub(super) struct Growing<'a> {
    asked: &'a Asked<'a>,
    found: &'a mut Vec<Found>,
    listings: usize,
    /// The last folder, whose other keys are stepped over.
    folder: Option<String>,
}

impl Datasets {
    /// Fills a page with what datasets hold whose path leads to the prefix; where the next one begins.
    pub(super) async fn expand(&self, asked: &Asked<'_>, place: BelowPlace, found: &mut Vec<Found>) -> AppResult<Option<BelowPlace>> {
        let mut page = Growing { asked, found, listings: LISTINGS, folder: None };
        for around in self.around(asked).await?.into_iter().filter(|around| around.depth >= place.depth) {
            let after = if around.depth == place.depth { place.after.clone() } else { None };
            let next = page.read(&*self.objects, &around, after).await?;
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

impl Growing<'_> {
    /// Reads on in a dataset, as far as there is room; `None` at its end.
    async fn read(&mut self, objects: &dyn Objects, around: &Around<'_>, mut after: Option<String>) -> AppResult<Option<BelowPlace>> {
        let below = Below::new(&around.dataset);
        self.folder = None;
        loop {
            if self.listings == 0 || self.is_full() {
                return Ok(Some(BelowPlace { depth: around.depth, after }));
            }
            self.listings -= 1;
            let behind = after.as_ref().map(|after| format!("{}{after}", around.dataset.key));
            let Some(listing) = below.list(objects, around.begin, behind).await? else {
                self.found.push(Found::Skipped { dataset_id: around.dataset.id, reason: UNLISTED.to_owned() });
                return Ok(None);
            };
            for info in listing.objects {
                let key = below.relative(&info.key).to_owned();
                if self.folder.as_ref().is_some_and(|folder| key.starts_with(folder.as_str())) {
                    continue;
                }
                if self.is_full() {
                    return Ok(Some(BelowPlace { depth: around.depth, after }));
                }
                after = Some(self.take(around, &below, key, info));
            }
            if listing.next.is_none() {
                return Ok(None);
            }
        }
    }

    fn is_full(&self) -> bool {
        self.found.len() >= self.asked.limit
    }

    /// Takes an object, or the folder that it is in. Answers with the key behind which it goes on.
    fn take(&mut self, around: &Around<'_>, below: &Below<'_>, key: String, info: ObjectInfo) -> String {
        let dataset = &around.dataset;
        let Some(member) = below.member(info) else { return key };
        let deeper = key.strip_prefix(around.begin).and_then(|rest| rest.split_once('/')).filter(|_| self.asked.in_folders);
        if let Some((name, _)) = deeper {
            let folder = format!("{}{name}/", around.begin);
            let shown = Found::Folder(format!("{}/{folder}", dataset.path));
            // There may be uploads in a folder of that name, too.
            if !self.found.contains(&shown) {
                self.found.push(shown);
            }
            let last = format!("{folder}{}", char::MAX);
            self.folder = Some(folder);
            return if dataset.key.len() + last.len() <= KEY_BYTES { last } else { key };
        }
        self.found.push(match member {
            Ok(member) => Found::Object { dataset_id: dataset.id, member: Box::<Member>::new(member) },
            Err(reason) => Found::Skipped { dataset_id: dataset.id, reason },
        });
        key
    }
}
