//! Who may what, written down here once more from the contract's words (roles, API keys, errors), and held against what
//! `domain::access` says of the same facts.

use std::{collections::BTreeSet, time::Duration};

use domain::{
    PackageId, Principal, Timestamp,
    access::{Action, Denial, PackageFacts, Resource, decide},
    group::GroupName,
    package::Visibility,
    principal::{KeyScope, Role, Via},
};

use crate::{
    finding::{Finding, Kind, Outcome},
    model::{Model, Package, RETENTION_DAYS, Shared},
};

/// A person, with a session or with one of its keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Viewer {
    pub(crate) user: usize,
    pub(crate) key: Option<usize>,
}

/// What a right asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Needs {
    See,
    Own,
    /// To own it, deleted or not.
    OwnAlways,
}

/// What can be done with a package.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Right {
    pub(crate) action: Action,
    pub(crate) needs: Needs,
    pub(crate) changes: bool,
}

const fn right(action: Action, needs: Needs, changes: bool) -> Right {
    Right { action, needs, changes }
}

/// Everything that can be done with a package, as the contract's tables have it.
pub(crate) const RIGHTS: [Right; 18] = [
    READ,
    right(Action::PackageHistory, Needs::See, false),
    right(Action::MetadataRead, Needs::See, false),
    right(Action::DatasetRead, Needs::See, false),
    right(Action::DatasetDownload, Needs::See, false),
    right(Action::ImportRead, Needs::See, false),
    EXPORT,
    right(Action::GrantFollow, Needs::See, false),
    CART,
    UPDATE,
    DELETE,
    TRANSFER,
    TAG,
    UPLOAD,
    REMOVE,
    BRING_BACK,
    IMPORT,
    RESTORE,
];
pub(crate) const READ: Right = right(Action::PackageRead, Needs::See, false);
pub(crate) const EXPORT: Right = right(Action::ExportPackage, Needs::See, false);
pub(crate) const CART: Right = right(Action::CartAdd, Needs::See, true);
pub(crate) const UPDATE: Right = right(Action::PackageUpdate, Needs::Own, true);
pub(crate) const DELETE: Right = right(Action::PackageDelete, Needs::Own, true);
pub(crate) const TRANSFER: Right = right(Action::PackageTransfer, Needs::Own, true);
pub(crate) const TAG: Right = right(Action::MetadataWrite, Needs::Own, true);
pub(crate) const UPLOAD: Right = right(Action::DatasetUpload, Needs::Own, true);
pub(crate) const REMOVE: Right = right(Action::DatasetRemove, Needs::Own, true);
pub(crate) const BRING_BACK: Right = right(Action::DatasetRestore, Needs::Own, true);
pub(crate) const IMPORT: Right = right(Action::ImportStart, Needs::Own, true);
pub(crate) const RESTORE: Right = right(Action::PackageRestore, Needs::OwnAlways, true);
/// Listed among what can be brought back: of `GET /packages?state=deleted` alone.
pub(crate) const READ_DELETED: Right = right(Action::PackageReadDeleted, Needs::OwnAlways, false);

/// An answer of the oracle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Says {
    Yes,
    /// It is there and may be known, but this may not be done with it: 403.
    No,
    /// As far as the viewer may know it is not there: 404.
    NotThere,
}

impl Model {
    /// Whether the viewer comes in at all.
    pub(crate) fn comes_in(&self, viewer: Viewer) -> bool {
        self.users[viewer.user].enabled && viewer.key.is_none_or(|key| self.keys[key].active)
    }

    /// Whether the viewer may.
    pub(crate) fn says(&self, viewer: Viewer, right: Right, package: usize) -> Says {
        let (user, package) = (&self.users[viewer.user], &self.packages[package]);
        let owns = user.admin || package.owner == viewer.user;
        let sees = owns
            || match &package.shared {
                Shared::Nobody => false,
                Shared::Groups(groups) => groups.iter().any(|group| user.groups.contains(group)),
                Shared::Everybody => true,
            };
        let key = viewer.key.map(|key| &self.keys[key]);
        let narrowed_away = key.and_then(|key| key.packages.as_ref()).is_some_and(|packages| !packages.contains(&package.id));
        let there = sees && !narrowed_away && (package.deleted_at.is_none() || (owns && right.needs == Needs::OwnAlways));
        if !there {
            return Says::NotThere;
        }
        let reads_only = key.is_some_and(|key| key.read_only);
        if (right.needs != Needs::See && !owns) || (right.changes && reads_only) { Says::No } else { Says::Yes }
    }

    pub(crate) fn may(&self, viewer: Viewer, right: Right, package: usize) -> bool {
        self.says(viewer, right, package) == Says::Yes
    }

    pub(crate) fn sees(&self, viewer: Viewer, package: usize) -> bool {
        self.may(viewer, READ, package)
    }

    /// Packages that the viewer sees, in order of creation.
    pub(crate) fn seen(&self, viewer: Viewer) -> Vec<usize> {
        (0..self.packages.len()).filter(|package| self.sees(viewer, *package)).collect()
    }

    /// Whether the viewer may learn that the package is or was there: also who could bring it back.
    pub(crate) fn may_know(&self, viewer: Viewer, package: usize) -> bool {
        self.sees(viewer, package) || self.may(viewer, READ_DELETED, package)
    }

    /// Names of what the viewer may do with a package, deleted or not: the `actions` of answers.
    pub(crate) fn actions(&self, viewer: Viewer, package: usize) -> BTreeSet<String> {
        let deleted = self.packages[package].deleted_at.is_some();
        let listed = RIGHTS.iter().chain([&READ_DELETED]).filter(|right| (right.needs == Needs::OwnAlways) == deleted);
        listed.filter(|right| self.may(viewer, **right, package)).map(|right| right.action.name().to_owned()).collect()
    }

    /// The viewer as the policy knows it.
    pub(crate) fn principal(&self, viewer: Viewer) -> Principal {
        let user = &self.users[viewer.user];
        let groups: BTreeSet<GroupName> = user.groups.iter().map(|name| name.parse().expect("a group's name")).collect();
        let via = viewer.key.map_or(Via::Session, |key| {
            let key = &self.keys[key];
            let packages = key.packages.as_ref().map(|packages| packages.iter().map(|id| package_id(id)).collect());
            let access_key_id = key.pair.access_key_id.parse().expect("a key's id");
            Via::Key { access_key_id, scope: KeyScope { read_only: key.read_only, packages } }
        });
        Principal { user_id: user.id.clone(), role: if user.admin { Role::Admin } else { Role::Member }, groups, via }
    }

    /// Holds the oracle against the policy of the product, in every right and for every package.
    pub(crate) fn agrees_with_the_policy(&self, viewer: Viewer) -> Outcome {
        let principal = self.principal(viewer);
        for (number, package) in self.packages.iter().enumerate() {
            let visibility = package.visibility();
            let owner = &self.users[package.owner].id;
            let facts = PackageFacts { id: package_id(&package.id), owner, visibility: &visibility, deleted: package.deleted_at.is_some() };
            for right in RIGHTS.iter().chain([&READ_DELETED]) {
                let policy = match decide(&principal, right.action, Resource::Package(facts)) {
                    Ok(()) => Says::Yes,
                    Err(denial) if Denial::hides_existence(denial) => Says::NotThere,
                    Err(_) => Says::No,
                };
                let says = self.says(viewer, *right, number);
                if says != policy {
                    let text = format!("{viewer:?} {} on {}: {says:?}, but the policy says {policy:?}", right.action, package.mark);
                    return Err(Finding::new(Kind::Policy, "policy", text));
                }
            }
        }
        Ok(())
    }
}

impl Package {
    fn visibility(&self) -> Visibility {
        match &self.shared {
            Shared::Nobody => Visibility::Private,
            Shared::Groups(groups) => Visibility::Groups(groups.iter().map(|name| name.parse().expect("a group's name")).collect()),
            Shared::Everybody => Visibility::Everyone,
        }
    }

    /// Whether its deletion can be undone.
    pub(crate) fn restorable(&self, now: Timestamp) -> bool {
        self.deleted_at.is_some_and(|deleted| is_kept(deleted, now))
    }
}

/// Whether what was deleted then is still kept.
pub(crate) fn is_kept(deleted: Timestamp, now: Timestamp) -> bool {
    now.since(deleted) < Duration::from_secs(RETENTION_DAYS * 24 * 3600)
}

pub(crate) fn package_id(text: &str) -> PackageId {
    text.parse().expect("a package's id")
}
