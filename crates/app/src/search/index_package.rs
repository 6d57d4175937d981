//! `PUT /search/index/{package_id}` and `DELETE /search/index/{package_id}`.

use domain::{
    PackageId, PortError, PortErrorKind, PortResult,
    access::{Action, Resource},
    audit::{Actor, AuditOutcome},
    search::{Indexed, QueryNode, SearchRequest, Sort, VisibilityFilter},
};

use super::Search;
use crate::{
    core::Caller,
    error::{AppError, AppResult},
    workers::indexing::{Documents, GONE},
};

impl Search {
    /// Writes a package's document as its rows are now, without waiting for the change feed.
    ///
    /// # Errors
    /// 403 for all but administrators; 404 for a package that is absent or deleted.
    pub async fn index_package(&self, caller: &Caller, id: PackageId) -> AppResult<()> {
        self.core.authorise(caller, Action::SearchIndex, Resource::Application).await?;
        let document = Documents::new(self.core.store.clone()).document(id).await?;
        let document = document.ok_or_else(|| AppError::not_found("package"))?;
        // A newer one that is there already is what was asked for.
        written(&self.index.upsert_many(&[document]).await?)?;
        self.audit_indexed(caller, id).await
    }

    /// Takes a package out of the index, until it changes, is written again, or the index is built anew. The package stays.
    ///
    /// # Errors
    /// 403 for all but administrators; 404 if neither the tables nor the index know the package.
    pub async fn unindex_package(&self, caller: &Caller, id: PackageId) -> AppResult<()> {
        self.core.authorise(caller, Action::SearchIndex, Resource::Application).await?;
        let sequence = match self.core.store.package(id).await? {
            Some(package) => package.sequence,
            None if self.is_indexed(id).await? => GONE,
            None => return Err(AppError::not_found("package")),
        };
        written(&self.index.remove_many(&[(id, sequence)]).await?)?;
        self.audit_indexed(caller, id).await
    }

    /// Whether the index shows the package to anybody.
    async fn is_indexed(&self, id: PackageId) -> PortResult<bool> {
        let request = SearchRequest {
            query: QueryNode::Everything,
            visibility: VisibilityFilter { any_of: None, packages: Some([id].into()) },
            sort: Sort::Created,
            facets: Vec::new(),
            after: None,
            limit: 1,
        };
        Ok(self.index.search(&request).await?.total > 0)
    }

    /// It changes no row, so the feed does not tell it.
    async fn audit_indexed(&self, caller: &Caller, id: PackageId) -> AppResult<()> {
        let actor = Actor::of(&caller.principal);
        self.core.audit(actor, &caller.origin, Action::SearchIndex, id.to_string(), AuditOutcome::Allow, None).await
    }
}

fn written(outcomes: &[Indexed]) -> PortResult<()> {
    match outcomes {
        [Indexed::Applied | Indexed::Stale] => Ok(()),
        _ => Err(PortError::new(PortErrorKind::Unavailable, "search.index_package").because("the index did not take the document")),
    }
}
