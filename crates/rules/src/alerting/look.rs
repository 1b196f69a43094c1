//! One look at a node, beside what is remembered of the look before.

use chrono::{DateTime, Utc};

use crate::{
    alerting::episode::{Cause, Episode, Evaluation, LastVerdict, Rejudged},
    model::{
        alert_policy::{AlertOn, AlertPolicy},
        comparison::at_least,
        status::{GREEN_SCORE, RED_SCORE, Status},
    },
};

/// What still has data scores as before if it moved no further than this.
const SAME_POINTS: f64 = 1.0;

/// Slack of a difference of scores: 45 − 35 is 10, whatever the bits say.
pub(crate) const SCORE_SLACK: f64 = 1e-9;

/// One look, with what is remembered of the look before.
pub(crate) struct Look<'a> {
    pub(crate) policy: &'a AlertPolicy,
    pub(crate) evaluation: &'a Evaluation,
    pub(crate) now: DateTime<Utc>,
    /// Nobody is told now, whatever happens.
    pub(crate) quiet: bool,
    /// What this configuration makes of the figures of the last look, if that was judged by another.
    pub(crate) rejudged: Option<Rejudged>,
    /// The same period as at the last look, and what moved is above all what was restated.
    pub(crate) restated: bool,
}

impl Episode {
    /// What the look says of the node.
    pub(crate) fn health(&self, policy: &AlertPolicy, evaluation: &Evaluation) -> Health {
        let clears = |line: f64| {
            evaluation.score.is_some_and(|score| at_least(score, line + policy.recovery_margin))
        };
        match (policy.on, evaluation.status) {
            (_, Status::OffTrack) => Health::Bad,
            (AlertOn::AtRisk, Status::AtRisk) => Health::Bad,
            (AlertOn::AtRisk, _) if !clears(GREEN_SCORE) => {
                if self.stays_on_track(evaluation) {
                    Health::Good
                } else {
                    Health::Between
                }
            }
            (_, Status::AtRisk) if !clears(RED_SCORE) => Health::Between,
            _ => Health::Good,
        }
    }

    /// On track at two evaluations in a row: a score that is capped at the line never clears it.
    fn stays_on_track(&self, evaluation: &Evaluation) -> bool {
        let was = self.last_verdict.as_ref().is_some_and(|last| last.status == Status::OnTrack);
        was && self.last_occasion.as_ref() != Some(&evaluation.occasion)
    }
}

impl<'a> Look<'a> {
    pub(crate) fn of(
        episode: &Episode,
        policy: &'a AlertPolicy,
        evaluation: &'a Evaluation,
        health: &Health,
        now: DateTime<Utc>,
    ) -> Self {
        let same_period = episode.last_period.as_ref() == Some(&evaluation.period);
        Self {
            policy,
            evaluation,
            now,
            quiet: evaluation.silenced || episode.is_flapping(now),
            rejudged: rejudged(episode, evaluation),
            restated: same_period
                && episode
                    .last_verdict
                    .as_ref()
                    .is_some_and(|last| is_of_restatements(last, evaluation, health)),
        }
    }

    /// Why the verdict on a period that was judged before is another one now.
    pub(crate) fn cause(&self) -> Option<Cause> {
        // Newer figures may have come since.
        let by_configuration = self
            .rejudged
            .as_ref()
            .is_some_and(|rejudged| rejudged.status == self.evaluation.status);
        match (self.restated, by_configuration) {
            (true, _) => Some(Cause::Restated),
            (false, true) => Some(Cause::Configuration),
            (false, false) => None,
        }
    }
}

/// What the configuration of an evaluation makes of the figures of the last look, if that was judged
/// by another. Unless it was worked out before newer figures were filed, an evaluation of the same
/// occasion is of the same figures.
fn rejudged(episode: &Episode, evaluation: &Evaluation) -> Option<Rejudged> {
    let last = episode.last_verdict.as_ref().filter(|last| last.config != evaluation.config)?;
    let before = last.rejudged.as_ref().filter(|rejudged| rejudged.config == evaluation.config);
    let same_occasion = episode.last_occasion.as_ref() == Some(&evaluation.occasion);
    before.cloned().or_else(|| same_occasion.then(|| Rejudged::of(evaluation)))
}

/// What a look says of a node.
pub(crate) enum Health {
    /// It is what alerts are opened for.
    Bad,
    /// Neither.
    Between,
    /// It ends an alert.
    Good,
}

/// Whether the status is another one merely because KPIs that had data have none now: what they left
/// behind scores as before. That is for the stewards of the data, and neither trouble nor its end.
pub(crate) fn is_of_the_data(last: &LastVerdict, evaluation: &Evaluation) -> bool {
    let went_missing = last.scores.keys().any(|id| evaluation.missing.contains(id));
    if last.status == evaluation.status || !went_missing {
        return false;
    }
    let common = evaluation.scores.iter();
    let common =
        common.filter_map(|(id, (now, weight))| Some((now - last.scores.get(id)?, *weight)));
    let (moved, weight) = common.fold((0.0, 0.0), |(moved, total), (change, weight)| {
        (moved + change * weight, total + weight)
    });
    weight > 0.0 && (moved / weight).abs() <= SAME_POINTS + SCORE_SLACK
}

/// Whether what moved the score that way since the last verdict is above all what was restated.
fn is_of_restatements(last: &LastVerdict, evaluation: &Evaluation, health: &Health) -> bool {
    let (mut restated, mut others) = (0.0, 0.0);
    for (id, (now, weight)) in &evaluation.scores {
        // What is in for the first time moves the whole from where it stood.
        let Some(before) = last.scores.get(id).copied().or(last.score) else { continue };
        let points = weight * (now - before);
        let towards = if matches!(health, Health::Good) { points } else { -points };
        let part = if evaluation.restated.contains(id) { &mut restated } else { &mut others };
        *part += towards.max(0.0);
    }
    restated > others
}
