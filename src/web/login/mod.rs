//! Logging in: people are sent to the login provider of the configuration, which sends them back with a code;
//! the ID token that the code is worth says who they are, and becomes a session.

mod answer;
pub(super) mod attempt;
mod id_token;
mod keys;
pub(super) mod pages;
pub mod provider;
