//! A directory of another home is about to make tokens for somebody: from what it says to the principal row.

use domain::{
    Timestamp,
    access::Action,
    audit::{Actor, AuditOutcome, Origin},
    change::Stamp,
    group::GroupName,
    principal::Role,
    sign_in::SignInEvent,
    user::PrincipalRecord,
};

use super::{ClaimRules, claims::Claims, sign_in::disabled};
use crate::{core::Core, error::AppResult};

/// Display names have at most so many characters.
const NAME_LIMIT: usize = 100;
/// So much of what was left out is told to auditors.
const TOLD_LIMIT: usize = 1_000;

/// Use cases of a directory that asks before it makes tokens.
#[derive(Clone)]
pub struct Admission {
    core: Core,
    rules: ClaimRules,
}

/// What the tokens may say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Admitted {
    /// The role; `None` for somebody who may do nothing.
    pub role: Option<Role>,
    /// The groups, sorted.
    pub groups: Vec<GroupName>,
}

impl Admission {
    /// Over the core, by these rules.
    pub fn new(core: Core, rules: ClaimRules) -> Self {
        Self { core, rules }
    }

    /// Writes who is about to get tokens, with role and groups as the directory's word counts here.
    ///
    /// A sign-in is noted and audited; a renewal is neither. Where an identity provider owns the people, its word of the
    /// sign-in holds until the next one: what stands in attributes at a renewal, anybody could have written meanwhile.
    ///
    /// # Errors
    /// 403 for somebody who was disabled here; those of tables and audit queue: no tokens then.
    pub async fn admit(&self, event: &SignInEvent) -> AppResult<Admitted> {
        let claims = self.rules.claims(event);
        if !event.renewal && !claims.left_out.is_empty() {
            self.tell_left_out(event, &claims).await?;
        }
        let now = self.core.now();
        let stamp = (!event.renewal).then(|| self.stamp(event));
        let written = self.core.write_principal(&event.user_id, stamp.as_ref(), |kept| {
            let record = self.record(event, &claims, kept, now);
            async { if record.enabled { Ok(record) } else { Err(disabled()) } }
        });
        match written.await {
            Ok(PrincipalRecord { role, groups, .. }) => Ok(Admitted { role, groups }),
            Err(error) if error.code() == "user_disabled" => {
                let reason = Some("the user is disabled".to_owned());
                self.audit(event, AuditOutcome::Deny, reason).await?;
                Err(error)
            }
            Err(error) => Err(error),
        }
    }

    fn record(&self, event: &SignInEvent, claims: &Claims, kept: Option<PrincipalRecord>, now: Timestamp) -> PrincipalRecord {
        let attribute = |name: &str| event.attributes.get(name).map(String::as_str).unwrap_or_default();
        let federated = self.rules.are_federated();
        let (role, groups) = match &kept {
            Some(kept) if federated && event.renewal => (kept.role, kept.groups.clone()),
            None if federated && event.renewal => (None, Vec::new()),
            _ => (claims.role, claims.groups.clone()),
        };
        PrincipalRecord {
            user_id: event.user_id.clone(),
            directory_name: event.directory_name.clone(),
            email: attribute("email").to_lowercase(),
            name: display_name(event),
            role,
            groups,
            // Whoever is disabled in the directory gets no tokens at all; whoever is disabled here stays so.
            enabled: kept.as_ref().is_none_or(|kept| kept.enabled),
            tokens_valid_after: kept.as_ref().map_or(Timestamp::EPOCH, |kept| kept.tokens_valid_after),
            last_sign_in: if event.renewal { kept.and_then(|kept| kept.last_sign_in) } else { Some(now) },
            federated,
        }
    }

    fn stamp(&self, event: &SignInEvent) -> Stamp {
        self.core.stamp_of(actor(event), &Origin::default(), Action::SignIn, &["last_sign_in"])
    }

    async fn tell_left_out(&self, event: &SignInEvent, claims: &Claims) -> AppResult<()> {
        let mut told = format!("groups left out: {}", claims.left_out.join(", "));
        told.truncate(told.floor_char_boundary(TOLD_LIMIT));
        self.audit(event, AuditOutcome::Allow, Some(told)).await
    }

    async fn audit(&self, event: &SignInEvent, outcome: AuditOutcome, reason: Option<String>) -> AppResult<()> {
        let (actor, resource) = (actor(event), event.user_id.to_string());
        self.core.audit(actor, &Origin::default(), Action::SignIn, resource, outcome, reason).await
    }
}

fn actor(event: &SignInEvent) -> Actor {
    Actor { user_id: Some(event.user_id.clone()), role: None, access_key_id: None }
}

/// What there is of a name, fit to be shown.
fn display_name(event: &SignInEvent) -> String {
    let attribute = |name: &str| event.attributes.get(name).map(String::as_str).unwrap_or_default();
    let full = format!("{} {}", attribute("given_name"), attribute("family_name"));
    let candidates = [attribute("name"), &full, attribute("email"), &event.directory_name];
    let clean = |text: &str| -> String {
        let printable: String = text.chars().filter(|character| !character.is_control()).collect();
        printable.trim().chars().take(NAME_LIMIT).collect()
    };
    candidates.into_iter().map(clean).find(|name| !name.is_empty()).unwrap_or_default()
}
