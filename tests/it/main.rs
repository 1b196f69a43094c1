//! The integration tests: one binary, so that it links once.
#![expect(clippy::unwrap_used, reason = "tests")]

mod asking;
mod demo;
mod sources_http;
mod sources_sqlite;
mod vectors;
