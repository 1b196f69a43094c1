//! Asks one connection one question about May 2026 in Amsterdam.

use std::time::Duration;

use chrono_tz::Europe::Amsterdam;
use indexmap::IndexMap;
use kpid_rules::{
    model::{Calendar, Frequency, Id, Period},
    series::{Figure, ReadingKind},
};
use kpid_sources::{
    Connection, Outcome, Question, Request, Source, Window,
    connections::Connections,
    http::{Extract, Format, HttpQuestion, HttpRequest, Place, Sent, Template},
    shared_answers::Shared,
    sql::{Address, Database, Query, Server, Tls},
};
use reqwest::Method;
use secrecy::SecretString;
use serde_json_path::JsonPath;

use crate::world::until;

/// The id of the only connection.
pub(crate) fn id() -> Id {
    Id::parse("erp").unwrap()
}

/// The connection alone, open.
pub(crate) fn open(connection: Connection) -> Connections {
    Connections::open(&IndexMap::from([(id(), connection)])).unwrap()
}

/// A database that may take its time, on a busy machine too.
pub(crate) fn database(address: Address) -> Connection {
    limited(address, Duration::from_secs(600))
}

/// A database whose answer is not waited for: for queries that would never end.
pub(crate) fn hurried(address: Address) -> Connection {
    limited(address, Duration::from_secs(3))
}

fn limited(address: Address, timeout: Duration) -> Connection {
    Connection::Sql(Database { address, timeout, concurrent_max: 2, rows_max: 100 })
}

/// Asks, and gives up as soon as the server works on it.
pub(crate) async fn give_up(
    connections: &Connections,
    text: &str,
    is_under_way: impl AsyncFnMut() -> bool,
) {
    tokio::select! {
        outcome = query(connections, ReadingKind::Value, text) => panic!("{outcome:?}"),
        _ = until("the query to be under way", is_under_way, |yes| *yes) => {}
    }
}

/// A server on this machine.
pub(crate) fn server(port: u16, user: &str, password: &str) -> Server {
    Server {
        host: "127.0.0.1".into(),
        port,
        database: "erp".into(),
        user: user.into(),
        password: Some(SecretString::from(password)),
        tls: Tls::Disable,
        authority: None,
    }
}

/// What a query gives.
pub(crate) async fn query(connections: &Connections, reading: ReadingKind, text: &str) -> Outcome {
    ask(connections, reading, Request::Sql(Box::new(Query::parse(text).unwrap()))).await
}

/// What a request gives.
pub(crate) async fn ask(
    connections: &Connections,
    reading: ReadingKind,
    request: Request,
) -> Outcome {
    let (calendar, period) = (Calendar::plain(Amsterdam), Period::Month(2026, 5));
    let (start, end) = calendar.bounds(period);
    let (first_day, last_day) = (calendar.first_day(period), calendar.last_day(period));
    let window = Window { period, start, end, first_day, last_day };
    let (frequency, now) = (Frequency::Month, window.end);
    let question = Question { window: &window, frequency, calendar: &calendar, now };
    let source = Source { from: id(), request, reading, scale: None, lookback: 0 };
    connections.fetch(&Shared::nothing(), &source, &question).await
}

/// A GET of a document in which the value is at a JSONPath.
pub(crate) fn value_at(path: &str, value: &str) -> Request {
    let request = HttpRequest {
        path: Template::parse(path).unwrap(),
        method: Method::GET,
        sent: Sent::Nothing,
        headers: Vec::new(),
        secrets: Vec::new(),
        pages: None,
        last_page: Vec::new(),
        require: Vec::new(),
        statuses: Vec::new(),
        format: Format::Json,
        encoding: None,
    };
    let extract = Extract::One(Place::Value(JsonPath::parse(value).unwrap()));
    Request::Http(Box::new(HttpQuestion { request, extract }))
}

/// An outcome in few words, to compare with.
pub(crate) fn words(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Null => "null".into(),
        Outcome::NoRows => "no rows".into(),
        Outcome::Error(error) => error.clone(),
        Outcome::Samples(samples) => {
            let words = samples.iter().map(|sample| {
                let period = sample.period.map_or(String::new(), |period| format!("{period}="));
                let figure = match sample.figure {
                    None => "null".into(),
                    Some(Figure::Value(value)) => value.to_string(),
                    Some(Figure::Ratio { numerator, denominator }) => {
                        format!("{numerator}/{denominator}")
                    }
                };
                period + &figure
            });
            words.collect::<Vec<_>>().join(" ")
        }
    }
}

/// Asks every query for one value and compares; an expected error is a part of it after `!`.
pub(crate) async fn check(connections: &Connections, reading: ReadingKind, cases: &[(&str, &str)]) {
    for (text, expected) in cases {
        let found = words(&query(connections, reading, text).await);
        match expected.strip_prefix('!') {
            Some(part) => {
                assert!(found.starts_with("`erp`: ") && found.contains(part), "{text}: {found}")
            }
            None => assert_eq!(&found, expected, "{text}"),
        }
    }
}
