//! A search over HTTP beside the same on tantivy itself, over 100,000 packages, as a member of 5 of 50 groups.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use datalake_tests_machine::Lake;
use domain::{
    group::Group,
    ports::{Directory, Groups as _, SearchIndex as _},
    search::Indexed,
};
use embedded::{search::TantivyIndex, users::Users};
use http_body_util::Empty;
use hyper::{Request, header};
use runtime::system::{SystemClock, SystemIds};
use serde_json::Value;
use testkit::builders::group;
use url::form_urlencoded;

use crate::{
    bare_search::{BareSearch, Found},
    catalogue::{self, Asked, GROUPS, PACKAGES, QUERIES, group_name},
    figure::{Figure, Limit, Setting, median_run},
    load::{Prepared, answer, connect},
};

const MEMBER: &str = "bob@example.org";
/// Groups that the member is in: every tenth.
const OWN_GROUPS: u64 = 5;
/// How often every query is asked of each side in a run.
const TURNS: usize = 5;
/// Documents of one commit.
const BATCH: u64 = 5_000;

/// The 99th of 100 times, of ours and of tantivy's.
#[derive(Clone, Copy, Debug)]
struct Run {
    ours: Duration,
    bare: Duration,
}

pub(crate) async fn measure(setting: &Setting) -> Result<Vec<Figure>> {
    let mut lake = Lake::start().await?;
    lake.invite_member(MEMBER).await?;
    lake.stop().await?;
    let user_id = join_groups(&lake).await?;
    fill(&lake).await?;
    lake.serve().await?;
    let token = lake.sign_in(MEMBER, None).await?.tokens.access;
    let own = (0..OWN_GROUPS).map(|number| format!("group:{}", group_name(number * (GROUPS / OWN_GROUPS))));
    let visible = ["everyone".to_owned(), format!("user:{user_id}")].into_iter().chain(own).collect();
    let bare = BareSearch::open(&lake.data_folder().join("search"), visible)?;
    let host = lake.api().strip_prefix("http://").context("a server without TLS")?.to_owned();
    let queries: Result<Vec<Query>> = (0..QUERIES).map(|number| Query::prepare(catalogue::query(number), &host, &token)).collect();
    let sides = Sides { bare, queries: queries?, host };
    sides.agree().await?;
    let mut runs = Vec::with_capacity(setting.runs);
    for _ in 0..setting.runs {
        runs.push(sides.run().await?);
    }
    let ratios: Vec<f64> = runs.iter().map(|run| run.ours.as_secs_f64() / run.bare.as_secs_f64()).collect();
    let middle = median_run(&ratios);
    Ok(vec![Figure {
        name: "search of 100,000 packages, p99".to_owned(),
        ours: format!("{:.2} ms", millis(runs[middle].ours)),
        reference: format!("{:.2} ms of tantivy, {} segments", millis(runs[middle].bare), sides.bare.segments()),
        value: ratios[middle],
        limit: Limit::AtMost(2.0),
    }])
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}

/// Makes all groups, and the member one of five of them; tells the member's id.
async fn join_groups(lake: &Lake) -> Result<String> {
    let users = Users::open(&lake.data_folder(), Arc::new(SystemClock), Arc::new(SystemIds::default()))?;
    let found = Directory::page(&users, Some(MEMBER), None).await?.users.into_iter().next().context("the member")?;
    for number in 0..GROUPS {
        let name = group(&group_name(number));
        users.create(&Group { name: name.clone(), title: String::new(), description: String::new() }).await?;
        if number % (GROUPS / OWN_GROUPS) == 0 {
            users.set_membership(&name, &found.user_id, true).await?;
        }
    }
    Ok(found.user_id.to_string())
}

/// Writes all documents with the product's own index: a search reads nothing else of a package.
async fn fill(lake: &Lake) -> Result<()> {
    let index = TantivyIndex::open(lake.data_folder().join("search"))?;
    for first in (0..PACKAGES).step_by(usize::try_from(BATCH)?) {
        let documents: Result<Vec<_>> = (first..first + BATCH).map(|number| catalogue::document(number + 1)).collect();
        let outcomes = index.upsert_many(&documents?).await?;
        ensure!(outcomes.iter().all(|outcome| *outcome == Indexed::Applied), "not every document was written");
    }
    Ok(())
}

/// A query as both sides take it.
struct Query {
    asked: Asked,
    request: Prepared,
}

impl Query {
    fn prepare(asked: Asked, host: &str, token: &str) -> Result<Self> {
        let mut parameters = form_urlencoded::Serializer::new(String::new());
        parameters.append_pair("q", &asked.words.join(" "));
        if let Some(format) = asked.format {
            parameters.append_pair("filter", &format!("format={format}"));
        }
        let request = Request::get(format!("/search?{}", parameters.finish())).header(header::HOST, host);
        let request = request.header(header::AUTHORIZATION, format!("Bearer {token}")).body(Empty::new())?;
        Ok(Self { asked, request })
    }
}

struct Sides {
    bare: BareSearch,
    queries: Vec<Query>,
    host: String,
}

impl Sides {
    /// Both sides find the same: what is compared is the same work. Also what warms both.
    async fn agree(&self) -> Result<()> {
        let mut connection = connect(&self.host).await?;
        let mut total = 0;
        for query in &self.queries {
            let ours: Value = serde_json::from_slice(&answer(&mut connection, &query.request).await?)?;
            let bare = self.bare.find(&query.asked)?;
            ensure!(is_same(&ours, &bare), "{:?}: {bare:?} is not {ours}", query.asked);
            total += bare.total;
        }
        ensure!(total > self.queries.len() * 100, "the queries find next to nothing: {total} in all");
        Ok(())
    }

    /// By turns, query by query; one request at a time.
    async fn run(&self) -> Result<Run> {
        let mut connection = connect(&self.host).await?;
        let (mut ours, mut bare) = (Vec::new(), Vec::new());
        for query in std::iter::repeat_n(&self.queries, TURNS).flatten() {
            let begin = Instant::now();
            let body = answer(&mut connection, &query.request).await?;
            ours.push(begin.elapsed());
            let begin = Instant::now();
            let found = self.bare.find(&query.asked)?;
            bare.push(begin.elapsed());
            ensure!(!body.is_empty() && found.hits.len() <= found.total, "an answer is missing");
        }
        Ok(Run { ours: ninety_ninth(ours), bare: ninety_ninth(bare) })
    }
}

/// Totals, numbers of hits, and counts of facets. Ours tells only the caller's own groups, tantivy all.
fn is_same(ours: &Value, bare: &Found) -> bool {
    let hits = ours["items"].as_array().map(Vec::len);
    let facets = ours["facets"].as_array().map(Vec::as_slice).unwrap_or_default();
    let mut counts = facets.iter().map(|facet| {
        let buckets = facet["buckets"].as_array().into_iter().flatten();
        (facet["field"].as_str().unwrap_or_default(), buckets.filter_map(|bucket| bucket["count"].as_u64()).collect::<Vec<_>>())
    });
    ours["total"] == bare.total
        && facets.len() == bare.facets.len()
        && hits == Some(bare.hits.len())
        && counts.all(|(name, counts)| name == "group" || bare.facets.get(name) == Some(&counts))
}

fn ninety_ninth(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[(times.len() * 99).div_ceil(100) - 1]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_of_a_hundred_is_slower_than_the_ninety_ninth() {
        assert_eq!(ninety_ninth((1..=100).map(Duration::from_secs).collect()), Duration::from_secs(99));
        assert_eq!(ninety_ninth((1..=1_000).rev().map(Duration::from_secs).collect()), Duration::from_secs(990));
    }
}
