//! What of many rows a source takes: `where:`, `aggregate:`, and what of a sheet is no part of its table.

use serde_json::Value;

use crate::{
    parse_context::{ParseContext, given},
    source::conditions::conditions,
    yaml::{located::Loc, scalar::TextsDoc},
};
use kpid_sources::{
    FigureColumns, csv::Rows, dates::period_format::DateFormats, rows::row_aggregate::RowAggregate,
};

/// More lines before a header are no preamble.
const SKIP_MAX: u32 = 1000;

/// The keys of a source that say which rows of a sheet it takes.
pub(crate) struct SheetKeys<'d> {
    pub(crate) conditions: &'d Option<Loc<Value>>,
    pub(crate) aggregate: &'d Option<Loc<String>>,
    pub(crate) skip: &'d Option<Loc<u32>>,
    pub(crate) until: &'d Option<Loc<String>>,
    pub(crate) ignore: &'d Option<Loc<TextsDoc>>,
    pub(crate) strip: &'d Option<Loc<TextsDoc>>,
    pub(crate) observed_at: &'d Option<Loc<String>>,
    pub(crate) target: &'d Option<Loc<String>>,
}

/// The rows of a sheet, as far as these keys say.
pub(crate) fn sheet(
    context: &mut ParseContext,
    keys: &SheetKeys<'_>,
    figure: Option<FigureColumns>,
    period: Option<String>,
    holding: Vec<(String, String)>,
    formats: DateFormats,
) -> Option<Rows> {
    let aggregate = aggregate(context, keys.aggregate)?;
    let of_one_row = [keys.observed_at, keys.target].into_iter().flatten().next();
    if let Some(of_one_row) = of_one_row.filter(|_| aggregate.is_some()) {
        let message = "with `aggregate` a figure is made of many rows, so this has no effect";
        context.error(of_one_row.place, message);
        return None;
    }
    let figure = match (figure, aggregate) {
        (None, Some(RowAggregate::Count)) => None,
        (None, _) => Some(FigureColumns::Value("value".to_owned())),
        (figure, _) => figure,
    };
    check_ratio(context, keys.aggregate, aggregate, figure.as_ref())?;
    if let Some(doc) = keys.skip.as_ref().filter(|doc| doc.value > Some(SKIP_MAX)) {
        context.error(doc.place, format!("`skip` must be between 0 and {SKIP_MAX}"));
        return None;
    }
    let until = keys.until.as_ref();
    if let Some(doc) =
        until.filter(|doc| doc.value.as_ref().is_some_and(|text| text.trim().is_empty()))
    {
        context.error(doc.place, "`until` is empty; write how the line begins that ends the table");
        return None;
    }
    Some(Rows {
        figure,
        period,
        observed_at: given(keys.observed_at.as_ref()).cloned(),
        target: given(keys.target.as_ref()).cloned(),
        formats,
        holding,
        conditions: conditions(context, "where", keys.conditions)?,
        aggregate,
        skip: given(keys.skip.as_ref()).copied(),
        until: given(until).cloned(),
        ignore: texts(keys.ignore),
        strip: texts(keys.strip),
    })
}

/// How rows become one figure; none where a word says nothing, which is told.
pub(crate) fn aggregate(
    context: &mut ParseContext,
    doc: &Option<Loc<String>>,
) -> Option<Option<RowAggregate>> {
    let Some(doc) = doc else { return Some(None) };
    let read = RowAggregate::parse(doc.value.as_deref()?);
    context.checked(doc.place, read).map(Some)
}

/// The parts of a ratio can only be added up.
pub(crate) fn check_ratio(
    context: &mut ParseContext,
    doc: &Option<Loc<String>>,
    aggregate: Option<RowAggregate>,
    figure: Option<&FigureColumns>,
) -> Option<()> {
    let is_ratio = matches!(figure, Some(FigureColumns::Ratio { .. }));
    let is_sum = matches!(aggregate, None | Some(RowAggregate::Sum));
    match doc.as_ref().filter(|_| is_ratio && !is_sum) {
        None => Some(()),
        Some(doc) => {
            let message = "the parts of a ratio can only be added up; write `aggregate: sum`, or \
                           `value` instead of `numerator` and `denominator`";
            context.error(doc.place, message);
            None
        }
    }
}

fn texts(doc: &Option<Loc<TextsDoc>>) -> Vec<String> {
    match given(doc.as_ref()) {
        None => Vec::new(),
        Some(TextsDoc::Text(text)) => vec![text.clone()],
        Some(TextsDoc::List(list)) => list.iter().filter_map(|text| text.value.clone()).collect(),
    }
}
