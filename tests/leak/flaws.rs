//! Data lakes that are broken on purpose: something stands before a port, or around the router. Each must be found.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use async_trait::async_trait;
use axum::{
    Router,
    body::Body,
    extract::Request,
    http::{HeaderValue, StatusCode, header},
    middleware::{Next, from_fn},
    response::Response,
};
use domain::{
    PackageId, PortResult,
    ports::{Item, Key, Page, Query, Scan, SearchIndex, Table, Tables, Write},
    search::{Indexed, SearchDocument, SearchRequest, SearchResults, Statistics, SuggestRequest, TermField, VisibilityFilter},
};
use testkit::MemoryTables;

/// Whose tables they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Function {
    Packages,
    Cart,
    Authorizer,
}

/// What a data lake is built with instead; as it stands here, nothing.
pub(crate) trait Flaw: Sync {
    fn tables(&self, _: Function, tables: Arc<MemoryTables>) -> Arc<dyn Tables> {
        tables
    }

    fn index(&self, index: Arc<dyn SearchIndex>) -> Arc<dyn SearchIndex> {
        index
    }

    fn router(&self, router: Router, _: Arc<MemoryTables>) -> Router {
        router
    }
}

/// The product as it is.
pub(crate) struct Sound;

impl Flaw for Sound {}

/// The search index forgets that somebody changed who sees a package.
pub(crate) struct ForgottenSharing;

impl Flaw for ForgottenSharing {
    fn index(&self, index: Arc<dyn SearchIndex>) -> Arc<dyn SearchIndex> {
        Arc::new(BrokenIndex { index, defect: Defect::Sharing(Mutex::default()) })
    }
}

/// Facets are counted before hits are narrowed to what the caller sees.
pub(crate) struct EarlyFacets;

impl Flaw for EarlyFacets {
    fn index(&self, index: Arc<dyn SearchIndex>) -> Arc<dyn SearchIndex> {
        Arc::new(BrokenIndex { index, defect: Defect::Facets })
    }
}

/// The last hit of a search gets lost.
pub(crate) struct LostHits;

impl Flaw for LostHits {
    fn index(&self, index: Arc<dyn SearchIndex>) -> Arc<dyn SearchIndex> {
        Arc::new(BrokenIndex { index, defect: Defect::Hits })
    }
}

/// The authorizer never reads a principal row again.
pub(crate) struct StalePrincipals;

impl Flaw for StalePrincipals {
    fn tables(&self, function: Function, tables: Arc<MemoryTables>) -> Arc<dyn Tables> {
        match function {
            Function::Authorizer => Arc::new(BrokenTables { tables, known: Some(Mutex::default()) }),
            Function::Packages | Function::Cart => tables,
        }
    }
}

/// What was deleted is answered as if it were there.
pub(crate) struct Undead;

impl Flaw for Undead {
    fn tables(&self, function: Function, tables: Arc<MemoryTables>) -> Arc<dyn Tables> {
        match function {
            Function::Packages => Arc::new(BrokenTables { tables, known: None }),
            Function::Cart | Function::Authorizer => tables,
        }
    }
}

/// A grant link that worked once works forever.
pub(crate) struct EternalGrants;

impl Flaw for EternalGrants {
    fn router(&self, router: Router, _: Arc<MemoryTables>) -> Router {
        let followed: Arc<Mutex<BTreeMap<String, HeaderValue>>> = Arc::default();
        router.layer(from_fn(move |request: Request, next: Next| {
            let (followed, path) = (Arc::clone(&followed), request.uri().path().to_owned());
            async move {
                let mut response = next.run(request).await;
                if !path.starts_with("/cart/grants/") {
                    return response;
                }
                let mut followed = followed.lock().unwrap_or_else(PoisonError::into_inner);
                match (response.headers().get(header::LOCATION), followed.get(&path)) {
                    (Some(location), _) => drop(followed.insert(path, location.clone())),
                    (None, Some(location)) => {
                        response = Response::new(Body::empty());
                        *response.status_mut() = StatusCode::FOUND;
                        response.headers_mut().insert(header::LOCATION, location.clone());
                    }
                    (None, None) => {}
                }
                response
            }
        }))
    }
}

/// A 404 about a package that is there names its version.
pub(crate) struct TellingErrors;

impl Flaw for TellingErrors {
    fn router(&self, router: Router, tables: Arc<MemoryTables>) -> Router {
        router.layer(from_fn(move |request: Request, next: Next| {
            let (tables, path) = (Arc::clone(&tables), request.uri().path().to_owned());
            async move {
                let mut response = next.run(request).await;
                let id = path.split('/').find(|part| part.starts_with("pkg_")).unwrap_or("none").to_owned();
                let row = tables.get_many(Table::Packages, &[Key::new(id, "package")], true).await;
                if response.status() == StatusCode::NOT_FOUND && row.is_ok_and(|row| row.iter().any(Option::is_some)) {
                    response.headers_mut().insert(header::ETAG, HeaderValue::from_static("\"1\""));
                }
                response
            }
        }))
    }
}

/// What an index does wrong.
enum Defect {
    /// It keeps the access terms that it saw first.
    Sharing(Mutex<BTreeMap<PackageId, Vec<String>>>),
    Facets,
    Hits,
}

struct BrokenIndex {
    index: Arc<dyn SearchIndex>,
    defect: Defect,
}

#[async_trait]
impl SearchIndex for BrokenIndex {
    async fn search(&self, request: &SearchRequest) -> PortResult<SearchResults> {
        let mut results = self.index.search(request).await?;
        match self.defect {
            Defect::Facets => {
                let visibility = VisibilityFilter { any_of: None, packages: None };
                results.facets = self.index.search(&SearchRequest { visibility, ..request.clone() }).await?.facets;
            }
            Defect::Hits => drop(results.hits.pop()),
            Defect::Sharing(_) => {}
        }
        Ok(results)
    }

    async fn suggest(&self, request: &SuggestRequest) -> PortResult<Vec<String>> {
        self.index.suggest(request).await
    }

    async fn stats(&self, visibility: &VisibilityFilter, owner: &str) -> PortResult<Statistics> {
        self.index.stats(visibility, owner).await
    }

    async fn upsert_many(&self, documents: &[SearchDocument]) -> PortResult<Vec<Indexed>> {
        let mut documents = documents.to_vec();
        if let Defect::Sharing(first) = &self.defect {
            let mut first = first.lock().unwrap_or_else(PoisonError::into_inner);
            for document in &mut documents {
                let terms = document.terms.entry(TermField::Access).or_default();
                *terms = first.entry(document.package_id).or_insert_with(|| terms.clone()).clone();
            }
        }
        self.index.upsert_many(&documents).await
    }

    async fn remove_many(&self, packages: &[(PackageId, u64)]) -> PortResult<Vec<Indexed>> {
        self.index.remove_many(packages).await
    }
}

/// Tables that tell what was, or hide that something was deleted.
struct BrokenTables {
    tables: Arc<MemoryTables>,
    /// Principal rows as they were read first.
    known: Option<Mutex<BTreeMap<Key, Item>>>,
}

impl BrokenTables {
    fn broken(&self, table: Table, mut item: Item) -> Item {
        match &self.known {
            None if table == Table::Packages => drop(item.remove("deleted_at")),
            Some(known) if table == Table::Keys => {
                let key = Key::of(table, &item).expect("a row's key");
                if key.partition.starts_with("user#") {
                    let mut known = known.lock().unwrap_or_else(PoisonError::into_inner);
                    return known.entry(key).or_insert(item).clone();
                }
            }
            _ => {}
        }
        item
    }
}

#[async_trait]
impl Tables for BrokenTables {
    async fn get_many(&self, table: Table, keys: &[Key], consistent: bool) -> PortResult<Vec<Option<Item>>> {
        let found = self.tables.get_many(table, keys, consistent).await?;
        Ok(found.into_iter().map(|item| item.map(|item| self.broken(table, item))).collect())
    }

    async fn query(&self, query: Query) -> PortResult<Page> {
        let table = query.table;
        let Page { items, next } = self.tables.query(query).await?;
        Ok(Page { items: items.into_iter().map(|item| self.broken(table, item)).collect(), next })
    }

    async fn scan(&self, scan: Scan) -> PortResult<Page> {
        self.tables.scan(scan).await
    }

    async fn write(&self, write: Write) -> PortResult<()> {
        self.tables.write(write).await
    }

    async fn write_many(&self, writes: Vec<Write>) -> PortResult<()> {
        self.tables.write_many(writes).await
    }

    async fn transact(&self, writes: Vec<Write>) -> PortResult<()> {
        self.tables.transact(writes).await
    }
}
