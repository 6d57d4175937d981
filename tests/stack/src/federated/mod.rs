//! A corporation with an identity provider of its own: Keycloak, with its people, and what its administrator enters there.

mod browser;
mod corporation;
mod registration;
mod sign_in;

pub use browser::Browser;
pub use corporation::{Corporation, Employee};
pub use sign_in::Session;
