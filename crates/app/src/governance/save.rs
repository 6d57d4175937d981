//! Making and replacing a rule.

use domain::{
    access::{Action, Resource},
    governance::{RULES_LIMIT, TagRule},
};

use super::Governance;
use crate::{
    core::Caller,
    error::{AppError, AppResult, ErrorKind},
};

impl Governance {
    /// Saves a rule in place of the one with its id. Packages are held against it from their next change of tags on; other
    /// processes learn of it within a minute.
    ///
    /// # Errors
    /// 403 unless the caller is an admin; 422 for what breaks a rule of rules; 409 if another rule is about the same tag, or
    /// there are too many.
    pub async fn save(&self, caller: &Caller, rule: TagRule) -> AppResult<TagRule> {
        self.core.authorise(caller, Action::GovernanceManage, Resource::Application).await?;
        let rule = rule.validated().map_err(AppError::invalid)?;
        let rules = self.core.store.tag_rules().await?;
        let mut others = rules.iter().filter(|other| other.id != rule.id);
        if let Some(other) = others.clone().find(|other| other.tag == rule.tag) {
            let message = format!("The rule {} is about the tag {} already. Change that one.", other.id, rule.tag);
            return Err(AppError::new(ErrorKind::Conflict, "tag_governed", message));
        }
        if others.nth(RULES_LIMIT - 1).is_some() {
            let message = format!("There are {RULES_LIMIT} rules already; more are not allowed.");
            return Err(AppError::new(ErrorKind::Conflict, "too_many_rules", message));
        }
        let stamp = self.core.stamp(caller, Action::GovernanceManage, &["rule"]);
        self.core.store.tables.write(self.core.store.put_tag_rule(&rule, &stamp)?).await?;
        self.core.forget_configured();
        Ok(rule)
    }
}
