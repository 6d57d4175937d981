//! The contract of `SearchIndex` and `SearchRebuild`.
//!
//! Most checks ask the index and the referee ([`crate::MemorySearch`]) the same and compare. A write may take a moment to be
//! seen, so every comparison is tried again until it holds or the time is up.

mod pages;
mod queries;
mod rebuild;
mod versions;
mod visibility;
mod world;

use std::{fmt::Debug, time::Duration};

use domain::{
    PackageId,
    ports::{SearchIndex, SearchRebuild},
    search::{Facet, Indexed, QueryNode, SearchDocument, SearchRequest, Sort, VisibilityFilter},
};

pub use self::{pages::*, queries::*, rebuild::*, versions::*, visibility::*};
use crate::MemorySearch;

/// An index that can be rebuilt.
pub trait RebuildableIndex: SearchIndex + SearchRebuild {}

impl<T: SearchIndex + SearchRebuild> RebuildableIndex for T {}

/// Stamps one test per check.
///
/// `make` is an asynchronous function that makes a fresh, empty index behind a [`crate::Subject`]; `unless = path` names a `fn() -> bool` that tells whether the checks are left out.
#[macro_export]
macro_rules! search_suite {
    ($make:path) => {
        $crate::search_suite!($make, unless = $crate::tables::nothing_is_left_out);
    };
    ($make:path, unless = $left_out:path) => {
        $crate::contract_tests!(
            $make, search, unless = $left_out;
            an_equal_or_newer_version_is_written_and_a_lower_one_is_stale,
            versions_within_one_batch_are_decided_in_their_order,
            a_late_older_upsert_does_not_bring_a_removed_document_back,
            a_removal_that_is_older_than_the_document_is_stale,
            an_updated_document_is_found_by_its_new_words_only,
            a_hit_shows_the_document_as_it_was_written,
            hits_are_sorted_and_ties_are_broken_by_id,
            pages_hold_every_hit_once,
            a_page_begins_behind_its_place_whatever_was_written,
            a_page_by_relevance_goes_on_where_all_scores_have_moved,
            a_page_beyond_ten_thousand_is_refused,
            facets_count_all_hits_exactly,
            facets_tell_the_twenty_most_frequent_values_and_the_rest_as_a_sum,
            suggestions_are_the_most_frequent_words_first,
            statistics_are_exact,
            every_kind_of_node_finds_what_the_referee_finds,
            a_phrase_needs_its_tokens_side_by_side_in_one_value,
            both_ends_of_a_range_are_included,
            random_queries_find_what_the_referee_finds,
            the_better_hit_comes_first,
            nothing_hidden_shows_in_any_answer,
            a_filter_without_terms_or_packages_shows_nothing,
            a_rebuild_that_was_not_begun_can_not_be_written_or_swapped,
            a_swap_shows_the_new_index_with_all_live_writes_since_it_was_begun,
            a_rebuild_does_not_overwrite_a_newer_live_write,
            removals_are_remembered_across_a_rebuild,
            a_rebuild_brings_back_what_was_removed_in_the_version_that_it_reads,
            a_second_begin_drops_the_unfinished_index,
            searches_answer_whole_while_an_index_is_rebuilt,
            ids_are_paged_in_ascending_order,
        );
    };
}

/// How long a write may take to be seen.
const PATIENCE: Duration = Duration::from_secs(10);

/// The index under test beside the referee; every write goes to both.
struct Pair<'a> {
    index: &'a dyn RebuildableIndex,
    referee: MemorySearch,
}

/// What two answers must agree on.
#[derive(Debug, PartialEq)]
struct Answer {
    hits: Vec<PackageId>,
    total: u64,
    facets: Vec<Facet>,
}

impl<'a> Pair<'a> {
    fn new(index: &'a dyn RebuildableIndex) -> Self {
        Self { index, referee: MemorySearch::default() }
    }

    async fn upsert(&self, documents: &[SearchDocument]) -> Vec<Indexed> {
        let wanted = SearchIndex::upsert_many(&self.referee, documents).await.expect("the referee writes");
        let outcomes = SearchIndex::upsert_many(self.index, documents).await.expect("the index writes");
        assert_eq!(outcomes, wanted);
        outcomes
    }

    async fn remove(&self, packages: &[(PackageId, u64)]) -> Vec<Indexed> {
        let wanted = self.referee.remove_many(packages).await.expect("the referee removes");
        let outcomes = self.index.remove_many(packages).await.expect("the index removes");
        assert_eq!(outcomes, wanted);
        outcomes
    }

    /// Both find the same; in order, unless by relevance, which each judges for itself.
    async fn agree(&self, request: &SearchRequest) -> u64 {
        let wanted = answer(&self.referee, request).await;
        eventually(&format!("{request:?}"), &wanted, async || answer(self.index, request).await).await;
        wanted.total
    }

    /// Both find the same in any order.
    async fn agree_on(&self, query: QueryNode) -> u64 {
        self.agree(&everything_that(query)).await
    }
}

async fn answer(index: &dyn SearchIndex, request: &SearchRequest) -> Answer {
    let results = index.search(request).await.unwrap_or_else(|error| panic!("{request:?}: {error:?}"));
    let mut hits: Vec<PackageId> = results.hits.iter().map(|hit| hit.document.package_id).collect();
    if request.sort == Sort::Relevance {
        hits.sort_unstable();
    }
    Answer { hits, total: results.total, facets: results.facets }
}

/// Asks until the answer is the wanted one; shows the last answer if time is up before.
async fn eventually<T: Debug + PartialEq>(what: &str, wanted: &T, mut ask: impl AsyncFnMut() -> T) {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    loop {
        let found = ask().await;
        if found == *wanted {
            return;
        }
        assert!(tokio::time::Instant::now() < deadline, "{what}: found {found:#?}, wanted {wanted:#?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// All that `query` finds for somebody who sees everything.
fn everything_that(query: QueryNode) -> SearchRequest {
    SearchRequest { query, visibility: everybody(), sort: Sort::Relevance, facets: Vec::new(), after: None, limit: 1_000 }
}

fn everybody() -> VisibilityFilter {
    VisibilityFilter { any_of: None, packages: None }
}
