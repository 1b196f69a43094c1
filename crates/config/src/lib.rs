//! What builds the daemon: files → documents → parse → [`Setup`](setup::Setup), with every problem
//! of every file at once. A section of the files is a room: `document.rs` has its keys as their
//! author writes them, `parse.rs` what serde cannot check.

mod alerts;
mod channels;
pub mod daemon;
pub mod kpi;
mod lint;
pub mod load;
mod parse_context;
pub mod problem;
mod reachability;
mod retention;
pub mod scenario;
pub mod scorecard;
pub mod secret;
pub mod setup;
pub mod source;
pub mod target;
pub mod yaml;
