//! A story played to the engine: what came in when, and what the engine made of it. No source, no
//! store, no clock; the same judgement as the daemon's.

use std::collections::HashMap;

use chrono::{DateTime, Utc};

use crate::{
    alerting::{
        episode::{Episode, Receipts},
        operator_actions::Acknowledgement,
    },
    evaluation::{
        circumstances::{Circumstances, EpisodeChange},
        evaluate::evaluate,
    },
    judgement::standing::Standing,
    model::{
        id::{Id, KpiRef, Scope},
        period::Period,
        portfolio::Portfolio,
    },
    series::history::Asked,
    series::history::{Actual, Failure, History},
};

/// What comes in at one instant.
#[derive(Clone, Debug, PartialEq)]
pub struct TimelineStep {
    /// When.
    pub at: DateTime<Utc>,
    /// What the sources gave.
    pub actuals: Vec<(KpiRef, Period, Actual)>,
    /// KPIs whose source gave nothing, and its words.
    pub failures: Vec<(KpiRef, String)>,
    /// History being loaded: seen, never told.
    pub historical: bool,
    /// Scorecards and perspectives of which nobody wants to hear now.
    pub silenced: Vec<Scope>,
    /// Since when people know of alerts; of others, since they were told.
    pub receipts: Vec<(Scope, Receipts)>,
    /// Alerts that are open before the step, and who answers for them now.
    pub acknowledged: Vec<(Scope, Acknowledgement)>,
}

/// What the engine made of a step.
#[derive(Clone, Debug)]
pub struct StepOutcome {
    /// Every scorecard, judged at the step's instant.
    pub standing: Standing,
    /// The episodes that moved, told or not.
    pub changes: Vec<EpisodeChange>,
}

/// Plays steps, oldest first, from an empty history.
pub fn play(portfolio: &Portfolio, config_hash: &str, steps: &[TimelineStep]) -> Vec<StepOutcome> {
    let all: Vec<Id> =
        portfolio.scorecards().iter().map(|scorecard| scorecard.id.clone()).collect();
    let mut history = History::default();
    let mut episodes: HashMap<Scope, Episode> = HashMap::new();
    let mut moments = Vec::new();
    for step in steps {
        take_in(portfolio, &mut history, step);
        acknowledge(&mut episodes, step);
        let circumstances = Circumstances {
            historical: step.historical,
            silenced: &step.silenced,
            receipts: &step.receipts,
            ..Circumstances::default()
        };
        let (standing, changes) =
            evaluate(portfolio, &all, &history, &episodes, circumstances, config_hash, step.at);
        for change in &changes {
            episodes.insert(change.scope.clone(), change.episode.clone());
        }
        moments.push(StepOutcome { standing, changes });
    }
    moments
}

/// What is not open cannot be acknowledged.
fn acknowledge(episodes: &mut HashMap<Scope, Episode>, step: &TimelineStep) {
    for (scope, acknowledgement) in &step.acknowledged {
        if let Some(episode) = episodes.get_mut(scope).filter(|episode| episode.is_open()) {
            *episode = episode.acknowledge(acknowledgement.clone());
        }
    }
}

/// A figure ends the failure before it; a failure leaves what is held as it is. Of what a schedule
/// collects, either is a collection.
fn take_in(portfolio: &Portfolio, history: &mut History, step: &TimelineStep) {
    let is_scheduled =
        |kpi: &KpiRef| portfolio.kpi(kpi).is_some_and(|kpi| kpi.poll_interval.is_some());
    let asked =
        |kpi: &KpiRef| is_scheduled(kpi).then_some(Asked { slot: step.at, over_at: step.at });
    for (kpi, period, actual) in &step.actuals {
        let held = history.kpi_mut(kpi);
        let is_late = |newest: &Actual| {
            let scorecard = portfolio.scorecard(&kpi.scorecard);
            let last = scorecard.map(|it| it.calendar.last_instant(*period));
            last.is_some_and(|last| actual.was_observed_before(newest, last))
        };
        if !held.actual(*period).is_some_and(is_late) {
            held.record(*period, *actual);
        }
        held.failure = None;
        held.asked = asked(kpi).or(held.asked);
    }
    for (kpi, message) in &step.failures {
        let held = history.kpi_mut(kpi);
        held.failure = Some(Failure { at: step.at, message: message.clone() });
        held.asked = asked(kpi).or(held.asked);
    }
}
