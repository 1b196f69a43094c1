//! What comes by the calendar rather than by an event: a person's digest, and the report of a
//! scorecard's period.

pub mod digest;
pub mod minutes;
mod phrases;
pub mod report;
mod responsibility;
#[cfg(test)]
mod transcripts;
