//! The other home of `tests/api`: the same tests over HTTP, against what Terraform applied to the emulated account.
//!
//! Nothing stands in for anything on a request's way: it goes through the emulator's gateway, the authorizer that the
//! routes name, and the deployed function under its own role; the emulator keeps functions warm. Three things are done
//! from here, each where the emulator or the deployment would make each of these tests take seconds:
//!
//! - Callers come with tokens of an issuer of our own (`issuer`); the root's input `jwks_url` leads to its keys. The way
//!   of a person through the pool's sign-in page is another test's.
//! - What waits in streams and queues is handed to the workers from here (`feed`): the search queue's event source
//!   mapping waits 5 s for more hints, as it should, and the emulator asks queues and streams once a second.
//! - A world begins with empty tables instead of a deployment of its own (`lake`). Worlds take turns.

mod callers;
mod compare;
mod direct;
mod feed;
mod home;
mod issuer;
mod lake;
mod processes;
mod turn;
mod visitors;
mod watched;

use std::ops::Deref;

pub use home::Applied;
pub use issuer::{Issuer, Token};
pub use lake::Lake;
pub use tests_api::{Answer, Call, Home, Request, Response, Sender, seconds, sha256};

/// A data lake that is empty, in the deployment that all tests of this process share. Another one begins when this ends.
pub struct World(tests_api::World);

impl World {
    /// Waits for its turn, and for the deployment if this is the first.
    ///
    /// # Panics
    /// If the stack can't be applied, with what to install.
    #[must_use]
    pub fn new() -> Self {
        Self(tests_api::World::in_home(std::sync::Arc::new(Applied::new())))
    }
}

impl Default for World {
    fn default() -> Self {
        Self::new()
    }
}

impl Deref for World {
    type Target = tests_api::World;

    fn deref(&self) -> &tests_api::World {
        &self.0
    }
}
