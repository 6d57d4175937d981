//! Finding packages under the caller's visibility.

use datalake_app::{
    ErrorKind, Paging,
    search::{QueryPackages, document::build},
};
use domain::{
    access::Action,
    governance::{TagRule, TagType},
    package::{Package, Visibility},
    ports::SearchIndex as _,
    search::Indexed,
};
use testkit::builders::{PrincipalExt as _, admin, groups, member, only_packages, package, package_id, package_name, tags};

use crate::home::{Home, asked_by};

async fn lake() -> Home {
    let home = Home::new();
    let values = vec!["open".to_owned(), "closed".to_owned()];
    let rule = TagRule {
        id: "level".to_owned(),
        tag: "level".to_owned(),
        required: false,
        tag_type: TagType::Enum { values },
        limits: domain::governance::Limits::default(),
        description: String::new(),
    };
    home.core.store.save_tag_rule(&rule).await.expect("tables answer");
    let named = |number, owner, name: &str, visibility| Package { name: package_name(name), visibility, ..package(number, owner) };
    let documents = [
        build(&named(1, "ann", "Flights", Visibility::Private), &tags(&[("level", "open")]), []),
        build(&named(2, "bob", "Flights of the team", groups(&["team", "secret"])), &tags(&[("level", "closed")]), []),
        build(&named(3, "bob", "Trains", Visibility::Everyone), &tags(&[]), []),
        build(&named(4, "bob", "Flights nobody sees", Visibility::Private), &tags(&[]), []),
    ];
    assert_eq!(home.index.upsert_many(&documents).await.expect("the index answers"), [Indexed::Applied; 4]);
    home
}

fn ask(query: &str) -> QueryPackages {
    QueryPackages { query: query.to_owned(), ..QueryPackages::default() }
}

#[tokio::test]
async fn hits_total_facets_and_suggestions_are_under_the_callers_visibility() {
    let home = lake().await;
    let ann = asked_by(member("ann").in_groups(&["team"]));
    let found = home.search.query_packages(&ann, &ask("flights"), &Paging::default()).await.expect("a good query");
    let mut ids: Vec<_> = found.hits.iter().map(|hit| hit.document.package_id).collect();
    ids.sort();
    assert_eq!((ids, found.total, found.next_cursor), (vec![package_id(1), package_id(2)], 2, None));
    let facets: Vec<(&str, Vec<&str>)> =
        found.facets.iter().map(|facet| (facet.field.name(), facet.buckets.iter().map(|bucket| bucket.value.as_str()).collect())).collect();
    assert_eq!(facets[0], ("level", vec!["closed", "open"]));
    assert_eq!(facets[2], ("group", vec!["team"]), "not the group that the caller is not in");
    assert!(home.search.suggest(&ann, "nobo").await.expect("an answer").is_empty());
    assert_eq!(home.search.suggest(&ann, "the Tra").await.expect("an answer"), ["trains"]);
    assert_eq!(home.search.stats(&ann).await.expect("an answer").visible, 3);

    let all = home.search.query_packages(&asked_by(admin("root")), &ask(""), &Paging::default()).await.expect("a good query");
    assert_eq!(all.total, 4);
    let narrowed = asked_by(admin("root").with_key(only_packages(&[3])));
    let one = home.search.query_packages(&narrowed, &ask(""), &Paging::default()).await.expect("a good query");
    assert_eq!((one.total, one.hits[0].document.package_id), (1, package_id(3)));
}

#[tokio::test]
async fn a_hit_says_why_it_was_found_and_what_the_caller_may_do() {
    let home = lake().await;
    let ann = asked_by(member("ann").in_groups(&["team"]));
    let found = home.search.query_packages(&ann, &ask("flights"), &Paging::default()).await.expect("a good query");
    let hit = |number| found.hits.iter().find(|hit| hit.document.package_id == package_id(number)).expect("found");
    assert!(hit(1).highlights.name[0].iter().any(|piece| piece.hit && piece.text == "Flights"));
    assert!(hit(1).actions.contains(&Action::PackageDelete));
    assert!(hit(2).actions.contains(&Action::DatasetDownload) && !hit(2).actions.contains(&Action::PackageDelete));
}

#[tokio::test]
async fn pages_join_without_gap_and_a_cursor_belongs_to_its_query() {
    let home = lake().await;
    let root = asked_by(admin("root"));
    let asked = QueryPackages { sort: Some("name".to_owned()), ..ask("") };
    let (mut ids, mut paging) = (Vec::new(), Paging { limit: 3, cursor: None });
    loop {
        let page = home.search.query_packages(&root, &asked, &paging).await.expect("a page");
        ids.extend(page.hits.iter().map(|hit| hit.document.package_id));
        let Some(cursor) = page.next_cursor else { break };
        paging.cursor = Some(cursor);
    }
    assert_eq!(ids, [1, 4, 2, 3].map(package_id));
    let error = home.search.query_packages(&root, &ask("flights"), &paging).await.expect_err("another query's cursor");
    assert_eq!(error.code(), "bad_parameter");
}

#[tokio::test]
async fn what_can_not_be_read_is_400() {
    let home = lake().await;
    let ann = asked_by(member("ann"));
    let bad = [
        (ask("(flights"), "bad_query"),
        (QueryPackages { filters: vec!["colour=red".to_owned()], ..ask("") }, "bad_parameter"),
        (QueryPackages { sort: Some("owner".to_owned()), ..ask("") }, "bad_parameter"),
    ];
    for (asked, code) in bad {
        let error = home.search.query_packages(&ann, &asked, &Paging::default()).await.expect_err("can't be read");
        assert_eq!((error.kind(), error.code()), (ErrorKind::Malformed, code));
    }
    let filtered = QueryPackages { filters: vec!["level=open".to_owned()], ..ask("") };
    assert_eq!(home.search.query_packages(&ann, &filtered, &Paging::default()).await.expect("a governed tag").total, 1);
}
