//! What parsing has at hand, from documents to definitions, and what is read alike everywhere.

use std::{
    collections::HashMap,
    fmt::Display,
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use chrono::{NaiveDate, NaiveTime, TimeDelta, Weekday};
use secrecy::{ExposeSecret, SecretString};

use crate::{
    problem::{Place, Problem, Severity},
    secret::{self, Secrets, Unusable},
    yaml::{
        located::{Entries, Loc},
        scalar::{AmountDoc, IdsDoc, SecretDoc},
    },
};
use kpid_rules::model::{Amount, Id, Period};
use kpid_sources::{
    http::Call,
    parameter,
    sql::{Dialect, Query},
};

/// What every parser has at hand: where relative paths begin, and where problems go.
pub(crate) struct Desk {
    /// The folder of `kpid.yaml`.
    pub(crate) folder: PathBuf,
    /// Files that secrets are read from.
    pub(crate) secret_files: Vec<PathBuf>,
    /// Whether secrets are needed.
    pub(crate) secrets: Secrets,
    /// What is known of databases when their KPIs are read.
    pub(crate) speeches: HashMap<Id, Speech>,
    /// The requests that have names, of every connection; only HTTP APIs have any.
    pub(crate) calls: HashMap<Id, HashMap<String, Call>>,
    /// Everything wrong so far.
    pub(crate) problems: Vec<Problem>,
}

/// How a database is spoken to.
#[derive(Debug)]
pub(crate) struct Speech {
    /// How it reads queries.
    pub(crate) dialect: Dialect,
    /// Those that have a name.
    pub(crate) queries: HashMap<String, Query>,
}

/// A name written somewhere, to be looked up when everything has been read.
#[derive(Clone, Debug)]
pub(crate) struct Mention {
    pub(crate) place: Place,
    pub(crate) id: Id,
}

impl Desk {
    /// Whether nothing found so far stands in the way.
    pub(crate) fn is_good(&self) -> bool {
        self.problems.iter().all(|problem| problem.severity == Severity::Warning)
    }

    pub(crate) fn error(&mut self, place: Place, message: impl Into<String>) {
        self.problems.push(Problem::error(place, message));
    }

    /// The value, or its mistake told.
    pub(crate) fn told<T, E: Display>(&mut self, place: Place, read: Result<T, E>) -> Option<T> {
        read.map_err(|error| self.error(place, error.to_string())).ok()
    }

    /// A text in which the period cannot be named; told where its author tries to.
    pub(crate) fn without_period(&mut self, place: Place, text: &str, what: &str) -> Option<()> {
        let Some(found) = parameter::named_in(text) else { return Some(()) };
        let message =
            format!("`{found}` means nothing in {what}; it would be a text like any other");
        let hint = "name the period in what is asked: the path, query, file or argument";
        self.problems.push(Problem::error(place, message).hint(hint));
        None
    }

    pub(crate) fn id(&mut self, text: &str, place: Place) -> Option<Id> {
        self.told(place, Id::parse(text))
    }

    pub(crate) fn mention(&mut self, doc: &Loc<String>) -> Option<Mention> {
        let id = self.id(doc.value.as_deref()?, doc.place)?;
        Some(Mention { place: doc.place, id })
    }

    pub(crate) fn mentions(&mut self, doc: Option<&Loc<IdsDoc>>) -> Vec<Mention> {
        texts(doc)
            .into_iter()
            .filter_map(|(text, place)| {
                let id = self.id(&text, place)?;
                Some(Mention { place, id })
            })
            .collect()
    }

    pub(crate) fn day(&mut self, doc: &Loc<String>) -> Option<NaiveDate> {
        let text = doc.value.as_deref()?;
        let day = text.parse::<NaiveDate>();
        self.told(doc.place, day.map_err(|_| format!("`{text}` is no day; write 2026-05-31")))
    }

    pub(crate) fn period(&mut self, text: &str, place: Place) -> Option<Period> {
        self.told(place, Period::parse(text))
    }

    pub(crate) fn amount(&mut self, doc: &Loc<AmountDoc>) -> Option<Amount> {
        match doc.value.as_ref()? {
            AmountDoc::Number(number) => Some(Amount::Absolute(*number)),
            AmountDoc::Text(text) => {
                let number = text.strip_suffix('%').and_then(|text| text.trim().parse().ok());
                let percent = number.filter(|number: &f64| number.is_finite());
                let message = format!("`{text}` is no amount; write 3 or 10%");
                self.told(doc.place, percent.map(Amount::Percent).ok_or(message))
            }
        }
    }

    /// A time of day, or the usual one where none is written.
    pub(crate) fn time(&mut self, doc: Option<&Loc<String>>, usual: NaiveTime) -> NaiveTime {
        let Some((doc, text)) = doc.and_then(|doc| Some((doc, doc.value.as_deref()?))) else {
            return usual;
        };
        let time = NaiveTime::parse_from_str(text, "%H:%M");
        let message = format!("`{text}` is no time of day; write 07:00");
        self.told(doc.place, time.map_err(|_| message)).unwrap_or(usual)
    }

    pub(crate) fn weekday(&mut self, doc: &Loc<String>) -> Option<Weekday> {
        let text = doc.value.as_deref()?;
        let day = text.parse::<Weekday>();
        self.told(doc.place, day.map_err(|_| format!("`{text}` is no weekday; write saturday")))
    }

    pub(crate) fn span(&mut self, doc: &Loc<String>) -> Option<Duration> {
        let text = doc.value.as_deref()?;
        let span = humantime::parse_duration(text);
        self.told(
            doc.place,
            span.map_err(|_| format!("`{text}` is no span; write 30s, 15m, 6h or 2d")),
        )
    }

    pub(crate) fn time_delta(&mut self, doc: &Loc<String>) -> Option<TimeDelta> {
        let span = self.span(doc)?;
        self.told(doc.place, TimeDelta::from_std(span))
    }

    pub(crate) fn secret(&mut self, doc: &Loc<SecretDoc>) -> Option<SecretString> {
        self.secret_that(doc, |_| Ok(()))
    }

    /// A secret that goes out in a header of HTTP.
    pub(crate) fn secret_of_header(&mut self, doc: &Loc<SecretDoc>) -> Option<SecretString> {
        self.secret_that(doc, |secret| {
            let is_fit = secret.bytes().all(|byte| (b' '..=b'~').contains(&byte));
            is_fit.then_some(()).ok_or_else(|| {
                "the secret goes out in a header and has a line break or a character outside ASCII; \
                 it should be one line of ASCII, and the file should hold nothing else"
                    .to_owned()
            })
        })
    }

    /// A secret of a form that can be used; one that cannot be read has none.
    pub(crate) fn secret_that(
        &mut self,
        doc: &Loc<SecretDoc>,
        fits: impl Fn(&str) -> Result<(), String>,
    ) -> Option<SecretString> {
        let written = doc.value.as_ref()?;
        if matches!(written, SecretDoc::Text(_)) {
            let warning = "a secret is written here for everyone who reads the file";
            let hint = "write { env: NAME }, { file: PATH } or { credential: NAME }";
            self.problems.push(Problem::warning(doc.place, warning).hint(hint));
        }
        if let SecretDoc::File(path) = written {
            self.secret_files.push(self.folder.join(path));
        }
        match (secret::read(written, &self.folder), self.secrets) {
            (Ok(secret), _) => {
                let fits = fits(secret.expose_secret());
                self.told(doc.place, fits).map(|()| secret)
            }
            (Err(Unusable::Bad(message)), _)
            | (Err(Unusable::Unread(message)), Secrets::Needed) => {
                self.error(doc.place, message);
                None
            }
            (Err(Unusable::Unread(message)), Secrets::Unused) => {
                self.problems.push(Problem::warning(doc.place, message));
                Some(SecretString::from(""))
            }
        }
    }

    /// A folder that sources use: it may be on another machine than this one, so it is a warning.
    pub(crate) fn folder_of_source(&mut self, path: &Path, place: Place) {
        let why = match fs::metadata(path) {
            Ok(found) if found.is_dir() => return,
            Ok(_) => "it is not a folder".to_owned(),
            Err(error) => error.to_string(),
        };
        let warning = format!("cannot use the folder {}: {why}", path.display());
        let hint = "a relative folder begins at the folder of kpid.yaml";
        self.problems.push(Problem::warning(place, warning).hint(hint));
    }

    /// A number that must not be negative.
    pub(crate) fn at_least_zero(&mut self, doc: &Loc<f64>, what: &str) -> Option<f64> {
        let number = doc.value?;
        let message = format!("{what} is {number}; it must be 0 or more");
        self.told(doc.place, if number >= 0.0 { Ok(number) } else { Err(message) })
    }

    /// A count that must be 1 or more.
    pub(crate) fn at_least_one(&mut self, doc: &Loc<u32>, what: &str) -> Option<u32> {
        let number = doc.value?;
        let message = format!("{what} is 0; it must be 1 or more");
        self.told(doc.place, if number >= 1 { Ok(number) } else { Err(message) })
    }

    /// Entries with ids that are ids, each once.
    pub(crate) fn entries<'d, T>(
        &mut self,
        entries: &'d Entries<T>,
    ) -> Vec<(Id, Place, &'d Loc<T>)> {
        let keys = entries
            .0
            .iter()
            .filter_map(|(key, value)| Some((key.value.as_deref()?, key.place, value)));
        keys.filter_map(|(key, place, value)| Some((self.id(key, place)?, place, value))).collect()
    }
}

/// One text or a list of them, with places.
pub(crate) fn texts(doc: Option<&Loc<IdsDoc>>) -> Vec<(String, Place)> {
    let Some(Loc { place, value: Some(ids) }) = doc else { return Vec::new() };
    match ids {
        IdsDoc::Text(text) => vec![(text.clone(), *place)],
        IdsDoc::List(list) => {
            list.iter().filter_map(|item| Some((item.value.clone()?, item.place))).collect()
        }
    }
}

/// What an optional key holds, if it is there and good.
pub(crate) fn given<T>(doc: Option<&Loc<T>>) -> Option<&T> {
    doc.and_then(|doc| doc.value.as_ref())
}
