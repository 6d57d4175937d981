//! The sign-in issuer over real HTTP, as a browser and a program see it.

mod browser;
mod flow;
mod home;
mod limits;
mod refusals;
mod sign_out;
mod tokens;
