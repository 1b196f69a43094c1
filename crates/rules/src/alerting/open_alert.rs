//! What is news of an alert that goes on: it lasts, it became worse, or nobody answers for it.

use chrono::TimeDelta;

use crate::{
    alerting::{
        episode::{Cause, Episode, Evaluation},
        look::{Look, SCORE_SLACK},
    },
    model::{
        period::{Frequency, Period},
        status::badness,
    },
};

/// An open episode is news again when the score is this far below what was told.
const WORSE_POINTS: f64 = 10.0;

impl Episode {
    pub(crate) fn escalation(&mut self, look: &Look<'_>) -> Option<Cause> {
        let policy = look.policy;
        if self.escalated || policy.escalate_after == 0 {
            return None;
        }
        let unanswered = self.acknowledgement.is_none()
            && look.evaluation.escalation_due.is_some_and(|due| due <= look.now);
        let cause = if self.bad_periods >= policy.escalate_after {
            Cause::Lasted
        } else if unanswered {
            Cause::Unacknowledged
        } else {
            return None;
        };
        self.escalated = true;
        Some(cause)
    }

    /// Whether it is clearly worse than what was told.
    pub(crate) fn new_facts(&self, evaluation: &Evaluation) -> Option<Cause> {
        let notified = &self.notified;
        let fell = notified.score.zip(evaluation.score).map(|(told, now)| told - now);
        if notified.status.is_some_and(|told| badness(told) < badness(evaluation.status)) {
            Some(Cause::StatusFell)
        } else if fell.is_some_and(|points| points >= WORSE_POINTS - SCORE_SLACK) {
            Some(Cause::ScoreFell)
        } else if notified.at.is_some() && !evaluation.red.is_subset(&notified.red) {
            Some(Cause::FurtherKpi)
        } else {
            None
        }
    }

    pub(crate) fn reminder(&mut self, look: &Look<'_>) -> Option<Cause> {
        let kept_back = std::mem::take(&mut self.kept_back);
        if let Some(acknowledgement) = &self.acknowledgement {
            let passed = acknowledgement.due.is_some_and(|due| due < look.evaluation.day);
            if !passed || self.due_told {
                return None;
            }
            self.due_told = true;
            return Some(Cause::DuePassed);
        }
        if kept_back {
            return Some(Cause::SilenceOver);
        }
        let due = look.evaluation.heard.since(self.notified.at)? + look.policy.remind_after;
        if look.policy.remind_after <= TimeDelta::zero() || look.now < due {
            return None;
        }
        let same_period = self.notified.period.as_ref() == Some(&look.evaluation.period);
        match (self.notified.reminders, same_period) {
            (0, true) => Some(Cause::Unacknowledged),
            // The first look at another period is no reminder; but one that is shorter than the
            // patience is another one every time.
            (0, false) => {
                let is_first = self.last_period.as_ref() != Some(&look.evaluation.period);
                let is_due = !is_first || is_short(&look.evaluation.period);
                is_due.then_some(Cause::Unacknowledged)
            }
            (_, true) => None,
            (_, false) => Some(Cause::NewPeriod),
        }
    }
}

/// Whether a period lasts no longer than a week.
fn is_short(label: &str) -> bool {
    let period = Period::parse(label).map(|period| period.frequency());
    period.is_ok_and(|frequency| matches!(frequency, Frequency::Day | Frequency::Week))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_period_no_longer_than_a_week_is_another_one_at_every_reminder() {
        for (label, short) in [("2026-06-05", true), ("2026-W23", true), ("2026-05", false)] {
            assert_eq!(is_short(label), short, "{label}");
        }
    }
}
