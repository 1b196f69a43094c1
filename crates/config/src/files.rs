//! The files of a configuration, as they were read.

use std::{
    path::{Path, PathBuf},
    sync::OnceLock,
};

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
    /// What of it is shown to nobody, once that is known.
    redaction: OnceLock<Redaction>,
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
        self.files.push(File {
            path,
            text,
            kind: FileKind::Document,
            fault,
            redaction: OnceLock::new(),
        });
        self.files.len() - 1
    }

    /// Adds a template and gives its number.
    pub(crate) fn add_template(&mut self, path: PathBuf, text: String) -> usize {
        self.files.push(File {
            path,
            text,
            kind: FileKind::Template,
            fault: None,
            redaction: OnceLock::new(),
        });
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
            Some(File { text, kind: FileKind::Document, redaction, .. }) => {
                redaction.get_or_init(|| Redaction::of(text)).clone()
            }
            Some(File { kind: FileKind::Template, .. }) | None => Redaction::default(),
        }
    }

    /// Keeps what of a file is shown to nobody, found by whoever has just read it: to read it once more
    /// takes as long as all the rest.
    pub(crate) fn keep_redaction(&self, file: usize, found: Redaction) {
        if let Some(file) = self.files.get(file) {
            file.redaction.get_or_init(|| found);
        }
    }

    /// All files, in the order they were read.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&Path, &str)> {
        self.files.iter().map(|file| (file.path.as_path(), file.text.as_str()))
    }
}
