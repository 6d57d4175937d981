//! What two answers must agree on.

use app::search::{Found, FoundPackage};
use domain::{PackageId, search::Facet};

/// Scores that differ by no more than this share are of one class: 32-bit floating point, added up in another order.
const ROUNDING: f32 = 1e-5;

/// The pages of one query in one home.
#[derive(Debug)]
pub struct Answers {
    /// Hits of all pages.
    hits: Vec<FoundPackage>,
    /// How many came on each page.
    sizes: Vec<usize>,
    /// What each page told besides.
    told: Vec<(u64, Vec<Facet>)>,
}

impl Answers {
    /// From the pages.
    #[must_use]
    pub fn of(pages: Vec<Found>) -> Self {
        let sizes = pages.iter().map(|page| page.hits.len()).collect();
        let told = pages.iter().map(|page| (page.total, page.facets.clone())).collect();
        Self { hits: pages.into_iter().flat_map(|page| page.hits).collect(), sizes, told }
    }

    /// How many hits there are in all.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.told.first().map_or(0, |(total, _)| *total)
    }

    fn ids(&self) -> Vec<PackageId> {
        self.hits.iter().map(|hit| hit.document.package_id).collect()
    }

    /// The hits class by class, each class in the order of the ids.
    fn classes(&self) -> Vec<Vec<PackageId>> {
        let mut classes: Vec<Vec<PackageId>> = Vec::new();
        let mut last = f32::INFINITY;
        for hit in &self.hits {
            match classes.last_mut() {
                Some(class) if last - hit.score <= ROUNDING * last.abs() => class.push(hit.document.package_id),
                _ => classes.push(vec![hit.document.package_id]),
            }
            last = hit.score;
        }
        classes.iter_mut().for_each(|class| class.sort_unstable());
        classes
    }
}

/// In what two answers differ; nothing if they are alike.
#[must_use]
pub fn differences(one: &Answers, other: &Answers, by_relevance: bool) -> Vec<String> {
    let mut found = Vec::new();
    let mut compare = |what: &str, left: String, right: String| {
        if left != right {
            found.push(format!("{what}: {left} and {right}"));
        }
    };
    compare("sizes of pages", format!("{:?}", one.sizes), format!("{:?}", other.sizes));
    compare("totals and facets", format!("{:?}", one.told), format!("{:?}", other.told));
    if by_relevance {
        compare("classes", format!("{:?}", one.classes()), format!("{:?}", other.classes()));
    } else {
        compare("order", format!("{:?}", one.ids()), format!("{:?}", other.ids()));
    }
    for hit in &one.hits {
        let id = hit.document.package_id;
        let Some(twin) = other.hits.iter().find(|twin| twin.document.package_id == id) else { continue };
        compare(&format!("highlights of {id}"), format!("{:?}", hit.highlights), format!("{:?}", twin.highlights));
        compare(&format!("actions of {id}"), format!("{:?}", hit.actions), format!("{:?}", twin.actions));
        compare(&format!("what is shown of {id}"), format!("{:?}", hit.document), format!("{:?}", twin.document));
        let rounding = ROUNDING * hit.score.abs().max(twin.score.abs());
        if (hit.score - twin.score).abs() > rounding {
            compare(&format!("scores of {id}"), hit.score.to_string(), twin.score.to_string());
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use app::search::{document::build, highlight::Highlights};
    use domain::search::{Bucket, FacetField};
    use testkit::builders::{package, package_id, tags};

    use super::*;

    /// One page with these packages and their scores.
    fn answer(hits: &[(u64, f32)]) -> Answers {
        let found = |(number, score): &(u64, f32)| FoundPackage {
            document: build(&package(*number, "ann"), &tags(&[]), []),
            score: *score,
            highlights: Highlights::default(),
            actions: Vec::new(),
        };
        let hits: Vec<FoundPackage> = hits.iter().map(found).collect();
        let facet = Facet { field: FacetField::Owner, buckets: vec![Bucket { value: "ann".to_owned(), count: 3 }], other: 0 };
        Answers::of(vec![Found { total: hits.len() as u64, hits, facets: vec![facet], next_cursor: None }])
    }

    #[test]
    fn hits_of_one_class_may_change_places_and_others_may_not() {
        let one = answer(&[(1, 3.0), (2, 2.0), (3, 1.999_999), (4, 1.0)]);
        assert_eq!(one.classes(), [vec![package_id(1)], vec![package_id(2), package_id(3)], vec![package_id(4)]]);
        let rounded = answer(&[(1, 3.0), (3, 2.0), (2, 2.0), (4, 1.0)]);
        assert_eq!(differences(&one, &rounded, true), Vec::<String>::new());
        assert_eq!(differences(&one, &rounded, false).len(), 1);
        let otherwise = answer(&[(2, 3.0), (1, 2.0), (3, 2.0), (4, 1.0)]);
        assert!(!differences(&one, &otherwise, true).is_empty());
    }

    #[test]
    fn another_score_total_facet_highlight_or_text_is_a_difference() {
        let one = answer(&[(1, 3.0), (2, 2.0)]);
        assert_eq!(differences(&one, &answer(&[(1, 3.0), (2, 2.001)]), true).len(), 1);
        assert!(!differences(&one, &answer(&[(1, 3.0)]), true).is_empty());
        let mut other = answer(&[(1, 3.0), (2, 2.0)]);
        other.told[0].1[0].buckets[0].count = 4;
        other.hits[0].highlights.name.push(Vec::new());
        other.hits[1].document.description.push('!');
        assert_eq!(differences(&one, &other, true).len(), 3);
    }
}
