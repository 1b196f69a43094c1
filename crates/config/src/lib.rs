//! What builds the daemon: files → documents → parse → [`Setup`](setup::Setup), with every problem
//! of every file at once.

pub mod document;
mod encoding;
mod lint;
pub mod load;
mod parse;
pub mod problem;
mod roads;
pub mod scenario;
pub mod secret;
pub mod setup;
mod template_problems;
