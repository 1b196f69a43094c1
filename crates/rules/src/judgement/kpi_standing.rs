//! One KPI as it stands: what is shown, kept and told of it.

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::{
    judgement::{
        evaluation_key::EvaluationKey,
        forecast::Forecast,
        restatement::{AsReported, Restated},
        rounding::Readout,
        signal::{Assurance, Signal},
        trend::Trend,
    },
    model::{
        calendar::Calendar,
        id::Id,
        period::Period,
        status::{DataState, Finality, Gap, Status},
    },
};

/// One KPI, judged on the period it reports.
#[derive(Clone, Debug, Serialize)]
pub struct KpiStanding {
    /// Its id.
    pub id: Id,
    /// Its name.
    pub name: String,
    /// What the number counts.
    pub unit: Option<String>,
    /// Digits after the point that people care for.
    #[serde(skip)]
    pub decimals: Option<u8>,
    /// The period reported.
    pub period: Option<Period>,
    /// Where the newest due period stands.
    pub state: DataState,
    /// A closed period whose actual is not due yet, newer than the one reported.
    #[serde(skip)]
    pub awaited: Option<Period>,
    /// Whether the newest reading speaks for it, rather than the last closed period.
    #[serde(skip)]
    pub judged_on_newest: bool,
    /// The value of the period reported.
    pub value: Option<f64>,
    /// What was wanted.
    pub target: Option<f64>,
    /// On track from here on. For a band, the edge on the value's side.
    pub green_line: Option<f64>,
    /// Off track beyond. For a band, the edge on the value's side.
    pub red_line: Option<f64>,
    /// The word.
    pub status: Status,
    /// 0 to 100, unrounded.
    pub score: Option<f64>,
    /// Value minus target, in the KPI's unit.
    pub variance: Option<f64>,
    /// For people to read; never used for the status. None at a target of 0.
    pub achievement_pct: Option<f64>,
    /// The last closed period against the one before.
    pub trend: Option<Trend>,
    /// The last closed period against the same period of last year.
    pub vs_last_year: Option<Trend>,
    /// What the XmR rules say of the newest value.
    pub signal: Option<Signal>,
    /// Its share of the perspective's shortfall, in %.
    pub share_pct: Option<f64>,
    /// Its part in the perspective's score, 0 to 1; none where it does not count.
    #[serde(skip)]
    pub effective_weight: Option<f64>,
    /// When the value was true in the world.
    pub observed_at: Option<DateTime<Utc>>,
    /// Why the newest attempt to collect gave nothing.
    pub error: Option<String>,
    /// Why there is no verdict, or a lesser one.
    pub gap: Option<Gap>,
    /// The periods without which there is no sum to judge.
    #[serde(skip)]
    pub missing: Vec<Period>,
    /// The newest value held, where none is reported: shown with its age, never judged.
    pub last_known: Option<LastKnown>,
    /// How many closed periods in a row, up to the one reported, have had the present status.
    pub streak: Option<u32>,
    /// Whether the process as it is meets its target.
    pub assurance: Option<Assurance>,
    /// Where the next closed period is heading.
    pub forecast: Option<Forecast>,
    /// The verdict that the forecast would have.
    #[serde(skip)]
    pub expected: Option<(Status, f64)>,
    /// The running period of a flow so far; provisional.
    pub pace: Option<Pacing>,
    /// Where it is heading would be told by figures that are out of date.
    #[serde(skip)]
    pub outlook_is_stale: bool,
    /// How settled the value is; none without one.
    pub finality: Option<Finality>,
    /// The period was reported otherwise before: its first figure and verdict.
    pub as_reported: Option<AsReported>,
    /// What was changed lately, of this or an earlier period, by enough to be told.
    #[serde(skip)]
    pub restated: Vec<Restated>,
    /// Its weight among its siblings, in the period reported.
    pub weight: f64,
    /// Red here makes the objective red.
    pub critical: bool,
}

impl KpiStanding {
    /// Its numbers as people see them.
    pub fn readout(&self) -> Readout<'_> {
        let lines = [self.target, self.green_line, self.red_line];
        Readout::new(self.decimals, self.unit.as_deref(), self.value, lines)
    }

    /// What it speaks for.
    pub(crate) fn evaluation_key(&self, calendar: &Calendar) -> EvaluationKey {
        let ended = |period: Period| (calendar.last_day(period), period.frequency(), period);
        let named = self.period.map(ended);
        if self.weight <= 0.0 {
            return EvaluationKey { named, ..EvaluationKey::default() };
        }
        let reported = named.filter(|_| self.value.is_some());
        if self.judged_on_newest {
            return EvaluationKey {
                newest: reported,
                named,
                level_read: self.observed_at,
                ..EvaluationKey::default()
            };
        }
        let awaited = self.awaited.map(|period| calendar.last_day(period));
        EvaluationKey { closed: reported, named, awaited, ..EvaluationKey::default() }
    }

    /// Why it has no verdict, or a lesser one, to go after its name.
    pub fn gap_words(&self) -> Option<String> {
        let gap = self.gap?;
        Some(match self.missing.as_slice() {
            [] => gap.words().to_owned(),
            missing => incomplete(missing),
        })
    }
}

/// More periods are counted, not named.
const PERIODS_NAMED_MAX: usize = 6;

/// `no figure for April and May 2026 of the running total`
pub fn incomplete(missing: &[Period]) -> String {
    let labels: Vec<String> = missing.iter().map(|period| period.label()).collect();
    // A year is said once, with the last of its periods.
    let without_year = |(at, label): (usize, &String)| {
        let next = labels.get(at + 1).and_then(|next| next.rsplit_once(' '));
        match (label.rsplit_once(' '), next) {
            (Some((name, year)), Some((_, same))) if year == same => name.to_owned(),
            _ => label.clone(),
        }
    };
    let named = labels.iter().enumerate().take(PERIODS_NAMED_MAX).map(without_year);
    let mut named: Vec<String> = named.collect();
    let more = labels.len().saturating_sub(PERIODS_NAMED_MAX);
    let last = if more > 0 { Some(format!("{more} more")) } else { named.pop() };
    let last = last.unwrap_or_default();
    let periods = if named.is_empty() { last } else { format!("{} and {last}", named.join(", ")) };
    format!("no figure for {periods} of the running total")
}

/// The newest value held of a KPI that reports none.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct LastKnown {
    /// Of which period.
    pub period: Period,
    /// The value.
    pub value: f64,
}

/// How the running period goes so far: an early word, never the verdict.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Pacing {
    /// The running period.
    pub period: Period,
    /// Up to when it has been read.
    #[serde(skip)]
    pub read_at: DateTime<Utc>,
    /// What has come so far.
    pub value: f64,
    /// What should have come so far.
    pub target_to_date: f64,
    /// Value in % of that; none at 0.
    pub pace_pct: Option<f64>,
    /// What the whole period comes to at this pace.
    pub projection: Option<f64>,
    /// What each remaining day must bring.
    pub required_rate: Option<f64>,
    /// The projection judged; `pending` while it is too early.
    pub status: Status,
    /// The projection scored.
    pub score: Option<f64>,
}
