//! CSV files, parsed.

use std::path::{Component, Path};

use encoding_rs::{Encoding, UTF_8};

use crate::{
    daemon::parse::{ROWS, bytes_max, concurrent_max, timeout},
    parse_context::{Desk, given},
    problem::Place as At,
    source::{
        csv::document::{CsvDoc, CsvSourceDoc},
        document::ReadingDoc,
        parse::columns,
    },
    yaml::located::{Entries, Loc},
};
use kpid_sources::{
    Connection, FigureColumns, Request,
    csv::{Dialect, Folder, Rows, Sheet},
    wording::Wording,
};

/// A larger file is read by something else first, unless its connection says otherwise.
const FILE_BYTES: u64 = 8 << 20;

pub(crate) fn connection(desk: &mut Desk, doc: &CsvDoc) -> Option<Connection> {
    let concurrent = concurrent_max(desk, &doc.max_concurrent);
    let encoding = encoding(desk, doc.encoding.as_ref())?;
    let rows = doc.max_rows.as_ref().and_then(|doc| desk.at_least_one(doc, "max_rows"));
    let path = desk.folder.join(doc.folder.value.as_ref()?);
    desk.folder_of_source(&path, doc.folder.place);
    Some(Connection::Csv(Folder {
        path,
        dialect: dialect(desk, &signs(doc), doc.folder.place, encoding)?,
        timeout: timeout(desk, &doc.timeout),
        concurrent_max: usize::try_from(concurrent).unwrap_or(usize::MAX),
        file_bytes_max: bytes_max(desk, &doc.max_bytes, FILE_BYTES),
        rows_max: usize::try_from(rows.unwrap_or(ROWS)).unwrap_or(usize::MAX),
    }))
}

pub(crate) fn request(desk: &mut Desk, doc: &CsvSourceDoc) -> Option<Request> {
    let figure = columns(desk, doc.file.place, &doc.value, &doc.numerator, &doc.denominator)?;
    let rows = Rows {
        figure: figure.unwrap_or_else(usual_figure),
        period: period(doc.period.as_ref(), doc.reading.as_ref()),
        observed_at: given(doc.observed_at.as_ref()).cloned(),
        target: given(doc.target.as_ref()).cloned(),
        holding: holding(desk, given(doc.rows.as_ref())),
    };
    Some(Request::Csv(Sheet { file: file(desk, &doc.file)?, rows }))
}

/// The column of the figure, where none is named.
pub(crate) fn usual_figure() -> FigureColumns {
    FigureColumns::Value("value".to_owned())
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
pub(crate) fn holding(desk: &mut Desk, rows: Option<&Entries<String>>) -> Vec<(String, String)> {
    let rows: Vec<_> = rows.into_iter().flat_map(|rows| rows.iter()).collect();
    for (_, place, text) in &rows {
        // Told, so that the configuration is refused, whatever is made of it here.
        let what = "`rows`; name the column of the period as `period`";
        let _ = desk.without_period(*place, text, what);
    }
    rows.into_iter().map(|(column, _, text)| (column.to_owned(), text.clone())).collect()
}

/// A file of the connection's folder, and of no other.
fn file(desk: &mut Desk, doc: &Loc<String>) -> Option<Wording> {
    let text = doc.value.as_deref()?;
    let is_within = Path::new(text)
        .components()
        .all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    if text.is_empty() || !is_within {
        desk.error(doc.place, format!("`{text}` is no file below the connection's `folder`"));
        return None;
    }
    desk.told(doc.place, Wording::parse(text))
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
    desk: &mut Desk,
    signs: &Signs<'_>,
    place: At,
    encoding: &'static Encoding,
) -> Option<Dialect> {
    let delimiter = sign(desk, signs.delimiter, "delimiter")?.unwrap_or(',');
    let decimal = sign(desk, signs.decimal, "decimal")?.unwrap_or('.');
    let thousands = sign(desk, signs.thousands, "thousands")?;
    if let Some(doc) = signs.decimal.filter(|_| !matches!(decimal, '.' | ',')) {
        desk.error(doc.place, "`decimal` is \".\" or \",\"");
    }
    if thousands == Some(decimal) {
        desk.error(place, "`decimal` and `thousands` are the same; numbers could not be read");
    }
    let delimiter = u8::try_from(delimiter).ok().filter(|byte| byte.is_ascii() && *byte != b'"');
    if delimiter.is_none() {
        desk.error(place, "`delimiter` is one ASCII sign such as \";\" or \"\\t\"");
    }
    Some(Dialect { encoding, delimiter: delimiter?, decimal, thousands })
}

/// UTF-8 unless something else is named; none where that is no encoding, which is told.
pub(crate) fn encoding(desk: &mut Desk, doc: Option<&Loc<String>>) -> Option<&'static Encoding> {
    let Some(doc) = doc else { return Some(UTF_8) };
    let label = doc.value.as_deref()?;
    let found = Encoding::for_label(label.as_bytes());
    let message = format!("`{label}` is no encoding; write utf-8, windows-1252, utf-16le, …");
    desk.told(doc.place, found.ok_or(message))
}

/// One sign, if the key is there; none where what is written is not one, which is told.
fn sign(desk: &mut Desk, doc: Option<&Loc<String>>, key: &str) -> Option<Option<char>> {
    let Some(doc) = doc else { return Some(None) };
    let mut signs = doc.value.as_deref()?.chars();
    match (signs.next(), signs.next()) {
        (Some(sign), None) => Some(Some(sign)),
        _ => {
            desk.error(doc.place, format!("`{key}` is one sign, such as \";\""));
            None
        }
    }
}
