//! Where the figures of a KPI come from: which connection, and what it is asked.

use crate::{
    command, csv,
    dates::period_format::{DateFormats, USUAL_FORMATS},
    figure_columns::FigureColumns,
    http,
    scale::Scale,
    sql,
};
use kpid_rules::{model::Id, series::ReadingKind};

/// Where to ask, and what.
#[derive(Clone, Debug)]
pub struct Source {
    /// The connection's id.
    pub from: Id,
    /// What to ask it.
    pub request: Request,
    /// What one answer is.
    pub reading: ReadingKind,
    /// By what figures are multiplied, where the system counts in another unit.
    pub scale: Option<Scale>,
    /// How many periods before the present one a `series` is asked again for.
    pub lookback: u32,
}

/// What to ask; boxed, for there may be very many of one kind.
#[derive(Clone, Debug)]
pub enum Request {
    /// Of an HTTP API.
    Http(Box<http::HttpQuestion>),
    /// Of a SQL database.
    Sql(Box<sql::Query>),
    /// Of a folder of CSV files.
    Csv(Box<csv::Sheet>),
    /// Of a command.
    Command(Box<command::Run>),
}

impl Request {
    /// What is asked, word by word, where KPIs that ask the same can read one answer.
    pub(crate) fn words(&self) -> Option<String> {
        match self {
            Self::Sql(query) => Some(query.words()),
            Self::Command(run) => Some(run.words()),
            Self::Http(ask) => Some(ask.request.words()),
            Self::Csv(_) => None,
        }
    }

    /// What tells it from other requests of its connection.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Csv(sheet) => format!("{:?}", sheet.file),
            Self::Http(_) | Self::Sql(_) | Self::Command(_) => self.words().unwrap_or_default(),
        }
    }

    /// Whether it may be given up and asked again while nobody knows what became of it: a command may
    /// do more than answer, and a database goes on with a query that nobody waits for any more.
    pub(crate) fn is_repeatable(&self) -> bool {
        match self {
            Self::Http(ask) => ask.request.is_repeatable(),
            Self::Sql(_) | Self::Csv(_) | Self::Command(_) => false,
        }
    }

    /// What is taken out of an answer when it comes, where that is not done by columns later.
    pub(crate) fn extract(&self) -> Option<&http::Extract> {
        match self {
            Self::Http(ask) => Some(&ask.extract),
            Self::Sql(_) | Self::Csv(_) | Self::Command(_) => None,
        }
    }

    /// The columns of the figure, where they are not found by their usual names.
    pub(crate) fn figure(&self) -> Option<&FigureColumns> {
        match self {
            Self::Sql(query) => query.figure.as_ref(),
            Self::Command(run) => run.figure.as_ref(),
            Self::Http(_) | Self::Csv(_) => None,
        }
    }

    /// The formats of the columns that say when.
    pub(crate) fn date_formats(&self) -> &DateFormats {
        match self {
            Self::Sql(query) => &query.formats,
            Self::Command(run) => &run.formats,
            Self::Csv(sheet) => &sheet.rows.formats,
            Self::Http(ask) => match &ask.extract {
                http::Extract::Rows(rows) => &rows.formats,
                http::Extract::Lists { formats, .. } => formats,
                http::Extract::Csv(rows) => &rows.formats,
                _ => &USUAL_FORMATS,
            },
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
