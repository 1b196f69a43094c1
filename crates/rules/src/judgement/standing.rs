//! The standing: every node judged at one instant. This is what `show` prints and what mails are
//! made of, and its verdicts are what the store keeps; its serialised keys are a contract.

use std::{borrow::Cow, sync::Arc};

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize, Serializer};

use crate::{
    alerting::episode::Episode,
    judgement::{evaluation_key::EvaluationKey, kpi_standing::KpiStanding},
    model::{
        definition::ObjectiveRef,
        id::{Id, Scope},
        period::Period,
        portfolio::Portfolio,
        status::{Reason, Status, badness},
    },
};

/// All scorecards, judged at one instant.
#[derive(Clone, Debug, Serialize)]
pub struct Standing {
    /// The instant, written in the zone of the configuration.
    pub as_of: DateTime<chrono_tz::Tz>,
    /// The configuration that judged: `sha256:…`.
    pub config: String,
    /// In the order of the configuration. Each is shared with whoever took a copy, until it is judged
    /// again.
    pub scorecards: Vec<Arc<ScorecardStanding>>,
}

impl Standing {
    /// Only the part of the tree that leads to `scope`, and what is below it.
    pub fn narrow(mut self, scope: &Scope) -> Self {
        self.scorecards.retain(|scorecard| scorecard.id == *scope.scorecard());
        for scorecard in &mut self.scorecards {
            Arc::make_mut(scorecard).narrow(scope);
        }
        self
    }

    /// Without the scorecards of individuals, which are shown only when they are named.
    pub fn public(mut self, portfolio: &Portfolio) -> Self {
        let is_private =
            |id: &Id| portfolio.scorecard(id).is_some_and(|scorecard| scorecard.private);
        self.scorecards.retain(|scorecard| !is_private(&scorecard.id));
        self
    }
}

impl ScorecardStanding {
    /// Its KPIs, in the author's order.
    pub fn kpis(&self) -> impl Iterator<Item = &KpiStanding> {
        let objectives = self.perspectives.iter().flat_map(|perspective| &perspective.objectives);
        objectives.flat_map(|objective| &objective.kpis)
    }

    /// Where the alert of a perspective is shown to stand; others are not shown here.
    pub(crate) fn episode(&self, scope: &Scope) -> Option<&Episode> {
        let Scope::Perspective(_, id) = scope else { return None };
        self.perspectives.iter().find(|held| held.id == *id)?.episode.as_ref()
    }

    /// Shows where the alert of a perspective stands; others are not shown here.
    pub(crate) fn take_episode(&mut self, scope: &Scope, episode: Option<&Episode>) {
        let Scope::Perspective(_, id) = scope else { return };
        if let Some(held) = self.perspectives.iter_mut().find(|held| held.id == *id) {
            held.episode = episode.cloned();
        }
    }

    fn narrow(&mut self, scope: &Scope) {
        match scope {
            Scope::Scorecard(_) => {}
            Scope::Perspective(_, kept) => {
                self.perspectives.retain(|perspective| perspective.id == *kept);
            }
            Scope::Objective(_, perspective, kept) => {
                self.perspectives.retain(|held| held.id == *perspective);
                for perspective in &mut self.perspectives {
                    perspective.objectives.retain(|objective| objective.id == *kept);
                }
            }
            Scope::Kpi(kept) => {
                for perspective in &mut self.perspectives {
                    for objective in &mut perspective.objectives {
                        objective.kpis.retain(|kpi| kpi.id == kept.kpi);
                    }
                    perspective.objectives.retain(|objective| !objective.kpis.is_empty());
                }
                self.perspectives.retain(|perspective| !perspective.objectives.is_empty());
            }
        }
    }
}

/// How many KPIs have which status.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Green.
    pub on_track: u32,
    /// Amber.
    pub at_risk: u32,
    /// Red.
    pub off_track: u32,
    /// Grey.
    pub no_data: u32,
    /// Hollow.
    pub pending: u32,
    /// For information only.
    pub not_scored: u32,
}

/// What a roll-up makes of children; the same for objective, perspective and scorecard.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Verdict {
    /// The word.
    pub status: Status,
    /// 0 to 100, unrounded.
    pub score: Option<f64>,
    /// Share of the weight that has data, 0 to 1.
    pub coverage: f64,
    /// What decided the status; none without data.
    pub reason: Option<Reason>,
}

/// One scorecard, judged.
#[derive(Clone, Debug, Serialize)]
pub struct ScorecardStanding {
    /// Its id.
    pub id: Id,
    /// Its name.
    pub name: String,
    /// Status, score, coverage and reason.
    #[serde(flatten)]
    pub verdict: Verdict,
    /// The child that decided, where a guard or rule did.
    pub culprit: Option<Id>,
    /// Whether the overall number may be shown.
    #[serde(skip)]
    pub show_overall: bool,
    /// Its KPIs by status.
    pub counts: Counts,
    /// In the author's order.
    pub perspectives: Vec<PerspectiveStanding>,
}

/// One perspective, judged.
#[derive(Clone, Debug, Serialize)]
pub struct PerspectiveStanding {
    /// Its id.
    pub id: Id,
    /// Its name.
    pub name: String,
    /// Status, score, coverage and reason.
    #[serde(flatten)]
    pub verdict: Verdict,
    /// The child that decided, where a guard or rule did.
    pub culprit: Option<Id>,
    /// First period of the present status, without a break.
    pub since: Option<Period>,
    /// The newest period its KPIs report: the label of this evaluation.
    pub period: Option<Period>,
    /// Whether this evaluation counts for episodes: no KPI still awaits a period that another
    /// already reports.
    pub official: bool,
    /// When the newest reading of a level below it was true in the world.
    #[serde(skip)]
    pub level_read: Option<DateTime<Utc>>,
    /// Its weight among its siblings.
    pub weight: f64,
    /// What the running period or the next one looks like, where alerts ask for it; provisional.
    pub outlook: Option<Outlook>,
    /// It is asked for, and cannot be told: a figure that it would be made of is out of date.
    #[serde(skip)]
    pub outlook_is_stale: bool,
    /// The open episode, or the last one.
    #[serde(serialize_with = "episode")]
    pub episode: Option<Episode>,
    /// In the author's order.
    pub objectives: Vec<ObjectiveStanding>,
}

impl PerspectiveStanding {
    /// What its alert looks at.
    pub fn as_node(&self) -> NodeStanding<'_> {
        NodeStanding {
            verdict: self.verdict,
            culprit: self.culprit.clone(),
            since: self.since,
            period: self.period,
            official: self.official,
            level_read: self.level_read,
            outlook: self.outlook,
            outlook_is_stale: self.outlook_is_stale,
            objectives: Cow::Borrowed(&self.objectives),
        }
    }
}

/// A node with an alert of its own, judged: whatever its level, what the alert looks at.
#[derive(Clone, Debug)]
pub struct NodeStanding<'a> {
    /// Status, score, coverage and reason.
    pub verdict: Verdict,
    /// The child that decided, where a guard or rule did.
    pub culprit: Option<Id>,
    /// First period of the present status, without a break.
    pub since: Option<Period>,
    /// The newest period its KPIs report: the label of this evaluation.
    pub period: Option<Period>,
    /// Whether this evaluation counts for episodes: no KPI still awaits a period that another
    /// already reports.
    pub official: bool,
    /// When the newest reading of a level below it was true in the world.
    pub level_read: Option<DateTime<Utc>>,
    /// What the running period or the next one looks like, where its alert asks for it; provisional.
    pub outlook: Option<Outlook>,
    /// It is asked for, and cannot be told: a figure that it would be made of is out of date.
    pub outlook_is_stale: bool,
    /// What it is made of, in the author's order, each with its weight in the node.
    pub objectives: Cow<'a, [ObjectiveStanding]>,
}

impl NodeStanding<'_> {
    /// The KPIs below it, in the author's order.
    pub fn kpis(&self) -> impl Iterator<Item = &KpiStanding> {
        self.objectives.iter().flat_map(|objective| &objective.kpis)
    }

    /// The outlook, where it is worse than the verdict: alerts that ask for it go by it then.
    pub fn early(&self) -> Option<Outlook> {
        self.outlook.filter(|early| badness(early.status) > badness(self.verdict.status))
    }
}

/// An early word on a perspective: never its verdict.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Outlook {
    /// What it is made from.
    pub basis: Basis,
    /// The word.
    pub status: Status,
    /// 0 to 100, unrounded.
    pub score: Option<f64>,
    /// When the newest reading behind a pace was true in the world.
    #[serde(skip)]
    pub read_at: Option<DateTime<Utc>>,
}

/// What an outlook is made from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Basis {
    /// What flows come to at the pace of the running period.
    Pace,
    /// What each KPI is expected to be in the next closed period.
    Forecast,
}

/// One objective, judged.
#[derive(Clone, Debug, Serialize)]
pub struct ObjectiveStanding {
    /// Its id.
    pub id: Id,
    /// Its name.
    pub name: String,
    /// Status, score, coverage and reason.
    #[serde(flatten)]
    pub verdict: Verdict,
    /// The child that decided, where a guard or rule did.
    pub culprit: Option<Id>,
    /// Its weight among its siblings.
    pub weight: f64,
    /// Red here makes the perspective red.
    pub critical: bool,
    /// The part of each child in its score, its KPIs before what is linked; none where it does not
    /// count.
    #[serde(skip)]
    pub(crate) shares: Vec<Option<f64>>,
    /// Other units' objectives that count here beside its KPIs.
    pub linked: Vec<LinkedStanding>,
    /// In the author's order.
    pub kpis: Vec<KpiStanding>,
}

/// Another unit's objective that contributes to one here, judged by its own calendar and rules.
#[derive(Clone, Debug, Serialize)]
pub struct LinkedStanding {
    /// The objective, on the scorecard of the other unit.
    #[serde(serialize_with = "path")]
    pub objective: ObjectiveRef,
    /// Its name.
    pub name: String,
    /// Status, score, coverage and reason.
    #[serde(flatten)]
    pub verdict: Verdict,
    /// Its weight among its siblings here.
    pub weight: f64,
    /// Red there makes the objective here red.
    pub critical: bool,
    /// Its share of the perspective's shortfall, in %.
    pub share_pct: Option<f64>,
    /// Its part in the perspective's score, 0 to 1; none where it does not count.
    #[serde(skip)]
    pub effective_weight: Option<f64>,
    /// What the KPIs below it speak for.
    #[serde(skip)]
    pub evaluation_key: EvaluationKey,
}

fn path<S: Serializer>(objective: &ObjectiveRef, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(objective)
}

/// The part of an episode that readers of a standing see.
fn episode<S: Serializer>(episode: &Option<Episode>, serializer: S) -> Result<S::Ok, S::Error> {
    #[derive(Serialize)]
    struct Seen<'a> {
        number: u32,
        state: &'static str,
        opened_at: Option<DateTime<Utc>>,
        acknowledged_by: Option<&'a str>,
        acknowledged_at: Option<DateTime<Utc>>,
        comment: Option<&'a str>,
        due: Option<NaiveDate>,
    }
    let seen = episode.as_ref().filter(|episode| episode.number > 0).map(|episode| {
        let acknowledgement = episode.acknowledgement.as_ref();
        Seen {
            number: episode.number,
            state: if episode.is_open() { "open" } else { "recovered" },
            opened_at: episode.opened_at,
            acknowledged_by: acknowledgement.map(|by| by.by.as_str()),
            acknowledged_at: acknowledgement.map(|by| by.at),
            comment: acknowledgement.and_then(|by| by.comment.as_deref()),
            due: acknowledgement.and_then(|by| by.due),
        }
    });
    seen.serialize(serializer)
}
