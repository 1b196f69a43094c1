//! CSV files, parsed.

use std::path::{Component, Path};

use encoding_rs::{Encoding, UTF_8};

use crate::{
    parse_context::{ParseContext, given},
    problem::{Place as At, Problem},
    source::{
        csv::document::{CsvDoc, CsvSourceDoc},
        date_formats::formats,
        figure_columns::columns,
        limits::{ROWS, bytes_max, concurrent_max, timeout},
        reading::ReadingDoc,
        rows::{self, SheetKeys},
    },
    yaml::located::{Entries, Loc},
};
use kpid_sources::{
    Connection, Request,
    csv::{CsvDialect, Folder, Sheet, cell_range::CellRange, workbook::part::WorkbookPart},
    wording::Wording,
};

/// A larger file is read by something else first, unless its connection says otherwise.
const FILE_BYTES: u64 = 8 << 20;

pub(crate) fn connection(context: &mut ParseContext, doc: &CsvDoc) -> Option<Connection> {
    let concurrent = concurrent_max(context, &doc.max_concurrent);
    let encoding = encoding(context, doc.encoding.as_ref())?;
    let rows = doc.max_rows.as_ref().and_then(|doc| context.at_least_one(doc, "max_rows"));
    let path = context.folder.join(doc.folder.value.as_ref()?);
    context.folder_of_source(&path, doc.folder.place);
    Some(Connection::Csv(Folder {
        path,
        dialect: dialect(context, &signs(doc), doc.folder.place, encoding)?,
        timeout: timeout(context, &doc.timeout),
        concurrent_max: usize::try_from(concurrent).unwrap_or(usize::MAX),
        file_bytes_max: bytes_max(context, &doc.max_bytes, FILE_BYTES),
        rows_max: usize::try_from(rows.unwrap_or(ROWS)).unwrap_or(usize::MAX),
    }))
}

pub(crate) fn request(context: &mut ParseContext, doc: &CsvSourceDoc) -> Option<Request> {
    let figure = columns(context, doc.file.place, &doc.value, &doc.numerator, &doc.denominator)?;
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
    let period = period(doc.period.as_ref(), doc.reading.as_ref());
    let holding = holding(context, given(doc.rows.as_ref()));
    let formats = formats(context, &doc.period_format, &doc.observed_at_format)?;
    let rows = rows::sheet(context, &keys, figure, period, holding, formats)?;
    let part = part(context, doc)?;
    Some(Request::Csv(Box::new(Sheet { file: file(context, &doc.file)?, part, rows })))
}

/// Which part of a workbook is read.
fn part(context: &mut ParseContext, doc: &CsvSourceDoc) -> Option<WorkbookPart> {
    if let Some(table) = doc.table.as_ref().filter(|_| doc.sheet.is_some() || doc.range.is_some()) {
        let message = "a table has its own sheet and range; remove `sheet` and `range`";
        context.error(table.place, message);
        return None;
    }
    let range = match &doc.range {
        None => None,
        Some(doc) => {
            let read = CellRange::parse(doc.value.as_deref()?);
            Some(context.checked(doc.place, read)?)
        }
    };
    for name in [&doc.sheet, &doc.table].into_iter().flatten() {
        let what = "the name of a sheet or table; use it in `file`";
        context.without_period(name.place, name.value.as_deref()?, what)?;
    }
    let (sheet, table) = (given(doc.sheet.as_ref()).cloned(), given(doc.table.as_ref()).cloned());
    Some(WorkbookPart { sheet, range, table })
}

/// The column of the period, which every series has.
pub(crate) fn period(
    named: Option<&Loc<String>>,
    reading: Option<&Loc<ReadingDoc>>,
) -> Option<String> {
    let is_series = given(reading).is_some_and(|kind| matches!(kind, ReadingDoc::Series));
    given(named).cloned().or_else(|| is_series.then(|| "period".to_owned()))
}

/// What columns must hold.
pub(crate) fn holding(
    context: &mut ParseContext,
    rows: Option<&Entries<String>>,
) -> Vec<(String, String)> {
    let rows: Vec<_> = rows.into_iter().flat_map(|rows| rows.iter()).collect();
    for (_, place, text) in &rows {
        // Told, so that the configuration is refused, whatever is made of it here.
        let what = "`rows`; name the column of the period in `period`";
        let _ = context.without_period(*place, text, what);
    }
    rows.into_iter().map(|(column, _, text)| (column.to_owned(), text.clone())).collect()
}

/// A file of the connection's folder, and of no other.
fn file(context: &mut ParseContext, doc: &Loc<String>) -> Option<Wording> {
    let text = doc.value.as_deref()?;
    let is_within = Path::new(text)
        .components()
        .all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    if text.is_empty() || !is_within {
        context.error(doc.place, format!("`{text}` is not a file below the connection's `folder`"));
        return None;
    }
    context.checked(doc.place, Wording::parse(text))
}

/// The signs by which CSV is written.
pub(crate) struct Signs<'d> {
    pub(crate) delimiter: Option<&'d Loc<String>>,
    pub(crate) decimal: Option<&'d Loc<String>>,
    pub(crate) thousands: Option<&'d Loc<String>>,
}

fn signs(doc: &CsvDoc) -> Signs<'_> {
    Signs {
        delimiter: doc.delimiter.as_ref(),
        decimal: doc.decimal.as_ref(),
        thousands: doc.thousands.as_ref(),
    }
}

pub(crate) fn dialect(
    context: &mut ParseContext,
    signs: &Signs<'_>,
    place: At,
    encoding: &'static Encoding,
) -> Option<CsvDialect> {
    let delimiter = sign(context, signs.delimiter, "delimiter")?.unwrap_or(',');
    let decimal = sign(context, signs.decimal, "decimal")?;
    let thousands = sign(context, signs.thousands, "thousands")?;
    if let Some(doc) = signs.decimal.filter(|_| !matches!(decimal, Some('.' | ','))) {
        context.error(doc.place, "`decimal` must be \".\" or \",\"");
    }
    if thousands.is_some() && thousands == decimal.or(Some('.')) {
        context.error(place, "`decimal` and `thousands` must differ");
    }
    let delimiter = u8::try_from(delimiter).ok().filter(|byte| byte.is_ascii() && *byte != b'"');
    if delimiter.is_none() {
        context.error(place, "`delimiter` must be one ASCII character such as \";\" or \"\\t\"");
    }
    if delimiter == Some(b';') && decimal.is_none() {
        let warning = "programs that write `;` between fields mostly write numbers with a comma";
        let hint = "write `decimal: \",\"`, or `decimal: \".\"` if a point begins the fraction";
        context.problems.push(Problem::warning(place, warning).hint(hint));
    }
    Some(CsvDialect { encoding, delimiter: delimiter?, decimal, thousands })
}

/// UTF-8 unless something else is named; none where that is no encoding, which is told.
pub(crate) fn encoding(
    context: &mut ParseContext,
    doc: Option<&Loc<String>>,
) -> Option<&'static Encoding> {
    let Some(doc) = doc else { return Some(UTF_8) };
    let label = doc.value.as_deref()?;
    let found = Encoding::for_label(label.as_bytes());
    let message = format!(
        "`{label}` is not a known encoding; write one such as utf-8, windows-1252 or utf-16le"
    );
    context.checked(doc.place, found.ok_or(message))
}

/// One sign, if the key is there; none where what is written is not one, which is told.
fn sign(context: &mut ParseContext, doc: Option<&Loc<String>>, key: &str) -> Option<Option<char>> {
    let Some(doc) = doc else { return Some(None) };
    let mut signs = doc.value.as_deref()?.chars();
    match (signs.next(), signs.next()) {
        (Some(sign), None) => Some(Some(sign)),
        _ => {
            context.error(doc.place, format!("`{key}` must be one character, such as \";\""));
            None
        }
    }
}
