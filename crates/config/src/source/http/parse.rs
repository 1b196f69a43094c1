//! HTTP APIs and questions to them, parsed.

use crate::source::http::request;
use crate::{
    parse_context::{ParseContext, given},
    problem::{Problem, suggestion},
    source::{
        conditions, csv,
        date_formats::formats,
        figure_columns::columns,
        http::document::{HttpSourceDoc, RowsDoc},
        json_path::json_path,
        reading::ReadingDoc,
        rows::{self, SheetKeys},
    },
    yaml::located::Loc,
};
use kpid_rules::model::Id;
use kpid_sources::{
    FigureColumns, Request,
    http::{
        Extract, Format, HttpQuestion, HttpRequest, PeriodPlace, Place, RowsAt, Sent,
        exposition::Selector,
    },
    rows::row_aggregate::RowAggregate,
};

/// A question to an API.
pub(crate) fn request(context: &mut ParseContext, doc: &HttpSourceDoc) -> Option<Request> {
    let request = match &doc.named {
        Some(name) => named(context, doc, name)?,
        None => request::parse::request(context, &doc.request(), doc.from.place)?,
    };
    let is_series =
        given(doc.reading.as_ref()).is_some_and(|kind| matches!(kind, ReadingDoc::Series));
    if request.pages.is_some() && !is_series && doc.aggregate.is_none() {
        let place = doc.pages.as_ref().map_or(doc.from.place, |pages| pages.place);
        context.error(place, "`pages` requires `reading: series` or `aggregate`");
        return None;
    }
    let extract = match (&request.sent, request.format) {
        (Sent::PromQl(_), _) => of_promql(context, doc, is_series)?,
        (_, Format::Json) => of_json(context, doc, is_series)?,
        (_, Format::Csv(_)) => of_csv(context, doc)?,
        (_, Format::Prometheus) => of_prometheus(context, doc, is_series)?,
    };
    let columns =
        [&doc.observed_at, &doc.target, &doc.observed_at_format].into_iter().flatten().next();
    if !matches!(request.format, Format::Csv(_)) {
        without_sheet(context, doc)?;
    }
    if let Some(column) = columns.filter(|_| !matches!(request.format, Format::Csv(_))) {
        context.error(column.place, "this key names a column of CSV; add `format: csv`");
    }
    Some(Request::Http(Box::new(HttpQuestion { request, extract })))
}

/// A request of the connection.
fn named(
    context: &mut ParseContext,
    doc: &HttpSourceDoc,
    name: &Loc<String>,
) -> Option<HttpRequest> {
    let written = doc.request();
    let own = [&written.get, &written.post, &written.path, &written.promql];
    if let Some(own) = own.into_iter().flatten().next() {
        context.error(own.place, "an HTTP source has either its own request or `named`, not both");
        return None;
    }
    if !written.is_empty() {
        let message =
            "with `named`, the request and its format are in `requests:` of the connection";
        context.error(name.place, message);
        return None;
    }
    let (from, wanted) = (doc.from.value.as_deref()?, name.value.as_deref()?);
    // A connection that is not there is told by itself.
    let calls = context.requests.get(&Id::parse(from).ok()?)?;
    let found = calls.get(wanted).cloned();
    if found.is_none() {
        let hint = suggestion(wanted, calls.keys().map(String::as_str));
        let hint = hint.unwrap_or_else(|| format!("add it to `requests:` of `{from}`"));
        let message = format!("the connection `{from}` has no request `{wanted}`");
        context.problems.push(Problem::error(name.place, message).hint(hint));
    }
    found
}

/// One figure or a series, by JSONPath.
fn of_json(context: &mut ParseContext, doc: &HttpSourceDoc, is_series: bool) -> Option<Extract> {
    let rows = match given(doc.rows.as_ref()) {
        Some(RowsDoc::Map(_)) => {
            context.error(
                doc.from.place,
                "for JSON, `rows` must be a JSONPath; for CSV, add `format: csv`",
            );
            return None;
        }
        Some(RowsDoc::Text(path)) => {
            let place = doc.rows.as_ref().map_or(doc.from.place, |rows| rows.place);
            Some(Loc { place, value: Some(path.clone()) })
        }
        None => None,
    };
    let aggregate = rows::aggregate(context, &doc.aggregate)?;
    let figure = match aggregate {
        Some(RowAggregate::Count) if is_without_figure(doc) => None,
        _ => Some(figure(context, doc, aggregate)?),
    };
    match (rows, &doc.period, figure) {
        (Some(rows), period, figure) if period.is_some() || aggregate.is_some() => {
            rows_at(context, doc, &rows, figure, aggregate)
                .map(|rows| Extract::Rows(Box::new(rows)))
        }
        (None, Some(period), Some(figure)) if is_series && !is_key(period) => {
            without_rows(context, doc)?;
            let formats = formats(context, &doc.period_format, &None);
            let period = json_path(context, period);
            Some(Extract::Lists { period: period?, figure, formats: formats? })
        }
        (None, None, Some(figure)) if !is_series => {
            without_rows(context, doc)?;
            without_formats(context, doc)?;
            Some(Extract::One(figure))
        }
        (None, ..) if aggregate.is_some() => {
            context.error(doc.from.place, "`aggregate` requires `rows`, which it takes together");
            None
        }
        _ => {
            let message = "a series needs `rows`, and `period` within a row, or lists side by side: \
                           `period: $.months[*]` with `value: $.figures[*]`; a single figure needs \
                           neither";
            context.error(doc.from.place, message);
            None
        }
    }
}

/// The rows of a document, and what is taken of them.
fn rows_at(
    context: &mut ParseContext,
    doc: &HttpSourceDoc,
    rows: &Loc<String>,
    figure: Option<Place>,
    aggregate: Option<RowAggregate>,
) -> Option<RowsAt> {
    let rows = json_path(context, rows);
    let period = match &doc.period {
        None => None,
        Some(period) => Some(period_place(context, period)?),
    };
    if period.is_none() {
        without_formats(context, doc)?;
    }
    let formats = formats(context, &doc.period_format, &None);
    let place = doc.conditions.as_ref().map_or(doc.from.place, |doc| doc.place);
    let mut conditions = Vec::new();
    for (path, condition) in conditions::conditions(context, "where", &doc.conditions)? {
        let path = Loc { place, value: Some(path) };
        conditions.push((json_path(context, &path)?, condition));
    }
    Some(RowsAt { rows: rows?, period, figure, formats: formats?, conditions, aggregate })
}

fn is_without_figure(doc: &HttpSourceDoc) -> bool {
    [&doc.value, &doc.numerator, &doc.denominator].into_iter().all(Option::is_none)
}

/// Only of rows some can be picked, or all be taken together.
fn without_rows(context: &mut ParseContext, doc: &HttpSourceDoc) -> Option<()> {
    let places =
        [doc.conditions.as_ref().map(|doc| doc.place), doc.aggregate.as_ref().map(|doc| doc.place)];
    let Some(place) = places.into_iter().flatten().next() else { return Some(()) };
    context.error(place, "this is about rows, so it has no effect without `rows`; add that");
    None
}

/// What only a sheet has.
fn without_sheet(context: &mut ParseContext, doc: &HttpSourceDoc) -> Option<()> {
    let places = [
        doc.skip.as_ref().map(|doc| doc.place),
        doc.until.as_ref().map(|doc| doc.place),
        doc.ignore.as_ref().map(|doc| doc.place),
        doc.strip.as_ref().map(|doc| doc.place),
    ];
    let Some(place) = places.into_iter().flatten().next() else { return Some(()) };
    context.error(place, "this key is only for CSV; add `format: csv`");
    None
}

/// Whether the period is the key of its row.
fn is_key(doc: &Loc<String>) -> bool {
    doc.value.as_deref() == Some("key")
}

fn period_place(context: &mut ParseContext, doc: &Loc<String>) -> Option<PeriodPlace> {
    if is_key(doc) {
        return Some(PeriodPlace::Key);
    }
    json_path(context, doc).map(PeriodPlace::Path)
}

/// Only what has periods has them in a format.
fn without_formats(context: &mut ParseContext, doc: &HttpSourceDoc) -> Option<()> {
    let formats = [&doc.period_format, &doc.observed_at_format].into_iter().flatten().next();
    let Some(format) = formats else { return Some(()) };
    context.error(format.place, "a single figure has no period, so this has no effect; remove it");
    None
}

fn figure(
    context: &mut ParseContext,
    doc: &HttpSourceDoc,
    aggregate: Option<RowAggregate>,
) -> Option<Place> {
    let figure = columns(context, doc.from.place, &doc.value, &doc.numerator, &doc.denominator)?;
    if figure.is_none() {
        let message = "an HTTP source needs either `value`, or `numerator` and `denominator`";
        context.error(doc.from.place, message);
    }
    rows::check_ratio(context, &doc.aggregate, aggregate, figure.as_ref())?;
    let mut path = |doc: &Option<Loc<String>>| json_path(context, doc.as_ref()?);
    match figure? {
        FigureColumns::Value(_) => path(&doc.value).map(Place::Value),
        FigureColumns::Ratio { .. } => {
            let parts = (path(&doc.numerator), path(&doc.denominator));
            Some(Place::Ratio { numerator: parts.0?, denominator: parts.1? })
        }
    }
}

fn of_csv(context: &mut ParseContext, doc: &HttpSourceDoc) -> Option<Extract> {
    let figure = columns(context, doc.from.place, &doc.value, &doc.numerator, &doc.denominator)?;
    let holding = match given(doc.rows.as_ref()) {
        Some(RowsDoc::Text(_)) => {
            context
                .error(doc.from.place, "for CSV, `rows` must be a map such as { Region: North }");
            return None;
        }
        Some(RowsDoc::Map(rows)) => csv::parse::holding(context, Some(rows)),
        None => Vec::new(),
    };
    let keys = SheetKeys {
        conditions: &doc.conditions,
        aggregate: &doc.aggregate,
        skip: &doc.skip,
        until: &doc.until,
        ignore: &doc.ignore,
        strip: &doc.strip,
        observed_at: &doc.observed_at,
        target: &doc.target,
    };
    let period = csv::parse::period(doc.period.as_ref(), doc.reading.as_ref());
    let formats = formats(context, &doc.period_format, &doc.observed_at_format)?;
    let rows = rows::sheet(context, &keys, figure, period, holding, formats)?;
    Some(Extract::Csv(Box::new(rows)))
}

fn of_prometheus(
    context: &mut ParseContext,
    doc: &HttpSourceDoc,
    is_series: bool,
) -> Option<Extract> {
    only_now(context, doc, is_series)?;
    let mut selector = |doc: &Option<Loc<String>>| {
        let doc = doc.as_ref()?;
        let what = "the name of a metric, which is read as it is now";
        context.without_period(doc.place, doc.value.as_deref()?, what)?;
        let read = Selector::parse(doc.value.as_deref()?);
        context.checked(doc.place, read)
    };
    match (&doc.value, &doc.numerator, &doc.denominator) {
        (Some(_), None, None) => selector(&doc.value).map(Extract::Sample),
        (None, Some(_), Some(_)) => {
            let parts = (selector(&doc.numerator), selector(&doc.denominator));
            Some(Extract::Samples { numerator: parts.0?, denominator: parts.1? })
        }
        _ => {
            let message = "an HTTP source needs either `value`, or `numerator` and `denominator`";
            context.error(doc.from.place, message);
            None
        }
    }
}

fn of_promql(context: &mut ParseContext, doc: &HttpSourceDoc, is_series: bool) -> Option<Extract> {
    only_now(context, doc, is_series)?;
    let figure = [&doc.value, &doc.numerator, &doc.denominator].into_iter().flatten().next();
    if let Some(figure) = figure {
        context.error(figure.place, "`promql` gives the figure; remove this");
        return None;
    }
    Some(Extract::PromQl)
}

/// Prometheus is asked how it is at one instant.
fn only_now(context: &mut ParseContext, doc: &HttpSourceDoc, is_series: bool) -> Option<()> {
    without_rows(context, doc)?;
    without_formats(context, doc)?;
    let rows = doc.rows.as_ref().map(|rows| rows.place);
    let place = doc.period.as_ref().map(|period| period.place).or(rows);
    if let Some(place) = place.or(is_series.then_some(doc.from.place)) {
        context.error(
            place,
            "Prometheus gives a single figure, not a series; remove `rows` and `period`",
        );
        return None;
    }
    Some(())
}
