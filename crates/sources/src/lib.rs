//! The edge where actuals come in: HTTP APIs, SQL databases, CSV files and commands. A source answers
//! with samples, null, no rows or an error, and these are four different things.

mod cell;
mod charset;
mod circuit_breaker;
pub mod circuit_guard;
pub mod command;
mod connection;
pub mod connections;
pub mod csv;
pub mod dates;
mod described;
mod disk;
mod fault;
mod figure_columns;
pub mod http;
pub mod json;
mod outcome;
pub mod parameter;
mod places;
pub mod push;
mod question;
mod reading_worker;
mod requests;
mod retry;
pub mod rows;
pub mod scale;
pub mod shared_answers;
mod source;
pub mod sql;
mod table;
mod tls_error;
mod unpack;
pub mod wording;

pub use connection::Connection;
pub use figure_columns::FigureColumns;
pub use outcome::{Exchange, Outcome};
pub use question::{Question, Window};
pub use source::{Request, Source};
