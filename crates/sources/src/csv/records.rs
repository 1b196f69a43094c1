//! From the text of a CSV file to the rows of its sheet.

use std::borrow::Cow;

use csv::{ErrorKind, ReaderBuilder, StringRecord, Trim};

use crate::{
    cell::Cell,
    csv::{CsvDialect, Rows, number::NumberReader, sheet::SheetReader, sheet_row::SheetRow},
    question::Question,
    table::Table,
};

/// What spreadsheets of Microsoft write before everything else: the sign between fields.
const SEPARATOR: &[u8] = b"sep=";

/// The rows that are asked for, under the names by which tables are read. The text claims to be
/// UTF-8, which is looked at line by line.
pub(crate) fn table(
    bytes: &[u8],
    dialect: CsvDialect,
    rows_max: usize,
    rows: &Rows,
    question: &Question<'_>,
) -> Result<Table, String> {
    let (begin, delimiter) = said_delimiter(bytes).unwrap_or((0, dialect.delimiter));
    let dialect = CsvDialect { delimiter, ..dialect };
    let mut reader = ReaderBuilder::new()
        .delimiter(delimiter)
        .trim(Trim::All)
        .has_headers(false)
        .flexible(true)
        .from_reader(&bytes[begin..]);
    let numbers = NumberReader { dialect, strip: &rows.strip };
    let mut sheet = SheetReader::new(rows, numbers, rows_max, question);
    let mut lines = Lines { bytes, begin, seen: 0, line: 1 };
    let mut record = StringRecord::new();
    while reader.read_record(&mut record).map_err(|error| words(&error, &mut lines))? {
        let line = lines.at(record.position());
        if !sheet.take(line, &record)? {
            break;
        }
    }
    sheet.finish()
}

/// Where the table begins after a first line that says `sep=;`, and the sign that it names.
fn said_delimiter(bytes: &[u8]) -> Option<(usize, u8)> {
    let end = bytes.iter().position(|byte| matches!(byte, b'\n' | b'\r'))?;
    let [sign] = bytes[..end].strip_prefix(SEPARATOR)? else { return None };
    Some((end, *sign)).filter(|(_, sign)| sign.is_ascii() && *sign != b'"')
}

impl SheetRow for StringRecord {
    fn len(&self) -> usize {
        self.len()
    }

    fn text(&self, at: usize) -> Cow<'_, str> {
        Cow::Borrowed(self.get(at).unwrap_or_default())
    }

    fn cell(&self, at: usize) -> Cell {
        match self.get(at) {
            None | Some("") => Cell::Null,
            Some(text) => Cell::Text(text.to_owned()),
        }
    }

    fn number(&self, at: usize, numbers: &NumberReader<'_>) -> Cell {
        numbers.cell(self.get(at).unwrap_or_default())
    }

    fn is_counted(&self) -> bool {
        true
    }
}

/// Counts the lines of a text as an editor does, also the empty ones that hold no record.
struct Lines<'b> {
    bytes: &'b [u8],
    /// Bytes before what is read.
    begin: usize,
    /// Bytes that are counted.
    seen: usize,
    /// The line in which the next one stands.
    line: u64,
}

impl Lines<'_> {
    /// The line in which a record begins, of which the reader knows only where the one before ends.
    fn at(&mut self, record: Option<&csv::Position>) -> u64 {
        let end = record.and_then(|at| usize::try_from(at.byte()).ok()).unwrap_or_default();
        let end = self.begin + end;
        while let Some(&byte) = self.bytes.get(self.seen) {
            let is_end = matches!(byte, b'\n' | b'\r');
            if self.seen >= end && !is_end {
                break;
            }
            self.seen += 1;
            // A CRLF ends one line.
            if byte == b'\n' || (byte == b'\r' && self.bytes.get(self.seen) != Some(&b'\n')) {
                self.line += 1;
            }
        }
        self.line
    }
}

/// What is wrong with a file, and where.
fn words(error: &csv::Error, lines: &mut Lines<'_>) -> String {
    match error.kind() {
        ErrorKind::Utf8 { pos, .. } => {
            format!(
                "is not UTF-8 in line {}; export it as UTF-8, or name its `encoding`",
                lines.at(pos.as_ref())
            )
        }
        _ => format!("is not valid CSV: {error}"),
    }
}

#[cfg(test)]
mod tests {
    use chrono_tz::Europe::Amsterdam;
    use encoding_rs::UTF_8;

    use super::*;
    use crate::dates::period_format::{DateFormats, PeriodFormat};
    use crate::{
        charset,
        figure_columns::FigureColumns,
        outcome::Outcome,
        question::Window,
        rows::{
            condition::{Condition, Literal, Test},
            row_aggregate::RowAggregate,
        },
    };
    use kpid_rules::{
        model::{Calendar, Frequency, Period},
        series::{Figure, ReadingKind},
    };

    const DUTCH: CsvDialect =
        CsvDialect { encoding: UTF_8, delimiter: b';', decimal: Some(','), thousands: Some('.') };
    const PLAIN: CsvDialect =
        CsvDialect { encoding: UTF_8, delimiter: b',', decimal: None, thousands: None };

    fn sheet(value: &str, period: Option<&str>, holding: &[(&str, &str)]) -> Rows {
        Rows {
            figure: Some(FigureColumns::Value(value.into())),
            period: period.map(str::to_owned),
            holding: holding.iter().map(|(name, text)| ((*name).into(), (*text).into())).collect(),
            ..Rows::default()
        }
    }

    fn read(text: &[u8], dialect: CsvDialect, sheet: &Rows) -> Result<String, String> {
        let (calendar, oldest) = (Calendar::plain(Amsterdam), Period::Month(2026, 4));
        let period = Period::Month(2026, 5);
        let window = Window {
            period,
            start: calendar.bounds(oldest).0,
            end: calendar.bounds(period).1,
            first_day: calendar.first_day(oldest),
            last_day: calendar.last_day(period),
        };
        let now = window.end;
        let question =
            Question { window: &window, frequency: Frequency::Month, calendar: &calendar, now };
        let reading = match sheet.period {
            Some(_) => ReadingKind::Series,
            None => ReadingKind::Value,
        };
        let text = charset::utf8(text, dialect.encoding)?;
        let outcome = table(&text, dialect, 3, sheet, &question)?.settled();
        let outcome = outcome.outcome(reading, None, &sheet.formats, &question)?;
        Ok(match outcome {
            Outcome::Samples(samples) => samples
                .iter()
                .map(|sample| match (sample.period, sample.figure) {
                    (Some(period), Some(Figure::Value(value))) => format!("{period}={value} "),
                    (None, Some(Figure::Value(value))) => value.to_string(),
                    (period, figure) => format!("{period:?}={figure:?} "),
                })
                .collect(),
            other => format!("{other:?}"),
        })
    }

    #[test]
    fn lines_are_counted_as_an_editor_does() {
        for (text, line) in [
            ("m,v\n2026-05,x\n", 2),
            ("m,v\r\n2026-05,x\r\n", 2),
            ("m,v\r\n2026-04,1\r\n2026-05,x\r\n", 3),
            ("m,v\r2026-04,1\r2026-05,x\r", 3),
            ("m,v\n2026-04,1\n\n\n2026-05,x\n", 5),
            ("\r\nm,v\r\n\r\n2026-04,1\r\n2026-05,x", 5),
            ("m,v,n\r\n2026-04,1,\"a\r\nb\"\r\n2026-05,x,\r\n", 4),
        ] {
            let error = read(text.as_bytes(), PLAIN, &sheet("v", Some("m"), &[])).unwrap_err();
            assert!(error.contains(&format!("in line {line} the column")), "{text:?}: {error}");
        }
        let short = read(b"m,v\r\n2026-04,1\r\n2026-05\r\n", PLAIN, &sheet("v", None, &[]));
        assert!(short.unwrap_err().contains("has 1 fields in line 3"));
        let torn = read(b"m,v\r\n2026-04,1\r\n\r\n\xe9,2\r\n", PLAIN, &sheet("v", None, &[]));
        assert!(torn.unwrap_err().contains("is not UTF-8 in line 4"));
    }

    #[test]
    fn rows_are_picked_by_period_and_by_what_stands_in_them() {
        let text = "\u{feff}Region;Month;Sum\nNorth;2026-03;1\nNorth;2026-04;1.200,5\n\
                    South;2026-05;7\nNorth;2026-05-31;\nNorth;2026-06;9\n";
        let north = sheet("sum", Some("month"), &[("Region", "North")]);
        let found = read(text.as_bytes(), DUTCH, &north).unwrap();
        assert_eq!(found, "2026-04=1200.5 Some(Month(2026, 5))=None ");
        let west = sheet("sum", Some("month"), &[("Region", "West")]);
        let misspelt = read(text.as_bytes(), DUTCH, &west).unwrap_err();
        assert!(misspelt.contains("no line with `West` in the column `Region`"), "{misspelt}");
        let other_months = "Region;Month;Sum\nNorth;2026-03;1\n";
        assert_eq!(read(other_months.as_bytes(), DUTCH, &north), Ok("NoRows".into()));
        assert_eq!(read(b"value\n41.5\n", PLAIN, &sheet("value", None, &[])), Ok("41.5".into()));
        assert_eq!(read(b"value\n\"\"\n", PLAIN, &sheet("value", None, &[])), Ok("Null".into()));
        assert_eq!(read(b"value\n", PLAIN, &sheet("value", None, &[])), Ok("NoRows".into()));
    }

    #[test]
    fn files_of_spreadsheets_are_read_in_their_encoding() {
        let sheet = sheet("Größe", None, &[]);
        let latin = CsvDialect { encoding: encoding_rs::WINDOWS_1252, ..PLAIN };
        assert_eq!(read(b"Gr\xf6\xdfe\n7\n", latin, &sheet), Ok("7".into()));
        let utf16: Vec<u8> =
            "\u{feff}Größe\n7\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(read(&utf16, PLAIN, &sheet), Ok("7".into()));
        assert_eq!(read("\u{feff}Größe\n7\n".as_bytes(), latin, &sheet), Ok("7".into()));
        let japanese = CsvDialect { encoding: encoding_rs::SHIFT_JIS, ..PLAIN };
        let torn = read(b"Gr\xf6\xff\n7\n", japanese, &sheet).unwrap_err();
        assert!(torn.contains("is not Shift_JIS; check `encoding`"), "{torn}");
    }

    #[test]
    fn what_does_not_fit_is_told_with_its_line() {
        let series = || sheet("v", Some("m"), &[]);
        for (text, sheet, part) in [
            (&b"a,b\n1,2\n"[..], sheet("v", None, &[]), "has no column `v`; it has a, b"),
            (b"v,V\n1,2\n", sheet("v", None, &[]), "two columns `v`"),
            (
                b"v\nn/a\n",
                sheet("v", None, &[]),
                "in line 2 the column `value` is the text \"n/a\"",
            ),
            (
                b"v,m\n1,2026-05\n2,May\n",
                series(),
                "in line 3 the column `m` is the text \"May\", which is not a period",
            ),
            (b"m,v\n26-05-31,1\n", series(), "a year of four digits"),
            (b"m,v\n01-05-26,1\n", series(), "a year of four digits"),
            (b"v,m\n1,2026-05\n2,2026-05\n", series(), "the lines 2 and 3 are both of 2026-05"),
            (b"v\n1\n2\n", sheet("v", None, &[]), "2 rows where one is expected"),
            (b"v\n1\n2\n3\n4\n", sheet("v", None, &[]), "more than 3 rows"),
            (b"v,m\n1\n", series(), "has 1 fields in line 2 and 2 in its first"),
            (b"v\n\xe9\n", sheet("v", None, &[]), "is not UTF-8 in line 2"),
            (b"", sheet("v", None, &[]), "has no column `v`"),
            (b"a,\x1b[2J\0b\n1,2\n", sheet("v", None, &[]), "it has a, [2J b"),
        ] {
            let error = read(text, PLAIN, &sheet).unwrap_err();
            assert!(error.contains(part), "{error}");
        }
    }

    /// A series of `Umsatz` by `Monat`, as the author of a German spreadsheet asks for it.
    fn german(rows: Rows) -> Rows {
        Rows { period: Some("monat".into()), ..rows }
    }

    fn revenue() -> Rows {
        german(Rows { figure: Some(FigureColumns::Value("UMSATZ".into())), ..Rows::default() })
    }

    #[test]
    fn a_preamble_totals_and_signs_are_no_part_of_the_table() {
        let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        for (text, rows, expected) in [
            ("sep=;\r\nMonat;Umsatz\r\n2026-05;1.234,50\r\n", revenue(), "2026-05=1234.5 "),
            (
                "Umsatzbericht\nStand 30.11.2026\n\nMonat;Umsatz\n2026-05;1.234,50\n",
                revenue(),
                "2026-05=1234.5 ",
            ),
            (
                "Monat;Umsatz\n2025-05;1\nMonat;Umsatz\n2026-05;2\n",
                Rows { skip: Some(2), ..revenue() },
                "2026-05=2 ",
            ),
            ("Monat ; Um satz\n2026-05;1.234,50-\n", revenue(), "2026-05=-1234.5 "),
            (
                "Monat;Umsatz\n2026-05;1.234,50\nGesamt;1.234,50\nQuelle: ERP\n",
                Rows { until: Some("gesamt".into()), ..revenue() },
                "2026-05=1234.5 ",
            ),
            (
                "Monat;Umsatz\n# Entwurf\n2026-04;1\n;1\nZwischensumme;1\n2026-05;2\n",
                Rows { ignore: texts(&["#", "", "Zwischensumme"]), ..revenue() },
                "2026-04=1 2026-05=2 ",
            ),
            ("Monat;Umsatz\n2026-05;5\n;\n;\n", revenue(), "2026-05=5 "),
            (
                "Monat;Umsatz\n2026-05;1.234,50 €\n",
                Rows { strip: texts(&["€"]), ..revenue() },
                "2026-05=1234.5 ",
            ),
            (
                "Monat;Umsatz\n01.05.2026;10,00\n31.05.2026;20,00\n01.06.2026;40\n",
                Rows {
                    aggregate: Some(RowAggregate::Sum),
                    formats: DateFormats {
                        period: PeriodFormat::parse("dd.mm.yyyy").unwrap(),
                        ..DateFormats::default()
                    },
                    ..revenue()
                },
                "2026-05=30 ",
            ),
        ] {
            assert_eq!(read(text.as_bytes(), DUTCH, &rows).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_would_be_added_up_twice_or_guessed_is_told() {
        let sum = Rows {
            figure: Some(FigureColumns::Value("Umsatz".into())),
            aggregate: Some(RowAggregate::Sum),
            ..Rows::default()
        };
        for (text, rows, part) in [
            (
                "Monat;Umsatz\n2026-05;1\nGesamt;1\n",
                revenue(),
                "in line 3 the column `monat` is the text \"Gesamt\", which is not a period",
            ),
            (
                "Monat;Umsatz\n2026-05;1\n",
                Rows { until: Some("Summe".into()), ..revenue() },
                "has no line that begins with `summe`; check `until`",
            ),
            (
                "Kunde;Umsatz\nA;1\nGesamt;1\n",
                Rows { ignore: vec!["Summe".into()], ..sum.clone() },
                "has no line that begins with `summe`",
            ),
            ("a\nb\nKunde;Summe\n", sum.clone(), "has no column `Umsatz`; it has Kunde, Summe"),
            ("x\nMonat;Umsatz\n", Rows { skip: Some(0), ..revenue() }, "has no column `UMSATZ`"),
            (
                "Bericht\nMonat;Umsatz\n2026-05;1\n2026-05\n",
                revenue(),
                "has 1 fields in line 4 and 2 in line 2, which names the columns",
            ),
            (
                "Monat;Umsatz\n2026-05;1.234,50 €\n",
                revenue(),
                "in line 2 the column `value` is the text \"1.234,50 €\", which is not a finite \
                 number with `decimal: \",\"` and `thousands: \".\"`; say `strip: \"€\"`",
            ),
        ] {
            let told = read(text.as_bytes(), DUTCH, &rows).unwrap_err();
            assert!(told.contains(part), "{text}: {told}");
        }
    }

    #[test]
    fn rows_are_counted_where_they_meet_the_conditions() {
        let text = "Tag;Status;Betrag\n2026-05-01;paid;10\n2026-05-02;open;20\n\
                    2026-05-03;paid;\n2026-04-30;paid;5\n2026-06-01;paid;7\n";
        let by = |aggregate, figure: Option<&str>, conditions: Vec<(&str, Test)>| Rows {
            figure: figure.map(|figure| FigureColumns::Value(figure.into())),
            period: Some("Tag".into()),
            aggregate: Some(aggregate),
            conditions: conditions
                .into_iter()
                .map(|(name, test)| (name.to_owned(), Condition { tests: vec![test] }))
                .collect(),
            ..Rows::default()
        };
        let paid = || ("Status", Test::OneOf(vec![Literal::Text("paid".into())]));
        for (rows, expected) in [
            (by(RowAggregate::Count, None, vec![]), "2026-05=3 2026-04=1 "),
            (by(RowAggregate::Count, None, vec![paid()]), "2026-05=2 2026-04=1 "),
            (by(RowAggregate::Count, Some("Betrag"), vec![paid()]), "2026-05=1 2026-04=1 "),
            (by(RowAggregate::Sum, Some("Betrag"), vec![paid()]), "2026-05=10 2026-04=5 "),
            (
                by(RowAggregate::Distinct, Some("Status"), vec![("Betrag", Test::AtLeast(10.0))]),
                "2026-05=2 ",
            ),
            (
                by(RowAggregate::Count, None, vec![("Betrag", Test::OneOf(vec![Literal::Null]))]),
                "2026-05=1 ",
            ),
        ] {
            assert_eq!(read(text.as_bytes(), DUTCH, &rows).as_deref(), Ok(expected));
        }
        let payd = ("Status", Test::OneOf(vec![Literal::Text("payd".into())]));
        let told = read(text.as_bytes(), DUTCH, &by(RowAggregate::Count, None, vec![payd]));
        assert!(told.unwrap_err().contains("has no line whose `Status` is `payd`; check `where`"));
    }
}
