//! `PATCH /packages/{id}`.

use std::collections::BTreeSet;

use domain::{
    PackageId, PortErrorKind,
    access::Action,
    package::{Description, PackageName},
};

use super::{PackageView, Packages, create::visibility};
use crate::{
    core::Caller,
    error::{AppError, AppResult},
    store::PackageChange,
};

/// What is to change; `None` leaves a field as it is.
#[derive(Clone, Debug, Default)]
pub struct ChangePackage {
    /// The new name.
    pub name: Option<String>,
    /// The new description.
    pub description: Option<String>,
    /// `private`, `groups` or `everyone`.
    pub visibility: Option<String>,
    /// The new groups, in place of all before.
    pub groups: Option<Vec<String>>,
}

/// So often a change is tried again when another one came between, unless the caller named its version.
const ATTEMPTS: u32 = 12;

impl Packages {
    /// Changes the descriptive part. What is not named stays: above all, groups.
    ///
    /// # Errors
    /// 412 if `if_match` is not the current version; 422 for what breaks a rule.
    pub async fn change(&self, caller: &Caller, id: PackageId, entered: &ChangePackage, if_match: Option<u64>) -> AppResult<PackageView> {
        for attempt in 0..ATTEMPTS {
            let package = self.core.authorised_package(caller, Action::PackageUpdate, id).await?;
            if if_match.is_some_and(|version| version != package.version) {
                return Err(AppError::stale());
            }
            let mut changed = package.clone();
            let fields = apply(entered, &mut changed)?;
            if !fields.is_empty() {
                let now = self.core.now();
                let change = PackageChange::at(now)
                    .stamped(&self.core.stamp(caller, Action::PackageUpdate, &fields))
                    .from_version(package.version)
                    .name(&changed.name)
                    .description(&changed.description)
                    .visibility(&changed.visibility);
                let mut writes = vec![change.into_write(id)];
                writes.extend(self.core.store.regroup(id, &package.visibility.groups(), &changed.visibility.groups()));
                match self.core.store.tables.transact(writes).await {
                    Ok(()) => {}
                    Err(error) if error.is(PortErrorKind::PreconditionFailed) => {
                        self.core.pause(attempt).await;
                        continue;
                    }
                    Err(error) => return Err(error.into()),
                }
                changed.version += 1;
                changed.sequence += 1;
                changed.updated_at = now;
            }
            let tags = self.tags_of(&changed).await?;
            return Ok(PackageView::new(&caller.principal, changed, tags));
        }
        Err(AppError::busy())
    }
}

/// Applies what was entered and names the fields that really changed.
fn apply(entered: &ChangePackage, package: &mut domain::package::Package) -> AppResult<Vec<&'static str>> {
    let mut errors = Vec::new();
    let mut fields = Vec::new();
    if let Some(name) = &entered.name {
        match name.parse::<PackageName>() {
            Ok(name) if name != package.name => {
                package.name = name;
                fields.push("name");
            }
            Ok(_) => {}
            Err(why) => errors.push(why.at("/name")),
        }
    }
    if let Some(description) = &entered.description {
        match description.parse::<Description>() {
            Ok(description) if description != package.description => {
                package.description = description;
                fields.push("description");
            }
            Ok(_) => {}
            Err(why) => errors.push(why.at("/description")),
        }
    }
    if entered.visibility.is_some() || entered.groups.is_some() {
        let kept: Vec<String> = package.visibility.groups().iter().map(ToString::to_string).collect();
        let (wanted, groups) = match (&entered.visibility, &entered.groups) {
            (Some(wanted), Some(groups)) => (wanted.as_str(), groups.clone()),
            (Some(wanted), None) if wanted == "groups" => ("groups", kept),
            (Some(wanted), None) => (wanted.as_str(), Vec::new()),
            (None, groups) => (package.visibility.name(), groups.clone().unwrap_or_default()),
        };
        match visibility(wanted, &groups.into_iter().collect::<BTreeSet<_>>().into_iter().collect::<Vec<_>>()) {
            Ok(visibility) if visibility != package.visibility => {
                package.visibility = visibility;
                fields.push("visibility");
            }
            Ok(_) => {}
            Err(why) => errors.extend(why),
        }
    }
    if errors.is_empty() { Ok(fields) } else { Err(AppError::invalid(errors)) }
}
