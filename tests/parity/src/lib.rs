//! One corpus and one list of queries, put to the search indexes of both homes through the same use cases.
//!
//! Both must find the same, count the same, suggest and highlight the same. By a sort, hits come in the same order. By
//! relevance they come in the same order of *score classes*: both homes score by the same rule over the same figures, so
//! two hits are of one class if their scores differ by no more than rounding does; hits of one class may come in any order.

mod callers;
mod comparison;
mod corpus;
mod home;
mod list;
mod words;

pub use callers::caller;
pub use comparison::{Answers, differences};
pub use corpus::{Corpus, corpus, rules};
pub use home::Home;
pub use list::{Asked, List, list};
