//! The reader of YAML: a file becomes a tree in which everything has a place, and that becomes a
//! document, so that one mistake does not hide the next.

pub(crate) mod encoding;
pub(crate) mod limits;
pub(crate) mod located;
pub(crate) mod node;
pub(crate) mod reader;
pub(crate) mod redaction;
pub(crate) mod scalar;
pub(crate) mod stream;
pub(crate) mod yaml_error;

use serde::de::DeserializeOwned;

use crate::{
    files::Files,
    problem::{Place, Problem},
    yaml::{
        limits::KEPT_APART,
        located::Loc,
        node::{Node, Value},
        redaction::Redaction,
    },
};

/// Reads one document. What could be read comes back, with everything that was wrong.
pub(crate) fn read<T: DeserializeOwned>(
    files: &Files,
    file: usize,
) -> (Option<Loc<T>>, Vec<Problem>) {
    read_as(files, file, |node| node)
}

/// Reads one document in which the documents under `key` may be a list, or a map of them by `id`.
pub(crate) fn read_with_list<T: DeserializeOwned>(
    files: &Files,
    file: usize,
    key: &str,
    id: &str,
) -> (Option<Loc<T>>, Vec<Problem>) {
    read_as(files, file, |node| node.with_listed(key, id))
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
        Ok(Node { value: Value::Null, .. }) => {
            let place = Place { file, line: 1, column: 1, ..Place::default() };
            let hint = "`kpid init FOLDER` writes a configuration to start from";
            problems.push(Problem::error(place, "the file is empty").hint(hint));
            (None, problems)
        }
        Ok(node) => {
            // Of more than one document the others have secrets, too.
            if first.len() == text.len() {
                files.keep_redaction(file, Redaction::of_node(&node));
            }
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
