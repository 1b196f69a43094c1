//! `source:` of a KPI, and the connections that it goes over: a folder for each kind.

pub(crate) mod command;
pub(crate) mod conditions;
pub(crate) mod csv;
pub(crate) mod date_formats;
pub(crate) mod document;
pub(crate) mod figure_columns;
pub(crate) mod http;
pub(crate) mod json_path;
pub(crate) mod limits;
pub(crate) mod parse;
pub(crate) mod push;
pub(crate) mod reading;
pub(crate) mod rows;
pub(crate) mod sql;
