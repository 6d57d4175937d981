//! `GET /packages/governance`.

use domain::{
    access::{Action, Resource},
    governance::TagRule,
};

use super::Governance;
use crate::{core::Caller, error::AppResult};

impl Governance {
    /// All rules about tags as they are now, by tag.
    ///
    /// # Errors
    /// Those of every call.
    pub async fn rules(&self, caller: &Caller) -> AppResult<Vec<TagRule>> {
        self.core.authorise(caller, Action::GovernanceRead, Resource::Application).await?;
        let mut rules = self.core.store.tag_rules().await?;
        rules.sort_by(|one, other| (&one.tag, &one.id).cmp(&(&other.tag, &other.id)));
        Ok(rules)
    }
}
