//! Exports of carts: check out, look at, try again, take back; and grant links.

mod checkout;
mod follow;
mod path_filter;
mod read;
mod retry;
mod revoke;
mod token;

pub use checkout::Checkout;
pub(crate) use path_filter::PathFilter;
pub(crate) use read::signing_life;
pub use read::{ExportView, ManifestUrl};
pub use revoke::Revocation;
pub(crate) use revoke::revoked;
pub(crate) use token::GrantToken;

use std::{sync::Arc, time::Duration};

use domain::{
    ExportId, PackageId, PortResult, Principal, Timestamp,
    access::{Action, HoldingFacts, Resource},
    cart::{Export, ExportState},
    id::UserId,
    ports::Objects,
    principal::Via,
};

use crate::{
    core::{Caller, Core},
    error::{AppError, AppResult},
    store::{ExportRecord, Store},
};

/// A grant link's answer can be fetched for so long: it is signed when it is asked for, so nobody must keep it.
pub(crate) const FOLLOWED_LIFE: Duration = Duration::from_secs(300);

/// Use cases about the caller's own exports, and the grant links that whoever holds one may follow.
#[derive(Clone)]
pub struct Exports {
    core: Core,
    objects: Arc<dyn Objects>,
    bucket: String,
}

impl Exports {
    /// Over the core, and the data bucket that holds manifests.
    pub fn new(core: Core, objects: Arc<dyn Objects>, bucket: impl Into<String>) -> Self {
        Self { core, objects, bucket: bucket.into() }
    }

    async fn authorise(&self, caller: &Caller, action: Action) -> AppResult<()> {
        self.core.authorise(caller, action, Resource::User(&caller.principal.user_id)).await
    }

    /// The caller's export, if the action is allowed with all that it is made of.
    async fn changeable(&self, caller: &Caller, action: Action, id: ExportId) -> AppResult<ExportRecord> {
        let record = self.record(caller, id).await?;
        let packages: Vec<PackageId> = record.export.packages.iter().map(|(_, package_id)| *package_id).collect();
        let holding = HoldingFacts { id: &id.to_string(), user: &record.export.user_id, packages: &packages };
        self.core.authorise(caller, action, Resource::Holding(holding)).await?;
        Ok(record)
    }

    async fn record(&self, caller: &Caller, id: ExportId) -> AppResult<ExportRecord> {
        let found = self.core.store.export(&caller.principal.user_id, id).await?;
        found.ok_or_else(|| AppError::not_found("export"))
    }
}

/// The export as it is at `now`: one whose time is over is revoked from that moment on, whether or not housekeeping
/// has come by.
pub(crate) fn as_of(mut export: Export, now: Timestamp) -> Export {
    if export.state == ExportState::Ready && export.expires_at.is_none_or(|end| end <= now) {
        export.state = ExportState::Revoked;
    }
    export
}

/// The person behind an export with today's rights; `None` for somebody who may do nothing any more.
pub(crate) async fn exporter(store: &Store, user_id: &UserId) -> PortResult<Option<Principal>> {
    let record = store.principal(user_id).await?.filter(|record| record.enabled);
    Ok(record.and_then(|record| {
        let role = record.role?;
        Some(Principal { user_id: record.user_id, role, groups: record.groups.into_iter().collect(), via: Via::Session })
    }))
}
