//! Everything that is wrong with a configuration, for a person and for programs.

use std::{collections::HashMap, fmt, path::Path};

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};

use crate::{
    files::Files,
    places::Places,
    problem::{Place, Problem, Severity, masked},
    yaml::redaction::Redaction,
};

/// Everything that is wrong, with the files it is wrong in.
#[derive(Clone, Debug, Default)]
pub struct Problems {
    /// The files.
    pub files: Files,
    /// Where the nodes of its scorecards are written.
    pub places: Places,
    /// In the order they were found.
    pub found: Vec<Problem>,
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

    /// The problems as GitHub shows them beside the lines of a change: a line each.
    pub fn to_github(&self) -> String {
        let mut text = String::new();
        for problem in &self.found {
            let Problem { severity, message, hint, place, .. } = problem;
            let (path, _) = self.files.get(place.file);
            let command = match severity {
                Severity::Error => "error",
                Severity::Warning => "warning",
            };
            let hint = hint.as_ref().map(|hint| format!("\nhint: {hint}")).unwrap_or_default();
            let said = self.files.redaction(place.file).redact(&format!("{message}{hint}"));
            let (path, said) = (path.display().to_string(), escaped(&said));
            let path = escaped(&path).replace(':', "%3A").replace(',', "%2C");
            let (line, column) = (place.line, place.column);
            text.push_str(&format!("::{command} file={path},line={line},col={column}::{said}\n"));
        }
        text
    }

    /// The problems for programs.
    pub fn to_json(&self) -> serde_json::Value {
        let mut hidden: HashMap<usize, Redaction> = HashMap::new();
        for Problem { place: Place { file, .. }, .. } in &self.found {
            hidden.entry(*file).or_insert_with(|| self.files.redaction(*file));
        }
        let problem = |problem: &Problem| {
            let (path, _) = self.files.get(problem.place.file);
            let unsaid =
                |words: &str| hidden.get(&problem.place.file).map(|hidden| hidden.redact(words));
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

/// A text that stays in its line, whatever it says.
fn escaped(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// A file as people see it.
struct ShownFile<'p> {
    number: usize,
    path: &'p Path,
    hidden: Redaction,
    /// The file without what is hidden in it.
    source: String,
    /// The place that was marked last, and its line: a place often has several problems.
    marked: Option<(Place, String)>,
}

impl<'p> ShownFile<'p> {
    fn of(files: &'p Files, number: usize) -> Self {
        let (hidden, (path, text)) = (files.redaction(number), files.get(number));
        let source = masked(&hidden.redact_text(text));
        Self { number, path, hidden, source, marked: None }
    }

    fn write(&mut self, text: &mut fmt::Formatter<'_>, problem: &Problem) -> fmt::Result {
        let message = self.hidden.redact(&problem.message);
        let Place { line, column, .. } = problem.place;
        let word = match problem.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        writeln!(text, "{}:{line}:{column}: {word}: {message}", self.path.display())?;
        text.write_str(self.marked(problem.place))?;
        if let Some(hint) = &problem.hint {
            writeln!(text, "  hint: {}", self.hidden.redact(hint))?;
        }
        Ok(())
    }

    /// The line of a place with a mark below it; nothing where the file has no such place.
    fn marked(&mut self, place: Place) -> &str {
        let known = self.marked.take().filter(|(known, _)| *known == place);
        let (_, shown) = self.marked.insert(known.unwrap_or_else(|| (place, self.mark(place))));
        shown
    }

    fn mark(&self, place: Place) -> String {
        let (source, Place { line, offset, length, .. }) = (&self.source, place);
        let end =
            source[offset.min(source.len())..].find('\n').map_or(source.len(), |at| offset + at);
        let last = (offset + length.max(1)).min(end).max(offset).min(source.len());
        if offset >= source.len()
            || !source.is_char_boundary(offset)
            || !source.is_char_boundary(last)
        {
            return String::new();
        }
        // No more than the line is looked through: a large file may have many problems.
        let start = source[..offset].rfind('\n').map_or(0, |at| at + 1);
        let mark = AnnotationKind::Primary.span(offset - start..last - start);
        let snippet = Snippet::source(&source[start..end.max(last)]).line_start(line);
        let group = Level::ERROR.no_name().primary_title("").element(snippet.annotation(mark));
        let rendered = Renderer::plain().render(&[group]);
        // The title and the origin are in our own first line already.
        let lines = rendered.lines().skip_while(|line| !line.contains(" | "));
        lines.map(|line| format!("  {line}\n")).collect()
    }
}

/// Every problem as `file:line:column: message`, the line with the place marked, and the hint.
impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Problems of one file mostly come one after the other.
        let mut open: Option<ShownFile<'_>> = None;
        for problem in &self.found {
            let file = problem.place.file;
            let known = open.take().filter(|open| open.number == file);
            let shown = open.insert(known.unwrap_or_else(|| ShownFile::of(&self.files, file)));
            shown.write(f, problem)?;
        }
        Ok(())
    }
}
