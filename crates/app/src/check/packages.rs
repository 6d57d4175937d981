//! Packages: their tags, counters and groups.

use std::collections::{BTreeMap, BTreeSet};

use domain::{PackageId, PortResult, package::Package, ports::Table};

use super::{Check, Damage, Known, Report, text, unless_unreadable};

/// Group and package of a row below a group.
type GroupRows = BTreeSet<(String, String)>;

impl Check {
    /// Looks at every package with what belongs to it.
    pub(super) async fn packages(&self, report: &mut Report) -> PortResult<BTreeMap<PackageId, Known>> {
        let (mut ids, mut group_rows) = (Vec::new(), GroupRows::new());
        self.each_row(Table::Packages, |item| {
            let (partition, sort) = (text(item, "package_id"), text(item, "item"));
            if let Some(group) = partition.strip_prefix("group#") {
                group_rows.insert((group.to_owned(), sort.to_owned()));
            } else if sort == "package" {
                match partition.parse::<PackageId>() {
                    Ok(id) => ids.push(id),
                    Err(error) => report.found(Damage::RowUnreadable, format_args!("package {partition}"), error),
                }
            }
        })
        .await?;
        let mut known = BTreeMap::new();
        for id in ids {
            report.packages += 1;
            let read = self.store.package(id).await;
            let Some(Some(package)) = unless_unreadable(read, format_args!("package {id}"), report)? else {
                known.insert(id, Known { sequence: None, deleted: false });
                continue;
            };
            known.insert(id, Known { sequence: Some(package.sequence), deleted: package.deleted_at.is_some() });
            // What is left of a deleted package goes, in no order that anybody sees.
            if package.deleted_at.is_none() {
                groups(&package, &mut group_rows, report);
                self.metadata(&package, report).await?;
                self.datasets(&package, report).await?;
            }
        }
        for (group, package) in group_rows {
            report.found(Damage::GroupRowStray, format_args!("package {package}"), format_args!("group {group}"));
        }
        Ok(known)
    }

    async fn metadata(&self, package: &Package, report: &mut Report) -> PortResult<()> {
        let subject = format!("package {}", package.id);
        let read = self.store.metadata(package.id, package.metadata_version).await;
        if let Some(None) = unless_unreadable(read, &subject, report)? {
            report.found(Damage::PackageWithoutMetadata, subject, format_args!("version {} is gone", package.metadata_version));
        }
        Ok(())
    }
}

/// Takes the package's rows out of `rows`; those that are left belong to nobody.
fn groups(package: &Package, rows: &mut GroupRows, report: &mut Report) {
    for group in package.visibility.groups() {
        if !rows.remove(&(group.to_string(), package.id.to_string())) {
            report.found(Damage::GroupRowMissing, format_args!("package {}", package.id), format_args!("group {group}"));
        }
    }
}
