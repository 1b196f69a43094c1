//! Everything that is wrong with a configuration, for a person and for programs.

use std::{collections::HashMap, fmt::Write as _};

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};

use crate::{
    files::Files,
    problem::{Place, Problem, Severity, masked},
    yaml::redaction::Redaction,
};

/// Everything that is wrong, with the files it is wrong in.
#[derive(Clone, Debug, Default)]
pub struct Problems {
    /// The files.
    pub files: Files,
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
    fn hidden(&self) -> HashMap<usize, (Redaction, String)> {
        let mut found = HashMap::new();
        for problem in &self.found {
            let file = problem.place.file;
            found.entry(file).or_insert_with(|| {
                let hidden = self.files.redaction(file);
                let shown = masked(&hidden.redact_text(self.files.get(file).1));
                (hidden, shown)
            });
        }
        found
    }

    fn render_one(&self, text: &mut String, problem: &Problem, hidden: &Redaction, source: &str) {
        let (path, _) = self.files.get(problem.place.file);
        let message = hidden.redact(&problem.message);
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
            let _ = writeln!(text, "  hint: {}", hidden.redact(hint));
        }
    }

    /// The problems for programs.
    pub fn to_json(&self) -> serde_json::Value {
        let hidden = self.hidden();
        let problem = |problem: &Problem| {
            let (path, _) = self.files.get(problem.place.file);
            let unsaid = |words: &str| {
                hidden.get(&problem.place.file).map(|(hidden, _)| hidden.redact(words))
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
