//! The tests of `tests/api`, in the deployment that Terraform applied. Its files are compiled here as they are, against
//! this crate's `World`; `left_out` holds the list of those that are not.

// What the files know as the crate of the world in memory is here the one of the deployment.
extern crate datalake_tests_world as datalake_tests_api;

#[path = "../../api/cart.rs"]
mod cart;
#[path = "../../api/conflicts.rs"]
mod conflicts;
#[path = "../../api/datasets.rs"]
mod datasets;
#[path = "../../api/errors.rs"]
mod errors;
#[path = "../../api/exports.rs"]
mod exports;
#[path = "../../api/grants.rs"]
mod grants;
#[path = "../../api/health.rs"]
mod health;
#[path = "../../api/imports.rs"]
mod imports;
#[path = "../../api/known.rs"]
mod known;
#[path = "../../api/metadata.rs"]
mod metadata;
#[path = "../../api/packages.rs"]
mod packages;
#[path = "../../api/paging.rs"]
mod paging;
#[path = "../../api/profile.rs"]
mod profile;
#[path = "../../api/regressions.rs"]
mod regressions;
#[path = "../../api/search.rs"]
mod search;

mod calls;
mod left_out;
mod sign_ins;
