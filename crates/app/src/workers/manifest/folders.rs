//! Datasets that are prefixes: an export has what lies below them when it is written, as an entry each.

use std::time::Duration;

use domain::{
    DatasetId, PackageId, Timestamp,
    cart::{ExportFormat, Skipped},
    dataset::DatasetState,
    ports::{ObjectAddress, ObjectInfo, ObjectVersion},
};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use secrecy::ExposeSecret as _;
use serde::{Deserialize, Serialize};

use super::{
    Stop,
    document::{Entry, Target},
    run::Run,
};
use crate::{
    datasets::below::{Below, Member, UNLISTED},
    exports::signing_life,
    paging::internal,
};

/// So many URLs are signed at a time.
const PARALLEL: usize = 16;

/// A prefix that is still to be listed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Folder {
    pub(super) dataset_id: DatasetId,
    /// Behind what the listing goes on.
    pub(super) after: Option<String>,
}

impl Run<'_> {
    /// Lists what lies below the prefixes that were met, a page at a time.
    pub(super) async fn expand(&mut self, id: PackageId) -> Result<(), Stop> {
        while let Some(folder) = self.progress.current.as_ref().and_then(|current| current.folders.first().cloned()) {
            let next = self.expand_page(id, &folder).await?;
            if let Some(current) = &mut self.progress.current {
                match next {
                    Some(after) => current.folders[0].after = Some(after),
                    None => drop(current.folders.remove(0)),
                }
            }
            self.rest_a_step().await?;
        }
        Ok(())
    }

    /// One page of a prefix; where the next one begins.
    async fn expand_page(&mut self, id: PackageId, folder: &Folder) -> Result<Option<String>, Stop> {
        let found = self.core().store.datasets(id, &[folder.dataset_id]).await?.pop().flatten();
        let Some(dataset) = found.filter(|dataset| dataset.state == DatasetState::Available) else {
            self.leave_out(id, folder.dataset_id, "the folder was replaced or removed while the export was written");
            return Ok(None);
        };
        if self.format() == ExportFormat::Grant {
            self.leave_out(id, dataset.id, "grant links lead to single files, and this is a folder of another store");
            return Ok(None);
        }
        let below = Below::new(&dataset);
        let Some(listing) = below.list(self.objects(), "", folder.after.clone()).await? else {
            self.leave_out(id, dataset.id, UNLISTED);
            return Ok(None);
        };
        let members = self.members(id, dataset.id, &below, listing.objects);
        let signing: Vec<_> = members.iter().map(|member| self.member_target(member)).collect();
        let targets: Vec<(Target, Timestamp)> = stream::iter(signing).buffered(PARALLEL).try_collect().await?;
        for (member, (target, end)) in members.iter().zip(targets) {
            let (name, sha256) = (member.name.as_str(), member.info.sha256.as_deref());
            let entry = Entry { target, dataset_id: dataset.id, name, size: member.info.size, sha256 };
            self.lines.push(&serde_json::to_vec(&entry).map_err(internal)?);
            if let Some(current) = &mut self.progress.current {
                for totals in [&mut current.expected, &mut current.totals] {
                    totals.entries += 1;
                    totals.bytes += member.info.size;
                }
                current.expires_at = current.expires_at.min(end);
            }
            self.progress.latest_end = self.progress.latest_end.min(end);
        }
        self.check_size()?;
        Ok(listing.next)
    }

    /// What of a listing the export takes; what has no name in a package is left out.
    fn members(&mut self, id: PackageId, dataset_id: DatasetId, below: &Below<'_>, objects: Vec<ObjectInfo>) -> Vec<Member> {
        let mut members = Vec::new();
        for found in objects.into_iter().filter_map(|info| below.member(info)) {
            match found {
                Ok(member) if self.paths.takes(&member.name) => members.push(member),
                Ok(_) => {}
                Err(reason) => self.leave_out(id, dataset_id, &reason),
            }
        }
        members
    }

    async fn member_target(&self, member: &Member) -> Result<(Target, Timestamp), Stop> {
        let latest_end = self.progress.latest_end;
        let ObjectVersion { address: ObjectAddress { bucket, key }, version } = member.object.clone();
        if self.format() != ExportFormat::SignedUrl {
            return Ok((Target::Address { bucket, key, version }, latest_end));
        }
        let life = signing_life(Duration::from_secs(self.export().expires_in), latest_end.since(self.core().now()));
        let request = self.objects().sign_get(&member.object, member.name.file_name(), life).await?;
        Ok((Target::Url { url: request.url.expose_secret().to_owned() }, request.expires_at))
    }

    fn leave_out(&mut self, package_id: PackageId, dataset_id: DatasetId, reason: &str) {
        if let Some(current) = &mut self.progress.current {
            current.expected.entries += 1;
            current.skipped.push(Skipped { package_id, dataset_id: Some(dataset_id), reason: reason.to_owned() });
        }
    }
}
