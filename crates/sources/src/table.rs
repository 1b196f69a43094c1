//! An answer as rows of named cells, and what they say: null, no rows, samples, or something that
//! does not fit.

use std::collections::HashMap;

use crate::{
    cell::{Cell, NAME_CHARS_MAX, shown},
    dates::period_format::DateFormats,
    figure_columns::FigureColumns,
    outcome::Outcome,
    question::Question,
    rows::tally::Tally,
};
use kpid_rules::{
    model::Period,
    series::{Figure, ReadingKind, Sample},
};

/// Rows of cells under named columns.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Table {
    /// As the source wrote them; compared without case.
    pub(crate) columns: Vec<String>,
    /// Each as long as `columns`.
    pub(crate) rows: Vec<Vec<Cell>>,
    /// Where in their file the rows stand; empty where they are only counted.
    pub(crate) lines: Vec<u64>,
    /// What rows come to that are counted or added up, until all are there.
    pub(crate) tally: Option<Tally>,
    /// How many rows were looked at, meant or not.
    pub(crate) looked: usize,
    /// The beginning of a document the rows were taken out of, without secrets.
    pub(crate) excerpt: Option<String>,
    /// What was asked in the end, where that may not be what was written.
    pub(crate) asked: Option<String>,
    /// Why it may be that figures are missing which the source has; none where it says that it has
    /// nothing.
    pub(crate) doubt: Option<Doubt>,
}

/// Why that no figure came is no proof that there is none: nothing is only what a source says to be
/// nothing, and never a 0 because something is misspelt or gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Doubt {
    /// What was asked for has no place in the answer.
    Nowhere(String),
    /// There are entries, and none is meant.
    Unmatched(String),
}

impl Doubt {
    /// What is doubted, and what to do.
    pub(crate) fn words(&self) -> &str {
        match self {
            Self::Nowhere(words) | Self::Unmatched(words) => words,
        }
    }
}

/// More rows than this are not looked at one by one.
const ROWS_SHOWN_MAX: usize = 20;

/// Whoever looks for a column finds it among these, or looks into the source.
const COLUMNS_SHOWN_MAX: usize = 30;

/// The names of columns, for a message: a source may have written anything there.
pub(crate) fn named(columns: &[String]) -> String {
    let names = columns.iter().take(COLUMNS_SHOWN_MAX).map(|name| shown(name, NAME_CHARS_MAX));
    let names = names.collect::<Vec<_>>().join(", ");
    match columns.len().saturating_sub(COLUMNS_SHOWN_MAX) {
        0 => names,
        more => format!("{names} and {more} more"),
    }
}

impl Table {
    /// What a person sees of the answer: the document, or the first rows.
    pub(crate) fn shown(&self) -> String {
        if let Some(excerpt) = &self.excerpt {
            return excerpt.clone();
        }
        let cells = |row: &Vec<Cell>| row.iter().map(Cell::bare).collect::<Vec<_>>().join(" | ");
        let rows = self.rows.iter().take(ROWS_SHOWN_MAX).map(cells);
        let columns = self.columns.iter().map(|name| shown(name, NAME_CHARS_MAX));
        let columns = columns.collect::<Vec<_>>();
        let mut lines: Vec<String> = [columns.join(" | ")].into_iter().chain(rows).collect();
        match self.rows.len() {
            0 => lines.push("(no rows)".to_owned()),
            rows if rows > ROWS_SHOWN_MAX => {
                lines.push(format!("and {} more rows", rows - ROWS_SHOWN_MAX));
            }
            _ => {}
        }
        lines.join("\n")
    }

    /// Whether it has no rows, neither one by one nor taken together.
    pub(crate) fn is_bare(&self) -> bool {
        self.rows.is_empty() && self.tally.as_ref().is_none_or(Tally::is_empty)
    }

    /// The same with a row for what others come to.
    pub(crate) fn settled(mut self) -> Self {
        let Some(tally) = self.tally.take() else { return self };
        let row = |(period, figure): (Option<Period>, Vec<Cell>)| {
            figure.into_iter().chain(period.map(Cell::Period)).collect()
        };
        self.rows = tally.rows().into_iter().map(row).collect();
        // Nothing that is doubted is counted as 0.
        if self.doubt.is_some() && self.is_nothing() {
            self.rows.clear();
        }
        self
    }

    /// Whether all that its rows hold, beside periods, is 0 or null.
    pub(crate) fn is_nothing(&self) -> bool {
        let of_figures = |at: &usize| !self.columns[*at].eq_ignore_ascii_case("period");
        let figures: Vec<usize> = (0..self.columns.len()).filter(of_figures).collect();
        if self.rows.is_empty() && !self.is_bare() {
            return self.clone().settled().is_nothing();
        }
        let is_nothing = |cell: &Cell| matches!(cell.figure(), Ok(None | Some(0.0)));
        self.rows.iter().all(|row| figures.iter().filter_map(|at| row.get(*at)).all(is_nothing))
    }

    /// What the rows say; in words where they do not fit the reading.
    pub(crate) fn outcome(
        &self,
        reading: ReadingKind,
        figure: Option<&FigureColumns>,
        formats: &DateFormats,
        question: &Question<'_>,
    ) -> Result<Outcome, String> {
        let doubted = |outcome| match &self.doubt {
            Some(doubt) => Err(doubt.words().to_owned()),
            None => Ok(outcome),
        };
        if self.rows.is_empty() {
            return doubted(Outcome::NoRows);
        }
        let columns = ColumnPlaces::find(&self.columns, figure)?;
        match (reading, columns.period) {
            (ReadingKind::Series, None) => {
                return Err("a series needs a column `period`".to_owned());
            }
            (ReadingKind::Series, Some(_)) => {}
            _ if self.rows.len() > 1 => {
                return Err(format!(
                    "came with {} rows where one is expected; narrow it to one row, or say \
                     `reading: series`",
                    self.rows.len()
                ));
            }
            _ => {}
        }
        let samples = self.samples(&columns, formats, question)?;
        if samples.iter().all(|sample| sample.figure.is_none()) {
            doubted(Outcome::Null)
        } else {
            Ok(Outcome::Samples(samples))
        }
    }

    fn samples(
        &self,
        columns: &ColumnPlaces,
        formats: &DateFormats,
        question: &Question<'_>,
    ) -> Result<Vec<Sample>, String> {
        let mut first_rows: HashMap<Period, u64> = HashMap::new();
        let noun = if self.lines.is_empty() { "row" } else { "line" };
        let mut samples = Vec::with_capacity(self.rows.len());
        for (at, row) in self.rows.iter().enumerate() {
            let number = self.lines.get(at).copied().unwrap_or(at as u64 + 1);
            let sample = columns
                .sample(row, formats, question)
                .map_err(|misfit| format!("in {noun} {number} the column {misfit}"))?;
            if let Some(period) = sample.period
                && let Some(first) = first_rows.insert(period, number)
            {
                let or = if self.lines.is_empty() { "" } else { ", or say `aggregate: sum`" };
                return Err(format!(
                    "the {noun}s {first} and {number} are both of {period}; make it one row a \
                     period{or}"
                ));
            }
            samples.push(sample);
        }
        Ok(samples)
    }
}

/// Where in a row what stands.
struct ColumnPlaces {
    figure: FigureAt,
    period: Option<usize>,
    observed_at: Option<usize>,
    target: Option<usize>,
}

enum FigureAt {
    Value(usize),
    Ratio { numerator: usize, denominator: usize },
}

impl FigureAt {
    /// Where the columns stand that the author named.
    fn named(names: &[String], figure: &FigureColumns) -> Result<Self, String> {
        let at = |name: &str| match position(names, name)? {
            Some(at) => Ok(at),
            None => Err(format!("came with the columns {}; there is no `{name}`", named(names))),
        };
        Ok(match figure {
            FigureColumns::Value(value) => Self::Value(at(value)?),
            FigureColumns::Ratio { numerator, denominator } => {
                Self::Ratio { numerator: at(numerator)?, denominator: at(denominator)? }
            }
        })
    }

    /// Where columns of the usual names stand; the only one is the value, whatever its name.
    fn usual(names: &[String]) -> Result<Self, String> {
        let at = |name: &str| position(names, name);
        match (at("value")?, at("numerator")?, at("denominator")?) {
            (Some(value), None, None) => Ok(Self::Value(value)),
            (None, Some(numerator), Some(denominator)) => {
                Ok(Self::Ratio { numerator, denominator })
            }
            (None, None, None) if names.len() == 1 => Ok(Self::Value(0)),
            _ => Err(format!(
                "came with the columns {}; name one `value`, or two `numerator` and \
                 `denominator`",
                named(names)
            )),
        }
    }
}

impl ColumnPlaces {
    fn find(names: &[String], figure: Option<&FigureColumns>) -> Result<Self, String> {
        let at = |name: &str| position(names, name);
        let figure = match figure {
            Some(figure) => FigureAt::named(names, figure)?,
            None => FigureAt::usual(names)?,
        };
        let (period, observed_at, target) = (at("period")?, at("observed_at")?, at("target")?);
        Ok(Self { figure, period, observed_at, target })
    }

    fn sample(
        &self,
        row: &[Cell],
        formats: &DateFormats,
        question: &Question<'_>,
    ) -> Result<Sample, String> {
        let cell = |at: usize| row.get(at).unwrap_or(&Cell::Null);
        let number = |name: &str, at: usize| {
            cell(at).figure().map_err(|misfit| format!("`{name}` {misfit}"))
        };
        let figure = match self.figure {
            FigureAt::Value(at) => number("value", at)?.map(Figure::Value),
            FigureAt::Ratio { numerator, denominator } => {
                let parts =
                    number("numerator", numerator)?.zip(number("denominator", denominator)?);
                parts.map(|(numerator, denominator)| Figure::Ratio { numerator, denominator })
            }
        };
        let period = self.period.map(|at| {
            let period = cell(at).period(question, &formats.period);
            period.map_err(|misfit| format!("`period` {misfit}"))
        });
        let observed_at = self.observed_at.map(|at| {
            let instant = cell(at).instant(question, &formats.observed_at);
            instant.map_err(|misfit| format!("`observed_at` {misfit}"))
        });
        let target = self.target.map(|at| number("target", at));
        Ok(Sample {
            period: period.transpose()?,
            figure,
            target: target.transpose()?.flatten(),
            observed_at: observed_at.transpose()?.flatten(),
        })
    }
}

/// A name without blanks, which programs put into names as they like, and in small letters.
fn plain(name: &str) -> String {
    name.chars().filter(|c| !c.is_whitespace()).flat_map(char::to_lowercase).collect()
}

/// The only column of that name.
pub(crate) fn position(names: &[String], wanted: &str) -> Result<Option<usize>, String> {
    let mut found = names.iter().enumerate().filter(|(_, name)| plain(name) == plain(wanted));
    match (found.next(), found.next()) {
        (_, Some(_)) => Err(format!("came with two columns `{wanted}`; rename one")),
        (first, None) => Ok(first.map(|(at, _)| at)),
    }
}

#[cfg(test)]
mod tests {
    use chrono_tz::Europe::Amsterdam;

    use super::*;
    use crate::{dates::period_format::USUAL_FORMATS, question::Window};
    use kpid_rules::model::{Calendar, Frequency};

    fn outcome(
        reading: ReadingKind,
        columns: &[&str],
        rows: &[&[Cell]],
    ) -> Result<Outcome, String> {
        let (calendar, period) = (Calendar::plain(Amsterdam), Period::Month(2026, 5));
        let (start, end) = calendar.bounds(period);
        let (first_day, last_day) = (calendar.first_day(period), calendar.last_day(period));
        let window = Window { period, start, end, first_day, last_day };
        let table = Table {
            columns: columns.iter().map(|name| (*name).to_owned()).collect(),
            rows: rows.iter().map(|row| row.to_vec()).collect(),
            ..Table::default()
        };
        table.outcome(
            reading,
            None,
            &USUAL_FORMATS,
            &Question {
                window: &window,
                frequency: Frequency::Month,
                calendar: &calendar,
                now: end,
            },
        )
    }

    fn month(key: &str) -> Cell {
        Cell::Text(key.to_owned())
    }

    #[test]
    fn null_no_rows_and_zero_are_three_things() {
        let plain = |rows: &[&[Cell]]| outcome(ReadingKind::Value, &["value"], rows);
        assert_eq!(plain(&[]), Ok(Outcome::NoRows));
        assert_eq!(plain(&[&[Cell::Null]]), Ok(Outcome::Null));
        let zero = Sample {
            period: None,
            figure: Some(Figure::Value(0.0)),
            target: None,
            observed_at: None,
        };
        assert_eq!(plain(&[&[Cell::Int(0)]]), Ok(Outcome::Samples(vec![zero])));
    }

    #[test]
    fn nothing_that_is_doubted_is_an_error_and_never_no_rows() {
        let (calendar, period) = (Calendar::plain(Amsterdam), Period::Month(2026, 5));
        let (start, end) = calendar.bounds(period);
        let (first_day, last_day) = (calendar.first_day(period), calendar.last_day(period));
        let window = Window { period, start, end, first_day, last_day };
        let (frequency, now) = (Frequency::Month, end);
        let question = Question { window: &window, frequency, calendar: &calendar, now };
        let doubt = Some(Doubt::Nowhere("has no metric `a`".into()));
        for rows in [vec![], vec![vec![Cell::Null]]] {
            let columns = vec!["value".to_owned()];
            let table = Table { columns, rows, doubt: doubt.clone(), ..Table::default() };
            let outcome = table.outcome(ReadingKind::Value, None, &USUAL_FORMATS, &question);
            assert_eq!(outcome, Err("has no metric `a`".to_owned()));
        }
    }

    #[test]
    fn several_figures_come_in_one_row() {
        let names = ["revenue", "orders", "visits"].map(str::to_owned);
        let named = |figure: FigureColumns| FigureAt::named(&names, &figure);
        let value = named(FigureColumns::Value("Orders".into())).unwrap();
        assert!(matches!(value, FigureAt::Value(1)));
        let ratio =
            FigureColumns::Ratio { numerator: "orders".into(), denominator: "visits".into() };
        let ratio = named(ratio).unwrap();
        assert!(matches!(ratio, FigureAt::Ratio { numerator: 1, denominator: 2 }));
        let absent = named(FigureColumns::Value("value".into())).err().unwrap();
        assert!(absent.contains("revenue, orders, visits; there is no `value`"), "{absent}");
    }

    #[test]
    fn a_series_has_a_sample_for_each_row() {
        let rows: [&[Cell]; 2] = [
            &[month("2026-04"), Cell::Int(9), Cell::Int(10), Cell::Float(95.0)],
            &[month("2026-05"), Cell::Null, Cell::Int(0), Cell::Null],
        ];
        let columns = ["PERIOD", "numerator", "denominator", "target"];
        let Ok(Outcome::Samples(samples)) = outcome(ReadingKind::Series, &columns, &rows) else {
            panic!("no samples");
        };
        assert_eq!(samples[0].period, Some(Period::Month(2026, 4)));
        assert_eq!(samples[0].figure, Some(Figure::Ratio { numerator: 9.0, denominator: 10.0 }));
        assert_eq!(samples[0].target, Some(95.0));
        assert_eq!(samples[1].figure, None);
        assert_eq!(outcome(ReadingKind::Series, &columns, &rows[1..]), Ok(Outcome::Null));
    }

    #[test]
    fn what_does_not_fit_is_told_with_its_place() {
        let two: &[&[Cell]] = &[&[Cell::Int(1)], &[Cell::Int(2)]];
        let twice: &[&[Cell]] =
            &[&[month("2026-05"), Cell::Int(1)], &[month("2026-05"), Cell::Int(2)]];
        let weekly: &[&[Cell]] = &[&[month("2026-W22"), Cell::Int(1)]];
        let word: &[&[Cell]] = &[&[month("n/a")]];
        let pair: &[&[Cell]] = &[&[Cell::Int(1), Cell::Int(2)]];
        for (reading, columns, rows, part) in [
            (ReadingKind::Value, &["value"][..], two, "2 rows where one is expected"),
            (ReadingKind::Series, &["value"], two, "needs a column `period`"),
            (ReadingKind::Series, &["period", "value"], twice, "rows 1 and 2 are both of 2026-05"),
            (ReadingKind::Series, &["period", "value"], weekly, "in row 1 the column `period` is"),
            (ReadingKind::Value, &["value"], word, "in row 1 the column `value` is the text"),
            (ReadingKind::Value, &["a", "b"], pair, "came with the columns a, b"),
            (ReadingKind::Value, &["value", "Value"], pair, "two columns `value`"),
            (ReadingKind::Value, &["numerator", "b"], pair, "name one `value`"),
        ] {
            let error = outcome(reading, columns, rows).unwrap_err();
            assert!(error.contains(part), "{error}");
        }
    }
}
