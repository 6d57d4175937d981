//! Packages: make, read, list, change, delete, restore, hand over.

mod change;
mod create;
mod delete;
mod descriptor;
mod history;
mod list;
mod read;
mod restore;
mod transfer;

pub use change::ChangePackage;
pub use create::CreatePackage;
pub use descriptor::Descriptor;
pub use list::ListedPackages;

use std::sync::Arc;

use domain::{
    Principal,
    access::{Action, actions_on},
    metadata::Tags,
    package::Package,
    ports::Objects,
};

use crate::core::Core;

/// Use cases about packages.
#[derive(Clone)]
pub struct Packages {
    pub(crate) core: Core,
    pub(crate) objects: Arc<dyn Objects>,
    pub(crate) bucket: String,
}

impl Packages {
    /// Over the core, and the data bucket that holds descriptors too large for an answer.
    pub fn new(core: Core, objects: Arc<dyn Objects>, bucket: impl Into<String>) -> Self {
        Self { core, objects, bucket: bucket.into() }
    }
}

/// A package as its caller sees it.
#[derive(Clone, Debug)]
pub struct PackageView {
    /// The package.
    pub package: Package,
    /// Its current tags.
    pub tags: Tags,
    /// What the caller may do with it.
    pub actions: Vec<Action>,
}

impl PackageView {
    pub(crate) fn new(principal: &Principal, package: Package, tags: Tags) -> Self {
        let actions = actions_on(principal, (&package).into());
        Self { package, tags, actions }
    }
}
