//! From CSV to rows of cells.

use csv::{ErrorKind, ReaderBuilder, StringRecord, Trim};

use crate::csv::{CsvDialect, Rows};
use crate::{
    cell::{Cell, decimal},
    dates::period_format::DateFormats,
    figure_columns::FigureColumns,
    question::{Question, Window},
    table::{self, Doubt, Table},
};

/// Whoever misspelt a text finds it among these, or looks into the file.
const OTHERS_SHOWN_MAX: usize = 10;

/// What is said of a number that may be a thousand times another.
const MISTAKABLE: &str = "whose point may begin the fraction or part thousands; say \
     `decimal: \".\"`, or `decimal: \",\"` with `thousands: \".\"`";

/// Digits in a group of a number written with separators.
const GROUP_DIGITS: usize = 3;

/// The rows that are asked for, under the names by which tables are read. The text claims to be
/// UTF-8, which is looked at line by line.
pub(crate) fn table(
    bytes: &[u8],
    dialect: CsvDialect,
    rows_max: usize,
    rows: &Rows,
    question: &Question<'_>,
) -> Result<Table, String> {
    let mut reader =
        ReaderBuilder::new().delimiter(dialect.delimiter).trim(Trim::All).from_reader(bytes);
    let names: Vec<String> = reader
        .headers()
        .map_err(|error| words(&error, &mut Lines { bytes, seen: 0, line: 1 }))?
        .iter()
        .map(str::to_owned)
        .collect();
    let columns = SheetColumns::find(&names, rows)?;
    let mut table = Table {
        columns: columns.taken.iter().map(|(name, ..)| (*name).to_owned()).collect(),
        ..Table::default()
    };
    let mut lines = Lines { bytes, seen: 0, line: 1 };
    let mut unseen = Unseen::of(&columns);
    for record in reader.records() {
        let record = record.map_err(|error| words(&error, &mut lines))?;
        unseen.look(&record);
        let line = lines.at(record.position());
        let is_asked = columns
            .is_asked(&record, question)
            .map_err(|problem| format!("in line {line} the column {problem}"))?;
        if !is_asked {
            continue;
        }
        if table.rows.len() == rows_max {
            return Err(format!("has more than {rows_max} rows that fit; narrow them with `rows`"));
        }
        table.rows.push(columns.cells(&record, dialect));
        table.lines.push(line);
    }
    if table.rows.is_empty() {
        table.doubt = unseen.doubt(&names);
    }
    Ok(table)
}

/// The texts that rows must hold and no line has held so far, and what stands there instead.
struct Unseen<'s> {
    texts: Vec<(usize, &'s str, Vec<String>)>,
}

impl<'s> Unseen<'s> {
    fn of(columns: &SheetColumns<'s>) -> Self {
        let texts = columns.wanted.iter().map(|(at, text)| (*at, *text, Vec::new()));
        Self { texts: texts.collect() }
    }

    fn look(&mut self, record: &StringRecord) {
        self.texts.retain(|(at, text, _)| record.get(*at) != Some(*text));
        for (at, _, others) in &mut self.texts {
            let other = record.get(*at).unwrap_or_default();
            if others.len() < OTHERS_SHOWN_MAX && !others.iter().any(|held| held == other) {
                others.push(other.to_owned());
            }
        }
    }

    /// A text that no line of the file holds may be misspelt, unless there are no lines.
    fn doubt(self, names: &[String]) -> Option<Doubt> {
        let (at, text, others) = self.texts.into_iter().find(|(.., held)| !held.is_empty())?;
        let name = names.get(at).map(String::as_str).unwrap_or_default();
        let others = table::named(&others);
        Some(Doubt::Unmatched(format!(
            "has no line with `{text}` in the column `{name}`, which holds {others}; check `rows`"
        )))
    }
}

/// Where in a record what stands.
struct SheetColumns<'s> {
    /// The name a table knows it by, where it stands, and how it is read.
    taken: Vec<(&'static str, usize, Content)>,
    period: Option<(&'s str, usize)>,
    formats: &'s DateFormats,
    /// Where it stands, and what must stand there.
    wanted: Vec<(usize, &'s str)>,
}

/// What stands in a column.
#[derive(Clone, Copy)]
enum Content {
    Number,
    Date,
}

impl<'s> SheetColumns<'s> {
    fn find(names: &[String], rows: &'s Rows) -> Result<Self, String> {
        let at = |name: &str| match table::position(names, name)? {
            Some(at) => Ok(at),
            // A file of one column may be no table at all, and then its line is nobody's business.
            None if names.len() < 2 => Err(format!(
                "has no column `{name}`; it has but one, of another name: check the file, and \
                 `delimiter`"
            )),
            None => Err(format!("has no column `{name}`; it has {}", table::named(names))),
        };
        let mut taken = match &rows.figure {
            FigureColumns::Value(value) => vec![("value", at(value)?, Content::Number)],
            FigureColumns::Ratio { numerator, denominator } => {
                vec![
                    ("numerator", at(numerator)?, Content::Number),
                    ("denominator", at(denominator)?, Content::Number),
                ]
            }
        };
        if let Some(target) = &rows.target {
            taken.push(("target", at(target)?, Content::Number));
        }
        if let Some(observed_at) = &rows.observed_at {
            taken.push(("observed_at", at(observed_at)?, Content::Date));
        }
        let mut period = None;
        if let Some(name) = &rows.period {
            taken.push(("period", at(name)?, Content::Date));
            period = Some((name.as_str(), at(name)?));
        }
        let wanted = rows.holding.iter().map(|(name, text)| Ok((at(name)?, text.as_str())));
        Ok(Self {
            taken,
            period,
            formats: &rows.formats,
            wanted: wanted.collect::<Result<_, String>>()?,
        })
    }

    fn is_asked(&self, record: &StringRecord, question: &Question<'_>) -> Result<bool, String> {
        let holds = |(at, text): &(usize, &str)| record.get(*at) == Some(*text);
        if !self.wanted.iter().all(holds) {
            return Ok(false);
        }
        let Some((name, at)) = self.period else { return Ok(true) };
        let text = Cell::Text(record.get(at).unwrap_or_default().to_owned());
        let period = text.period(question, &self.formats.period);
        let period = period.map_err(|problem| format!("`{name}` {problem}"))?;
        let Window { first_day, last_day, .. } = question.window;
        let day = question.calendar.first_day(period);
        Ok((*first_day..=*last_day).contains(&day))
    }

    fn cells(&self, record: &StringRecord, dialect: CsvDialect) -> Vec<Cell> {
        let cell = |(_, at, content): &(&str, usize, Content)| match (record.get(*at), content) {
            (None | Some(""), _) => Cell::Null,
            (Some(text), Content::Number) => dialect.number(text),
            (Some(text), Content::Date) => Cell::Text(text.to_owned()),
        };
        self.taken.iter().map(cell).collect()
    }
}

impl CsvDialect {
    /// A number as the table reads it, or the text as it stands where it is none in this dialect.
    fn number(self, text: &str) -> Cell {
        // Shown as in the file, so that it is found there.
        let misspelt = |problem| Cell::Misspelt { text: text.to_owned(), problem };
        if self.is_mistakable(text) {
            return misspelt(MISTAKABLE.to_owned());
        }
        match self.plain(text).filter(|plain| decimal(plain).is_some()) {
            Some(plain) => Cell::Text(plain),
            None => misspelt(self.misfit()),
        }
    }

    /// Whether a point may begin the fraction or part thousands. Where commas part the fields,
    /// none begins a fraction.
    fn is_mistakable(self, text: &str) -> bool {
        let is_settled = self.decimal.is_some() || self.thousands.is_some();
        if is_settled || self.delimiter == b',' {
            return false;
        }
        let mut groups = text.trim_start_matches(['+', '-']).split('.');
        let first = groups.next().unwrap_or_default();
        let is_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        let leads = (1..=GROUP_DIGITS).contains(&first.len()) && !first.starts_with('0');
        let rest: Vec<&str> = groups.collect();
        let is_group = |part: &&str| part.len() == GROUP_DIGITS && is_digits(part);
        leads && is_digits(first) && !rest.is_empty() && rest.iter().all(is_group)
    }

    /// What a text is not that is not a number of this dialect.
    fn misfit(self) -> String {
        let decimal = self.decimal.unwrap_or('.');
        let thousands = match self.thousands {
            Some(thousands) => format!("`thousands: \"{thousands}\"`"),
            None => "no `thousands`".to_owned(),
        };
        format!("which is not a finite number with `decimal: \"{decimal}\"` and {thousands}")
    }

    /// With a point, and without separators of thousands.
    fn plain(self, text: &str) -> Option<String> {
        let point = self.decimal.unwrap_or('.');
        let (whole, fraction) = match text.split_once(point) {
            Some((whole, fraction)) => (whole, Some(fraction)),
            None => (text, None),
        };
        let whole = self.ungrouped(whole)?;
        let is_foreign = |part: &str| point != '.' && part.contains('.');
        if is_foreign(&whole) || fraction.is_some_and(is_foreign) {
            return None;
        }
        Some(fraction.map_or(whole.clone(), |fraction| format!("{whole}.{fraction}")))
    }

    /// Groups are of three digits; anything else is not what the separator is for.
    fn ungrouped(self, whole: &str) -> Option<String> {
        let Some(separator) = self.thousands.filter(|separator| whole.contains(*separator)) else {
            return Some(whole.to_owned());
        };
        let mut groups = whole.split(separator);
        let first = groups.next().unwrap_or_default();
        let digits = first.trim_start_matches(['+', '-']);
        let fits = (1..=GROUP_DIGITS).contains(&digits.len())
            && groups.all(|group| {
                group.len() == GROUP_DIGITS && group.bytes().all(|byte| byte.is_ascii_digit())
            });
        fits.then(|| whole.replace(separator, ""))
    }
}

/// Counts the lines of a text as an editor does, also the empty ones that hold no record.
struct Lines<'b> {
    bytes: &'b [u8],
    /// Bytes that are counted.
    seen: usize,
    /// The line in which the next one stands.
    line: u64,
}

impl Lines<'_> {
    /// The line in which a record begins, of which the reader knows only where the one before ends.
    fn at(&mut self, record: Option<&csv::Position>) -> u64 {
        let end = record.and_then(|at| usize::try_from(at.byte()).ok()).unwrap_or_default();
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
    let mut line = |place: &Option<csv::Position>| lines.at(place.as_ref());
    match error.kind() {
        ErrorKind::Utf8 { pos, .. } => {
            format!(
                "is not UTF-8 in line {}; export it as UTF-8, or name its `encoding`",
                line(pos)
            )
        }
        ErrorKind::UnequalLengths { pos, expected_len, len } => format!(
            "has {len} fields in line {} and {expected_len} in its first; check `delimiter`",
            line(pos)
        ),
        _ => format!("is not valid CSV: {error}"),
    }
}

#[cfg(test)]
mod tests {
    use chrono_tz::Europe::Amsterdam;
    use encoding_rs::UTF_8;

    use super::*;
    use crate::{charset, outcome::Outcome};
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
            figure: FigureColumns::Value(value.into()),
            period: period.map(str::to_owned),
            observed_at: None,
            target: None,
            formats: DateFormats::default(),
            holding: holding.iter().map(|(name, text)| ((*name).into(), (*text).into())).collect(),
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
        let outcome = table(&text, dialect, 3, sheet, &question)?;
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
    fn numbers_are_read_as_they_are_written() {
        for (dialect, text, number) in [
            (PLAIN, "1.5", Some("1.5")),
            (PLAIN, "-3", Some("-3")),
            (PLAIN, "1,5", None),
            (DUTCH, "1,5", Some("1.5")),
            (DUTCH, "1.234.567,89", Some("1234567.89")),
            (DUTCH, "-12.000", Some("-12000")),
            (DUTCH, "1.5", None),
            (DUTCH, "1234.567", None),
            (DUTCH, "12 %", None),
            (CsvDialect { thousands: None, ..DUTCH }, "1.234,5", None),
            (CsvDialect { thousands: Some(','), ..PLAIN }, "12,000.25", Some("12000.25")),
        ] {
            let found = match dialect.number(text) {
                Cell::Text(number) => Some(number),
                _ => None,
            };
            assert_eq!(found.as_deref(), number, "{text}");
        }
    }

    #[test]
    fn a_point_that_may_part_thousands_is_not_read_as_a_fraction() {
        let unsaid = CsvDialect { delimiter: b';', ..PLAIN };
        for (dialect, text, is_read) in [
            (unsaid, "1.234", false),
            (unsaid, "-12.000", false),
            (unsaid, "1.234.567", false),
            (unsaid, "1.23", true),
            (unsaid, "0.125", true),
            (unsaid, "1234.567", true),
            (unsaid, "1234", true),
            (CsvDialect { delimiter: b'\t', ..PLAIN }, "1.234", false),
            (CsvDialect { decimal: Some('.'), ..unsaid }, "1.234", true),
            (CsvDialect { thousands: Some(','), ..unsaid }, "1.234", true),
            (PLAIN, "1.234", true),
        ] {
            let found = dialect.number(text);
            assert_eq!(matches!(found, Cell::Text(_)), is_read, "{text}: {found}");
        }
        let told = unsaid.number("1.234").figure().unwrap_err();
        assert!(told.contains("say `decimal: \".\"`, or `decimal: \",\"`"), "{told}");
        let told = DUTCH.number("1.5").figure().unwrap_err();
        assert!(told.contains("with `decimal: \",\"` and `thousands: \".\"`"), "{told}");
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
}
