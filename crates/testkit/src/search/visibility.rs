//! Checks of visibility: what the filter hides shows in no answer.

use domain::search::{FacetField, QueryNode, SearchDocument, SearchRequest, Sort, SuggestRequest, TermField, VisibilityFilter};

use super::{
    Pair, RebuildableIndex, eventually, everything_that,
    world::{Dice, random_document, random_query},
};
use crate::builders::package_id;

fn terms(terms: &[&str]) -> Option<Vec<String>> {
    Some(terms.iter().map(|term| (*term).to_owned()).collect())
}

fn filters() -> Vec<VisibilityFilter> {
    let only = |numbers: &[u64]| Some(numbers.iter().map(|number| package_id(*number)).collect());
    vec![
        VisibilityFilter { any_of: None, packages: None },
        VisibilityFilter { any_of: terms(&["everyone", "user:ann"]), packages: None },
        VisibilityFilter { any_of: terms(&["everyone", "user:stranger"]), packages: None },
        VisibilityFilter { any_of: terms(&["everyone", "user:bob", "group:red", "group:green"]), packages: None },
        VisibilityFilter { any_of: terms(&["everyone", "user:cyd", "group:blue"]), packages: only(&[1, 2, 3, 4, 5, 6, 999]) },
        VisibilityFilter { any_of: None, packages: only(&[7, 8]) },
        VisibilityFilter { any_of: terms(&["user:nobody"]), packages: None },
    ]
}

/// Hits, totals, facets, suggestions and statistics of random worlds are those of the visible part alone: a second referee
/// holds nothing else and is asked without a filter.
pub async fn nothing_hidden_shows_in_any_answer(index: &dyn RebuildableIndex) {
    let pair = Pair::new(index);
    let mut dice = Dice::new(41);
    let mut documents: Vec<SearchDocument> = Vec::new();
    for number in 1..=40 {
        let mut document = random_document(&mut dice, number, 1);
        // A word that gives itself away.
        document.words.push(format!("secret{number}"));
        documents.push(document);
    }
    for batch in documents.chunks(13) {
        pair.upsert(batch).await;
    }
    for visibility in filters() {
        let visible = Pair::new(index);
        let shown: Vec<SearchDocument> = documents.iter().filter(|document| sees(&visibility, document)).cloned().collect();
        domain::ports::SearchIndex::upsert_many(&visible.referee, &shown).await.expect("the referee writes");
        for _ in 0..8 {
            let facets = vec![FacetField::Tag("level".to_owned()), FacetField::Owner, FacetField::Group(None), FacetField::Format];
            let request = SearchRequest { sort: Sort::Name, facets, ..everything_that(random_query(&mut dice, 2)) };
            compare(&visible, &request, &visibility).await;
        }
        for prefix in ["", "secret", "fl", "s"] {
            let unfiltered = SuggestRequest { prefix: prefix.to_owned(), visibility: super::everybody(), limit: 100 };
            let wanted = domain::ports::SearchIndex::suggest(&visible.referee, &unfiltered).await.expect("an answer");
            let filtered = SuggestRequest { visibility: visibility.clone(), ..unfiltered };
            eventually(prefix, &wanted, async || index.suggest(&filtered).await.expect("an answer")).await;
        }
        let wanted = domain::ports::SearchIndex::stats(&visible.referee, &super::everybody(), "ann").await.expect("an answer");
        eventually("statistics", &wanted, async || index.stats(&visibility, "ann").await.expect("an answer")).await;
    }
}

async fn compare(visible: &Pair<'_>, request: &SearchRequest, visibility: &VisibilityFilter) {
    let wanted = super::answer(&visible.referee, request).await;
    let filtered = SearchRequest { visibility: visibility.clone(), ..request.clone() };
    eventually(&format!("{filtered:?}"), &wanted, async || super::answer(visible.index, &filtered).await).await;
}

fn sees(filter: &VisibilityFilter, document: &SearchDocument) -> bool {
    let access = &document.terms[&TermField::Access];
    let by_term = match &filter.any_of {
        None => true,
        Some(any_of) => access.iter().any(|term| any_of.contains(term)),
    };
    let by_package = match &filter.packages {
        None => true,
        Some(packages) => packages.contains(&document.package_id),
    };
    by_term && by_package
}

/// An empty list is not the absence of a filter.
pub async fn a_filter_without_terms_or_packages_shows_nothing(index: &dyn RebuildableIndex) {
    let pair = Pair::new(index);
    let mut dice = Dice::new(42);
    pair.upsert(&[random_document(&mut dice, 1, 1), random_document(&mut dice, 2, 1)]).await;
    assert_eq!(pair.agree_on(QueryNode::Everything).await, 2);
    for visibility in
        [VisibilityFilter { any_of: Some(Vec::new()), packages: None }, VisibilityFilter { any_of: None, packages: Some(Vec::new()) }]
    {
        let request = SearchRequest { visibility: visibility.clone(), ..everything_that(QueryNode::Everything) };
        assert_eq!(index.search(&request).await.expect("an answer").total, 0);
        assert_eq!(index.stats(&visibility, "ann").await.expect("an answer").visible, 0);
        let suggest = SuggestRequest { prefix: String::new(), visibility, limit: 10 };
        assert!(index.suggest(&suggest).await.expect("an answer").is_empty());
    }
}
