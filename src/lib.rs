//! kpid runs a company's balanced scorecard: it collects actuals on schedule, judges them against
//! targets, and tells the right person, once and with reasons, when a perspective falls off track.
//!
//! The floors, top to bottom, are in `docs/ARCHITECTURE.md`; a module looks only down.

pub mod app;
pub mod cli;
pub mod engine;
pub mod explanation;
pub mod instance;
pub mod outbox;
pub mod telemetry;
pub mod web;
