//! The integration tests: one binary, so that it links once.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]
#![expect(clippy::disallowed_methods, reason = "the peers of tests are tasks")]

mod alerts;
mod asking;
mod backfill;
mod backup;
mod cadence;
mod check;
mod circuit;
mod demo;
mod docs;
mod doctor;
mod explain;
mod http_formats;
mod http_questions;
mod links;
mod lookback;
mod main_job;
mod memory;
mod notices;
mod outbox;
mod pictures;
mod plan;
mod properties;
mod reload;
mod schedule;
mod servers;
mod simulate;
mod sources_command;
mod sources_csv;
mod sources_http;
mod sources_mariadb;
mod sources_postgres;
mod sources_shared;
mod sources_sqlite;
mod sources_tls;
mod store;
mod templates;
mod tidy;
mod told;
mod vectors;
mod web;
mod webhooks;
mod world;
