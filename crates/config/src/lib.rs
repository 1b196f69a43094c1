//! What builds the daemon: files → documents → parse → [`Setup`](setup::Setup), with every problem
//! of every file at once.
//!
//! A section of the files is a folder: its `document.rs` has the keys as their author writes them, its
//! `parse.rs` what serde cannot check.

// What others ask for.
pub mod load;
pub mod places;
pub mod problem;
pub mod problems;
pub mod scenario;
pub mod schema;
pub mod secret;
pub mod setup;

// Sections of `kpid.yaml`.
mod alerts;
mod calendar;
mod channels;
mod connections;
mod daemon;
mod digest;
mod heartbeat;
mod people;
mod retention;
mod web;

// Sections of a scorecard file; `source` has the connections that sources go over, too.
mod alert;
mod initiative;
mod kpi;
mod report;
mod rollup;
mod scorecard;
mod source;
mod target;

// What all sections need.
mod files;
mod lint;
mod parse_context;
mod reachability;
mod status;
mod token;
mod yaml;
