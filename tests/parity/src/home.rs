//! The use cases of search over an index.

use std::sync::Arc;

use app::{
    Caller, Core, Paging,
    search::{Found, QueryPackages, Search},
};
use domain::{
    ports::{SearchIndex, SearchRebuild},
    search::Indexed,
};
use testkit::{FixedClock, MemoryCipher, MemoryJobs, MemoryTables, SequentialIds};

use crate::{Corpus, corpus::rules};

/// Hits that are walked through at most: more than any corpus has.
const PAGES: usize = 1_000;

/// A home: its index behind the use cases.
pub struct Home {
    /// The use cases.
    pub search: Search,
}

impl Home {
    /// Fills an empty index: old versions first, then removals, then a rebuild, as it is in a life.
    ///
    /// # Panics
    /// If the index does not take what it is given.
    pub async fn with<I: SearchIndex + SearchRebuild + 'static>(index: I, corpus: &Corpus) -> Self {
        for batch in corpus.old.chunks(40) {
            let outcomes = SearchIndex::upsert_many(&index, batch).await.expect("the index takes documents");
            assert!(outcomes.iter().all(|outcome| *outcome == Indexed::Applied));
        }
        let removed = index.remove_many(&corpus.removed).await.expect("the index takes removals");
        assert!(removed.iter().all(|outcome| *outcome == Indexed::Applied));
        index.begin().await.expect("a rebuild begins");
        for batch in corpus.documents.chunks(40) {
            let outcomes = SearchRebuild::upsert_many(&index, batch).await.expect("the new index takes documents");
            assert!(outcomes.iter().all(|outcome| *outcome == Indexed::Applied));
        }
        let late = SearchRebuild::upsert_many(&index, &corpus.old).await.expect("the new index answers");
        assert!(late.iter().all(|outcome| *outcome == Indexed::Stale), "old versions and removed packages stay away");
        index.swap().await.expect("the new index takes the old one's place");

        let core = Core::new(
            Arc::new(MemoryTables::new()),
            Arc::new(MemoryJobs::default()),
            Arc::new(MemoryCipher::default()),
            Arc::new(FixedClock::default()),
            Arc::new(SequentialIds::default()),
        );
        for rule in rules() {
            core.store.save_tag_rule(&rule).await.expect("tables answer");
        }
        Self { search: Search::new(core, Arc::new(index)) }
    }

    /// All pages of an answer.
    ///
    /// # Panics
    /// If the query can't be read or the index does not answer, or pages never end.
    pub async fn pages(&self, caller: &Caller, asked: &QueryPackages, limit: u32) -> Vec<Found> {
        let mut paging = Paging { limit, cursor: None };
        let mut pages = Vec::new();
        while pages.len() < PAGES {
            let page = self.search.query_packages(caller, asked, &paging).await.unwrap_or_else(|error| panic!("{asked:?}: {error:?}"));
            paging.cursor = page.next_cursor.clone();
            pages.push(page);
            if paging.cursor.is_none() {
                return pages;
            }
        }
        panic!("{asked:?}: the pages never end")
    }
}
