//! The edge where actuals come in: HTTP APIs and SQL databases. A source answers with samples,
//! null, no rows or an error, and these are four different things.

mod cell;
pub mod connections;
pub mod http;
pub mod parameter;
pub mod sql;
mod table;

use chrono::{DateTime, NaiveDate, Utc};

use crate::scorecard::{Calendar, Frequency, Id, Period, ReadingKind, Sample};

/// How to reach one system.
#[derive(Clone, Debug)]
pub enum Connection {
    /// An HTTP API.
    Http(http::Endpoint),
    /// A SQL database.
    Sql(sql::Database),
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
    Http(http::Get),
    /// Of a SQL database.
    Sql(sql::Query),
}

impl Request {
    /// Whether the question says which period it is about, so that one long past can be asked for.
    pub fn names_period(&self) -> bool {
        match self {
            Self::Http(get) => get.path.names_period(),
            Self::Sql(query) => query.names_period(),
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
