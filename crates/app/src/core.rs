//! What every use case has at hand: store, audit queue, clock, ids, settings and cursors.

use std::{
    sync::{Arc, RwLock},
    time::Duration,
};

use domain::{
    PackageId, Principal, Timestamp,
    access::{Action, Denial, Effect, Resource, decide},
    audit::{Actor, AuditOutcome, AuditRecord, Origin, SCHEMA},
    change::Stamp,
    governance::TagRule,
    id::ChangeId,
    job::Job,
    metadata::Tags,
    package::Package,
    ports::{Cipher, Clock, Ids, Jobs, Tables},
    settings::Settings,
};

use crate::{
    error::{AppError, AppResult},
    paging::Cursors,
    store::Store,
};

/// Settings and rules are read again after this time.
const SETTINGS_LIFE: Duration = Duration::from_secs(60);

/// Who asks, and from where.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The authenticated principal.
    pub principal: Principal,
    /// The request.
    pub origin: Origin,
}

/// What every use case has at hand.
#[derive(Clone)]
pub struct Core {
    /// Typed repositories over the tables.
    pub store: Store,
    /// The audit queue and the workers' queues.
    pub jobs: Arc<dyn Jobs>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Ids and randomness.
    pub ids: Arc<dyn Ids>,
    pub(crate) cipher: Arc<dyn Cipher>,
    pub(crate) cursors: Arc<Cursors>,
    cached: Arc<RwLock<Cached>>,
}

/// What was read last, and when.
type Cached = Option<(Timestamp, Arc<Configured>)>;

/// What admins configured, as of at most a minute ago.
#[derive(Clone, Debug, Default)]
pub struct Configured {
    /// Settings.
    pub settings: Settings,
    /// Rules about tags, by tag.
    pub rules: Vec<TagRule>,
}

impl Core {
    /// Over the given ports.
    pub fn new(tables: Arc<dyn Tables>, jobs: Arc<dyn Jobs>, cipher: Arc<dyn Cipher>, clock: Arc<dyn Clock>, ids: Arc<dyn Ids>) -> Self {
        Self { store: Store::new(tables), jobs, clock, ids, cipher, cursors: Arc::default(), cached: Arc::default() }
    }

    /// Now.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Settings and rules, read at most once a minute.
    ///
    /// # Errors
    /// When they were never read and the tables don't answer.
    pub async fn configured(&self) -> AppResult<Arc<Configured>> {
        let now = self.now();
        let cached = self.cached.read().ok().and_then(|cached| cached.clone());
        if let Some((read_at, configured)) = cached
            && now.since(read_at) < SETTINGS_LIFE
        {
            return Ok(configured);
        }
        let configured = Arc::new(Configured { settings: self.store.settings().await?, rules: self.store.tag_rules().await? });
        if let Ok(mut cached) = self.cached.write() {
            *cached = Some((now, Arc::clone(&configured)));
        }
        Ok(configured)
    }

    /// Reads settings and rules anew when they are asked for next: somebody here changed them.
    pub(crate) fn forget_configured(&self) {
        if let Ok(mut cached) = self.cached.write() {
            *cached = None;
        }
    }

    /// Decides by the access policy; a denial is audited before it is answered.
    ///
    /// # Errors
    /// The denial, as the caller may learn of it.
    pub async fn authorise(&self, caller: &Caller, action: Action, resource: Resource<'_>) -> AppResult<()> {
        let Err(denial) = decide(&caller.principal, action, resource) else { return Ok(()) };
        let (name, what) = match resource {
            Resource::Application => (String::new(), "resource"),
            Resource::Package(package) => (package.id.to_string(), "package"),
            Resource::User(user) => (user.to_string(), "record"),
            Resource::Holding(holding) => (holding.id.to_owned(), "record"),
        };
        self.audit_denial(caller, action, name, denial).await?;
        Err(AppError::denied(denial, what))
    }

    /// The package, if the caller may do `action` with it.
    ///
    /// # Errors
    /// 404 for what is absent, deleted or hidden; 403 for what is visible but not the caller's.
    pub async fn authorised_package(&self, caller: &Caller, action: Action, id: PackageId) -> AppResult<Package> {
        Ok(self.authorised_package_and_tags(caller, action, id).await?.0)
    }

    /// The same, with the package's current tags if the same read tells them.
    ///
    /// # Errors
    /// As of `authorised_package`.
    pub async fn authorised_package_and_tags(&self, caller: &Caller, action: Action, id: PackageId) -> AppResult<(Package, Option<Tags>)> {
        let Some((package, tags)) = self.store.package_and_tags(id).await? else {
            self.audit_denial(caller, action, id.to_string(), Denial::NotVisible).await?;
            return Err(AppError::not_found("package"));
        };
        self.authorise(caller, action, Resource::Package((&package).into())).await?;
        self.audit_read(caller, action, id.to_string()).await?;
        Ok((package, tags))
    }

    /// Audits a read: reads of data always, of metadata where the settings ask for it; changes are told by the feed.
    ///
    /// # Errors
    /// When the audit queue does not take the record: what can't be audited is not answered.
    pub async fn audit_read(&self, caller: &Caller, action: Action, resource: String) -> AppResult<()> {
        let wanted = match action.effect() {
            Effect::ReadData => true,
            Effect::Read => self.configured().await?.settings.audit_metadata_reads,
            Effect::Change => false,
        };
        if wanted {
            self.audit(Actor::of(&caller.principal), &caller.origin, action, resource, AuditOutcome::Allow, None).await
        } else {
            Ok(())
        }
    }

    async fn audit_denial(&self, caller: &Caller, action: Action, resource: String, denial: Denial) -> AppResult<()> {
        let reason = Some(denial.reason().to_owned());
        self.audit(Actor::of(&caller.principal), &caller.origin, action, resource, AuditOutcome::Deny, reason).await
    }

    /// Sends an audit record of its own: only for what changes no row.
    ///
    /// # Errors
    /// When the audit queue does not take it.
    pub async fn audit(
        &self,
        actor: Actor,
        origin: &Origin,
        action: Action,
        resource: String,
        outcome: AuditOutcome,
        reason: Option<String>,
    ) -> AppResult<()> {
        let record = self.audit_record(actor, origin, action, resource, outcome, reason);
        Ok(self.jobs.enqueue(&Job::Audit { record }, Duration::ZERO).await?)
    }

    /// Sends several audit records of what was allowed, in as few calls as the queue takes.
    ///
    /// # Errors
    /// When the audit queue does not take all of them.
    pub async fn audit_allowed(&self, actor: &Actor, origin: &Origin, action: Action, resources: Vec<String>) -> AppResult<()> {
        let record = |resource| self.audit_record(actor.clone(), origin, action, resource, AuditOutcome::Allow, None);
        let jobs: Vec<Job> = resources.into_iter().map(|resource| Job::Audit { record: record(resource) }).collect();
        Ok(self.jobs.enqueue_many(&jobs).await?)
    }

    fn audit_record(
        &self,
        actor: Actor,
        origin: &Origin,
        action: Action,
        resource: String,
        outcome: AuditOutcome,
        reason: Option<String>,
    ) -> AuditRecord {
        AuditRecord {
            schema: SCHEMA,
            id: ChangeId::new(self.ids.new_id()),
            time: self.now(),
            actor,
            origin: origin.clone(),
            action,
            resource,
            outcome,
            reason,
            changed: Vec::new(),
        }
    }

    /// Waits a moment that grows with `attempt` and differs each time, before a change is tried again that another one came
    /// before: whoever clashed once would clash again in step.
    pub(crate) async fn pause(&self, attempt: u32) {
        let mut random = [0_u8; 1];
        self.ids.random(&mut random);
        let pause = u64::from(random[0]) % (4 << attempt.min(6)) + 1;
        tokio::time::sleep(Duration::from_millis(pause)).await;
    }

    /// The stamp of a change by `caller`.
    #[must_use]
    pub fn stamp(&self, caller: &Caller, action: Action, fields: &[&str]) -> Stamp {
        self.stamp_of(Actor::of(&caller.principal), &caller.origin, action, fields)
    }

    /// The stamp of a change by `actor`.
    #[must_use]
    pub fn stamp_of(&self, actor: Actor, origin: &Origin, action: Action, fields: &[&str]) -> Stamp {
        Stamp {
            id: ChangeId::new(self.ids.new_id()),
            actor,
            action,
            origin: origin.clone(),
            time: self.now(),
            fields: fields.iter().map(|field| (*field).to_owned()).collect(),
        }
    }
}
