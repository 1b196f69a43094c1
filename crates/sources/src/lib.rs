//! The edge where actuals come in: HTTP APIs, SQL databases, CSV files and commands. A source answers
//! with samples, null, no rows or an error, and these are four different things.

mod cell;
mod charset;
mod circuit_breaker;
pub mod circuit_guard;
pub mod command;
pub mod connections;
pub mod csv;
mod fault;
pub mod http;
pub mod json;
pub mod parameter;
pub mod push;
mod retry;
pub mod shared_answers;
pub mod sql;
mod table;
mod tls_error;
mod unpack;
pub mod wording;

use chrono::{DateTime, NaiveDate, Utc};

use kpid_rules::{
    model::{Calendar, Frequency, Id, Period},
    series::{ReadingKind, Sample},
};

/// How to reach one system.
#[derive(Clone, Debug)]
pub enum Connection {
    /// An HTTP API.
    Http(Box<http::Endpoint>),
    /// A SQL database.
    Sql(sql::Database),
    /// A folder of CSV files.
    Csv(csv::Folder),
    /// Programs of the author's own.
    Command(command::Commands),
    /// A system that pushes.
    Push(push::PushEndpoint),
}

impl Connection {
    /// What it is, in words.
    pub fn noun(&self) -> &'static str {
        match self {
            Self::Http(_) => "an HTTP API",
            Self::Sql(_) => "a database",
            Self::Csv(_) => "a folder of CSV files",
            Self::Command(_) => "for commands",
            Self::Push(_) => "for a system that pushes",
        }
    }

    /// The endpoint of a system that pushes.
    pub fn push_endpoint(&self) -> Option<&push::PushEndpoint> {
        match self {
            Self::Push(endpoint) => Some(endpoint),
            _ => None,
        }
    }

    /// Whether this can be asked of it.
    pub fn takes(&self, request: &Request) -> bool {
        matches!(
            (self, request),
            (Self::Http(_), Request::Http(_))
                | (Self::Sql(_), Request::Sql(_))
                | (Self::Csv(_), Request::Csv(_))
                | (Self::Command(_), Request::Command(_))
        )
    }
}

/// Where to ask, and what.
#[derive(Clone, Debug)]
pub struct Source {
    /// The connection's id.
    pub from: Id,
    /// What to ask it.
    pub request: Request,
    /// What one answer is.
    pub reading: ReadingKind,
    /// How many periods before the present one a `series` is asked again for.
    pub lookback: u32,
}

/// What to ask.
#[derive(Clone, Debug)]
pub enum Request {
    /// Of an HTTP API.
    Http(Box<http::HttpQuestion>),
    /// Of a SQL database.
    Sql(sql::Query),
    /// Of a folder of CSV files.
    Csv(csv::Sheet),
    /// Of a command.
    Command(command::Run),
}

/// Where a figure stands in a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FigureColumns {
    /// One value.
    Value(String),
    /// A ratio's two parts.
    Ratio {
        /// What is counted.
        numerator: String,
        /// How many there are.
        denominator: String,
    },
}

impl Request {
    /// What is asked, word by word, where KPIs that ask the same can read one answer.
    fn words(&self) -> Option<String> {
        match self {
            Self::Sql(query) => Some(query.words()),
            Self::Command(run) => Some(run.words()),
            Self::Http(ask) => Some(ask.request.words()),
            Self::Csv(_) => None,
        }
    }

    /// What is taken out of an answer when it comes, where that is not done by columns later.
    fn extract(&self) -> Option<&http::Extract> {
        match self {
            Self::Http(ask) => Some(&ask.extract),
            Self::Sql(_) | Self::Csv(_) | Self::Command(_) => None,
        }
    }

    /// The columns of the figure, where they are not found by their usual names.
    fn figure(&self) -> Option<&FigureColumns> {
        match self {
            Self::Sql(query) => query.figure.as_ref(),
            Self::Command(run) => run.figure.as_ref(),
            Self::Http(_) | Self::Csv(_) => None,
        }
    }

    /// What it is, in words.
    pub fn noun(&self) -> &'static str {
        match self {
            Self::Http(_) => "an HTTP request",
            Self::Sql(_) => "a query",
            Self::Csv(_) => "a CSV file",
            Self::Command(_) => "a command",
        }
    }

    /// Whether the question says which period it is about, so that one long past can be asked for.
    pub fn names_period(&self) -> bool {
        match self {
            Self::Http(ask) => ask.request.names_period() || ask.extract.picks_period(),
            Self::Sql(query) => query.names_period(),
            // A column of periods says it of every row.
            Self::Csv(sheet) => sheet.rows.period.is_some() || sheet.file.names_period(),
            Self::Command(run) => run.names_period(),
        }
    }
}

/// The span of time a question is about, as offered to queries: `:period_start`, `:period_end`,
/// `:period_first_day`, `:period_last_day`, `:period_key`.
#[derive(Clone, Debug, PartialEq)]
pub struct Window {
    /// The period asked for; of a series, the newest.
    pub period: Period,
    /// First instant asked for; of a series, the start of the oldest period looked back to.
    pub start: DateTime<Utc>,
    /// First instant after the span.
    pub end: DateTime<Utc>,
    /// First local day asked for.
    pub first_day: NaiveDate,
    /// Last local day asked for.
    pub last_day: NaiveDate,
}

/// Everything a fetch needs beside its source.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// What span is asked for.
    pub window: &'a Window,
    /// The KPI's frequency: what periods its series may name.
    pub frequency: Frequency,
    /// Turns the days and instants of a series into periods, and naive times into instants.
    pub calendar: &'a Calendar,
    /// When it is asked.
    pub now: DateTime<Utc>,
}

/// A question and its answer as a person may see them: shortened, and without secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exchange {
    /// What was asked of whom.
    pub asked: String,
    /// The beginning of what came; none where nothing usable did, which the outcome then words.
    pub came: Option<String>,
}

/// What came of asking. Nothing is ever coerced from one to another.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// At least one sample has a figure.
    Samples(Vec<Sample>),
    /// The source answered, with null.
    Null,
    /// The source answered, with nothing.
    NoRows,
    /// The source did not answer, or not with something that fits: a sentence for people, without
    /// secrets, naming what was asked and what came.
    Error(String),
}
