//! Importing actuals from a CSV file: every bad row is told, and nothing is kept unless all are good.

use std::{
    collections::{HashMap, HashSet},
    io::Read,
};

use chrono::{DateTime, Utc};
use serde::Deserialize;

use crate::{
    engine::{
        collect,
        judgement::{self, LIVE},
        rejudgement,
    },
    instance::Instance,
};
use kpid_config::{
    problem::{on_one_line, suggestion},
    setup::Setup,
};
use kpid_rules::{
    model::{Input, Kpi, KpiRef, Period, Scorecard},
    series::Figure,
};
use kpid_sources::{dates::period_format::DateFormats, push::PushedTo};
use kpid_store::{AuditEntry, Collected, Filed, Filing, Judgement, Stage};

/// More rows than this are imported in parts.
const ROWS_MAX: usize = 1_000_000;

/// Two ids and what stands between them are less.
const NAME_BYTES_MAX: usize = 200;

/// Names of no KPI that are compared with all there are; whoever has more sees the pattern.
const SUGGESTIONS_MAX: usize = 20;

/// One row, as written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ImportRow {
    pub(crate) kpi: String,
    pub(crate) period: String,
    value: Option<String>,
    numerator: Option<String>,
    denominator: Option<String>,
    observed_at: Option<String>,
}

/// What a row says of when, and how it is written.
pub(crate) struct RowDates<'r> {
    pub(crate) period: &'r str,
    pub(crate) observed_at: Option<&'r str>,
    pub(crate) formats: &'r DateFormats,
}

/// A row that is wrong, and why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {message}")]
pub struct BadRow {
    /// Its line in the file.
    pub line: u64,
    /// A sentence for its author.
    pub message: String,
}

/// Which KPIs there are, and which may have been meant by a name of none.
pub(crate) struct Names<'s> {
    setup: &'s Setup,
    /// What was said of names of none.
    unknown: HashMap<String, String>,
}

/// What a row is of.
pub(crate) struct Meant<'s> {
    pub(crate) named: KpiRef,
    pub(crate) scorecard: &'s Scorecard,
    pub(crate) kpi: &'s Kpi,
    pub(crate) period: Period,
    /// When it was true, if the row says.
    pub(crate) observed_at: Option<DateTime<Utc>>,
}

/// Reads rows of `kpi,period,value[,numerator,denominator,observed_at]`, or everything wrong with them.
pub fn read(
    setup: &Setup,
    file: impl Read,
    now: DateTime<Utc>,
) -> Result<Vec<Collected>, Vec<BadRow>> {
    let mut names = Names::of(setup);
    rows(file, ROWS_MAX, |_, row| collected(&mut names, row, now))
}

/// Makes something of each row, told its line, or tells everything wrong with them.
pub(crate) fn rows<T>(
    file: impl Read,
    rows_max: usize,
    mut make: impl FnMut(u64, &ImportRow) -> Result<T, String>,
) -> Result<Vec<T>, Vec<BadRow>> {
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(file);
    let headers = match reader.headers() {
        Ok(headers) => headers.clone(),
        Err(error) => {
            return Err(vec![BadRow { line: 1, message: on_one_line(&column(&error)) }]);
        }
    };
    let (mut good, mut bad) = (Vec::new(), Vec::new());
    for (at, record) in reader.records().enumerate() {
        let line_of = |record: &csv::StringRecord| record.position().map_or(0, csv::Position::line);
        let row = match &record {
            Err(error) => Err((error.position().map_or(0, csv::Position::line), column(error))),
            Ok(record) if at >= rows_max => {
                Err((line_of(record), format!("more than {rows_max} rows; give them in parts")))
            }
            Ok(record) => record
                .deserialize::<ImportRow>(Some(&headers))
                .map_err(|error| (line_of(record), column(&error)))
                .and_then(|row| {
                    make(line_of(record), &row).map_err(|message| (line_of(record), message))
                }),
        };
        match row {
            Ok(row) => good.push(row),
            Err((line, message)) => bad.push(BadRow { line, message: on_one_line(&message) }),
        }
        if at >= rows_max {
            break;
        }
    }
    if good.is_empty() && bad.is_empty() {
        let message = "the file has no rows; the first line names kpi,period,value".to_owned();
        bad.push(BadRow { line: 1, message });
    }
    if bad.is_empty() { Ok(good) } else { Err(bad) }
}

/// Keeps rows with the line that says who brought them, and judges every scorecard they concern.
pub async fn keep(
    instance: &Instance,
    rows: &[Collected],
    entry: &AuditEntry,
    now: DateTime<Utc>,
) -> anyhow::Result<Judgement> {
    rejudgement::keep(&instance.setup, &instance.store, now).await?;
    instance.store.take_in(rows, entry).await?;
    let kpis: HashSet<KpiRef> = rows.iter().map(|row| row.kpi.clone()).collect();
    let scorecards = instance.setup.portfolio.affected_by(&kpis);
    judgement::judge(instance, &scorecards, LIVE, now).await
}

impl<'s> Names<'s> {
    pub(crate) fn of(setup: &'s Setup) -> Self {
        Self { setup, unknown: HashMap::new() }
    }

    /// The KPI and the period that a row names.
    pub(crate) fn meant(
        &mut self,
        kpi: &str,
        dates: &RowDates<'_>,
        now: DateTime<Utc>,
    ) -> Result<Meant<'s>, String> {
        let found = KpiRef::parse(kpi).and_then(|named| {
            let scorecard = self.setup.portfolio.scorecard(&named.scorecard)?;
            let kpi = scorecard.kpi(&named.kpi)?;
            Some((named, scorecard, kpi))
        });
        let Some((named, scorecard, kpi)) = found else { return Err(self.unknown(kpi)) };
        if !matches!(kpi.input, Input::Collected) {
            return Err(format!("`{named}` is computed from other KPIs; give those"));
        }
        let to = PushedTo { frequency: kpi.frequency, calendar: &scorecard.calendar, now };
        let formats = dates.formats;
        let period = to.period(dates.period, &formats.period).map_err(|misfit| {
            let other = Period::parse(dates.period);
            let wanted = scorecard.calendar.period_at(kpi.frequency, now);
            match other {
                Ok(other) => {
                    format!("`{other}` is not a period of `{named}`; write one such as {wanted}")
                }
                Err(_) => misfit,
            }
        })?;
        let (start, _) = scorecard.calendar.bounds(period);
        if start > now {
            return Err(format!("`{period}` has not begun"));
        }
        let observed_at = dates.observed_at.map(|text| to.instant(text, &formats.observed_at));
        Ok(Meant { named, scorecard, kpi, period, observed_at: observed_at.transpose()? })
    }

    /// What is said of a name that no KPI has.
    fn unknown(&mut self, name: &str) -> String {
        if let Some(said) = self.unknown.get(name) {
            return said.clone();
        }
        if name.len() > NAME_BYTES_MAX {
            return format!(
                "the name of the KPI has {} bytes, which is too long; write scorecard/kpi",
                name.len()
            );
        }
        let known: Vec<String> = match self.unknown.len() < SUGGESTIONS_MAX {
            true => self.setup.portfolio.kpis().map(|(named, ..)| named.to_string()).collect(),
            false => Vec::new(),
        };
        let hint = suggestion(name, known.iter().map(String::as_str));
        let hint = hint.unwrap_or_else(|| "write scorecard/kpi".to_owned());
        let said = format!("there is no KPI `{name}`; {hint}");
        if self.unknown.len() < SUGGESTIONS_MAX {
            self.unknown.insert(name.to_owned(), said.clone());
        }
        said
    }
}

fn collected(
    names: &mut Names<'_>,
    row: &ImportRow,
    now: DateTime<Utc>,
) -> Result<Collected, String> {
    let Meant { named, scorecard, period, observed_at, .. } =
        names.meant(&row.kpi, &row.dates(&DateFormats::default()), now)?;
    let filed = Filed {
        period,
        figure: row.figure()?,
        target: None,
        observed_at: observed_at.unwrap_or_else(|| scorecard.calendar.observed_in(period, now)),
        collected_at: now,
        precedence: collect::precedence(scorecard, period, observed_at),
        // A person may restate what is frozen.
        stage: match scorecard.calendar.is_closed(period, now) {
            true => Stage::Closed,
            false => Stage::Running,
        },
    };
    Ok(Collected { kpi: named, attempt: None, filing: Filing::Actuals, filed: vec![filed] })
}

impl ImportRow {
    pub(crate) fn dates<'r>(&'r self, formats: &'r DateFormats) -> RowDates<'r> {
        RowDates { period: &self.period, observed_at: given(self.observed_at.as_ref()), formats }
    }

    pub(crate) fn figure(&self) -> Result<Figure, String> {
        let parts = (
            given(self.value.as_ref()),
            given(self.numerator.as_ref()),
            given(self.denominator.as_ref()),
        );
        match parts {
            (Some(value), None, None) => number(value).map(Figure::Value),
            (None, Some(numerator), Some(denominator)) => Ok(Figure::Ratio {
                numerator: number(numerator)?,
                denominator: number(denominator)?,
            }),
            (None, None, None) => {
                Err("the row has no value; leave out periods without one".to_owned())
            }
            _ => Err("write either `value`, or `numerator` and `denominator`".to_owned()),
        }
    }
}

fn number(text: &str) -> Result<f64, String> {
    let number = text.parse::<f64>().ok().filter(|number| number.is_finite());
    number.ok_or_else(|| format!("`{text}` is not a number; write digits and a decimal point"))
}

fn given(field: Option<&String>) -> Option<&str> {
    field.map(String::as_str).filter(|text| !text.is_empty())
}

/// What is wrong with a row's columns, without the reader's own place.
fn column(error: &csv::Error) -> String {
    match error.kind() {
        csv::ErrorKind::Deserialize { err, .. } => err.kind().to_string(),
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            format!("the row has {len} columns, the first line {expected_len}")
        }
        csv::ErrorKind::Utf8 { .. } => "the row is not UTF-8; save the file as UTF-8".to_owned(),
        _ => error.to_string(),
    }
}
