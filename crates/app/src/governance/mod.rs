//! Rules about tags: read by everybody, changed by admins.

mod rules;
mod save;

use crate::core::Core;

/// Use cases about the rules.
#[derive(Clone)]
pub struct Governance {
    core: Core,
}

impl Governance {
    /// Over the core.
    #[must_use]
    pub fn new(core: Core) -> Self {
        Self { core }
    }
}
