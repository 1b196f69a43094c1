//! What a source is asked, for people who look at its KPI: without what is secret, or may be.

use crate::source::{Request, Source};

/// More of a long query is in the configuration.
const QUESTION_CHARS_MAX: usize = 2_000;

impl Source {
    /// What is asked: a method and a path, a query, a file, or a program. Whatever may hold a secret is
    /// left out: what stands in an address after `?`, headers, bodies, and the arguments of a command.
    pub fn question(&self) -> String {
        let question = match &self.request {
            Request::Http(ask) => {
                let path = ask.request.path.written();
                let path = path.split('?').next().unwrap_or_default();
                format!("{} {path}", ask.request.method)
            }
            Request::Sql(query) => query.words(),
            Request::Csv(sheet) => sheet.file.written(),
            Request::Command(run) => run.program.clone(),
        };
        let question = question.trim();
        match question.char_indices().nth(QUESTION_CHARS_MAX) {
            Some((end, _)) => format!("{}…", &question[..end]),
            None => question.to_owned(),
        }
    }
}
