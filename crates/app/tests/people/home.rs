//! Use cases over fakes, with an administrator.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use datalake_app::{
    AppResult, Caller, Core,
    identity::{GrantKey, Identity, InviteUser, People},
    profile::{Deployment, Profile},
    search::Search,
};
use domain::{
    Principal,
    api_key::ApiKey,
    audit::Origin,
    group::Group,
    id::UserId,
    ports::{Clock as _, Groups as _, VerifiedToken},
    principal::{KeyScope, Role},
    user::PrincipalRecord,
};
use testkit::{
    FixedClock, MemoryCipher, MemoryDirectory, MemoryJobs, MemorySearch, MemoryTables, SequentialIds,
    builders::{admin, group},
};

pub(crate) struct Home {
    pub(crate) clock: Arc<FixedClock>,
    pub(crate) tables: Arc<MemoryTables>,
    pub(crate) jobs: Arc<MemoryJobs>,
    pub(crate) directory: Arc<MemoryDirectory>,
    pub(crate) index: Arc<MemorySearch>,
    pub(crate) core: Core,
    pub(crate) identity: Identity,
    pub(crate) people: People,
    pub(crate) profile: Profile,
    pub(crate) search: Search,
}

/// A request of this caller.
pub(crate) fn asked_by(principal: Principal) -> Caller {
    Caller { principal, origin: Origin { request_id: "req_1".to_owned(), source_ip: None } }
}

/// A request of an administrator.
pub(crate) fn by_admin() -> Caller {
    asked_by(admin("root"))
}

impl Home {
    pub(crate) fn new() -> Self {
        let clock = Arc::new(FixedClock::default());
        let (tables, jobs, ids) = (Arc::new(MemoryTables::new()), Arc::new(MemoryJobs::default()), Arc::new(SequentialIds::default()));
        let directory = Arc::new(MemoryDirectory::new(clock.clone(), ids.clone()));
        let index = Arc::new(MemorySearch::default());
        let core = Core::new(tables.clone(), jobs.clone(), Arc::new(MemoryCipher::default()), clock.clone(), ids);
        let deployment = Deployment { endpoint: "https://lake.example".to_owned(), version: "1.2.3".to_owned(), capabilities: Vec::new() };
        Self {
            identity: Identity::new(core.clone(), directory.clone()),
            people: People::new(core.clone(), directory.clone(), directory.clone()),
            profile: Profile::new(core.clone(), directory.clone(), deployment),
            search: Search::new(core.clone(), index.clone()),
            clock,
            tables,
            jobs,
            directory,
            index,
            core,
        }
    }

    /// Invites a member of these groups, which are made if they are not there.
    pub(crate) async fn invite(&self, name: &str, groups: &[&str]) -> PrincipalRecord {
        for name in groups {
            let made = Group { name: group(name), title: String::new(), description: String::new() };
            // It may be there.
            drop(self.directory.create(&made).await);
        }
        let entered = InviteUser {
            email: format!("{}@example.org", name.to_lowercase()),
            name: name.to_owned(),
            role: Role::Member,
            groups: groups.iter().map(|name| group(name)).collect::<BTreeSet<_>>(),
        };
        self.people.invite(&by_admin(), &entered).await.expect("an invitation without fault")
    }

    /// What a token that is issued now says.
    pub(crate) fn token(&self, user_id: &UserId) -> VerifiedToken {
        let now = self.clock.now();
        VerifiedToken { user_id: user_id.clone(), issued_at: now, expires_at: now.plus(Duration::from_secs(3600)) }
    }

    /// The caller with a session of this moment.
    pub(crate) async fn session(&self, user_id: &UserId) -> Caller {
        asked_by(self.identity.authenticate_token(&self.token(user_id)).await.expect("a session"))
    }

    pub(crate) async fn grant(&self, user_id: &UserId, scope: KeyScope) -> AppResult<ApiKey> {
        let entered = GrantKey { user_id: user_id.clone(), scope, expires_at: None };
        self.identity.grant_key(&by_admin(), &entered).await
    }
}
