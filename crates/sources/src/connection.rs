//! A system that is asked, or that pushes: what reaches it, by kind.

use crate::{command, csv, http, push, source::Request, sql};

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
