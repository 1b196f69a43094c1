//! The files as their authors see them: YAML with a place for everything, read so that one
//! mistake does not hide the next.

pub(crate) mod encoding;
pub mod located;
mod node;
mod reader;
pub(crate) mod redaction;
pub mod scalar;
mod stream;
mod yaml_error;

use serde::de::DeserializeOwned;

use crate::{
    problem::{Files, Problem},
    scenario::document::ScenarioDoc,
    yaml::{located::Loc, node::Node},
};

/// Begins a key at the top of a file under which an author keeps anchors, and which means nothing here.
pub const KEPT_APART: &str = "x-";

/// A larger file is no configuration.
pub const FILE_BYTES_MAX: u64 = 4 << 20;

/// Reads one document. What could be read comes back, with everything that was wrong.
pub fn read<T: DeserializeOwned>(files: &Files, file: usize) -> (Option<Loc<T>>, Vec<Problem>) {
    read_as(files, file, |node| node)
}

/// Reads a scenario, in which scorecards may be a list of documents or a map of them by id.
pub fn read_scenario(files: &Files, file: usize) -> (Option<Loc<ScenarioDoc>>, Vec<Problem>) {
    read_as(files, file, |node| node.with_listed("scorecards", "scorecard"))
}

/// What is wrong with the file as such comes before what is wrong in it, and hides none of that.
fn read_as<T: DeserializeOwned>(
    files: &Files,
    file: usize,
    shaped: impl Fn(Node) -> Node,
) -> (Option<Loc<T>>, Vec<Problem>) {
    let (_, text) = files.get(file);
    let (first, second) = stream::first_document(file, text);
    let mut problems: Vec<Problem> = files.fault(file).cloned().into_iter().chain(second).collect();
    match Node::parse(file, first) {
        Ok(node) => {
            let (read, found) = reader::read(&shaped(node.without(KEPT_APART)));
            problems.extend(found);
            (read, problems)
        }
        Err(problem) => {
            problems.push(problem);
            (None, problems)
        }
    }
}
