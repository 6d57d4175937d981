//! Who people are and what proves it: principal rows, API keys, secrets.

mod cursor_secret;
pub mod verdict;
