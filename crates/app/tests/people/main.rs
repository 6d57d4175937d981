//! Who people are, what they may look up, and what they find.

mod admission;
mod home;
mod identity;
mod manage;
mod profile;
mod reconcile;
mod search;
