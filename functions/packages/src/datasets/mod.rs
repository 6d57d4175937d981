//! Routes below `/packages/{id}/datasets`.

pub(crate) mod complete;
pub(crate) mod download;
pub(crate) mod list;
pub(crate) mod parts;
pub(crate) mod read;
pub(crate) mod register;
pub(crate) mod remove;
pub(crate) mod restore;
