//! What builds the daemon: files → documents → parse → [`Setup`](setup::Setup), with every problem
//! of every file at once.

pub mod document;
pub mod problem;
pub mod setup;
