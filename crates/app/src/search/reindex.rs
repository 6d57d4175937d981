//! `POST /search/reindex` and `GET /search/reindex`.

use domain::{
    Timestamp,
    access::{Action, Resource},
    reindex::Reindex,
};

use super::Search;
use crate::{
    core::Caller,
    error::{AppError, AppResult, ErrorKind},
    idempotency::IdempotencyKey,
    store::ReindexRecord,
};

impl Search {
    /// Has the index built anew. It is done by a worker, which follows from the write; searches are answered meanwhile.
    ///
    /// # Errors
    /// 403 for all but administrators; 409 while another rebuild runs.
    pub async fn start_reindex(&self, caller: &Caller, key: Option<&IdempotencyKey>) -> AppResult<Reindex> {
        self.core.authorise(caller, Action::SearchReindex, Resource::Application).await?;
        if self.core.first_answer::<Timestamp>(key).await?.is_none() {
            self.begin_reindex(caller, key).await?;
        }
        self.last_reindex().await
    }

    /// The last rebuild of the index: how far it is, or how it ended.
    ///
    /// # Errors
    /// 403 for all but administrators; 404 if there never was one.
    pub async fn reindex(&self, caller: &Caller) -> AppResult<Reindex> {
        self.core.authorise(caller, Action::SearchReindexRead, Resource::Application).await?;
        self.core.audit_read(caller, Action::SearchReindexRead, String::new()).await?;
        self.last_reindex().await
    }

    async fn last_reindex(&self) -> AppResult<Reindex> {
        let never = || AppError::new(ErrorKind::NotFound, "not_found", "The index was never built anew.");
        Ok(self.core.store.reindex().await?.ok_or_else(never)?.reindex)
    }

    async fn begin_reindex(&self, caller: &Caller, key: Option<&IdempotencyKey>) -> AppResult<()> {
        let now = self.core.now();
        let last = self.core.store.reindex().await?;
        if last.as_ref().is_some_and(|last| last.is_under_way(now)) {
            return Err(running());
        }
        let new = ReindexRecord::new(last.as_ref(), Some(caller.principal.user_id.clone()), now);
        let stamp = self.core.stamp(caller, Action::SearchReindex, &[]);
        let write = self.core.store.put_reindex(last.as_ref(), &new, Some(&stamp))?;
        let Err(error) = self.core.create_once(vec![write], key, now).await else { return Ok(()) };
        // Somebody else may have been faster.
        match self.core.store.reindex().await? {
            Some(other) if last.is_none_or(|last| last.attempt != other.attempt) && other.is_under_way(now) => Err(running()),
            _ => Err(error),
        }
    }
}

fn running() -> AppError {
    let message = "The index is being built anew. GET /search/reindex tells how far it is; ask again when it is done.";
    AppError::new(ErrorKind::Conflict, "reindex_running", message)
}
