//! The files as their authors see them: YAML with a place for everything, read so that one
//! mistake does not hide the next.

pub mod command;
pub mod csv;
pub mod daemon;
pub(super) mod hidden;
pub mod http;
pub mod kpi;
pub mod located;
mod node;
pub mod push;
mod reader;
pub mod scalar;
pub mod scenario;
pub mod scorecard;
pub mod source;
pub mod target;

use serde::de::DeserializeOwned;

use crate::config::{
    document::{located::Loc, node::Node, scenario::ScenarioDoc},
    problem::{Files, Problem},
};

/// A larger file is no configuration.
pub const FILE_BYTES_MAX: u64 = 4 << 20;

/// Reads one document. What could be read comes back, with everything that was wrong.
pub fn read<T: DeserializeOwned>(files: &Files, file: usize) -> (Option<Loc<T>>, Vec<Problem>) {
    let (_, text) = files.get(file);
    match Node::parse(file, text) {
        Ok(node) => reader::read(&node),
        Err(problem) => (None, vec![problem]),
    }
}

/// Reads a scenario, in which scorecards may be a list of documents or a map of them by id.
pub fn read_scenario(files: &Files, file: usize) -> (Option<Loc<ScenarioDoc>>, Vec<Problem>) {
    let (_, text) = files.get(file);
    match Node::parse(file, text) {
        Ok(node) => reader::read(&node.with_listed("scorecards", "scorecard")),
        Err(problem) => (None, vec![problem]),
    }
}
