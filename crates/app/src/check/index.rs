//! The index against the packages.

use std::collections::BTreeMap;

use domain::{PackageId, PortResult};

use super::{Check, Damage, Known, Report};

impl Check {
    pub(super) async fn index(&self, known: &BTreeMap<PackageId, Known>, report: &mut Report) -> PortResult<()> {
        // One that is not there is made at the next start.
        let Some(indexed) = self.inventory.indexed().await? else { return Ok(()) };
        report.documents = indexed.len() as u64;
        let waiting = self.inventory.waiting().await?;
        for (id, package) in known.iter().filter(|(id, package)| !package.deleted && !waiting.contains(*id)) {
            let (subject, Some(current)) = (format!("package {id}"), package.sequence) else { continue };
            match indexed.get(id) {
                None => report.found(Damage::IndexDocumentMissing, subject, ""),
                Some(sequence) if *sequence != current => {
                    let detail = format!("the index has sequence {sequence}, the package {current}");
                    report.found(Damage::IndexDocumentStale, subject, detail);
                }
                Some(_) => {}
            }
        }
        let there = |id: &PackageId| known.get(id).is_some_and(|package| !package.deleted);
        for id in indexed.keys().filter(|id| !there(id) && !waiting.contains(*id)) {
            report.found(Damage::IndexDocumentOfGonePackage, format_args!("package {id}"), "");
        }
        Ok(())
    }
}
