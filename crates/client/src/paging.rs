//! Lists as streams.

use std::future::Future;

use contract::{cart, datasets, imports, metadata, packages, profile, search};
use futures::{Stream, StreamExt as _, TryStreamExt as _, stream};

use crate::error::Result;

/// Which part of a list.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// At most so many entries, 1 to 200; the service's default if absent.
    pub limit: Option<u32>,
    /// The previous page's `next_cursor`; the first page if absent.
    pub cursor: Option<String>,
}

impl Page {
    /// The greatest pages there are, from the beginning.
    #[must_use]
    pub fn largest() -> Self {
        Self { limit: Some(200), cursor: None }
    }

    /// The page at `cursor`, of the same size.
    #[must_use]
    pub fn at(&self, cursor: Option<String>) -> Self {
        Self { limit: self.limit, cursor }
    }
}

/// A page of a list.
pub trait Paged: Send + 'static {
    /// An entry.
    type Item: Send + 'static;

    /// Asks for the next page; its absence, not an empty page, is the end.
    fn next_cursor(&self) -> Option<&str>;

    /// The entries.
    fn into_items(self) -> Vec<Self::Item>;
}

macro_rules! paged {
    ($($page:ty => $item:ty),* $(,)?) => {
        $(impl Paged for $page {
            type Item = $item;

            fn next_cursor(&self) -> Option<&str> {
                self.next_cursor.as_deref()
            }

            fn into_items(self) -> Vec<$item> {
                self.items
            }
        })*
    };
}

paged! {
    packages::PackageList => packages::Package,
    packages::HistoryList => packages::HistoryEntry,
    metadata::MetadataVersionList => metadata::MetadataVersion,
    datasets::DatasetList => datasets::Dataset,
    imports::ImportList => imports::Import,
    imports::ImportFailureList => imports::ImportFailure,
    search::SearchResults => search::SearchHit,
    cart::Cart => cart::CartItem,
    cart::ExportList => cart::Export,
    profile::GroupList => profile::Group,
    profile::PeopleList => profile::Person,
    profile::ApiKeyList => profile::ApiKey,
}

/// All pages from the one at `first` on, each asked for when it is wanted.
pub fn pages<P, F, Answer>(first: Option<String>, fetch: F) -> impl Stream<Item = Result<P>> + Send
where
    P: Paged,
    F: Fn(Option<String>) -> Answer + Send,
    Answer: Future<Output = Result<P>> + Send,
{
    stream::try_unfold((Some(first), fetch), |(cursor, fetch)| async move {
        let Some(cursor) = cursor else { return Ok(None) };
        let page = fetch(cursor).await?;
        let next = page.next_cursor().map(|next| Some(next.to_owned()));
        Ok(Some((page, (next, fetch))))
    })
}

/// All entries of all pages.
pub fn entries<P: Paged>(pages: impl Stream<Item = Result<P>> + Send) -> impl Stream<Item = Result<P::Item>> + Send {
    pages.map_ok(|page| stream::iter(page.into_items()).map(Ok)).try_flatten()
}
