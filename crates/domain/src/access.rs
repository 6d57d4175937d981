//! The access policy: the only place where rights are decided.
//!
//! `(principal, action, resource) -> allow | deny(reason)`. The search filter is lowered from the same rules.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{
    id::{PackageId, UserId},
    package::{Package, Visibility},
    principal::{KeyScope, Principal},
    search::VisibilityFilter,
};

macro_rules! actions {
    ($($(#[$doc:meta])* $variant:ident = $name:literal, $needs:ident, $effect:ident;)*) => {
        /// What a caller can ask for; its name stands in audit records and in `actions` of answers.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum Action {
            $($(#[$doc])* #[serde(rename = $name)] $variant,)*
        }

        impl Action {
            /// All actions.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The action's name (`package.create`).
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),* }
            }

            /// What the caller must be.
            #[must_use]
            pub const fn needs(self) -> Need {
                match self { $(Self::$variant => Need::$needs),* }
            }

            /// Whether it only reads.
            #[must_use]
            pub const fn effect(self) -> Effect {
                match self { $(Self::$variant => Effect::$effect),* }
            }
        }
    };
}

/// What a caller must be for an action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// Signed in.
    Any,
    /// The package must be visible to the caller.
    See,
    /// The caller must own the package.
    Own,
    /// The caller must own the package, which may be deleted.
    OwnDeleted,
    /// The record must be the caller's own.
    Oneself,
    /// The caller must be an admin.
    Admin,
}

/// What an action does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Reads metadata.
    Read,
    /// Reads data: always audited.
    ReadData,
    /// Changes something.
    Change,
}

actions! {
    /// Make a package.
    PackageCreate = "package.create", Any, Change;
    /// List own packages.
    PackageList = "package.list", Any, Read;
    /// List somebody else's packages.
    PackageListOthers = "package.list_others", Admin, Read;
    /// Read a package.
    PackageRead = "package.read", See, Read;
    /// Change name, description or visibility.
    PackageUpdate = "package.update", Own, Change;
    /// Delete a package.
    PackageDelete = "package.delete", Own, Change;
    /// List own packages that were deleted.
    PackageReadDeleted = "package.read_deleted", OwnDeleted, Read;
    /// Undo a package's deletion.
    PackageRestore = "package.restore", OwnDeleted, Change;
    /// Hand a package to somebody else.
    PackageTransfer = "package.transfer", Own, Change;
    /// Read what happened to a package.
    PackageHistory = "package.history", See, Read;
    /// Read tags and their versions.
    MetadataRead = "metadata.read", See, Read;
    /// Replace or merge tags.
    MetadataWrite = "metadata.write", Own, Change;
    /// Read the rules about tags.
    GovernanceRead = "governance.read", Any, Read;
    /// Change the rules about tags.
    GovernanceManage = "governance.manage", Admin, Change;
    /// List or read datasets.
    DatasetRead = "dataset.read", See, Read;
    /// Register an upload, sign parts, complete.
    DatasetUpload = "dataset.upload", Own, Change;
    /// Remove a dataset.
    DatasetRemove = "dataset.remove", Own, Change;
    /// Bring a removed dataset back.
    DatasetRestore = "dataset.restore", Own, Change;
    /// Get a URL for a dataset's bytes.
    DatasetDownload = "dataset.download", See, ReadData;
    /// Take existing objects into a package.
    ImportStart = "import.start", Own, Change;
    /// List or read imports and what failed in them.
    ImportRead = "import.read", See, Read;
    /// Search, suggestions and counts.
    Search = "search.query", Any, Read;
    /// Index or remove one package now.
    SearchIndex = "search.index", Admin, Change;
    /// Build the index anew.
    SearchReindex = "search.reindex", Admin, Change;
    /// Read how far a rebuild of the index came.
    SearchReindexRead = "search.read_reindex", Admin, Read;
    /// Read the own cart.
    CartRead = "cart.read", Oneself, Read;
    /// Put a package into the own cart.
    CartAdd = "cart.add", See, Change;
    /// Take items out of the own cart.
    CartRemove = "cart.remove", Oneself, Change;
    /// Check out the own cart.
    ExportCreate = "export.create", Oneself, Change;
    /// Read own exports.
    ExportRead = "export.read", Oneself, ReadData;
    /// Take an own export back.
    ExportRevoke = "export.revoke", Oneself, Change;
    /// Write an own export's manifests again.
    ExportRetry = "export.retry", Oneself, Change;
    /// Have a package's files in an export, or follow a grant link to one.
    ExportPackage = "export.package", See, ReadData;
    /// Follow a grant link.
    GrantFollow = "grant.follow", See, ReadData;
    /// Read the own profile.
    ProfileRead = "profile.read", Oneself, Read;
    /// Look people up.
    PeopleRead = "people.read", Any, Read;
    /// List own API keys.
    KeyRead = "key.read", Oneself, Read;
    /// Make a new secret for an own API key.
    KeyRotate = "key.rotate", Oneself, Change;
    /// Grant an API key.
    KeyGrant = "key.grant", Admin, Change;
    /// Change rights of people: invite, enable, role, groups.
    UserManage = "user.manage", Admin, Change;
    /// List the locations that may be imported from.
    LocationRead = "location.read", Admin, Read;
    /// Register or remove locations that may be imported from.
    LocationManage = "location.manage", Admin, Change;
    /// Sign in at the issuer.
    SignIn = "session.sign_in", Any, Change;
    /// Sign out at the issuer.
    SignOut = "session.sign_out", Oneself, Change;
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The facts about a package that rights depend on.
#[derive(Clone, Copy, Debug)]
pub struct PackageFacts<'a> {
    /// Which package.
    pub id: PackageId,
    /// Its owner.
    pub owner: &'a UserId,
    /// Who sees it.
    pub visibility: &'a Visibility,
    /// Whether it was deleted.
    pub deleted: bool,
}

impl<'a> From<&'a Package> for PackageFacts<'a> {
    fn from(package: &'a Package) -> Self {
        Self { id: package.id, owner: &package.owner, visibility: &package.visibility, deleted: package.deleted_at.is_some() }
    }
}

/// What an action is about.
#[derive(Clone, Copy, Debug)]
pub enum Resource<'a> {
    /// Nothing in particular.
    Application,
    /// A package.
    Package(PackageFacts<'a>),
    /// A user's own record, cart or exports.
    User(&'a UserId),
    /// What a user has that is made of packages: an export, items of a cart.
    Holding(HoldingFacts<'a>),
}

/// The facts about something made of packages that rights depend on.
#[derive(Clone, Copy, Debug)]
pub struct HoldingFacts<'a> {
    /// Its name in audit records.
    pub id: &'a str,
    /// Whose it is.
    pub user: &'a UserId,
    /// What it is made of.
    pub packages: &'a [PackageId],
}

/// Why an action is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Denial {
    /// As far as the caller may know, it is not there: answered as 404.
    NotVisible,
    /// Only the owner or an admin may.
    NotOwner,
    /// Only an admin may.
    NotAdmin,
    /// The record is somebody else's: answered as 404.
    NotOneself,
    /// The API key may only read.
    KeyReadOnly,
    /// The API key is narrowed to other packages.
    KeyOtherPackages,
    /// The API key is narrowed, and this holds other packages too.
    KeyNotAllPackages,
}

impl Denial {
    /// Whether the caller must not learn that the thing exists.
    #[must_use]
    pub const fn hides_existence(self) -> bool {
        matches!(self, Self::NotVisible | Self::NotOneself | Self::KeyOtherPackages)
    }

    /// For audit records and, where existence may be known, for the caller.
    #[must_use]
    pub const fn reason(self) -> &'static str {
        match self {
            Self::NotVisible => "the package is not visible to the caller",
            Self::NotOwner => "only the package's owner or an administrator may do this",
            Self::NotAdmin => "only an administrator may do this",
            Self::NotOneself => "the record belongs to another user",
            Self::KeyReadOnly => "the API key may only read",
            Self::KeyOtherPackages => "the API key is limited to other packages",
            Self::KeyNotAllPackages => "the API key is limited to some packages, and this holds others",
        }
    }
}

/// Decides.
///
/// # Errors
/// The denial with its reason.
pub fn decide(principal: &Principal, action: Action, resource: Resource<'_>) -> Result<(), Denial> {
    let by_role = role_allows(principal, action, resource);
    let by_scope = principal.scope().map_or(Ok(()), |scope| scope_allows(scope, action, resource));
    match (by_role, by_scope) {
        // What a key is narrowed away from is not there for it: "not yours" would tell that it is.
        (Err(role), Err(scope)) if scope.hides_existence() && !role.hides_existence() => Err(scope),
        (by_role, by_scope) => by_role.and(by_scope),
    }
}

/// What the caller may do with a package: the `actions` of answers.
#[must_use]
pub fn actions_on(principal: &Principal, package: PackageFacts<'_>) -> Vec<Action> {
    Action::ALL
        .iter()
        .copied()
        .filter(|action| if package.deleted { action.needs() == Need::OwnDeleted } else { matches!(action.needs(), Need::See | Need::Own) })
        .filter(|action| decide(principal, *action, Resource::Package(package)).is_ok())
        .collect()
}

fn role_allows(principal: &Principal, action: Action, resource: Resource<'_>) -> Result<(), Denial> {
    let admin = principal.is_admin();
    match (action.needs(), resource) {
        (Need::Any, _) => Ok(()),
        (Need::Admin, _) => {
            if admin {
                Ok(())
            } else {
                Err(Denial::NotAdmin)
            }
        }
        (Need::Oneself, Resource::User(user) | Resource::Holding(HoldingFacts { user, .. })) => {
            if principal.user_id == *user {
                Ok(())
            } else {
                Err(Denial::NotOneself)
            }
        }
        (Need::See | Need::Own, Resource::Package(package)) => {
            if package.deleted || !sees(principal, package) {
                Err(Denial::NotVisible)
            } else if action.needs() == Need::Own && !admin && principal.user_id != *package.owner {
                Err(Denial::NotOwner)
            } else {
                Ok(())
            }
        }
        (Need::OwnDeleted, Resource::Package(package)) => {
            if admin || principal.user_id == *package.owner {
                Ok(())
            } else if package.deleted || !sees(principal, package) {
                Err(Denial::NotVisible)
            } else {
                Err(Denial::NotOwner)
            }
        }
        // An action about a package without a package, or about a record without one: nothing to allow.
        (Need::See | Need::Own | Need::OwnDeleted, _) => Err(Denial::NotVisible),
        (Need::Oneself, _) => Err(Denial::NotOneself),
    }
}

fn sees(principal: &Principal, package: PackageFacts<'_>) -> bool {
    principal.is_admin()
        || principal.user_id == *package.owner
        || match package.visibility {
            Visibility::Private => false,
            Visibility::Everyone => true,
            Visibility::Groups(groups) => groups.iter().any(|group| principal.groups.contains(group)),
        }
}

fn scope_allows(scope: &KeyScope, action: Action, resource: Resource<'_>) -> Result<(), Denial> {
    if let (Some(packages), Resource::Package(package)) = (&scope.packages, resource)
        && !packages.contains(&package.id)
    {
        return Err(Denial::KeyOtherPackages);
    }
    // What it may not have it may not take away either.
    if let (Some(packages), Resource::Holding(holding)) = (&scope.packages, resource)
        && action.effect() == Effect::Change
        && !holding.packages.iter().all(|id| packages.contains(id))
    {
        return Err(Denial::KeyNotAllPackages);
    }
    if scope.packages.is_some() && action == Action::PackageCreate {
        return Err(Denial::KeyOtherPackages);
    }
    // A key that could make itself a wider one, or learn the secret of a wider one, would not be narrowed.
    if scope.packages.is_some() && (action.needs() == Need::Admin || action == Action::KeyRotate) {
        return Err(Denial::KeyReadOnly);
    }
    if scope.read_only && action.effect() == Effect::Change {
        return Err(Denial::KeyReadOnly);
    }
    Ok(())
}

/// The access terms of a package in the search index: who finds it.
#[must_use]
pub fn access_terms(package: PackageFacts<'_>) -> Vec<String> {
    let mut terms = vec![format!("user:{}", package.owner)];
    match package.visibility {
        Visibility::Private => {}
        Visibility::Everyone => terms.push("everyone".to_owned()),
        Visibility::Groups(groups) => terms.extend(groups.iter().map(|group| format!("group:{group}"))),
    }
    terms
}

/// The same policy as a filter over [`access_terms`].
#[must_use]
pub fn search_filter(principal: &Principal) -> VisibilityFilter {
    let terms = std::iter::once("everyone".to_owned())
        .chain(std::iter::once(format!("user:{}", principal.user_id)))
        .chain(principal.groups.iter().map(|group| format!("group:{group}")));
    VisibilityFilter {
        any_of: (!principal.is_admin()).then(|| terms.collect()),
        packages: principal.scope().and_then(|scope| scope.packages.as_ref()).map(|packages| packages.iter().copied().collect()),
    }
}

#[cfg(test)]
#[path = "access_tests.rs"]
mod tests;
