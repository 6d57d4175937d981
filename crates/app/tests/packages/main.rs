//! Use cases of packages, tags and datasets over ports in memory that fail, lose answers and are used by many at once.

mod below;
mod datasets;
mod folders;
mod governance;
mod metadata;
mod order;
mod packages;
mod restore;
mod support;
