//! What parsing has at hand, from documents to definitions, and what is read alike everywhere.

use std::{
    collections::HashMap,
    fmt::Display,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use chrono::{NaiveDate, NaiveTime, TimeDelta, Weekday};
use reqwest::header::HeaderName;
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use crate::{
    problem::{Place, Problem, Severity, masked},
    secret::{self, SecretError, Secrets},
    yaml::{
        located::{Entries, Loc},
        scalar::{AmountDoc, IdsDoc, SecretDoc},
    },
};
use kpid_os_error::in_words;
use kpid_rules::model::{Amount, Frequency, Id, Moment, Period, one_line};
use kpid_sources::{
    http::HttpRequest,
    parameter,
    sql::{Query, SqlDialect},
};

/// What every parser has at hand: where relative paths begin, and where problems go.
pub(crate) struct ParseContext {
    /// The folder of `kpid.yaml`.
    pub(crate) folder: PathBuf,
    /// Files that secrets are read from.
    pub(crate) secret_files: Vec<PathBuf>,
    /// Whether secrets are needed.
    pub(crate) secrets: Secrets,
    /// What is known of databases when their KPIs are read.
    pub(crate) databases: Arc<HashMap<Id, NamedQueries>>,
    /// The requests that have names, of every connection; only HTTP APIs have any.
    pub(crate) requests: Arc<HashMap<Id, HashMap<String, HttpRequest>>>,
    /// Everything wrong so far.
    pub(crate) problems: Vec<Problem>,
}

/// How a database is spoken to.
#[derive(Clone, Debug)]
pub(crate) struct NamedQueries {
    /// How it reads queries.
    pub(crate) dialect: SqlDialect,
    /// Those that have a name.
    pub(crate) queries: HashMap<String, Query>,
}

/// A name written somewhere, to be looked up when everything has been read.
#[derive(Clone, Debug)]
pub(crate) struct Mention {
    pub(crate) place: Place,
    pub(crate) id: Id,
}

impl ParseContext {
    /// What a thread has at hand that parses beside others: all of it, but problems of its own.
    pub(crate) fn beside(&self) -> Self {
        Self {
            folder: self.folder.clone(),
            secret_files: Vec::new(),
            secrets: self.secrets,
            databases: Arc::clone(&self.databases),
            requests: Arc::clone(&self.requests),
            problems: Vec::new(),
        }
    }

    /// Whether nothing found so far stands in the way.
    pub(crate) fn is_good(&self) -> bool {
        self.problems.iter().all(|problem| problem.severity == Severity::Warning)
    }

    pub(crate) fn error(&mut self, place: Place, message: impl Into<String>) {
        self.problems.push(Problem::error(place, message));
    }

    /// The value; a mistake becomes a problem.
    pub(crate) fn checked<T, E: Display>(&mut self, place: Place, read: Result<T, E>) -> Option<T> {
        read.map_err(|error| self.error(place, error.to_string())).ok()
    }

    /// A text in which the period cannot be named; told where its author tries to.
    pub(crate) fn without_period(&mut self, place: Place, text: &str, what: &str) -> Option<()> {
        let Some(found) = parameter::named_in(text) else { return Some(()) };
        let message = format!("`{found}` is not replaced in {what}");
        let hint = "use it in the request itself: in its path, query, file or argument";
        self.problems.push(Problem::error(place, message).hint(hint));
        None
    }

    pub(crate) fn id(&mut self, text: &str, place: Place) -> Option<Id> {
        self.checked(place, Id::parse(text))
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
        let day = Moment::parse_day(text);
        self.checked(
            doc.place,
            day.ok_or_else(|| format!("`{text}` is not a valid day; write one such as 2026-05-31")),
        )
    }

    pub(crate) fn period(&mut self, text: &str, place: Place) -> Option<Period> {
        self.checked(place, Period::parse(text))
    }

    /// A period key of the KPI's own frequency.
    pub(crate) fn period_of(
        &mut self,
        text: &str,
        place: Place,
        frequency: Frequency,
    ) -> Option<Period> {
        let period = self.period(text, place)?;
        if period.frequency() == frequency {
            return Some(period);
        }
        let wanted = frequency.noun();
        self.error(
            place,
            format!("`{text}` is not a {wanted}, and this KPI has one actual per {wanted}"),
        );
        None
    }

    pub(crate) fn amount(&mut self, doc: &Loc<AmountDoc>) -> Option<Amount> {
        match doc.value.as_ref()? {
            AmountDoc::Number(number) => Some(Amount::Absolute(*number)),
            AmountDoc::Text(text) => {
                let number = text.strip_suffix('%').and_then(|text| text.trim().parse().ok());
                let percent = number.filter(|number: &f64| number.is_finite());
                let message = format!(
                    "`{text}` is not a valid amount; write a number such as 3, or a percentage such as 10%"
                );
                self.checked(doc.place, percent.map(Amount::Percent).ok_or(message))
            }
        }
    }

    /// A time of day, or the usual one where none is written.
    pub(crate) fn time(&mut self, doc: Option<&Loc<String>>, usual: NaiveTime) -> NaiveTime {
        let Some((doc, text)) = doc.and_then(|doc| Some((doc, doc.value.as_deref()?))) else {
            return usual;
        };
        let time = NaiveTime::parse_from_str(text, "%H:%M");
        let message = format!("`{text}` is not a valid time of day; write one such as 07:00");
        self.checked(doc.place, time.map_err(|_| message)).unwrap_or(usual)
    }

    pub(crate) fn weekday(&mut self, doc: &Loc<String>) -> Option<Weekday> {
        let text = doc.value.as_deref()?;
        let day = text.parse::<Weekday>();
        self.checked(
            doc.place,
            day.map_err(|_| {
                format!("`{text}` is not a day of the week; write one such as saturday")
            }),
        )
    }

    pub(crate) fn span(&mut self, doc: &Loc<String>) -> Option<Duration> {
        let text = doc.value.as_deref()?;
        let span = humantime::parse_duration(text);
        self.checked(
            doc.place,
            span.map_err(|_| {
                format!("`{text}` is not a valid duration; write one such as 30s, 15m, 6h or 2d")
            }),
        )
    }

    pub(crate) fn time_delta(&mut self, doc: &Loc<String>) -> Option<TimeDelta> {
        let span = self.span(doc)?;
        self.checked(doc.place, TimeDelta::from_std(span))
    }

    /// An address of HTTP.
    pub(crate) fn web_address(&mut self, doc: &Loc<String>) -> Option<Url> {
        let text = doc.value.as_deref()?;
        match Url::parse(text) {
            Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => Some(url),
            _ => {
                let text = masked(text);
                self.error(
                    doc.place,
                    format!(
                        "`{text}` is not a valid web address; write one such as https://host/path/"
                    ),
                );
                None
            }
        }
    }

    /// A name of a header, or why it is none.
    pub(crate) fn header_name(&mut self, name: &str, place: Place) -> Option<HeaderName> {
        let read = name.parse::<HeaderName>();
        self.checked(place, read.map_err(|_| format!("`{name}` is not a valid header name")))
    }

    pub(crate) fn secret(&mut self, doc: &Loc<SecretDoc>) -> Option<SecretString> {
        self.secret_that(doc, |_| Ok(()))
    }

    /// A secret that goes out in a header of HTTP.
    pub(crate) fn secret_of_header(&mut self, doc: &Loc<SecretDoc>) -> Option<SecretString> {
        self.secret_that(doc, |secret| {
            let is_fit = secret.bytes().all(|byte| (b' '..=b'~').contains(&byte));
            is_fit.then_some(()).ok_or_else(|| {
                "the secret is sent in an HTTP header, and it has a line break or a character outside ASCII; \
                 make it one line of ASCII, with nothing else in its file"
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
            let warning =
                "the secret is written here, where everyone who can read the file can read it";
            let hint = "write { env: NAME }, { file: PATH } or { credential: NAME }";
            self.problems.push(Problem::warning(doc.place, warning).hint(hint));
        }
        if let SecretDoc::File(path) = written {
            self.secret_files.push(self.folder.join(path));
        }
        match (secret::read(written, &self.folder), self.secrets) {
            (Ok(secret), _) => {
                let fits = fits(secret.expose_secret());
                self.checked(doc.place, fits).map(|()| secret)
            }
            (Err(SecretError::Bad(message)), _)
            | (Err(SecretError::Missing(message)), Secrets::Needed) => {
                self.error(doc.place, message);
                None
            }
            (Err(SecretError::Missing(message)), Secrets::Unused) => {
                self.problems.push(Problem::warning(doc.place, message));
                Some(SecretString::from(""))
            }
        }
    }

    /// What is in a file beside the configuration; told where it cannot be read.
    pub(crate) fn file(&mut self, doc: &Loc<String>) -> Option<Vec<u8>> {
        let path = self.folder.join(doc.value.as_deref()?);
        let read = fs::read(&path);
        self.checked(
            doc.place,
            read.map_err(|error| format!("cannot read {}: {}", path.display(), in_words(&error))),
        )
    }

    /// A folder that kpid writes to, and makes where there is none: what stands in the way is told.
    pub(crate) fn writable_folder(&mut self, doc: &Loc<String>) -> Option<PathBuf> {
        let folder = self.folder.join(doc.value.as_deref()?);
        self.no_file_above(doc.place, &folder)?;
        Some(folder)
    }

    /// The file of a database: one that is not there yet may come, a folder is none.
    pub(crate) fn database_file(&mut self, doc: &Loc<String>) -> Option<PathBuf> {
        let path = self.folder.join(doc.value.as_deref()?);
        if path.is_dir() {
            let message = format!("{} is a folder; name the file of a database", path.display());
            self.error(doc.place, message);
            return None;
        }
        self.no_file_above(doc.place, path.parent().unwrap_or(&self.folder.clone()))?;
        Some(path)
    }

    /// Where a folder is needed there is one, or room for one.
    fn no_file_above(&mut self, place: Place, folder: &Path) -> Option<()> {
        let found = folder.ancestors().find_map(|path| Some((path, fs::metadata(path).ok()?)));
        let Some((path, _)) = found.filter(|(_, found)| !found.is_dir()) else { return Some(()) };
        self.error(place, format!("{} is a file, where a folder is needed", path.display()));
        None
    }

    /// A folder that sources use: it may be on another machine than this one, so it is a warning.
    pub(crate) fn folder_of_source(&mut self, path: &Path, place: Place) {
        let why = match fs::metadata(path) {
            Ok(found) if found.is_dir() => return,
            Ok(_) => "it is not a folder".to_owned(),
            Err(error) => in_words(&error),
        };
        let warning = format!("cannot use the folder {}: {why}", path.display());
        let hint = "a relative path starts from the folder of kpid.yaml";
        self.problems.push(Problem::warning(place, warning).hint(hint));
    }

    /// A number that must not be negative.
    pub(crate) fn at_least_zero(&mut self, doc: &Loc<f64>, what: &str) -> Option<f64> {
        let number = doc.value?;
        let message = format!("{what} is {number}; it must be 0 or more");
        self.checked(doc.place, if number >= 0.0 { Ok(number) } else { Err(message) })
    }

    /// A count that must be 1 or more.
    pub(crate) fn at_least_one(&mut self, doc: &Loc<u32>, what: &str) -> Option<u32> {
        let number = doc.value?;
        let message = format!("{what} is 0; it must be 1 or more");
        self.checked(doc.place, if number >= 1 { Ok(number) } else { Err(message) })
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

/// What its author calls it, on one line; without that it is called by its id.
pub(crate) fn name(doc: Option<&Loc<String>>, id: &Id) -> String {
    let name = line(doc).filter(|name| !name.is_empty());
    name.unwrap_or_else(|| id.to_string())
}

/// A text that stands beside others, on one line.
pub(crate) fn line(doc: Option<&Loc<String>>) -> Option<String> {
    given(doc).map(|text| one_line(text))
}

/// What an optional key holds, if it is there and good.
pub(crate) fn given<T>(doc: Option<&Loc<T>>) -> Option<&T> {
    doc.and_then(|doc| doc.value.as_ref())
}
