//! Routes below `/cart/items`.

pub(crate) mod add;
pub(crate) mod read;
pub(crate) mod remove;
