//! Objects that nothing names.

use std::collections::BTreeSet;

use domain::{DatasetId, PackageId, PortResult, ports::ObjectAddress};

use super::{Check, Damage, Report, unless_unreadable};

/// Below this, every object is a dataset's.
const PREFIX: &str = "packages/";

impl Check {
    pub(super) async fn objects_without_dataset(&self, report: &mut Report) -> PortResult<()> {
        let mut after = String::new();
        loop {
            let keys = self.inventory.keys(&self.bucket, PREFIX, &after).await?;
            let Some(last) = keys.last() else { return Ok(()) };
            after.clone_from(&last.key);
            report.objects += keys.len() as u64;
            let mut ids = BTreeSet::new();
            for address in &keys {
                match ids_of(address) {
                    Some(id) => drop(ids.insert(id)),
                    None => report.found(Damage::ObjectWithoutDataset, &address.key, ""),
                }
            }
            let ids: Vec<(PackageId, DatasetId)> = ids.into_iter().collect();
            let read = self.store.datasets_of(&ids).await;
            let Some(found) = unless_unreadable(read, format_args!("datasets of objects up to {after}"), report)? else { continue };
            for ((package, dataset), _) in ids.iter().zip(found).filter(|(_, found)| found.is_none()) {
                report.found(Damage::ObjectWithoutDataset, format_args!("{PREFIX}{package}/{dataset}"), "");
            }
        }
    }
}

/// `packages/{package}/{dataset}/{file name}`.
fn ids_of(address: &ObjectAddress) -> Option<(PackageId, DatasetId)> {
    let mut parts = address.key.strip_prefix(PREFIX)?.splitn(3, '/');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}
