//! `GET /search/suggest`.

use domain::{
    access::{Action, Resource, search_filter},
    search::SuggestRequest,
};

use super::{Search, analysis::fold, query::QUERY_CHARACTERS};
use crate::{
    core::Caller,
    error::{AppError, AppResult},
};

/// So many completions at most.
const COMPLETIONS: usize = 10;

impl Search {
    /// Completions of the text's last word, from what the caller sees only, most frequent first.
    ///
    /// # Errors
    /// 400 for a text longer than any query.
    pub async fn suggest(&self, caller: &Caller, text: &str) -> AppResult<Vec<String>> {
        self.core.authorise(caller, Action::Search, Resource::Application).await?;
        if text.chars().count() > QUERY_CHARACTERS {
            return Err(AppError::bad_parameter("q", format!("has more than {QUERY_CHARACTERS} characters")));
        }
        self.core.audit_read(caller, Action::Search, String::new()).await?;
        // Behind a space a new word begins, of which nothing is known yet.
        let prefix = text.rsplit(char::is_whitespace).next().map(fold).unwrap_or_default();
        if prefix.is_empty() {
            return Ok(Vec::new());
        }
        let request = SuggestRequest { prefix, visibility: search_filter(&caller.principal), limit: COMPLETIONS };
        Ok(self.index.suggest(&request).await?)
    }
}
