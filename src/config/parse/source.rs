//! Sources, parsed.

use serde_json_path::JsonPath;

use super::{Desk, Mention, given, kpi::within};
use crate::{
    config::{
        document::{
            located::Loc,
            scorecard::{HttpSourceDoc, ReadingDoc, SourceDoc, SqlSourceDoc},
        },
        problem::Problem,
    },
    scorecard::ReadingKind,
    sources::{
        Request, Source,
        http::{Extract, Get},
        sql::Query,
    },
};

/// A series is asked again this many periods back unless its author says otherwise.
const LOOKBACK: u32 = 3;

/// A longer look back is a backfill.
const LOOKBACK_MAX: u32 = 120;

/// A source, and the connection it names.
pub(super) fn source(desk: &mut Desk, doc: &SourceDoc) -> Option<(Source, Mention)> {
    let (from, reading_doc, lookback, request) = match doc {
        SourceDoc::Sql(doc) => (&doc.from, &doc.reading, &doc.lookback, sql(desk, doc)),
        SourceDoc::Http(doc) => (&doc.from, &doc.reading, &doc.lookback, http(desk, doc)),
    };
    let connection = desk.mention(from)?;
    let back = given(lookback.as_ref()).copied().unwrap_or(LOOKBACK);
    if let Some(doc) = lookback.as_ref().filter(|_| back > LOOKBACK_MAX) {
        desk.error(doc.place, format!("lookback is {back}; it lies between 0 and {LOOKBACK_MAX}"));
    }
    let kind = given(reading_doc.as_ref()).map_or(ReadingKind::Value, |doc| reading(*doc));
    let source =
        Source { from: connection.id.clone(), request: request?, reading: kind, lookback: back };
    Some((source, connection))
}

pub(super) fn reading(doc: ReadingDoc) -> ReadingKind {
    match doc {
        ReadingDoc::Value => ReadingKind::Value,
        ReadingDoc::Delta => ReadingKind::Delta,
        ReadingDoc::ToDate => ReadingKind::ToDate,
        ReadingDoc::Counter => ReadingKind::Counter,
        ReadingDoc::Series => ReadingKind::Series,
    }
}

fn sql(desk: &mut Desk, doc: &SqlSourceDoc) -> Option<Request> {
    let text = doc.query.value.as_deref()?;
    match Query::parse(text) {
        Ok(query) => Some(Request::Sql(query)),
        Err(error) => {
            let place = within(doc.query.place, error.at, text);
            desk.problems.push(Problem::error(place, error.message));
            None
        }
    }
}

fn http(desk: &mut Desk, doc: &HttpSourceDoc) -> Option<Request> {
    let path = doc.get.value.clone()?;
    if let Err(message) = Get::check(&path) {
        desk.error(doc.get.place, message);
    }
    if let Some(reading) = doc.reading.as_ref()
        && matches!(reading.value, Some(ReadingDoc::Series))
    {
        desk.error(reading.place, "a series comes from SQL; an HTTP source gives one figure");
    }
    let extract = match (&doc.value, &doc.numerator, &doc.denominator) {
        (Some(value), None, None) => Extract::Value(json_path(desk, value)?),
        (None, Some(numerator), Some(denominator)) => Extract::Ratio {
            numerator: json_path(desk, numerator)?,
            denominator: json_path(desk, denominator)?,
        },
        _ => {
            let message = "an HTTP source names `value`, or `numerator` and `denominator`";
            desk.error(doc.get.place, message);
            return None;
        }
    };
    Some(Request::Http(Get { path, extract }))
}

fn json_path(desk: &mut Desk, doc: &Loc<String>) -> Option<JsonPath> {
    let text = doc.value.as_deref()?;
    match JsonPath::parse(text) {
        Ok(path) => Some(path),
        Err(error) => {
            let place = within(doc.place, error.position(), text);
            let message = format!("`{text}` is no JSONPath: {}", error.message());
            desk.problems.push(Problem::error(place, message).hint("write one such as $.result.score"));
            None
        }
    }
}
