//! The board: the pages that people look at, as HTML. Pure functions of a standing, what is held, and
//! what the address asks for; no I/O and no clock.
//!
//! A page is of use without a script, by keyboard and on paper. Its words are in `kpid-language`, its
//! pictures in `kpid-chart`. Whatever people or systems wrote is escaped by `maud`.

pub mod acknowledge;
pub mod address;
pub mod alert;
pub mod asset;
pub mod badge;
pub mod data;
mod figures;
pub mod home;
pub mod kpi;
mod layout;
mod links;
pub mod mine;
pub mod minutes;
mod nodes;
mod notes;
pub mod notice;
mod parts;
pub mod perspective;
mod process;
pub mod review;
pub mod scorecard;
pub mod view;
pub mod wall;

pub use address::Address;
pub use asset::{Asset, asset};
pub use links::path;
pub use view::{Moment, Reader, View};
