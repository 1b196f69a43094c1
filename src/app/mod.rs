//! The daemon as a process: composed, run until it is told to stop, reloaded, seen by systemd. Only
//! this floor and the engine spawn tasks.

mod heartbeat;
mod listener;
pub mod run;
mod systemd;
