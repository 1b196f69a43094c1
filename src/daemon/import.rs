//! Importing actuals from a CSV file: every bad row is told, and nothing is kept unless all are good.

use std::{collections::HashSet, io::Read};

use chrono::{DateTime, Utc};
use serde::Deserialize;

use crate::{
    config::setup::Setup,
    daemon::{
        Engine,
        judge::{self, LIVE},
    },
    scorecard::{Figure, Input, KpiRef, Period},
    store::{Collected, Deed, Filed, Filing, Judgement, Stage},
};

/// More rows than this are imported in parts.
const ROWS_MAX: usize = 1_000_000;

/// One row, as written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    kpi: String,
    period: String,
    value: Option<String>,
    numerator: Option<String>,
    denominator: Option<String>,
    observed_at: Option<String>,
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

/// Reads rows of `kpi,period,value[,numerator,denominator,observed_at]`, or everything wrong with them.
pub fn read(
    setup: &Setup,
    file: impl Read,
    now: DateTime<Utc>,
) -> Result<Vec<Collected>, Vec<BadRow>> {
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(file);
    let headers = match reader.headers() {
        Ok(headers) => headers.clone(),
        Err(error) => return Err(vec![BadRow { line: 1, message: error.to_string() }]),
    };
    let (mut good, mut bad) = (Vec::new(), Vec::new());
    for (at, record) in reader.records().enumerate() {
        let line_of = |record: &csv::StringRecord| record.position().map_or(0, csv::Position::line);
        let row = match &record {
            Err(error) => Err((error.position().map_or(0, csv::Position::line), error.to_string())),
            Ok(_) if at >= ROWS_MAX => {
                Err((0, format!("more than {ROWS_MAX} rows; import the file in parts")))
            }
            Ok(record) => record
                .deserialize::<Row>(Some(&headers))
                .map_err(|error| (line_of(record), column(&error)))
                .and_then(|row| {
                    collected(setup, &row, now).map_err(|message| (line_of(record), message))
                }),
        };
        match row {
            Ok(row) => good.push(row),
            Err((line, message)) => bad.push(BadRow { line, message }),
        }
        if at >= ROWS_MAX {
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
    engine: &Engine,
    rows: &[Collected],
    deed: &Deed,
    now: DateTime<Utc>,
) -> anyhow::Result<Judgement> {
    engine.store.take_in(rows, deed).await?;
    let kpis: HashSet<KpiRef> = rows.iter().map(|row| row.kpi.clone()).collect();
    let scorecards = engine.setup.portfolio.affected_by(&kpis);
    judge::judge(engine, &scorecards, LIVE, now).await
}

fn collected(setup: &Setup, row: &Row, now: DateTime<Utc>) -> Result<Collected, String> {
    let unknown = || format!("there is no KPI `{}`; write scorecard/kpi", row.kpi);
    let named = KpiRef::parse(&row.kpi).ok_or_else(unknown)?;
    let portfolio = &setup.portfolio;
    let scorecard = portfolio.scorecard(&named.scorecard).ok_or_else(unknown)?;
    let kpi = scorecard.kpi(&named.kpi).ok_or_else(unknown)?;
    if !matches!(kpi.input, Input::Collected) {
        return Err(format!("`{named}` is computed from other KPIs; import those"));
    }
    let period = Period::parse(&row.period).map_err(|error| error.to_string())?;
    if period.frequency() != kpi.frequency {
        let wanted = scorecard.calendar.period_at(kpi.frequency, now);
        return Err(format!("`{period}` is no period of `{named}`; write one such as {wanted}"));
    }
    let (start, _) = scorecard.calendar.bounds(period);
    if start > now {
        return Err(format!("`{period}` has not begun"));
    }
    let observed_at = match given(row.observed_at.as_ref()) {
        None => scorecard.calendar.observed_in(period, now),
        Some(text) => DateTime::parse_from_rfc3339(text)
            .map_err(|_| format!("`{text}` is no instant; write 2026-06-03T06:00:00+02:00"))?
            .to_utc(),
    };
    let filed = Filed {
        period,
        figure: figure(row)?,
        target: None,
        observed_at,
        collected_at: now,
        // A person may restate what is frozen.
        stage: match scorecard.calendar.is_closed(period, now) {
            true => Stage::Closed,
            false => Stage::Running,
        },
    };
    Ok(Collected { kpi: named, attempt: None, filing: Filing::Actuals, filed: vec![filed] })
}

fn figure(row: &Row) -> Result<Figure, String> {
    let parts =
        (given(row.value.as_ref()), given(row.numerator.as_ref()), given(row.denominator.as_ref()));
    match parts {
        (Some(value), None, None) => number(value).map(Figure::Value),
        (None, Some(numerator), Some(denominator)) => {
            Ok(Figure::Ratio { numerator: number(numerator)?, denominator: number(denominator)? })
        }
        (None, None, None) => Err("the row has no value; leave out periods without one".to_owned()),
        _ => Err("write either `value`, or `numerator` and `denominator`".to_owned()),
    }
}

fn number(text: &str) -> Result<f64, String> {
    let number = text.parse::<f64>().ok().filter(|number| number.is_finite());
    number.ok_or_else(|| format!("`{text}` is no number; write digits and a decimal point"))
}

fn given(field: Option<&String>) -> Option<&str> {
    field.map(String::as_str).filter(|text| !text.is_empty())
}

/// What is wrong with a row's columns, without the reader's own place.
fn column(error: &csv::Error) -> String {
    match error.kind() {
        csv::ErrorKind::Deserialize { err, .. } => err.kind().to_string(),
        _ => error.to_string(),
    }
}
