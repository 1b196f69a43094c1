//! A scenario of `kpid simulate`: what comes in when, and what is expected of it.

pub mod document;
pub(crate) mod parse;

pub use parse::{CAUSE, EVENT, Expectation, Scenario, load};
