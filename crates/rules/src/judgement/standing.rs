//! The standing: every node judged at one instant. This is what `show` prints, what snapshots
//! keep and what mails are made of; its serialised keys are a contract.

use std::borrow::Cow;

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize, Serializer};

use crate::{
    alerting::episode::Episode,
    judgement::{
        evaluation_key::Occasion, forecast::Forecast, restatement::Restated, rounding::Readout,
        signal::Assurance,
    },
    model::{
        definition::ObjectiveRef,
        id::{Id, Scope},
        period::Period,
        portfolio::Portfolio,
        status::{DataState, Finality, Gap, Reason, Status, badness},
    },
};

/// All scorecards, judged at one instant.
#[derive(Clone, Debug, Serialize)]
pub struct Standing {
    /// The instant, written in the zone of the configuration.
    pub as_of: DateTime<chrono_tz::Tz>,
    /// The configuration that judged: `sha256:…`.
    pub config: String,
    /// In the order of the configuration.
    pub scorecards: Vec<ScorecardStanding>,
}

impl Standing {
    /// Only the part of the tree that leads to `scope`, and what is below it.
    pub fn narrow(mut self, scope: &Scope) -> Self {
        self.scorecards.retain(|scorecard| scorecard.id == *scope.scorecard());
        for scorecard in &mut self.scorecards {
            scorecard.narrow(scope);
        }
        self
    }
}

impl Standing {
    /// Without the scorecards of individuals, which are shown only when they are named.
    pub fn public(mut self, portfolio: &Portfolio) -> Self {
        let is_private =
            |id: &Id| portfolio.scorecard(id).is_some_and(|scorecard| scorecard.private);
        self.scorecards.retain(|scorecard| !is_private(&scorecard.id));
        self
    }

    /// One node as it is serialised, without its children; none where the standing has no such node.
    pub fn node(&self, scope: &Scope) -> Option<serde_json::Map<String, serde_json::Value>> {
        let scorecard = self.scorecards.iter().find(|held| held.id == *scope.scorecard())?;
        let perspective = |id: &Id| scorecard.perspectives.iter().find(|held| held.id == *id);
        match scope {
            Scope::Scorecard(_) => without_children(scorecard),
            Scope::Perspective(_, id) => without_children(perspective(id)?),
            Scope::Objective(_, id, objective) => {
                let objectives = &perspective(id)?.objectives;
                without_children(objectives.iter().find(|held| held.id == *objective)?)
            }
            Scope::Kpi(kpi) => {
                let objectives =
                    scorecard.perspectives.iter().flat_map(|perspective| &perspective.objectives);
                let mut kpis = objectives.flat_map(|objective| &objective.kpis);
                without_children(kpis.find(|held| held.id == kpi.kpi)?)
            }
        }
    }
}

fn without_children(node: &impl Serialize) -> Option<serde_json::Map<String, serde_json::Value>> {
    let Ok(serde_json::Value::Object(mut node)) = serde_json::to_value(node) else { return None };
    node.retain(|key, _| !matches!(key.as_str(), "perspectives" | "objectives" | "kpis"));
    Some(node)
}

impl ScorecardStanding {
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
    pub occasion: Occasion,
}

fn path<S: Serializer>(objective: &ObjectiveRef, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(objective)
}

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

/// What was first reported for a period that has been restated.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct AsReported {
    /// The first value.
    pub value: f64,
    /// The verdict on it.
    pub status: Status,
    /// Its score.
    pub score: f64,
    /// Whether the change is worth a notice: another status, or more than the materiality.
    pub material: bool,
}

/// The two-point comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trend {
    /// Better than the period before by more than the dead band.
    Improving,
    /// Within the dead band.
    Steady,
    /// Worse by more than the dead band.
    Worsening,
}

/// What the XmR rules found at the newest value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Signal {
    /// Outside the natural limits.
    Outside,
    /// A long run on one side of the mean.
    Run,
    /// A long rise or fall.
    Drift,
    /// Two of three beyond two thirds of a limit.
    NearLimit,
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
