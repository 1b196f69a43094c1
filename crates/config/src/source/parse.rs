//! Sources, parsed.

use crate::{
    kpi::parse::within,
    parse_context::{Desk, Mention, given},
    problem::{Place as At, Problem, suggestion},
    source::{
        command, csv,
        document::{ReadingDoc, SourceDoc, SqlSourceDoc},
        http,
    },
    yaml::located::Loc,
};
use kpid_rules::{model::Id, series::ReadingKind};
use kpid_sources::{
    FigureColumns, Request, Source,
    sql::{Dialect, Query},
};

/// A series is asked again this many periods back unless its author says otherwise.
const LOOKBACK: u32 = 3;

/// A longer look back is a backfill.
const LOOKBACK_MAX: u32 = 120;

/// A source, and the connection it names, which is looked up even if the rest is wrong.
pub(crate) fn source(desk: &mut Desk, doc: &SourceDoc) -> (Option<Source>, Option<Mention>) {
    let (from, reading_doc, lookback, request) = match doc {
        SourceDoc::Sql(doc) => (&doc.from, &doc.reading, &doc.lookback, sql(desk, doc)),
        SourceDoc::Http(doc) => {
            (&doc.from, &doc.reading, &doc.lookback, http::parse::request(desk, doc))
        }
        SourceDoc::Csv(doc) => {
            (&doc.from, &doc.reading, &doc.lookback, csv::parse::request(desk, doc))
        }
        SourceDoc::Command(doc) => {
            (&doc.from, &doc.reading, &doc.lookback, command::parse::request(desk, doc))
        }
        // Nothing is asked for.
        SourceDoc::Push(doc) => return (None, desk.mention(&doc.from)),
    };
    let connection = desk.mention(from);
    let back = given(lookback.as_ref()).copied().unwrap_or(LOOKBACK);
    if let Some(doc) = lookback.as_ref().filter(|_| back > LOOKBACK_MAX) {
        desk.error(doc.place, format!("lookback is {back}; it lies between 0 and {LOOKBACK_MAX}"));
    }
    let kind = given(reading_doc.as_ref()).map_or(ReadingKind::Value, |doc| reading(*doc));
    let source = connection.as_ref().zip(request).map(|(connection, request)| Source {
        from: connection.id.clone(),
        request,
        reading: kind,
        lookback: back,
    });
    (source, connection)
}

pub(crate) fn reading(doc: ReadingDoc) -> ReadingKind {
    match doc {
        ReadingDoc::Value => ReadingKind::Value,
        ReadingDoc::Delta => ReadingKind::Delta,
        ReadingDoc::ToDate => ReadingKind::ToDate,
        ReadingDoc::Counter => ReadingKind::Counter,
        ReadingDoc::Series => ReadingKind::Series,
    }
}

fn sql(desk: &mut Desk, doc: &SqlSourceDoc) -> Option<Request> {
    let mut query = match (&doc.query, &doc.named) {
        (Some(written), None) => {
            let from = doc.from.value.as_deref().and_then(|from| Id::parse(from).ok());
            let speech = from.and_then(|from| desk.speeches.get(&from));
            let dialect = speech.map_or(Dialect::Standard, |speech| speech.dialect);
            query(desk, written, dialect)?
        }
        (None, Some(name)) => named(desk, &doc.from, name)?,
        _ => {
            desk.error(doc.from.place, "an SQL source has either a `query` or one that is `named`");
            return None;
        }
    };
    let place = doc.from.place;
    query.figure = columns(desk, place, &doc.value, &doc.numerator, &doc.denominator)?;
    Some(Request::Sql(query))
}

/// A query, with what is wrong with it told where it stands.
pub(crate) fn query(desk: &mut Desk, doc: &Loc<String>, dialect: Dialect) -> Option<Query> {
    let text = doc.value.as_deref()?;
    match Query::parse_as(text, dialect) {
        Ok(query) => Some(query),
        Err(error) => {
            let place = within(doc.place, error.at, text);
            desk.error(place, error.problem.to_string());
            None
        }
    }
}

/// A query of the connection.
fn named(desk: &mut Desk, from: &Loc<String>, name: &Loc<String>) -> Option<Query> {
    let (from, wanted) = (from.value.as_deref()?, name.value.as_deref()?);
    let id = Id::parse(from).ok()?;
    let Some(speech) = desk.speeches.get(&id) else {
        // A connection that is not there is told by itself.
        if desk.calls.contains_key(&id) {
            desk.error(name.place, format!("`{from}` is no database and has no queries"));
        }
        return None;
    };
    let queries = &speech.queries;
    let found = queries.get(wanted).cloned();
    if found.is_none() {
        let hint = suggestion(wanted, queries.keys().map(String::as_str));
        let hint = hint.unwrap_or_else(|| format!("add it to `queries:` of `{from}`"));
        let message = format!("the connection `{from}` has no query `{wanted}`");
        desk.problems.push(Problem::error(name.place, message).hint(hint));
    }
    found
}

/// The columns of a figure, where any are named; none where they are at odds, which is told.
pub(crate) fn columns(
    desk: &mut Desk,
    place: At,
    value: &Option<Loc<String>>,
    numerator: &Option<Loc<String>>,
    denominator: &Option<Loc<String>>,
) -> Option<Option<FigureColumns>> {
    for doc in [value, numerator, denominator].into_iter().flatten() {
        let name = doc.value.as_deref().unwrap_or_default();
        desk.without_period(doc.place, name, "the place of a figure")?;
    }
    match (value, numerator, denominator) {
        (None, None, None) => Some(None),
        (Some(value), None, None) => Some(Some(FigureColumns::Value(value.value.clone()?))),
        (None, Some(numerator), Some(denominator)) => Some(Some(FigureColumns::Ratio {
            numerator: numerator.value.clone()?,
            denominator: denominator.value.clone()?,
        })),
        _ => {
            desk.error(place, "a source names `value`, or `numerator` and `denominator`");
            None
        }
    }
}
