//! Principal rows follow what changed in the directory behind the product's back.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use domain::{
    Deadline,
    id::UserId,
    ports::{Directory, DirectoryUser},
};
use futures::{StreamExt as _, stream};

use super::project::projection;
use crate::{core::Core, error::AppResult};

/// So many rows are looked at together.
const PARALLEL: usize = 8;
/// So many people of the table are read at once.
const PAGE: u32 = 200;
/// No further page is begun if less time is left: the next run begins anew.
const MARGIN: Duration = Duration::from_secs(60);

/// Brings the rows of everybody who ever signed in, or was invited, in step with the directory.
#[derive(Clone)]
pub struct Reconciliation {
    core: Core,
    directory: Arc<dyn Directory>,
}

/// What a run did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reconciled {
    /// People who were looked at.
    pub seen: u64,
    /// Rows that could not be brought in step: the next run tries again.
    pub failed: u64,
    /// Whether everybody was looked at.
    pub complete: bool,
}

impl Reconciliation {
    /// Over the core and the directory.
    pub fn new(core: Core, directory: Arc<dyn Directory>) -> Self {
        Self { core, directory }
    }

    /// Looks at everybody, the directory's people a page at a time: a look-up of one person is a call that some
    /// directories count, and bill. Then whoever is let in by a row, and was not among them, is looked up.
    ///
    /// # Errors
    /// When the directory or the tables can't be read on.
    pub async fn run(&self, deadline: Deadline) -> AppResult<Reconciled> {
        let (mut done, mut present) = (Reconciled::default(), BTreeSet::new());
        let mut after = None;
        loop {
            // Something is looked at in any case, or a time that is too short would stop all work.
            if after.is_some() && deadline.is_within(MARGIN, self.core.now()) {
                return Ok(done);
            }
            let page = self.directory.page(None, after).await?;
            present.extend(page.users.iter().map(|user| user.user_id.clone()));
            let follow: Vec<_> = page.users.into_iter().map(|user| self.follow(user)).collect();
            done.count(&stream::iter(follow).buffer_unordered(PARALLEL).collect::<Vec<_>>().await);
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        self.follow_absent(&present, deadline, &mut done).await?;
        Ok(done)
    }

    async fn follow_absent(&self, present: &BTreeSet<UserId>, deadline: Deadline, done: &mut Reconciled) -> AppResult<()> {
        let mut after = None;
        loop {
            if after.is_some() && deadline.is_within(MARGIN, self.core.now()) {
                return Ok(());
            }
            let (people, next) = self.core.store.people("", PAGE, after).await?;
            let absent = people.into_iter().map(|person| person.user_id).filter(|user_id| !present.contains(user_id));
            let look: Vec<_> = absent.map(|user_id| self.look_up(user_id)).collect();
            done.count(&stream::iter(look).buffer_unordered(PARALLEL).collect::<Vec<_>>().await);
            after = next;
            if after.is_none() {
                done.complete = true;
                return Ok(());
            }
        }
    }

    /// A page may be older than the row, and rights that were taken away meanwhile must not come back: where the two differ,
    /// the person is read again, after the row. Somebody without a row gets one at the first sign-in.
    async fn follow(&self, user: DirectoryUser) -> AppResult<()> {
        let user_id = user.user_id.clone();
        let Some(stored) = self.core.store.stored_principal(&user_id).await? else { return Ok(()) };
        if projection(user, Some(&stored.record)) == stored.record {
            return Ok(());
        }
        self.look_up(user_id).await
    }

    async fn look_up(&self, user_id: UserId) -> AppResult<()> {
        self.core.project(self.directory.as_ref(), &user_id, None, |_| {}).await.map(drop)
    }
}

impl Reconciled {
    fn count(&mut self, outcomes: &[AppResult<()>]) {
        for outcome in outcomes {
            self.seen += 1;
            if let Err(error) = outcome {
                self.failed += 1;
                tracing::warn!(error = error as &dyn std::error::Error, "a principal row could not follow the directory");
            }
        }
    }
}
