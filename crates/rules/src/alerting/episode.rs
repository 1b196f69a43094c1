//! The state of an alert: what the episode machine remembers so that a colour needs no memory. All
//! of it is stored, so that a restart sends nothing twice and forgets no reminder.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{DateTime, NaiveDate, Utc};
use serde::{
    Deserialize, Serialize,
    de::{
        IntoDeserializer,
        value::{self, StrDeserializer},
    },
};

use crate::{
    alerting::operator_actions::Acknowledgement,
    model::{
        id::{Id, Scope},
        status::Status,
    },
};

/// The alert state of one scope: where its present or last episode stands. A field that an earlier
/// release did not keep is as in a new episode.
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
    /// The path that its scope had then: what its messages are recognised by.
    pub opened_as: Option<String>,
    /// When it ended.
    pub recovered_at: Option<DateTime<Utc>>,
    /// Whether it was escalated: once an episode.
    pub escalated: bool,
    /// Whether an evaluation with data has ever been seen here.
    pub seen: bool,
    /// Consecutive evaluations that would open an episode.
    pub bad_in_a_row: u32,
    /// Since when there are such evaluations without a good one between.
    pub bad_since: Option<DateTime<Utc>>,
    /// Consecutive periods off track in this episode.
    pub bad_periods: u32,
    /// The newest evaluation counted, so that looking twice does not count twice.
    pub last_occasion: Option<String>,
    /// The newest period counted.
    pub last_period: Option<String>,
    /// The verdict that was counted last.
    pub last_verdict: Option<LastVerdict>,
    /// Who answers for it, once somebody does.
    pub acknowledgement: Option<Acknowledgement>,
    /// Whether channels know of the acknowledgement.
    pub acknowledgement_told: bool,
    /// Whether the day that the acknowledgement named has been said to be over.
    pub due_told: bool,
    /// Of what people were notified last, and so what is news.
    #[serde(rename = "told")]
    pub notified: Notified,
    /// From whom its messages were kept while it was open, since an alert above told them.
    pub heard_above: BTreeSet<Id>,
    /// Whether a silence kept something back while it was open.
    pub kept_back: bool,
    /// Whether it ended in a silence, so that whoever was told of it does not know yet.
    pub end_untold: bool,
    /// Whether that end was made by figures that were restated.
    pub end_restated: bool,
    /// Whether it ended because the configuration no longer has it.
    pub removed: bool,
    /// When it fell off track lately, oldest first.
    pub falls: Vec<DateTime<Utc>>,
    /// Until when it is only in the digest, since it came and went too often.
    pub flapping_until: Option<DateTime<Utc>>,
}

/// A verdict that was counted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LastVerdict {
    /// The word.
    pub status: Status,
    /// The unrounded score.
    pub score: Option<f64>,
    /// The configuration that judged.
    pub config: String,
    /// The scores of the KPIs that had one.
    #[serde(default)]
    pub scores: BTreeMap<Id, f64>,
    /// What a later configuration made of the same figures, before newer ones were filed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rejudged: Option<Rejudged>,
}

/// What another configuration makes of the figures that were counted last.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rejudged {
    /// The configuration that judged.
    pub config: String,
    /// The word.
    pub status: Status,
    /// The unrounded score.
    pub score: Option<f64>,
    /// The KPIs off track.
    pub red: BTreeSet<Id>,
}

impl Rejudged {
    /// What an evaluation makes of them.
    pub(crate) fn of(evaluation: &Evaluation) -> Self {
        Self {
            config: evaluation.config.clone(),
            status: evaluation.status,
            score: evaluation.score,
            red: evaluation.red.clone(),
        }
    }
}

/// What was told last of an episode, to those who are told of everything.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Notified {
    /// When.
    pub at: Option<DateTime<Utc>>,
    /// The label of the period it was of.
    pub period: Option<String>,
    /// The status that was told.
    pub status: Option<Status>,
    /// The score that was told.
    pub score: Option<f64>,
    /// The KPIs off track that were told.
    pub red: BTreeSet<Id>,
    /// Messages of the episode so far, to whomever.
    pub messages: u32,
    /// Reminders among them.
    pub reminders: u32,
    /// Everybody who was told anything of the episode, in that order.
    pub to: Vec<Id>,
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
    /// It became clearly worse than was told.
    Worsened,
    /// It is as it was told, and nobody answers for it.
    Reminded,
    /// It lasts.
    Escalated,
    /// Somebody answers for it. For channels: persons are not mailed about one another's clicks.
    Acknowledged,
    /// It is over.
    Recovered,
    /// It is over because figures that had been reported were corrected.
    Corrected,
}

/// Why an event is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// The figures fell, often enough in a row.
    Fell,
    /// A figure that had been reported was restated.
    Restated,
    /// The figures are the same, but they are judged by another configuration.
    Configuration,
    /// It has opened more than three times in 30 days.
    Flapping,
    /// The score is ten points or more below what was told.
    ScoreFell,
    /// A KPI that was not off track when it was told is so now.
    FurtherKpi,
    /// It was at risk when it was told, and is off track now.
    StatusFell,
    /// It lasted so many periods.
    Lasted,
    /// Nobody has acknowledged it.
    Unacknowledged,
    /// Another period is in, and it is as before.
    NewPeriod,
    /// A silence is over, and it is still off track.
    SilenceOver,
    /// The alert above, in whose messages its readers had it, is over, and it is not.
    AboveEnded,
    /// The day named in the acknowledgement has passed.
    DuePassed,
    /// A person acknowledged it.
    Person,
    /// The figures are good again.
    Improved,
}

/// Whether people know of what was told, and since when.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Heard {
    /// Nothing else is known: as soon as it was told.
    #[default]
    AsTold,
    /// It is still on its way to everybody.
    NotYet,
    /// It reached the first of them then.
    At(DateTime<Utc>),
}

/// Since when people know of an episode.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Receipts {
    /// Of its first message.
    pub first: Heard,
    /// Of the last one that is for all of them.
    pub last: Heard,
}

impl Heard {
    /// Since when they know of what was decided at an instant, if they do.
    pub fn since(self, told: Option<DateTime<Utc>>) -> Option<DateTime<Utc>> {
        match self {
            Self::AsTold => told,
            Self::NotYet => None,
            Self::At(at) => Some(at),
        }
    }
}

/// What is told of a look at a scope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct News {
    /// What happened.
    pub event: Event,
    /// Why it is told.
    pub cause: Cause,
    /// Whom: persons or channels.
    pub to: Vec<Id>,
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
    /// The path of the scope.
    pub path: String,
    /// What makes this another evaluation than the last: the period, and the day of the newest
    /// reading of a level. Looking again at the same occasion does not count again.
    pub occasion: String,
    /// Whether it counts at all: the period is due, or all its actuals are in.
    pub official: bool,
    /// History being loaded: seen, never told.
    pub historical: bool,
    /// Nobody wants to hear of it now.
    pub silenced: bool,
    /// Whom the policy would tell, and an alert above tells: its messages are not for them now.
    pub heard_above: BTreeSet<Id>,
    /// Whether that is everybody who would be told when it opens.
    pub all_hear_above: bool,
    /// The KPIs off track.
    pub red: BTreeSet<Id>,
    /// The KPIs that count and have a score, each with its weight in the whole.
    pub scores: BTreeMap<Id, (f64, f64)>,
    /// The KPIs that count and have no data.
    pub missing: BTreeSet<Id>,
    /// The KPIs whose figures of the period were reported otherwise before.
    pub restated: BTreeSet<Id>,
    /// The configuration that judged.
    pub config: String,
    /// Since when people know of what was told last.
    pub heard: Heard,
    /// The local day of the look.
    pub day: NaiveDate,
    /// From when on an open episode that nobody acknowledged goes to others.
    pub escalation_due: Option<DateTime<Utc>>,
}

impl Evaluation {
    /// An official look at a period of its own, with nothing special about it.
    pub fn plain(status: Status, score: Option<f64>, period: &str) -> Self {
        Self {
            status,
            score,
            period: period.to_owned(),
            path: String::new(),
            occasion: period.to_owned(),
            official: true,
            historical: false,
            silenced: false,
            heard_above: BTreeSet::new(),
            all_hear_above: false,
            red: BTreeSet::new(),
            scores: BTreeMap::new(),
            missing: BTreeSet::new(),
            restated: BTreeSet::new(),
            config: String::new(),
            heard: Heard::AsTold,
            day: NaiveDate::default(),
            escalation_due: None,
        }
    }
}

impl Episode {
    /// Whether the episode goes on.
    pub fn is_open(&self) -> bool {
        self.phase == Phase::Open
    }

    /// Whether somebody was told of it and does not know of its end.
    pub fn awaits_its_end(&self) -> bool {
        self.number > 0 && (self.is_open() || self.end_untold)
    }

    /// Whether people know of it, and what was counted last was judged by another configuration than
    /// this: newer figures must not be taken for what that configuration makes of them.
    pub fn awaits_rejudging(&self, config: &str) -> bool {
        let last = self.last_verdict.as_ref().filter(|last| last.config != config);
        let is_rejudged = |last: &LastVerdict| {
            last.rejudged.as_ref().is_some_and(|rejudged| rejudged.config == config)
        };
        self.awaits_its_end() && last.is_some_and(|last| !is_rejudged(last))
    }

    /// The episode, ended because the configuration no longer has what it is of. If that comes back,
    /// it begins anew.
    pub fn removed(&self, now: DateTime<Utc>) -> Self {
        let notified = Notified {
            messages: self.notified.messages.saturating_add(1),
            ..self.notified.clone()
        };
        Self {
            phase: Phase::Clear,
            recovered_at: Some(now),
            removed: true,
            bad_in_a_row: 0,
            bad_since: None,
            bad_periods: 0,
            kept_back: false,
            end_untold: false,
            end_restated: false,
            notified,
            ..self.clone()
        }
    }

    /// Whether it came and went so often that it is only in the digest at `now`.
    pub fn is_flapping(&self, now: DateTime<Utc>) -> bool {
        self.flapping_until.is_some_and(|until| now < until)
    }

    /// What all messages of the episode have in common: `scorecard/perspective/number`, by the path
    /// that the scope had when it opened.
    pub fn dedup_key(&self, scope: &Scope) -> String {
        match &self.opened_as {
            Some(path) => format!("{path}/{}", self.number),
            None => format!("{scope}/{}", self.number),
        }
    }

    /// The episode, acknowledged; a later acknowledgement takes the place of an earlier one.
    pub fn acknowledge(&self, acknowledgement: Acknowledgement) -> Self {
        Self {
            acknowledgement: Some(acknowledgement),
            due_told: false,
            acknowledgement_told: false,
            ..self.clone()
        }
    }
}

/// Where alerts stood at an instant: of what became of them later, nothing was known then.
pub fn begun_by(
    at: DateTime<Utc>,
    mut episodes: HashMap<Scope, Episode>,
) -> HashMap<Scope, Episode> {
    episodes.retain(|_, episode| episode.opened_at.is_some_and(|opened| opened <= at));
    for episode in episodes.values_mut() {
        if episode.recovered_at.is_some_and(|recovered| recovered > at) {
            episode.recovered_at = None;
            episode.phase = Phase::Open;
        }
    }
    episodes
}

impl Event {
    /// Every event.
    pub const ALL: [Self; 7] = [
        Self::Opened,
        Self::Worsened,
        Self::Reminded,
        Self::Escalated,
        Self::Acknowledged,
        Self::Recovered,
        Self::Corrected,
    ];

    /// The event's word, as in JSON, scenarios and the outbox.
    pub fn word(self) -> &'static str {
        match self {
            Self::Opened => "opened",
            Self::Worsened => "worsened",
            Self::Reminded => "reminded",
            Self::Escalated => "escalated",
            Self::Acknowledged => "acknowledged",
            Self::Recovered => "recovered",
            Self::Corrected => "corrected",
        }
    }

    /// The event of a word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|event| event.word() == word)
    }

    /// Whether the episode is over with it.
    pub fn ends(self) -> bool {
        matches!(self, Self::Recovered | Self::Corrected)
    }
}

impl Cause {
    /// The cause's word, as in JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::Fell => "fell",
            Self::Restated => "restated",
            Self::Configuration => "configuration",
            Self::Flapping => "flapping",
            Self::ScoreFell => "score_fell",
            Self::FurtherKpi => "further_kpi",
            Self::StatusFell => "status_fell",
            Self::Lasted => "lasted",
            Self::Unacknowledged => "unacknowledged",
            Self::NewPeriod => "new_period",
            Self::SilenceOver => "silence_over",
            Self::AboveEnded => "above_ended",
            Self::DuePassed => "due_passed",
            Self::Person => "person",
            Self::Improved => "improved",
        }
    }

    /// The cause of a word.
    pub fn parse(word: &str) -> Option<Self> {
        let word: StrDeserializer<'_, value::Error> = word.into_deserializer();
        Self::deserialize(word).ok()
    }
}
