//! `/search`.

use contract::search::{Reindex, SearchHit, SearchResults, Statistics, Suggestions};
use futures::Stream;
use http::Method;

use crate::{
    call::Call,
    client::Client,
    error::Result,
    paging::{Page, entries, pages},
};

/// What to search for.
#[derive(Clone, Debug, Default)]
pub struct SearchQuery {
    /// In the grammar of the API; empty finds everything visible.
    pub query: String,
    /// `field=value`, as facets give them.
    pub filters: Vec<String>,
    /// `relevance`, `changed`, `created`, `name` or `bytes`.
    pub sort: Option<String>,
}

impl Client {
    /// A page of hits with facets.
    ///
    /// # Errors
    /// 400 for a bad query, with the position.
    pub async fn search(&self, search: &SearchQuery, page: &Page) -> Result<SearchResults> {
        let mut call = Call::get("search", &["search"]).query("q", Some(&search.query));
        for filter in &search.filters {
            call = call.query("filter", Some(filter));
        }
        self.json(call.query("sort", search.sort.as_deref()).query("limit", page.limit).query("cursor", page.cursor.as_deref())).await
    }

    /// All pages of hits from `first` on.
    pub fn search_pages<'a>(&'a self, search: &'a SearchQuery, first: &'a Page) -> impl Stream<Item = Result<SearchResults>> + Send + 'a {
        pages(first.cursor.clone(), move |cursor| async move { self.search(search, &first.at(cursor)).await })
    }

    /// All hits.
    pub fn hits<'a>(&'a self, search: &'a SearchQuery) -> impl Stream<Item = Result<SearchHit>> + Send + 'a {
        entries(pages(None, move |cursor| async move { self.search(search, &Page::largest().at(cursor)).await }))
    }

    /// Completions of the last word of `text`.
    ///
    /// # Errors
    /// Those of every call.
    pub async fn suggest(&self, text: &str) -> Result<Suggestions> {
        self.json(Call::get("suggest words", &["search", "suggest"]).query("q", Some(text))).await
    }

    /// Counts for a dashboard.
    ///
    /// # Errors
    /// Those of every call.
    pub async fn statistics(&self) -> Result<Statistics> {
        self.json(Call::get("read statistics", &["search", "stats"])).await
    }

    /// Indexes a package now, as it is.
    ///
    /// # Errors
    /// 403 for all but administrators; 404 for what is absent.
    pub async fn index_package(&self, package: &str) -> Result<()> {
        self.send(Call::new(Method::PUT, "index a package", &["search", "index", package])).await.map(drop)
    }

    /// Removes a package from the index now; the package stays.
    ///
    /// # Errors
    /// 403 for all but administrators; 404 for what neither the data lake nor its index knows.
    pub async fn unindex_package(&self, package: &str) -> Result<()> {
        self.send(Call::delete("remove a package from the index", &["search", "index", package])).await.map(drop)
    }

    /// Has the whole index built anew.
    ///
    /// # Errors
    /// 403 for all but administrators; 409 while another rebuild runs.
    pub async fn start_reindex(&self) -> Result<Reindex> {
        self.json(Call::post("rebuild the index", &["search", "reindex"]).idempotent()).await
    }

    /// How far the rebuild of the index is, or how the last one ended.
    ///
    /// # Errors
    /// 403 for all but administrators; 404 if there never was one.
    pub async fn reindex(&self) -> Result<Reindex> {
        self.json(Call::get("read the rebuild of the index", &["search", "reindex"])).await
    }
}
