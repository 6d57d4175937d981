//! `GET /search`.

use std::collections::BTreeMap;

use app::search::{
    FoundPackage, QueryPackages,
    highlight::{Fragment, Highlights},
};
use axum::{extract::State, response::Response};
use contract::search::{Facet, FacetBucket, HighlightPiece, SearchHit, SearchResults};
use web::{
    answer::{Answer, ok},
    extract::{Query, SignedIn},
};

use crate::App;

/// Finds packages. Hits, total and facets are computed under what the caller may see.
#[utoipa::path(
    get, path = "/search", tag = "search",
    params(
        ("q" = Option<String>, Query, description = "Words, \"phrases\", prefix*, word~, field:value, ranges, AND OR NOT ( ); empty finds everything visible"),
        ("filter" = Option<Vec<String>>, Query, description = "field=value as facets make them, repeatable; same field: or, other field: and"),
        ("sort" = Option<String>, Query, description = "relevance, changed, created, name or bytes"),
        ("limit" = Option<u32>, Query, description = "1 to 200, default 50"),
        ("cursor" = Option<String>, Query, description = "next_cursor of the page before"),
    ),
    responses((status = 200, description = "A page", body = SearchResults))
)]
pub(crate) async fn search(State(app): State<App>, SignedIn(caller): SignedIn, query: Query) -> Answer<Response> {
    let asked = QueryPackages {
        query: query.one("q")?.unwrap_or_default().to_owned(),
        filters: query.all("filter").map(str::to_owned).collect(),
        sort: query.one("sort")?.map(str::to_owned),
    };
    let found = app.search.query_packages(&caller, &asked, &query.paging()?).await?;
    let facets = found.facets.iter().map(|facet| Facet {
        field: facet.field.name().to_owned(),
        buckets: facet.buckets.iter().map(|bucket| FacetBucket { value: bucket.value.clone(), count: bucket.count }).collect(),
        other: facet.other,
    });
    Ok(ok(&SearchResults {
        items: found.hits.iter().map(hit).collect(),
        total: found.total,
        facets: facets.collect(),
        next_cursor: found.next_cursor,
    }))
}

fn hit(found: &FoundPackage) -> SearchHit {
    let document = &found.document;
    SearchHit {
        id: document.package_id.to_string(),
        name: document.name.clone(),
        description: document.description.clone(),
        owner: document.owner.clone(),
        visibility: document.visibility.clone(),
        metadata: document.tags.clone(),
        datasets: document.datasets,
        bytes: document.bytes,
        formats: document.formats.clone(),
        created_at: document.created_at.to_string(),
        updated_at: document.updated_at.to_string(),
        score: found.score,
        highlights: highlights(&found.highlights),
        actions: found.actions.iter().map(ToString::to_string).collect(),
    }
}

fn highlights(found: &Highlights) -> BTreeMap<String, Vec<Vec<HighlightPiece>>> {
    let tags = found.tags.iter().map(|(name, fragments)| (format!("tag:{name}"), fragments));
    let fields = [("name".to_owned(), &found.name), ("description".to_owned(), &found.description)];
    fields
        .into_iter()
        .chain(tags)
        .filter(|(_, fragments)| !fragments.is_empty())
        .map(|(field, fragments)| (field, fragments.iter().map(pieces).collect()))
        .collect()
}

fn pieces(fragment: &Fragment) -> Vec<HighlightPiece> {
    fragment.iter().map(|piece| HighlightPiece { text: piece.text.clone(), hit: piece.hit }).collect()
}
