//! Routes below `/cart/exports`.

pub(crate) mod list;
pub(crate) mod read;
pub(crate) mod retry;
pub(crate) mod revoke;
