//! `GET /cart/exports` and `GET /cart/exports/{exp}`.

use std::{collections::BTreeSet, time::Duration};

use domain::{
    ExportId, PackageId, Timestamp,
    access::{Action, Resource, decide},
    cart::{Export, ExportState, ManifestFile, Skipped},
    ports::{ObjectAddress, ObjectVersion, PageKey, SignedRequest},
};
use futures::{StreamExt as _, TryStreamExt as _, stream};

use super::{Exports, as_of};
use crate::{
    core::Caller,
    error::AppResult,
    paging::{Listed, Paging},
    store::ExportRecord,
};

/// A manifest's URL lives so long, but never longer than the export.
const URL_LIFE: Duration = Duration::from_secs(900);
/// So many URLs are signed at a time.
const PARALLEL: usize = 16;
const QUERY: &str = "exports.list";

/// An export with URLs of its manifests.
#[derive(Clone, Debug)]
pub struct ExportView {
    /// The export as it is now.
    pub export: Export,
    /// Its manifests and the index file, while it is ready.
    pub manifests: Vec<ManifestUrl>,
}

/// A manifest and a URL of it.
#[derive(Clone, Debug)]
pub struct ManifestUrl {
    /// The file.
    pub file: ManifestFile,
    /// How to fetch it.
    pub request: SignedRequest,
}

impl Exports {
    /// The caller's exports, newest first, without manifests and without the names of what was left out (their number
    /// is there): a page of those could be larger than an answer may be.
    ///
    /// # Errors
    /// 400 for a foreign cursor.
    pub async fn list(&self, caller: &Caller, paging: &Paging) -> AppResult<Listed<Export>> {
        self.authorise(caller, Action::ExportRead).await?;
        self.core.audit_read(caller, Action::ExportRead, caller.principal.user_id.to_string()).await?;
        let after: Option<PageKey> = self.core.open_cursor(caller, QUERY, paging).await?;
        let (exports, next) = self.core.store.exports_of(&caller.principal.user_id, paging.limit, after).await?;
        let now = self.core.now();
        let items = exports.into_iter().map(|export| Export { skipped: Vec::new(), ..as_of(export, now) }).collect();
        Ok(Listed { items, next_cursor: self.core.seal_cursor(caller, QUERY, next.as_ref()).await? })
    }

    /// One export; while it is ready, with URLs of its manifests, signed now.
    ///
    /// A manifest can hold URLs, so the policy decides anew for each package, by the rights and the key of this moment.
    /// What it withholds is named among what was left out.
    ///
    /// # Errors
    /// 404 if the caller has no such export.
    pub async fn read(&self, caller: &Caller, id: ExportId) -> AppResult<ExportView> {
        self.authorise(caller, Action::ExportRead).await?;
        let record = self.record(caller, id).await?;
        self.core.audit_read(caller, Action::ExportRead, id.to_string()).await?;
        let now = self.core.now();
        let mut export = as_of(record.export.clone(), now);
        let manifests = match (export.state, export.expires_at) {
            (ExportState::Ready, Some(end)) => self.manifest_urls(caller, &record, &mut export, end.since(now)).await?,
            _ => Vec::new(),
        };
        Ok(ExportView { export, manifests })
    }

    async fn manifest_urls(
        &self,
        caller: &Caller,
        record: &ExportRecord,
        export: &mut Export,
        left: Duration,
    ) -> AppResult<Vec<ManifestUrl>> {
        let files = self.core.store.manifests(record).await?;
        let ids: Vec<PackageId> = files.iter().filter_map(|file| file.package_id).collect();
        let found = self.core.store.packages(&ids).await?;
        let visible: BTreeSet<PackageId> = found
            .iter()
            .flatten()
            .filter(|package| decide(&caller.principal, Action::ExportPackage, Resource::Package((*package).into())).is_ok())
            .map(|package| package.id)
            .collect();
        for package_id in ids.into_iter().filter(|id| !visible.contains(id)) {
            let reason = "the package is not visible to you any more".to_owned();
            export.skipped.push(Skipped { package_id, dataset_id: None, reason });
            export.skipped_count += 1;
        }
        let shown = files.into_iter().filter(|file| file.package_id.is_none_or(|id| visible.contains(&id)));
        let life = signing_life(URL_LIFE, left);
        stream::iter(shown)
            .map(|file| async move {
                let address = ObjectAddress { bucket: self.bucket.clone(), key: file.key.clone() };
                let object = ObjectVersion { address, version: file.version.clone() };
                let name = file.key.rsplit('/').next().unwrap_or_default().to_owned();
                let request = self.objects.sign_get(&object, &name, life).await?;
                Ok(ManifestUrl { file, request })
            })
            .buffered(PARALLEL)
            .try_collect()
            .await
    }
}

/// A URL's life: `wanted`, but not beyond what is `left`; whole seconds, because signatures have them.
pub(crate) fn signing_life(wanted: Duration, left: Duration) -> Duration {
    Duration::from_secs(wanted.min(left).as_secs().max(1))
}

/// Until when URLs live that were signed at `signed_at` at the latest.
pub(super) fn live_until(signed_at: Timestamp, life: Duration, now: Timestamp) -> Option<Timestamp> {
    Some(signed_at.plus(life)).filter(|end| *end > now)
}
