//! What is wrong with a configuration, and where: a file, a line, a column, a hint.

use std::{
    collections::HashMap,
    fmt::Write as _,
    path::{Path, PathBuf},
};

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};
use serde::Serialize;

use crate::yaml::{encoding::Text, redaction::Hidden};

/// How like two words must be for one to be suggested for the other.
const SUGGEST_FROM: f64 = 0.7;

/// A stretch of text in one of the files.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Which file: its number in [`Files`].
    pub file: usize,
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
    /// In bytes, from the start of the file.
    pub offset: usize,
    /// In bytes.
    pub length: usize,
}

/// Whether a problem stands in the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// The configuration cannot be used.
    Error,
    /// It can, but its author would want to know.
    Warning,
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Whether it stands in the way.
    pub severity: Severity,
    /// Where.
    pub place: Place,
    /// A sentence that names the thing.
    pub message: String,
    /// The way out.
    pub hint: Option<String>,
}

/// The files of a configuration, as read.
#[derive(Clone, Debug, Default)]
pub struct Files {
    files: Vec<File>,
}

#[derive(Clone, Debug)]
struct File {
    path: PathBuf,
    text: String,
    kind: Kind,
    /// Where it is not UTF-8.
    fault: Option<Problem>,
}

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// YAML, which may have secrets in it.
    Document,
    /// A text of an author, which has none.
    Template,
}

/// Everything that is wrong, with the files it is wrong in.
#[derive(Clone, Debug, Default)]
pub struct Problems {
    /// The files.
    pub files: Files,
    /// In the order they were found.
    pub found: Vec<Problem>,
}

impl Problem {
    /// Something that stands in the way.
    pub fn error(place: Place, message: impl Into<String>) -> Self {
        let message = on_one_line(&message.into());
        Self { severity: Severity::Error, place, message, hint: None }
    }

    /// Something its author would want to know.
    pub fn warning(place: Place, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(place, message) }
    }

    /// The same, with the way out.
    pub fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }
}

impl Files {
    /// Adds a document and gives its number.
    pub fn add(&mut self, path: PathBuf, text: String) -> usize {
        self.files.push(File { path, text, kind: Kind::Document, fault: None });
        self.files.len() - 1
    }

    /// Adds a document as it was read, and gives its number.
    pub(crate) fn add_read(&mut self, path: PathBuf, read: Text) -> usize {
        let Text { text, fault } = read;
        let fault = fault.map(|fault| {
            let place = Place::at(self.files.len(), &text, fault.offset);
            Problem::error(place, fault.message).hint(fault.hint)
        });
        self.files.push(File { path, text, kind: Kind::Document, fault });
        self.files.len() - 1
    }

    /// Adds a template and gives its number.
    pub fn add_template(&mut self, path: PathBuf, text: String) -> usize {
        self.files.push(File { path, text, kind: Kind::Template, fault: None });
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
    fn hidden(&self, file: usize) -> Hidden {
        match self.files.get(file) {
            Some(File { text, kind: Kind::Document, .. }) => Hidden::of(text),
            Some(File { kind: Kind::Template, .. }) | None => Hidden::default(),
        }
    }

    /// All files, in the order they were read.
    pub fn iter(&self) -> impl Iterator<Item = (&Path, &str)> {
        self.files.iter().map(|file| (file.path.as_path(), file.text.as_str()))
    }
}

impl Place {
    /// The place of one character of a text, by its byte.
    pub(crate) fn at(file: usize, text: &str, offset: usize) -> Self {
        let before = text.get(..offset).unwrap_or(text);
        let line = before.matches('\n').count() + 1;
        let column = before.chars().rev().take_while(|sign| *sign != '\n').count() + 1;
        let length = text[before.len()..].chars().next().map_or(0, char::len_utf8);
        Self { file, line, column, offset: before.len(), length }
    }
}

impl Problems {
    /// Whether nothing stands in the way.
    pub fn are_harmless(&self) -> bool {
        self.found.iter().all(|problem| problem.severity == Severity::Warning)
    }

    /// Puts them in the order of files and lines.
    pub fn sort(&mut self) {
        self.found.sort_by_key(|problem| problem.place);
    }

    /// Every problem as `file:line:column: message`, the line with the place marked, and the hint.
    pub fn render(&self) -> String {
        let mut text = String::new();
        let hidden = self.hidden();
        for problem in &self.found {
            if let Some((hidden, source)) = hidden.get(&problem.place.file) {
                self.render_one(&mut text, problem, hidden, source);
            }
        }
        text
    }

    /// What is hidden in each file with a problem, and the file without it.
    fn hidden(&self) -> HashMap<usize, (Hidden, String)> {
        let mut found = HashMap::new();
        for problem in &self.found {
            let file = problem.place.file;
            found.entry(file).or_insert_with(|| {
                let hidden = self.files.hidden(file);
                let shown = masked(&hidden.starred(self.files.get(file).1));
                (hidden, shown)
            });
        }
        found
    }

    fn render_one(&self, text: &mut String, problem: &Problem, hidden: &Hidden, source: &str) {
        let (path, _) = self.files.get(problem.place.file);
        let message = hidden.unsaid(&problem.message);
        let Place { line, column, offset, length, .. } = problem.place;
        let word = match problem.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        let _ = writeln!(text, "{}:{line}:{column}: {word}: {message}", path.display());
        let end =
            source[offset.min(source.len())..].find('\n').map_or(source.len(), |at| offset + at);
        let last = (offset + length.max(1)).min(end).max(offset).min(source.len());
        if offset < source.len() && source.is_char_boundary(offset) && source.is_char_boundary(last)
        {
            let mark = AnnotationKind::Primary.span(offset..last);
            let snippet = Snippet::source(source).annotation(mark);
            let group = Level::ERROR.no_name().primary_title("").element(snippet);
            let rendered = Renderer::plain().render(&[group]);
            // The title and the origin are in our own first line already.
            for line in rendered.lines().skip_while(|line| !line.contains(" | ")) {
                let _ = writeln!(text, "  {line}");
            }
        }
        if let Some(hint) = &problem.hint {
            let _ = writeln!(text, "  hint: {}", hidden.unsaid(hint));
        }
    }

    /// The problems for programs.
    pub fn to_json(&self) -> serde_json::Value {
        let hidden = self.hidden();
        let problem = |problem: &Problem| {
            let (path, _) = self.files.get(problem.place.file);
            let unsaid = |words: &str| {
                hidden.get(&problem.place.file).map(|(hidden, _)| hidden.unsaid(words))
            };
            serde_json::json!({
                "severity": problem.severity,
                "file": path.display().to_string(),
                "line": problem.place.line,
                "column": problem.place.column,
                "message": unsaid(&problem.message),
                "hint": problem.hint.as_deref().and_then(unsaid),
            })
        };
        let problems: Vec<_> = self.found.iter().map(problem).collect();
        serde_json::json!({ "problems": problems })
    }
}

/// Words that quote an author, for a terminal and a line of a log: what a `"\e"` of YAML made of itself
/// is written out again.
pub fn on_one_line(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for sign in text.chars() {
        if sign.is_control() {
            shown.extend(sign.escape_debug());
        } else {
            shown.push(sign);
        }
    }
    shown
}

/// The same text, byte by byte, with stars for who we are in the addresses that stand in it.
pub fn masked(text: &str) -> String {
    let (mut shown, mut rest) = (String::with_capacity(text.len()), text);
    while let Some(at) = rest.find("://") {
        let (before, after) = rest.split_at(at + "://".len());
        let host = after.find(|sign: char| sign.is_whitespace() || "/?#\"'".contains(sign));
        let user = after[..host.unwrap_or(after.len())].rfind('@').unwrap_or(0);
        shown.push_str(before);
        shown.push_str(&"*".repeat(user));
        rest = &after[user..];
    }
    shown + rest
}

/// "did you mean `target`?", if one of the known words is like the one written.
pub fn suggestion<'w>(written: &str, known: impl IntoIterator<Item = &'w str>) -> Option<String> {
    let likeness = |word: &&str| strsim::jaro_winkler(written, word);
    let best = known.into_iter().max_by(|a, b| likeness(a).total_cmp(&likeness(b)))?;
    (likeness(&best) >= SUGGEST_FROM).then(|| format!("did you mean `{best}`?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_author_wrote_plays_no_tricks_on_a_terminal() {
        let problem = Problem::error(Place::default(), "`0 0\n\0\u{1b}[2J` has 2 fields: ü");
        assert_eq!(problem.message, "`0 0\\n\\0\\u{1b}[2J` has 2 fields: ü");
    }

    #[test]
    fn who_we_are_is_not_shown_in_an_address() {
        for (text, shown) in [
            ("a: \"https://u:pä@h/x\"", "a: \"https://*****@h/x\""),
            ("https://k3y@h?a@b, ftp://h/a@b", "https://***@h?a@b, ftp://h/a@b"),
            ("http://u:p@ss@h", "http://******@h"),
            ("a://", "a://"),
            ("x@y: 'z'", "x@y: 'z'"),
        ] {
            assert_eq!(masked(text), shown);
            assert_eq!(masked(text).len(), text.len());
        }
    }
}
