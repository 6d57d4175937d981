//! The whole data lake as one process: every router, embedded adapters, object endpoint, sign-in.

mod administration;
mod authenticate;
mod bridges;
mod client_address;
mod home;
mod import_objects;
mod import_sources;
mod metrics;
mod objects;
mod routes;
mod serve;
pub mod sign_in;
pub mod upkeep;
mod work;

pub use administration::{Granted, Invited, grant_key, invite_administrator};
pub use home::Home;
pub use serve::{Server, start};
