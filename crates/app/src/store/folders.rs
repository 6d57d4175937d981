//! Current datasets as folders and files: what lies deeper than a folder is stepped over, not read.

use domain::{
    PackageId, PortResult,
    ports::{Item, Order, PageKey, Query, Range, Table},
};
use serde::{Deserialize, Serialize};

use super::{DatasetSummary, Store, datasets::summary_of};

/// So many queries a page: a page of folders takes about one a folder, and may be short.
const QUERIES: usize = 40;
/// Rows asked for behind a folder: often the next one begins there, and the rest would be read in vain.
const BEHIND_A_FOLDER: usize = 8;

/// What stands directly below a prefix.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FolderEntry {
    /// A folder: the prefix of all that lies in it, with the slash at its end.
    Folder(String),
    /// A dataset.
    Dataset(DatasetSummary),
}

/// Where a page of folders and files ended, as a path.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FolderPlace {
    /// Go on with the first path from this text on.
    From(String),
    /// Go on behind this path.
    Behind(String),
}

/// A page as it grows.
struct Browsing<'a> {
    prefix: &'a str,
    limit: usize,
    entries: Vec<FolderEntry>,
    /// Behind the last entry.
    place: FolderPlace,
    /// The last entry, if it is a folder.
    folder: Option<String>,
}

/// How a page ended.
enum End {
    /// Nothing is behind it.
    Last,
    /// It is full, and something is behind it.
    Full,
}

impl Store {
    /// A page of what stands directly below `prefix` (a folder with its slash, or the beginning of a name in one), in path
    /// order, each folder once however much is in it. A page may be short.
    ///
    /// # Errors
    /// Those of the tables.
    pub async fn datasets_in_folder(
        &self,
        package_id: PackageId,
        prefix: &str,
        limit: u32,
        place: Option<FolderPlace>,
    ) -> PortResult<(Vec<FolderEntry>, Option<FolderPlace>)> {
        let place = place.unwrap_or_else(|| FolderPlace::From(prefix.to_owned()));
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let mut browsing = Browsing { prefix, limit, entries: Vec::new(), place, folder: None };
        for _ in 0..QUERIES {
            let page = self.tables.query(browsing.query(package_id)).await?;
            match browsing.take(page.items)? {
                Some(End::Last) => return Ok((browsing.entries, None)),
                Some(End::Full) => break,
                None => {}
            }
            let Some(next) = page.next else { return Ok((browsing.entries, None)) };
            // A page may be empty; behind a folder is farther than where it ended.
            if browsing.folder.is_none() {
                browsing.place = FolderPlace::Behind(path_in(&next));
            }
        }
        Ok((browsing.entries, Some(browsing.place)))
    }
}

impl Browsing<'_> {
    /// Reads on: one row more than is wanted, which tells whether anything is behind the page.
    fn query(&self, package_id: PackageId) -> Query {
        let missing = (self.limit - self.entries.len()).saturating_add(1);
        let rows = if self.folder.is_some() { missing.min(BEHIND_A_FOLDER) } else { missing };
        let (from, after) = match &self.place {
            FolderPlace::From(path) => (sort_key(path), None),
            FolderPlace::Behind(path) => (sort_key(path), Some(page_key(package_id, path))),
        };
        Query {
            table: Table::Datasets,
            index: None,
            partition: package_id.to_string(),
            range: Range::Between(from, behind(&sort_key(self.prefix))),
            order: Order::Ascending,
            limit: u32::try_from(rows).unwrap_or(1_000).min(1_000),
            after,
            consistent: true,
        }
    }

    fn take(&mut self, items: Vec<Item>) -> PortResult<Option<End>> {
        for item in items {
            let summary = summary_of(item)?;
            let path = summary.path.as_str();
            // The end of the range is in it.
            let Some(below) = path.strip_prefix(self.prefix) else { return Ok(Some(End::Last)) };
            if self.folder.as_ref().is_some_and(|folder| path.starts_with(folder.as_str())) {
                continue;
            }
            if self.entries.len() == self.limit {
                return Ok(Some(End::Full));
            }
            if let Some((name, _)) = below.split_once('/') {
                let folder = format!("{}{name}/", self.prefix);
                self.place = FolderPlace::From(behind(&folder));
                self.entries.push(FolderEntry::Folder(folder.clone()));
                self.folder = Some(folder);
            } else {
                self.place = FolderPlace::Behind(path.to_owned());
                self.entries.push(FolderEntry::Dataset(summary));
                self.folder = None;
            }
        }
        Ok(None)
    }
}

fn sort_key(path: &str) -> String {
    format!("path#{path}")
}

fn page_key(package_id: PackageId, path: &str) -> PageKey {
    let schema = Table::Datasets.schema();
    PageKey([(schema.partition.to_owned(), package_id.to_string()), (schema.sort.to_owned(), sort_key(path))].into())
}

fn path_in(place: &PageKey) -> String {
    let sort = place.attribute(Table::Datasets.schema().sort);
    sort.strip_prefix("path#").unwrap_or(sort).to_owned()
}

/// The smallest text behind all that begin with `text`: the order of UTF-8 bytes is that of characters.
fn behind(text: &str) -> String {
    let mut text = text.to_owned();
    while let Some(last) = text.pop() {
        if let Some(next) = (last..=char::MAX).nth(1) {
            text.push(next);
            break;
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn behind_a_text_is_what_is_greater_than_all_that_begin_with_it() {
        for (text, expected) in [("path#b/", "path#b0"), ("é", "ê"), ("a\u{d7ff}", "a\u{e000}"), ("a\u{10ffff}\u{10ffff}", "b")] {
            assert_eq!(behind(text), expected);
            assert!(*behind(text) > *format!("{text}\u{10ffff}"));
        }
    }
}
