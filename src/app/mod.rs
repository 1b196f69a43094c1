//! The daemon as a process: composed, run until it is told to stop, reloaded, seen by systemd. Only
//! its `workers` spawn tasks.

pub mod compose;
mod heartbeat;
pub mod lifecycle;
mod listener;
pub mod reload;
mod systemd;
mod workers;
