//! Mails: the facts worded once, laid out as text and as HTML, and addressed so that a thread
//! holds together.

mod cause;
pub mod data_remarks;
mod early;
mod figures;
mod headline;
mod kpi_row;
mod kpi_table;
pub mod mime;
mod overview;
mod phrases;
pub mod render;
pub mod renderer;
mod sparkline;
mod view;
