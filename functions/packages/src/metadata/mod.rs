//! Routes below `/packages/{id}/metadata`.

pub(crate) mod merge;
pub(crate) mod read;
pub(crate) mod replace;
pub(crate) mod versions;
