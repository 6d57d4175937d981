//! Routes below `/packages/{id}/imports`.

pub(crate) mod failures;
pub(crate) mod list;
pub(crate) mod read;
pub(crate) mod start;
