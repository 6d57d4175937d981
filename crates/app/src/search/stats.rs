//! `GET /search/stats`.

use domain::{
    access::{Action, Resource, search_filter},
    search::Statistics,
};

use super::Search;
use crate::{core::Caller, error::AppResult};

impl Search {
    /// Counts for the dashboard, of what the caller sees.
    ///
    /// # Errors
    /// Those of the index.
    pub async fn stats(&self, caller: &Caller) -> AppResult<Statistics> {
        self.core.authorise(caller, Action::Search, Resource::Application).await?;
        self.core.audit_read(caller, Action::Search, String::new()).await?;
        Ok(self.index.stats(&search_filter(&caller.principal), caller.principal.user_id.as_str()).await?)
    }
}
