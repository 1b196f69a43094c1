//! The episode machine: when a perspective's evaluations become news. It has memory so that a
//! colour needs none; it is pure, and its whole state is stored.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{Acknowledgement, AlertOn, AlertPolicy, Status, at_least, score};

/// The alert state of one scope: where its present or last episode stands.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Episode {
    /// Counts the episodes that were told of; 0 before the first.
    pub number: u32,
    /// Where it stands.
    pub phase: Phase,
    /// When it opened.
    pub opened_at: Option<DateTime<Utc>>,
    /// The label of the evaluation it opened on.
    pub opened_period: Option<String>,
    /// When it ended.
    pub recovered_at: Option<DateTime<Utc>>,
    /// Whether it was escalated: once an episode.
    pub escalated: bool,
    /// Whether an evaluation with data has ever been seen here.
    pub seen: bool,
    /// Consecutive evaluations that would open an episode.
    pub bad_in_a_row: u32,
    /// Consecutive periods off track in this episode.
    pub bad_periods: u32,
    /// The newest evaluation counted, so that looking twice does not count twice.
    pub last_occasion: Option<String>,
    /// The newest period counted.
    pub last_period: Option<String>,
    /// Who answers for it, once somebody does.
    pub acknowledgement: Option<Acknowledgement>,
}

/// Where an episode stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Nothing is wrong, or not long enough.
    #[default]
    Clear,
    /// Off track.
    Open,
}

/// What happened to an episode, and so what is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// It fell off track.
    Opened,
    /// It lasts.
    Escalated,
    /// It is over.
    Recovered,
}

/// One look at a scope.
#[derive(Clone, Debug, PartialEq)]
pub struct Evaluation {
    /// The verdict.
    pub status: Status,
    /// The unrounded score.
    pub score: Option<f64>,
    /// The label of the period evaluated.
    pub period: String,
    /// What makes this another evaluation than the last: the period, and the day of the newest
    /// reading of a level. Looking again at the same occasion does not count again.
    pub occasion: String,
    /// Whether it counts at all: the period is due, or all its actuals are in.
    pub official: bool,
    /// History being loaded: seen, never told.
    pub historical: bool,
    /// Nobody wants to hear of it now.
    pub silenced: bool,
}

impl Episode {
    /// Whether the episode goes on.
    pub fn is_open(&self) -> bool {
        self.phase == Phase::Open
    }

    /// The episode, acknowledged; a later acknowledgement takes the place of an earlier one.
    pub fn acknowledge(&self, acknowledgement: Acknowledgement) -> Self {
        Self { acknowledgement: Some(acknowledgement), ..self.clone() }
    }

    /// The episode after one more evaluation, and what is told of it.
    pub fn advance(
        &self,
        policy: &AlertPolicy,
        evaluation: &Evaluation,
        now: DateTime<Utc>,
    ) -> (Self, Option<Event>) {
        let unknown =
            matches!(evaluation.status, Status::NoData | Status::Pending | Status::NotScored);
        if unknown || !evaluation.official {
            return (self.clone(), None);
        }
        let mut next = Self { seen: true, ..self.clone() };
        if evaluation.historical {
            return (next, None);
        }
        let event = match trouble(policy, evaluation) {
            Trouble::Bad => next.worsen(policy, evaluation, now),
            Trouble::Between => {
                next.bad_periods = 0;
                if !next.is_open() {
                    next.bad_in_a_row = 0;
                }
                None
            }
            Trouble::Good => next.better(evaluation, now),
        };
        next.last_occasion = Some(evaluation.occasion.clone());
        next.last_period = Some(evaluation.period.clone());
        (next, event)
    }

    fn worsen(
        &mut self,
        policy: &AlertPolicy,
        evaluation: &Evaluation,
        now: DateTime<Utc>,
    ) -> Option<Event> {
        let is_new = self.last_occasion.as_ref() != Some(&evaluation.occasion);
        if is_new || self.bad_in_a_row == 0 {
            self.bad_in_a_row = self.bad_in_a_row.saturating_add(1);
        }
        let is_new_period = self.last_period.as_ref() != Some(&evaluation.period);
        if is_new_period || self.bad_periods == 0 {
            self.bad_periods = self.bad_periods.saturating_add(1);
        }
        if evaluation.silenced {
            return None;
        }
        if !self.is_open() {
            return (self.bad_in_a_row >= policy.open_after).then(|| self.open(evaluation, now));
        }
        let lasts = policy.escalate_after > 0 && self.bad_periods >= policy.escalate_after;
        (lasts && !self.escalated).then(|| {
            self.escalated = true;
            Event::Escalated
        })
    }

    fn open(&mut self, evaluation: &Evaluation, now: DateTime<Utc>) -> Event {
        self.number += 1;
        self.phase = Phase::Open;
        self.opened_at = Some(now);
        self.opened_period = Some(evaluation.period.clone());
        self.recovered_at = None;
        self.escalated = false;
        self.acknowledgement = None;
        Event::Opened
    }

    fn better(&mut self, evaluation: &Evaluation, now: DateTime<Utc>) -> Option<Event> {
        self.bad_in_a_row = 0;
        self.bad_periods = 0;
        if !self.is_open() {
            return None;
        }
        self.phase = Phase::Clear;
        self.recovered_at = Some(now);
        (!evaluation.silenced).then_some(Event::Recovered)
    }
}

impl Event {
    /// The event's word, as in JSON, scenarios and the outbox.
    pub fn word(self) -> &'static str {
        match self {
            Self::Opened => "opened",
            Self::Escalated => "escalated",
            Self::Recovered => "recovered",
        }
    }
}

enum Trouble {
    Bad,
    Between,
    Good,
}

fn trouble(policy: &AlertPolicy, evaluation: &Evaluation) -> Trouble {
    let clears = |line: f64| {
        evaluation.score.is_some_and(|score| at_least(score, line + policy.recovery_margin))
    };
    match (policy.on, evaluation.status) {
        (_, Status::OffTrack) => Trouble::Bad,
        (AlertOn::AtRisk, Status::AtRisk) => Trouble::Bad,
        (AlertOn::AtRisk, _) if !clears(score::GREEN_SCORE) => Trouble::Between,
        (_, Status::AtRisk) if !clears(score::RED_SCORE) => Trouble::Between,
        _ => Trouble::Good,
    }
}
