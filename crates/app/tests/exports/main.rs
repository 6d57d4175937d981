//! Carts, exports, grant links, and housekeeping, over ports in memory.

extern crate datalake_app as app;

mod cart;
mod checkout;
mod continuation;
mod folders;
mod grants;
mod housekeeping;
mod lake;
mod manifests;
mod meddling;
mod purge;
mod steps;
