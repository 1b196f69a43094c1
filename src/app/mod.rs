//! The daemon as a process: composed, run until it is told to stop, reloaded, seen by systemd. Only
//! its `tasks` are spawned, and what ends it in time.

pub mod compose;
mod heartbeat;
pub mod lifecycle;
mod listener;
pub mod reload;
pub(crate) mod stop;
mod systemd;
mod tasks;
mod workers;
