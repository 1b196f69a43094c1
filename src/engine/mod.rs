//! What runs when: what is due, rounds, judgement, and everything else that brings figures in.

pub mod agenda;
pub mod backfill;
pub mod collect;
mod commit;
mod data_incidents;
mod data_wording;
pub mod families;
pub mod hours_watcher;
mod http_changes;
pub mod import;
pub mod judgement;
pub mod known_periods;
pub mod owner;
mod post;
pub mod pull;
mod push_parser;
pub(crate) mod query_window;
pub mod rejudgement;
pub mod retention;
pub mod round;
mod step;
pub mod ticker;
mod timetable;
