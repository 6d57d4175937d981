//! Checks of pages: order, offsets, facets, suggestions, statistics.

use domain::{
    PackageId, PortErrorKind,
    ports::SearchIndex as _,
    search::{FacetField, Hit, Place, QueryNode, SearchDocument, SearchRequest, Sort, SuggestRequest, TermField, TextField},
};

use super::{
    Pair, RebuildableIndex, eventually, everybody, everything_that,
    world::{Dice, document, random_document, tag},
};

async fn world(pair: &Pair<'_>, seed: u64, size: u64) {
    let mut dice = Dice::new(seed);
    let documents: Vec<SearchDocument> = (1..=size).map(|number| random_document(&mut dice, number, 1)).collect();
    // In several commits, so that hits come from several segments.
    for batch in documents.chunks(15) {
        pair.upsert(batch).await;
    }
}

/// By every order; equal ones by id.
pub async fn hits_are_sorted_and_ties_are_broken_by_id(index: &dyn RebuildableIndex) {
    let pair = Pair::new(index);
    world(&pair, 21, 60).await;
    pair.upsert(&[document(100, 1, "zürich"), document(101, 1, "Zurich"), document(102, 1, "ZURICH airport"), document(103, 1, "Äpfel")])
        .await;
    for sort in [Sort::Changed, Sort::Created, Sort::Name, Sort::Bytes] {
        assert_eq!(pair.agree(&SearchRequest { sort, ..everything_that(QueryNode::Everything) }).await, 64);
    }
}

/// Page by page every hit comes once, in the order of one great page.
pub async fn pages_hold_every_hit_once(index: &dyn RebuildableIndex) {
    let pair = Pair::new(index);
    world(&pair, 22, 50).await;
    for sort in [Sort::Relevance, Sort::Changed, Sort::Created, Sort::Name, Sort::Bytes] {
        let whole = SearchRequest { sort, ..everything_that(QueryNode::Everything) };
        pair.agree(&whole).await;
        let page = async |after, limit| {
            let results = index.search(&SearchRequest { after, limit, ..whole.clone() }).await.expect("an answer");
            assert_eq!(results.total, 50);
            results.hits
        };
        let id = |hit: &Hit| hit.document.package_id;
        let all: Vec<PackageId> = page(None, 1_000).await.iter().map(id).collect();
        let (mut paged, mut after): (Vec<PackageId>, Option<Place>) = (Vec::new(), None);
        loop {
            let hits = page(after.clone(), 7).await;
            let Some(place) = (SearchRequest { after, ..whole.clone() }).place_behind(&hits) else { break };
            paged.extend(hits.iter().map(id));
            // As a cursor keeps it.
            let kept = serde_json::to_string(&place).expect("JSON");
            after = Some(serde_json::from_str(&kept).expect("a place"));
        }
        assert_eq!(paged, all, "{sort:?}");
        assert!(page(None, 0).await.is_empty());
    }
}

/// A page begins behind a place also where nothing is any more, and what is new before it moves nothing.
pub async fn a_page_begins_behind_its_place_whatever_was_written(index: &dyn RebuildableIndex) {
    let pair = Pair::new(index);
    world(&pair, 24, 30).await;
    for (round, sort) in (1..).zip([Sort::Name, Sort::Created, Sort::Changed, Sort::Bytes]) {
        let request = |after, limit| SearchRequest { sort, after, limit, ..everything_that(QueryNode::Everything) };
        let all = pair.referee.search(&request(None, 1_000)).await.expect("an answer").hits;
        let (last, behind) = (&all[9], &all[10..]);
        let place = request(None, 10).place_behind(&all[..10]);
        let number = 1_000 * round;
        // Where the page ended nothing is any more; another one comes to the same place, but for the id.
        let equal = SearchDocument { package_id: document(number, 1, "").package_id, ..last.document.clone() };
        pair.remove(&[(last.document.package_id, 1_000)]).await;
        pair.upsert(std::slice::from_ref(&equal)).await;
        pair.agree(&request(place.clone(), 1_000)).await;
        let after = index.search(&request(place.clone(), 1_000)).await.expect("an answer").hits;
        let ids = |hits: &[Hit]| hits.iter().map(|hit| hit.document.package_id).collect::<Vec<_>>();
        let kept: Vec<PackageId> = ids(&after).into_iter().filter(|id| *id != equal.package_id).collect();
        assert_eq!(kept, ids(behind), "{sort:?}");
        assert!(ids(&after).contains(&equal.package_id), "{sort:?}: equal by the key, behind by the id");
        pair.agree(&request(place.clone(), 7)).await;
    }
}

/// By relevance, what moves all scores alike moves no hit: there may be no two pages of equal ones otherwise.
pub async fn a_page_by_relevance_goes_on_where_all_scores_have_moved(index: &dyn RebuildableIndex) {
    let pair = Pair::new(index);
    let documents: Vec<SearchDocument> = (1..=30).map(|number| document(number, 1, "rivers")).collect();
    pair.upsert(&documents).await;
    let token = QueryNode::Token(TextField::All, "river".to_owned());
    let request = |after, limit| SearchRequest { after, limit, ..everything_that(token.clone()) };
    pair.agree(&request(None, 1_000)).await;
    let first = index.search(&request(None, 10)).await.expect("an answer").hits;
    let place = request(None, 10).place_behind(&first);
    // Documents that are not found change what a word is worth.
    pair.upsert(&(100..140).map(|number| document(number, 1, "lakes")).collect::<Vec<_>>()).await;
    pair.agree(&everything_that(QueryNode::Everything)).await;
    let rest = index.search(&request(place, 1_000)).await.expect("an answer").hits;
    let ids: Vec<PackageId> = first.iter().chain(&rest).map(|hit| hit.document.package_id).collect();
    assert_eq!(ids, documents.iter().map(|document| document.package_id).collect::<Vec<_>>());
}

/// One page holds no more, with what stands before it.
pub async fn a_page_beyond_ten_thousand_is_refused(index: &dyn RebuildableIndex) {
    let page = |limit| SearchRequest { limit, ..everything_that(QueryNode::Everything) };
    assert!(index.search(&page(10_000)).await.is_ok());
    let far = SearchRequest { after: Some(Place::Number(9_901)), ..page(100) };
    for request in [page(10_001), far] {
        let error = index.search(&request).await.expect_err("too many");
        assert!(error.is(PortErrorKind::InvalidArgument));
    }
}

fn all_facets() -> Vec<FacetField> {
    vec![
        FacetField::Tag("level".to_owned()),
        FacetField::Tag("level=x".to_owned()),
        FacetField::Tag("rows".to_owned()),
        FacetField::Tag("none".to_owned()),
        FacetField::Owner,
        FacetField::Group(None),
        FacetField::Group(Some(vec!["red".to_owned(), "black".to_owned()])),
        FacetField::Format,
        FacetField::Year,
    ]
}

/// Counted over all hits, not over the page, and under the query.
pub async fn facets_count_all_hits_exactly(index: &dyn RebuildableIndex) {
    let pair = Pair::new(index);
    world(&pair, 23, 70).await;
    for query in [QueryNode::Everything, QueryNode::Term(TermField::Owner, "bob".to_owned()), QueryNode::Nothing] {
        let request = SearchRequest { facets: all_facets(), sort: Sort::Name, limit: 3, ..everything_that(query) };
        pair.agree(&request).await;
    }
}

/// More values than are told are one sum.
pub async fn facets_tell_the_twenty_most_frequent_values_and_the_rest_as_a_sum(index: &dyn RebuildableIndex) {
    let pair = Pair::new(index);
    let documents: Vec<SearchDocument> = (0..60)
        .map(|number| {
            let mut document = document(number + 1, 1, "x");
            tag(&mut document, "kind", &format!("kind {}", number % 30 % 23));
            document
        })
        .collect();
    pair.upsert(&documents).await;
    let facets = vec![FacetField::Tag("kind".to_owned())];
    pair.agree(&SearchRequest { facets, sort: Sort::Name, ..everything_that(QueryNode::Everything) }).await;
    let facets = vec![FacetField::Tag("kind".to_owned())];
    let results = index.search(&SearchRequest { facets, ..everything_that(QueryNode::Everything) }).await.expect("an answer");
    let facet = &results.facets[0];
    assert_eq!(facet.buckets.len(), 20);
    assert_eq!(facet.buckets.iter().map(|bucket| bucket.count).sum::<u64>() + facet.other, 60);
    assert!(facet.buckets.is_sorted_by_key(|bucket| (u64::MAX - bucket.count, bucket.value.clone())));
}

/// As often as documents have them; equally frequent ones by text.
pub async fn suggestions_are_the_most_frequent_words_first(index: &dyn RebuildableIndex) {
    let pair = Pair::new(index);
    pair.upsert(&[document(1, 1, "flights flat"), document(2, 1, "flights flask"), document(3, 1, "flights flat éclair other")]).await;
    let suggest = |prefix: &str, limit| SuggestRequest { prefix: prefix.to_owned(), visibility: everybody(), limit };
    for (prefix, limit, wanted) in [
        ("fl", 10, vec!["flights", "flat", "flask"]),
        ("fl", 2, vec!["flights", "flat"]),
        ("fla", 10, vec!["flat", "flask"]),
        ("flights", 10, vec!["flights"]),
        ("é", 10, vec!["éclair"]),
        ("zz", 10, vec![]),
    ] {
        let wanted: Vec<String> = wanted.into_iter().map(str::to_owned).collect();
        eventually(prefix, &wanted, async || index.suggest(&suggest(prefix, limit)).await.expect("an answer")).await;
    }
}

/// Over all visible documents, replaced and removed ones left out.
pub async fn statistics_are_exact(index: &dyn RebuildableIndex) {
    let pair = Pair::new(index);
    world(&pair, 24, 40).await;
    world(&pair, 25, 30).await;
    pair.remove(&[(crate::builders::package_id(1), 1), (crate::builders::package_id(2), 9)]).await;
    for owner in ["ann", "bob", "nobody"] {
        let wanted = domain::ports::SearchIndex::stats(&pair.referee, &everybody(), owner).await.expect("an answer");
        assert_eq!(wanted.visible, 38);
        eventually(owner, &wanted, async || index.stats(&everybody(), owner).await.expect("an answer")).await;
    }
}
