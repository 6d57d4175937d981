//! `datalake search`

use clap::Args;
use client::{SearchQuery, paging::Page};
use contract::search::{Facet, SearchHit, SearchResults, Statistics};
use futures::TryStreamExt as _;

use crate::{
    context::Context,
    failure::{Failure, Outcome},
    output::{Column, Format},
};

/// Find packages.
///
/// Words must all match; "phrases", prefix*, word~, field:value (name, tag, owner, group, column, file, format),
/// ranges (created:2020-01..2020-06), NOT, AND, OR and parentheses are understood. Without a query everything that you
/// may see is found. JSON and YAML hold the page as the API gives it; with --all, JSON is one page a line.
#[derive(Debug, Args)]
pub(crate) struct Search {
    /// The query.
    #[arg(default_value = "")]
    query: String,
    /// Narrow by a facet; may be repeated: same field is "or", other field is "and".
    #[arg(long = "filter", value_name = "FIELD=VALUE", value_parser = super::packages::pair)]
    filters: Vec<(String, String)>,
    /// The order.
    #[arg(long, value_parser = ["relevance", "changed", "created", "name", "bytes"])]
    sort: Option<String>,
    /// At most so many hits a page.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=200))]
    limit: Option<u32>,
    /// All pages.
    #[arg(long)]
    all: bool,
}

const LIST: &[Column<SearchHit>] = &[
    ("id", |hit| hit.id.clone()),
    ("name", |hit| hit.name.clone()),
    ("owner", |hit| hit.owner.clone()),
    ("datasets", |hit| hit.datasets.to_string()),
    ("bytes", |hit| hit.bytes.to_string()),
    ("formats", |hit| hit.formats.keys().cloned().collect::<Vec<_>>().join(" ")),
    ("score", |hit| format!("{:.2}", hit.score)),
];

pub(crate) async fn run(context: &Context, arguments: Search) -> Outcome {
    let client = context.client()?;
    let filters = arguments.filters.into_iter().map(|(field, value)| format!("{field}={value}")).collect();
    let search = SearchQuery { query: arguments.query, filters, sort: arguments.sort };
    let first = Page { limit: arguments.limit.or(arguments.all.then_some(200)), cursor: None };
    let mut pages = std::pin::pin!(client.search_pages(&search, &first));
    let printer = &context.printer;
    let mut hits = Vec::new();
    let mut facets = None;
    while let Some(page) = pages.try_next().await? {
        let more = page.next_cursor.is_some();
        match printer.format {
            Format::Json if arguments.all => printer.print(&(serde_json::to_string(&page).map_err(Failure::failed)? + "\n"))?,
            Format::Yaml if arguments.all => printer.print(&format!("---\n{}", printer.render_value(&page)?))?,
            Format::Json | Format::Yaml => printer.print(&printer.render_value(&page)?)?,
            Format::Table | Format::Csv => {
                facets.get_or_insert_with(|| summary(&page));
                hits.extend(page.items);
            }
        }
        if !arguments.all {
            if more && matches!(printer.format, Format::Table | Format::Csv) {
                printer.note("There are more: say --all, or a greater --limit.");
            }
            break;
        }
    }
    match printer.format {
        Format::Json | Format::Yaml => Ok(()),
        Format::Csv => printer.list(&hits, LIST),
        Format::Table => {
            printer.list(&hits, LIST)?;
            printer.print(&facets.unwrap_or_default())
        }
    }
}

/// Complete a word from what you may see.
#[derive(Debug, Args)]
pub(crate) struct Suggest {
    /// What the word begins with.
    text: String,
}

const STATISTICS: &[Column<Statistics>] = &[
    ("owned", |told| told.owned.to_string()),
    ("visible", |told| told.visible.to_string()),
    ("datasets", |told| told.datasets.to_string()),
    ("bytes", |told| told.bytes.to_string()),
    ("formats", |told| told.formats.iter().map(|(format, count)| format!("{format} ({count})")).collect::<Vec<_>>().join(", ")),
];

pub(crate) async fn suggest(context: &Context, arguments: &Suggest) -> Outcome {
    let words = context.client()?.suggest(&arguments.text).await?.items;
    context.printer.list(&words, &[("word", |word: &String| word.clone())])
}

pub(crate) async fn statistics(context: &Context) -> Outcome {
    context.printer.item(&context.client()?.statistics().await?, STATISTICS)
}

/// The total and the facets, below the hits.
fn summary(page: &SearchResults) -> String {
    let mut text = format!("\n{} found\n", page.total);
    for facet in page.facets.iter().filter(|facet| !facet.buckets.is_empty()) {
        text.push_str(&line(facet));
    }
    text
}

fn line(facet: &Facet) -> String {
    let mut buckets: Vec<String> =
        facet.buckets.iter().map(|bucket| format!("{} ({})", bucket.value.escape_debug(), bucket.count)).collect();
    if facet.other > 0 {
        buckets.push(format!("others ({})", facet.other));
    }
    format!("{}: {}\n", facet.field.escape_debug(), buckets.join(", "))
}

#[cfg(test)]
mod tests {
    use contract::search::FacetBucket;

    use super::*;

    #[test]
    fn a_summary_names_total_and_facets_with_what_is_left() {
        let bucket = |value: &str, count| FacetBucket { value: value.to_owned(), count };
        let facets = vec![
            Facet { field: "format".to_owned(), buckets: vec![bucket("csv", 3), bucket("par\nquet", 1)], other: 7 },
            Facet { field: "group".to_owned(), buckets: Vec::new(), other: 0 },
        ];
        let page = SearchResults { items: Vec::new(), total: 11, facets, next_cursor: None };
        assert_eq!(summary(&page), "\n11 found\nformat: csv (3), par\\nquet (1), others (7)\n");
    }
}
