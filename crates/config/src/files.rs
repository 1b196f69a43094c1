//! The files of a configuration, as they were read.

use std::path::{Path, PathBuf};

use crate::{
    problem::{Place, Problem},
    yaml::{encoding::Text, redaction::Redaction},
};

/// The files of a configuration, as read.
#[derive(Clone, Debug, Default)]
pub struct Files {
    files: Vec<File>,
}

#[derive(Clone, Debug)]
struct File {
    path: PathBuf,
    text: String,
    kind: FileKind,
    /// Where it is not UTF-8.
    fault: Option<Problem>,
}

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum FileKind {
    /// YAML, which may have secrets in it.
    Document,
    /// A text of an author, which has none.
    Template,
}

impl Files {
    /// Adds a document as it was read, and gives its number.
    pub(crate) fn add_read(&mut self, path: PathBuf, read: Text) -> usize {
        let Text { text, fault } = read;
        let fault = fault.map(|fault| {
            let place = Place::at(self.files.len(), &text, fault.offset);
            Problem::error(place, fault.message).hint(fault.hint)
        });
        self.files.push(File { path, text, kind: FileKind::Document, fault });
        self.files.len() - 1
    }

    /// Adds a template and gives its number.
    pub(crate) fn add_template(&mut self, path: PathBuf, text: String) -> usize {
        self.files.push(File { path, text, kind: FileKind::Template, fault: None });
        self.files.len() - 1
    }

    /// A file's path and text.
    pub fn get(&self, file: usize) -> (&Path, &str) {
        let found = self.files.get(file);
        found.map_or((Path::new("?"), ""), |file| (file.path.as_path(), &file.text))
    }

    /// Where a file is not UTF-8.
    pub(crate) fn fault(&self, file: usize) -> Option<&Problem> {
        self.files.get(file)?.fault.as_ref()
    }

    /// What of a file is shown to nobody.
    pub(crate) fn redaction(&self, file: usize) -> Redaction {
        match self.files.get(file) {
            Some(File { text, kind: FileKind::Document, .. }) => Redaction::of(text),
            Some(File { kind: FileKind::Template, .. }) | None => Redaction::default(),
        }
    }

    /// All files, in the order they were read.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&Path, &str)> {
        self.files.iter().map(|file| (file.path.as_path(), file.text.as_str()))
    }
}
