//! What a system pushed, read: every bad reading is told, and nothing comes of it unless all are good.

use std::collections::{HashMap, hash_map::Entry};

use chrono::{DateTime, TimeDelta, Utc};
use indexmap::IndexMap;
use serde::{Deserialize, Deserializer, de::Error};

use crate::{
    engine::{
        collect,
        import::{self, Meant, Names, RowDates},
    },
    web::change::{BadReading, Media, Push, PushAnswer},
};
use kpid_config::setup::{PushedKpi, Setup};
use kpid_rules::{
    model::{Aggregate, KpiRef, Period},
    series::{Figure, ReadingKind},
};
use kpid_sources::{dates::period_format::DateFormats, json};
use kpid_store::{Attempt, AttemptOutcome, Collected, Filed, Filing, Precedence};

/// A system that has more to say at once has a history, which comes in parts or by `kpid import`.
const READINGS_MAX: usize = 10_000;

/// So far the clock of a system that pushes may be ahead of ours.
const CLOCK_DRIFT_MAX: TimeDelta = TimeDelta::minutes(5);

/// Good readings.
#[derive(Debug, Default)]
pub(crate) struct Readings {
    /// By KPI.
    pub(crate) collected: IndexMap<KpiRef, Collected>,
    /// How many are null.
    pub(crate) nulls: u64,
}

/// A body of JSON.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    readings: Vec<serde_json::Value>,
}

/// One reading in JSON.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Item {
    kpi: String,
    #[serde(deserialize_with = "text_or_number")]
    period: String,
    /// Null is a value of its own.
    #[serde(default, deserialize_with = "said")]
    value: Option<Option<f64>>,
    numerator: Option<f64>,
    denominator: Option<f64>,
    #[serde(default, deserialize_with = "text_or_number_if_any")]
    observed_at: Option<String>,
    target: Option<f64>,
}

/// Reads a push, or says what is wrong with it.
pub(crate) fn read(setup: &Setup, push: &Push, now: DateTime<Utc>) -> Result<Readings, PushAnswer> {
    let pushed = setup.pushed.iter().filter(|pushed| pushed.from == push.connection);
    let mut parser = PushParser {
        names: Names::of(setup),
        connection: push.connection.as_str(),
        pushed: pushed.map(|pushed| (&pushed.kpi, pushed)).collect(),
        seen: HashMap::new(),
        readings: Readings::default(),
        now,
    };
    let bad = match push.media {
        Media::Json => parser.json(&push.body)?,
        Media::Csv => parser.csv(&push.body),
    };
    if bad.is_empty() { Ok(parser.readings) } else { Err(PushAnswer::Bad(bad)) }
}

/// A null that is written is told from a key that is not there.
fn said<'de, D: Deserializer<'de>>(value: D) -> Result<Option<Option<f64>>, D::Error> {
    Option::deserialize(value).map(Some)
}

/// A text, or a number such as the seconds since 1970.
fn text_or_number<'de, D: Deserializer<'de>>(value: D) -> Result<String, D::Error> {
    match serde_json::Value::deserialize(value)? {
        serde_json::Value::String(text) => Ok(text),
        serde_json::Value::Number(number) => Ok(number.to_string()),
        other => Err(D::Error::custom(format!("{other} is not a period or an instant"))),
    }
}

fn text_or_number_if_any<'de, D: Deserializer<'de>>(value: D) -> Result<Option<String>, D::Error> {
    match serde_json::Value::deserialize(value)? {
        serde_json::Value::Null => Ok(None),
        value => text_or_number(value).map(Some).map_err(D::Error::custom),
    }
}

/// Where readings are looked at, one after the other.
struct PushParser<'s> {
    names: Names<'s>,
    connection: &'s str,
    /// What may be pushed.
    pushed: HashMap<&'s KpiRef, &'s PushedKpi>,
    /// Where each was first seen.
    seen: HashMap<(KpiRef, Period, Option<DateTime<Utc>>), u64>,
    readings: Readings,
    now: DateTime<Utc>,
}

/// A figure, or null, and the target that came with it.
type Said = (Option<Figure>, Option<f64>);

impl<'s> PushParser<'s> {
    fn json(&mut self, body: &[u8]) -> Result<Vec<BadReading>, PushAnswer> {
        let unreadable = |error: String| {
            PushAnswer::Unreadable(format!(
                "the body is not valid: {error}; send {{\"readings\": [{{\"kpi\": …, \"period\": …, \"value\": …}}]}}"
            ))
        };
        let text = str::from_utf8(body).map_err(|error| unreadable(error.to_string()))?;
        let document = json::parse(text).map_err(|error| {
            if error.is_data() {
                PushAnswer::Unreadable(format!("the body is ambiguous: {error}"))
            } else {
                unreadable(error.to_string())
            }
        })?;
        let body: Body =
            serde_json::from_value(document).map_err(|error| unreadable(error.to_string()))?;
        let count = body.readings.len();
        if count == 0 {
            return Err(PushAnswer::Unreadable("`readings` is empty".to_owned()));
        }
        if count > READINGS_MAX {
            let words = format!("{count} readings; at most {READINGS_MAX} are taken at once");
            return Err(PushAnswer::TooMany(words));
        }
        let mut bad = Vec::new();
        for (at, item) in (0..).zip(body.readings) {
            let taken = serde_json::from_value::<Item>(item)
                .map_err(|error| error.to_string())
                .and_then(|item| self.item(at, &item));
            bad.extend(taken.err().map(|message| BadReading { at, message }));
        }
        Ok(bad)
    }

    fn csv(&mut self, body: &[u8]) -> Vec<BadReading> {
        let now = self.now;
        let rows = import::rows(body, READINGS_MAX, |line, row| {
            let meant = self.names.meant(&row.kpi, &row.dates(&self.formats(&row.kpi)), now)?;
            self.take(line, meant, (Some(row.figure()?), None))
        });
        let bad = rows.err().unwrap_or_default().into_iter();
        bad.map(|row| BadReading { at: row.line, message: row.message }).collect()
    }

    fn item(&mut self, at: u64, item: &Item) -> Result<(), String> {
        let formats = self.formats(&item.kpi);
        let dates = RowDates {
            period: &item.period,
            observed_at: item.observed_at.as_deref(),
            formats: &formats,
        };
        let meant = self.names.meant(&item.kpi, &dates, self.now)?;
        let figure = match (item.value, item.numerator, item.denominator) {
            (Some(value), None, None) => value.map(Figure::Value),
            (None, Some(numerator), Some(denominator)) => {
                Some(Figure::Ratio { numerator, denominator })
            }
            (None, None, None) => {
                return Err("the reading has no value; write null if there is none".to_owned());
            }
            _ => return Err("write either `value`, or `numerator` and `denominator`".to_owned()),
        };
        self.take(at, meant, (figure, item.target))
    }

    /// How the system writes periods and instants of this KPI.
    fn formats(&self, kpi: &str) -> DateFormats {
        let pushed = KpiRef::parse(kpi).and_then(|named| self.pushed.get(&named));
        pushed.map(|pushed| pushed.formats.clone()).unwrap_or_default()
    }

    /// Takes a reading that is of a KPI of the connection, and of an instant that can be.
    fn take(&mut self, at: u64, meant: Meant<'s>, (figure, target): Said) -> Result<(), String> {
        let Meant { named, scorecard, kpi, period, observed_at } = meant;
        let connection = self.connection;
        let pushed = self.pushed.get(&named).ok_or_else(|| {
            format!("`{named}` is not pushed over `{connection}`; give it source: {{ push: {{ from: {connection} }} }}")
        })?;
        let filing = collect::filing(pushed.reading, kpi);
        if observed_at.is_none() && adds_up(filing) {
            return Err(format!(
                "several readings of `{named}` make its figure, so each needs `observed_at`, by \
                 which a repetition is recognised"
            ));
        }
        if observed_at.is_some_and(|instant| instant > self.now + CLOCK_DRIFT_MAX) {
            return Err(
                "`observed_at` is still to come; look at the clock that wrote it".to_owned()
            );
        }
        // Of several readings the instant is part of the name; of an actual it is not.
        let instant = observed_at.filter(|_| matches!(filing, Filing::Readings { .. }));
        match self.seen.entry((named.clone(), period, instant)) {
            Entry::Occupied(first) => {
                let first = first.get();
                return Err(format!("`{named}` for {period} is there twice: first at {first}"));
            }
            Entry::Vacant(free) => free.insert(at),
        };
        let now = self.now;
        let collected = self.readings.collected.entry(named.clone()).or_insert_with(|| {
            let (finished_at, outcome) = (now, AttemptOutcome::Samples);
            let attempt = Attempt { slot: None, missed: 0, finished_at, outcome, message: None };
            Collected { kpi: named, attempt: Some(attempt), filing, filed: Vec::new() }
        });
        let Some(figure) = figure else {
            self.readings.nulls += 1;
            if let Some(attempt) = &mut collected.attempt {
                attempt.outcome = AttemptOutcome::Null;
                attempt.message = Some(format!("`{connection}` pushed null for {period}"));
            }
            return Ok(());
        };
        collected.filed.push(Filed {
            period,
            figure,
            target,
            observed_at: observed_at.unwrap_or_else(|| scorecard.calendar.observed_in(period, now)),
            collected_at: now,
            stage: collect::stage(scorecard, period, now),
            precedence: match pushed.reading {
                ReadingKind::Series => Precedence::CollectedLast,
                _ => collect::precedence(scorecard, period, observed_at),
            },
        });
        Ok(())
    }
}

/// Whether a reading taken twice would count twice.
fn adds_up(filing: Filing) -> bool {
    match filing {
        Filing::Actuals | Filing::Newest => false,
        Filing::Readings { kind: ReadingKind::ToDate, .. } => false,
        Filing::Readings { aggregate: Aggregate::Last, kind: ReadingKind::Value, .. } => false,
        Filing::Readings { .. } => true,
    }
}
