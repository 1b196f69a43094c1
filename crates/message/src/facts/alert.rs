//! The facts of one message, fixed when the decision was made and stored with its deliveries.
//! Mails and webhooks are rendered from nothing else, so that a message sent late, or twice, says
//! the same; only what waited for working hours gets the facts of when it leaves. The serialised keys
//! are a contract: `docs/webhook.md`. What one release stored, the next must still be able to send: a
//! new key is an `Option` or has a default, and a migration renames what has another name.

use std::collections::BTreeMap;

use chrono::{DateTime, FixedOffset, NaiveDate};
use serde::{Deserialize, Serialize};

use crate::facts::{
    data_remark::DataRemark,
    kpi::{KpiFacts, LinkedFacts},
    named::{Links, Named, PeriodName, PersonFacts},
};
use kpid_rules::{
    alerting::{Cause, Event},
    judgement::Basis,
    model::{Frequency, Reason, Scope, Status},
};

/// Everything a message about one event of one node's alert needs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Facts {
    /// What happened.
    pub event: Event,
    /// Why the message is sent.
    pub cause: Option<Cause>,
    /// The node's path when the episode opened, and the episode's number: the same for every message
    /// of an episode.
    pub dedup_key: String,
    /// When it was decided, written in the zone of the scorecard.
    pub at: DateTime<FixedOffset>,
    /// The scorecard.
    pub scorecard: Named,
    /// The node that the alert is about.
    pub node: NodeFacts,
    /// The period judged; absent when no KPI has reported any.
    pub period: Option<PeriodName>,
    /// Whether every KPI of the period has reported or is overdue.
    pub official: bool,
    /// The node's status, in the period before and now.
    pub status: Change<Status>,
    /// The node's score, 0 to 100 unrounded, in the period before and now.
    pub score: Change<f64>,
    /// The period before, which `from` is of; there is no `from` if it had no score.
    pub before: Option<PeriodName>,
    /// What the alert goes by instead of the verdict, where it was asked to come early.
    #[serde(default)]
    pub early: Option<Early>,
    /// What decided the status.
    pub reason: Option<Reason>,
    /// The child that decided, where a guard or rule did.
    pub culprit: Option<Named>,
    /// Since when the status holds.
    pub since: Option<Since>,
    /// The episode the message belongs to.
    pub episode: EpisodeFacts,
    /// The previous message of the episode, if there was one.
    pub last_notified: Option<LastNotified>,
    /// KPIs that are off track and were not at the previous message.
    #[serde(default)]
    pub further: Vec<Named>,
    /// All KPIs of the node that are scored, largest shortfall first.
    pub kpis: Vec<KpiFacts>,
    /// Objectives of other units that count into the node, largest shortfall first.
    #[serde(default)]
    pub linked: Vec<LinkedFacts>,
    /// The part of the score's change that nothing below made: other coverage, other weights.
    pub residual: Option<f64>,
    /// Who answers for the node.
    pub owner: Option<PersonFacts>,
    /// What is being done about it.
    pub initiatives: Vec<InitiativeFacts>,
    /// The newest note.
    pub note: Option<NoteFacts>,
    /// The scorecard above the node.
    pub affects: Parent,
    /// What else it bears on: the nodes above it, and the objectives that what is off track drives,
    /// serves or counts into.
    #[serde(default)]
    pub affects_nodes: Vec<AffectedFacts>,
    /// Share of the weight that has data, 0 to 1.
    pub coverage: f64,
    /// Whether no figure that counts is still provisional.
    #[serde(default)]
    pub is_final: Option<bool>,
    /// What a reader must know of the data, a sentence each, in English: for programs that pass it on.
    pub remarks: Vec<String>,
    /// The same as data, from which a mail in any language is worded.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub data_remarks: Vec<DataRemark>,
    /// Where to look, if the configuration says where kpid is reached.
    pub links: Option<Links>,
    /// Persons and channels that are notified of everything.
    pub to: Vec<String>,
    /// Persons and channels that are notified when it lasts.
    pub escalate_to: Vec<String>,
    /// The names of the persons among them, by id.
    #[serde(default)]
    pub people: BTreeMap<String, String>,
    /// The configuration that judged: `sha256:…`.
    pub config_version: String,
}

/// An early word: what the alert goes by while the verdict on closed periods is better.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Early {
    /// What it is made from.
    pub basis: Basis,
    /// The period it speaks of.
    pub period: Option<PeriodName>,
    /// The word.
    pub status: Status,
    /// 0 to 100, unrounded.
    pub score: Option<f64>,
}

/// The node that an alert is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeFacts {
    /// What kind of node it is.
    pub kind: NodeKind,
    /// Its path of ids: `calder/customer`.
    pub path: String,
    /// Its own id, the last of the path.
    pub id: String,
    /// For people.
    pub name: String,
}

/// What kind of node an alert is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NodeKind {
    /// A scorecard as a whole.
    Scorecard,
    /// A perspective, as is usual.
    Perspective,
    /// An objective with an alert of its own.
    Objective,
    /// A KPI with an alert of its own.
    Kpi,
}

impl NodeKind {
    /// The kind of the node that a path names.
    pub fn of(scope: &Scope) -> Self {
        match scope {
            Scope::Scorecard(_) => Self::Scorecard,
            Scope::Perspective(..) => Self::Perspective,
            Scope::Objective(..) => Self::Objective,
            Scope::Kpi(_) => Self::Kpi,
        }
    }
}

/// One quantity at the judgement before and at this one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change<T> {
    /// Before; absent if nothing was judged, or there were no data.
    pub from: Option<T>,
    /// Now.
    pub to: Option<T>,
}

/// Since when a status holds without a break.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Since {
    /// The first period of it.
    #[serde(flatten)]
    pub period: PeriodName,
    /// How many periods that makes, this one included.
    pub periods: u32,
    /// How long each is.
    pub frequency: Frequency,
}

/// The episode a message belongs to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EpisodeFacts {
    /// Counts the node's episodes, from 1.
    pub number: u32,
    /// When it opened.
    pub opened_at: Option<DateTime<FixedOffset>>,
    /// The period it opened on.
    pub opened_period: Option<PeriodName>,
    /// When it ended.
    pub recovered_at: Option<DateTime<FixedOffset>>,
    /// Who acknowledged it.
    pub acknowledged_by: Option<String>,
    /// When that was.
    pub acknowledged_at: Option<DateTime<FixedOffset>>,
    /// What they say is being done.
    pub comment: Option<String>,
    /// The day by which they want it to be well again.
    pub due: Option<NaiveDate>,
    /// Until when it is only in the digest, since it came and went too often.
    pub flapping_until: Option<DateTime<FixedOffset>>,
}

/// The previous message of an episode.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LastNotified {
    /// When it was decided.
    pub at: DateTime<FixedOffset>,
    /// The status then.
    pub status: Option<Status>,
    /// The score then.
    pub score: Option<f64>,
}

/// What somebody wrote about the node, or about something below it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoteFacts {
    /// The path of what it is about.
    pub of: String,
    /// The key of the period it is about.
    pub period: String,
    /// Who wrote it.
    pub by: String,
    /// When.
    pub at: DateTime<FixedOffset>,
    /// The words.
    pub text: String,
}

/// An action under way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InitiativeFacts {
    /// Its id.
    pub id: String,
    /// For people.
    pub name: String,
    /// The objective or KPI it hangs on.
    pub of: Named,
    /// Who delivers it.
    pub owner: Option<PersonFacts>,
    /// When it should be done.
    pub due: Option<NaiveDate>,
    /// In the author's words, e.g. `running`.
    pub state: Option<String>,
}

/// The scorecard above the node.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Parent {
    /// The scorecard's status; absent when its author hides the overall.
    pub status: Option<Status>,
    /// The scorecard's score; absent when its author hides the overall, or without data.
    pub score: Option<f64>,
}

/// A node that an alert bears on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AffectedFacts {
    /// `scorecard/perspective` or `scorecard/objective`
    pub id: String,
    /// For people.
    pub name: String,
    /// The scorecard's name, where it is another one.
    pub of: Option<String>,
    /// The word, if it is known.
    pub status: Option<Status>,
    /// 0 to 100, unrounded.
    pub score: Option<f64>,
}

impl Facts {
    /// The status and the score that the alert goes by: the early ones, where there are any.
    pub fn judged(&self) -> (Option<Status>, Option<f64>) {
        let verdict = (self.status.to, self.score.to);
        self.early.as_ref().map_or(verdict, |early| (Some(early.status), early.score))
    }

    /// The period that the alert goes by.
    pub fn judged_period(&self) -> Option<&PeriodName> {
        let verdict = self.period.as_ref();
        self.early.as_ref().map_or(verdict, |early| early.period.as_ref())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples;

    #[test]
    fn an_early_alert_goes_by_its_early_word_and_no_other() {
        let early = samples::alerts::early();
        assert_eq!(early.judged(), (Some(Status::OffTrack), Some(35.8)));
        assert_eq!(early.judged_period().map(|period| period.key.as_str()), Some("2026-08"));
        let opened = samples::alerts::opened();
        assert_eq!(opened.judged(), (opened.status.to, opened.score.to));
    }
}
