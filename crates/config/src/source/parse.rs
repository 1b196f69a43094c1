//! Sources, parsed.

use crate::{
    parse_context::{Mention, ParseContext, given},
    source::{command, csv, document::SourceDoc, http, reading::reading, sql},
    yaml::{located::Loc, scalar::ScaleDoc},
};
use kpid_rules::series::ReadingKind;
use kpid_sources::{Source, scale::Scale};

/// A series is asked again this many periods back unless its author says otherwise.
const LOOKBACK: u32 = 3;

/// A longer look back is a backfill.
const LOOKBACK_MAX: u32 = 120;

/// A source, and the connection it names, which is looked up even if the rest is wrong.
pub(crate) fn source(
    context: &mut ParseContext,
    doc: &SourceDoc,
) -> (Option<Source>, Option<Mention>) {
    let (from, reading_doc, lookback, (scale, numerator), request) = match doc {
        SourceDoc::Sql(doc) => (
            &doc.from,
            &doc.reading,
            &doc.lookback,
            (&doc.scale, &doc.numerator),
            sql::parse::request(context, doc),
        ),
        SourceDoc::Http(doc) => (
            &doc.from,
            &doc.reading,
            &doc.lookback,
            (&doc.scale, &doc.numerator),
            http::parse::request(context, doc),
        ),
        SourceDoc::Csv(doc) => (
            &doc.from,
            &doc.reading,
            &doc.lookback,
            (&doc.scale, &doc.numerator),
            csv::parse::request(context, doc),
        ),
        SourceDoc::Command(doc) => (
            &doc.from,
            &doc.reading,
            &doc.lookback,
            (&doc.scale, &doc.numerator),
            command::parse::request(context, doc),
        ),
        // Nothing is asked for.
        SourceDoc::Push(doc) => return (None, context.mention(&doc.from)),
    };
    let connection = context.mention(from);
    let back = given(lookback.as_ref()).copied().unwrap_or(LOOKBACK);
    if let Some(doc) = lookback.as_ref().filter(|_| back > LOOKBACK_MAX) {
        context.error(
            doc.place,
            format!("`lookback` is {back}; it must be between 0 and {LOOKBACK_MAX}"),
        );
    }
    let scale = match scale {
        None => Some(None),
        Some(doc) if numerator.is_some() => {
            let message =
                "`scale` multiplies a `value`; the parts of a ratio are counts, and stay so";
            context.error(doc.place, message);
            None
        }
        Some(doc) => self::scale(context, doc).map(Some),
    };
    let kind = given(reading_doc.as_ref()).map_or(ReadingKind::Value, |doc| reading(*doc));
    let source = connection.as_ref().zip(request).zip(scale);
    let source = source.map(|((connection, request), scale)| Source {
        from: connection.id.clone(),
        request,
        reading: kind,
        scale,
        lookback: back,
    });
    (source, connection)
}

/// By what figures are multiplied.
fn scale(context: &mut ParseContext, doc: &Loc<ScaleDoc>) -> Option<Scale> {
    let text = match doc.value.as_ref()? {
        ScaleDoc::Number(number) => number.to_string(),
        ScaleDoc::Text(text) => text.clone(),
    };
    context.checked(doc.place, Scale::parse(&text))
}
