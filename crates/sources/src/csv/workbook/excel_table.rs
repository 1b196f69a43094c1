//! Where a table of an Excel workbook is, without its row of totals.

use std::{borrow::Cow, io::BufReader};

use quick_xml::{
    Reader as XmlReader,
    events::{BytesStart, Event},
};

use crate::{
    cell::shown,
    csv::{cell_range::CellRange, workbook::archive::Archive},
};

/// Where the parts of an archive are that say it.
const FOLDER: &str = "xl/tables/";

/// What of a name is shown.
const NAME_CHARS_MAX: usize = 64;

/// The cells of a table: its header and its rows.
pub(super) fn range(archive: &mut Archive<'_>, wanted: &str) -> Result<CellRange, String> {
    let names_of_parts = archive.file_names().flatten().map(Cow::into_owned);
    let parts: Vec<String> = names_of_parts.filter(|name| name.starts_with(FOLDER)).collect();
    let mut names = Vec::new();
    for part in parts {
        let damaged = || "is a damaged or cut off workbook; save it again".to_owned();
        let content = archive.by_name(&part).map_err(|_| damaged())?;
        let mut reader = XmlReader::from_reader(BufReader::new(content));
        let mut buffer = Vec::new();
        loop {
            match reader.read_event_into(&mut buffer).map_err(|_| damaged())? {
                Event::Start(element) | Event::Empty(element)
                    if element.local_name().as_ref() == "table" =>
                {
                    let name = text(&element, "displayName").or_else(|| text(&element, "name"));
                    let name = name.unwrap_or_default();
                    if name.eq_ignore_ascii_case(wanted) {
                        return without_totals(&element).ok_or_else(damaged);
                    }
                    names.push(name);
                    break;
                }
                Event::Eof => break,
                _ => {}
            }
            buffer.clear();
        }
    }
    Err(unknown(wanted, &names.iter().collect::<Vec<_>>()))
}

/// That there is no such table, and which there are.
pub(super) fn unknown(wanted: &str, names: &[&String]) -> String {
    match names {
        [] => format!("has no table `{wanted}`, nor any other; name a `sheet` and a `range`"),
        names => {
            let names = names.iter().map(|name| shown(name, NAME_CHARS_MAX));
            let names = names.collect::<Vec<_>>().join(", ");
            format!("has no table `{wanted}`; it has {names}")
        }
    }
}

fn without_totals(element: &BytesStart<'_>) -> Option<CellRange> {
    let range = CellRange::parse(&text(element, "ref")?).ok()?;
    let totals = text(element, "totalsRowCount").map_or(Some(0), |count| count.parse().ok())?;
    let last_row = range.last_row?.checked_sub(totals)?;
    Some(CellRange { last_row: Some(last_row), ..range })
}

fn text(element: &BytesStart<'_>, name: &str) -> Option<String> {
    Some(element.try_get_attribute(name).ok()??.value.into_owned())
}
