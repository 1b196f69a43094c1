//! Commands as a source: programs of the author's own, run without a shell, that print one number or
//! JSON.

mod answer;
mod descendants;
pub(crate) mod program;

use std::{path::PathBuf, time::Duration};

use secrecy::SecretString;

use crate::{dates::period_format::DateFormats, figure_columns::FigureColumns, wording::Wording};

/// Where commands run, and within which limits.
#[derive(Clone, Debug)]
pub struct Commands {
    /// Their working folder, to which programs such as `./orders` are relative.
    pub folder: PathBuf,
    /// Variables they get beside `PATH`, `LANG` and `TZ`; nothing else of our own environment.
    pub environment: Vec<(String, String)>,
    /// Variables that are never shown.
    pub secrets: Vec<(String, SecretString)>,
    /// How long one may run before it is killed, with everything it started.
    pub timeout: Duration,
    /// Commands at once.
    pub concurrent_max: usize,
    /// More output than this is no figure.
    pub output_bytes_max: usize,
}

/// One command: a program and its arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// A name found in `PATH`, or a path.
    pub program: String,
    /// As the program gets them: no shell reads them.
    pub arguments: Vec<Wording>,
    /// The keys of the figure; by default `value`, or `numerator` and `denominator`.
    pub figure: Option<FigureColumns>,
    /// The formats of `period` and `observed_at`.
    pub formats: DateFormats,
}

impl Run {
    pub(crate) fn words(&self) -> String {
        format!("{} {:?}", self.program, self.arguments)
    }

    /// Whether an argument says which period is asked for.
    pub fn names_period(&self) -> bool {
        self.arguments.iter().any(Wording::names_period)
    }
}
