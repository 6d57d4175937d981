//! `GET /search`.

use domain::{
    access::{Action, PackageFacts, Resource, actions_on, search_filter},
    governance::TagType,
    id::UserId,
    package::Visibility,
    search::{Facet, FacetField, Hit, Place, QueryNode, SearchDocument, SearchRequest, Sort, TermField},
};

use super::{
    Search,
    highlight::{Highlights, highlight},
    parse_filters, query,
};
use crate::{
    core::{Caller, Configured},
    error::{AppError, AppResult, ErrorKind},
    paging::Paging,
};

/// A page may have so many hits; by relevance, with those before it.
const DEEPEST: usize = 10_000;

/// What somebody looks for.
#[derive(Clone, Debug, Default)]
pub struct QueryPackages {
    /// The query; empty for everything visible.
    pub query: String,
    /// `field=value`, as facets make them.
    pub filters: Vec<String>,
    /// `relevance`, `changed`, `created`, `name` or `bytes`; `None` for the best of a query, or for what changed last.
    pub sort: Option<String>,
}

/// A page of hits, computed under the caller's visibility.
#[derive(Clone, Debug)]
pub struct Found {
    /// The hits.
    pub hits: Vec<FoundPackage>,
    /// How many there are in all, exactly.
    pub total: u64,
    /// Counts by which to narrow the search.
    pub facets: Vec<Facet>,
    /// Asks for the next page; absent at the end, and by relevance behind the 10,000th hit.
    pub next_cursor: Option<String>,
}

/// A found package.
#[derive(Clone, Debug)]
pub struct FoundPackage {
    /// What the index holds of it.
    pub document: SearchDocument,
    /// Higher is better; comparable only within one answer.
    pub score: f32,
    /// Why it was found.
    pub highlights: Highlights,
    /// What the caller may do with it.
    pub actions: Vec<Action>,
}

impl Search {
    /// Finds packages that the caller sees.
    ///
    /// # Errors
    /// 400 for a query that can't be read, with the position; for an unknown filter or sort; for a foreign cursor.
    pub async fn query_packages(&self, caller: &Caller, asked: &QueryPackages, paging: &Paging) -> AppResult<Found> {
        self.core.authorise(caller, Action::Search, Resource::Application).await?;
        let configured = self.core.configured().await?;
        let words = query::parse(&asked.query, &configured.rules)
            .map_err(|error| AppError::new(ErrorKind::Malformed, "bad_query", error.to_string()))?;
        let filters = parse_filters(&asked.filters, &configured.rules).map_err(|why| AppError::bad_parameter("filter", why))?;
        let sort = sort(asked)?;
        self.core.audit_read(caller, Action::Search, String::new()).await?;

        let binding = format!("search {asked:?}");
        let after = self.core.open_cursor::<Place>(caller, &binding, paging).await?;
        let limit = usize::try_from(paging.limit).unwrap_or(DEEPEST);
        let request = SearchRequest {
            query: both(words.clone(), filters),
            visibility: search_filter(&caller.principal),
            sort,
            facets: facets(caller, &configured),
            after,
            limit: 0,
        };
        // One more tells whether there is a next page.
        let most = (limit + 1).min(DEEPEST.saturating_sub(request.skipped()));
        let request = SearchRequest { limit: most, ..request };
        let mut results = self.index.search(&request).await?;

        let more = results.hits.len() > limit;
        results.hits.truncate(limit);
        let next = request.place_behind(&results.hits).filter(|_| more);
        Ok(Found {
            hits: results.hits.into_iter().map(|hit| found(caller, &words, hit)).collect(),
            total: results.total,
            facets: results.facets,
            next_cursor: self.core.seal_cursor(caller, &binding, next.as_ref()).await?,
        })
    }
}

fn sort(asked: &QueryPackages) -> AppResult<Sort> {
    match asked.sort.as_deref() {
        None if asked.query.trim().is_empty() => Ok(Sort::Changed),
        None | Some("relevance") => Ok(Sort::Relevance),
        Some("changed") => Ok(Sort::Changed),
        Some("created") => Ok(Sort::Created),
        Some("name") => Ok(Sort::Name),
        Some("bytes") => Ok(Sort::Bytes),
        Some(_) => Err(AppError::bad_parameter("sort", "must be relevance, changed, created, name or bytes")),
    }
}

fn both(words: QueryNode, filters: QueryNode) -> QueryNode {
    match (words, filters) {
        (words, QueryNode::Everything) => words,
        (QueryNode::Everything, filters) => filters,
        (words, filters) => QueryNode::And(vec![words, filters]),
    }
}

/// Every governed tag with fixed values, owner, group (the caller's own; all for admins), format, year.
fn facets(caller: &Caller, configured: &Configured) -> Vec<FacetField> {
    let governed = configured.rules.iter().filter(|rule| matches!(rule.tag_type, TagType::Enum { .. }));
    let principal = &caller.principal;
    let own_groups = (!principal.is_admin()).then(|| principal.groups.iter().map(ToString::to_string).collect());
    governed
        .map(|rule| FacetField::Tag(rule.tag.clone()))
        .chain([FacetField::Owner, FacetField::Group(own_groups), FacetField::Format, FacetField::Year])
        .collect()
}

fn found(caller: &Caller, words: &QueryNode, hit: Hit) -> FoundPackage {
    let actions = actions(caller, &hit.document);
    FoundPackage { highlights: highlight(&hit.document, words), actions, score: hit.score, document: hit.document }
}

/// By the facts that the index has; the operations themselves decide by the row.
fn actions(caller: &Caller, document: &SearchDocument) -> Vec<Action> {
    let Ok(owner) = document.owner.parse::<UserId>() else { return Vec::new() };
    let visibility = match document.visibility.as_str() {
        "everyone" => Visibility::Everyone,
        "groups" => {
            let named = document.terms.get(&TermField::Group).map(Vec::as_slice).unwrap_or_default();
            Visibility::Groups(named.iter().filter_map(|name| name.parse().ok()).collect())
        }
        _ => Visibility::Private,
    };
    let facts = PackageFacts { id: document.package_id, owner: &owner, visibility: &visibility, deleted: false };
    actions_on(&caller.principal, facts)
}
