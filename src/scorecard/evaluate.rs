//! The whole engine in one call: what is held and where alerts stand go in, the standing and what
//! changed come out. The daemon, the simulation and the tests all call this.

use std::collections::HashMap;

use chrono::{DateTime, Utc};

use super::{
    AlertPolicy, Cause, Episode, Evaluation, Event, History, Id, Judge, KpiStanding, Period,
    Perspective, PerspectiveStanding, Portfolio, Scope, Scorecard, Standing, Status,
    lines::badness,
};

/// One outlook is a mood; this many in a row are told.
const OUTLOOKS_MIN: u32 = 2;

/// What surrounds an evaluation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Circumstances<'a> {
    /// History is being loaded: everything is seen, nothing is told.
    pub historical: bool,
    /// A scope that has never been seen with data before is seen now, and not told of.
    pub first_look_is_historical: bool,
    /// Nodes of which, and of what is below them, nobody wants to hear now.
    pub silenced: &'a [Scope],
}

impl Circumstances<'_> {
    fn silences(&self, scope: &Scope) -> bool {
        self.silenced.iter().any(|silenced| scope.is_within(silenced))
    }
}

/// An episode that moved, and whom it concerns.
#[derive(Clone, Debug, PartialEq)]
pub struct EpisodeChange {
    /// The perspective.
    pub scope: Scope,
    /// Where it stood.
    pub before: Episode,
    /// Where it stands now.
    pub episode: Episode,
    /// What is told, if anything.
    pub event: Option<Event>,
    /// Why it is told.
    pub cause: Option<Cause>,
    /// Who is told: persons or channels.
    pub to: Vec<Id>,
}

/// The standing of all scorecards at `now`, without touching any episode.
pub fn judge(
    portfolio: &Portfolio,
    history: &History,
    episodes: &HashMap<Scope, Episode>,
    digest: &str,
    now: DateTime<Utc>,
) -> Standing {
    let all: Vec<Id> =
        portfolio.scorecards().iter().map(|scorecard| scorecard.id.clone()).collect();
    judge_some(portfolio, &all, history, episodes, digest, now)
}

/// The standing of some scorecards at `now`, and every episode that moved.
pub fn evaluate(
    portfolio: &Portfolio,
    scorecards: &[Id],
    history: &History,
    episodes: &HashMap<Scope, Episode>,
    circumstances: Circumstances<'_>,
    digest: &str,
    now: DateTime<Utc>,
) -> (Standing, Vec<EpisodeChange>) {
    let mut standing = judge_some(portfolio, scorecards, history, episodes, digest, now);
    let mut changes = Vec::new();
    for judged in &mut standing.scorecards {
        let Some(scorecard) = portfolio.scorecard(&judged.id) else { continue };
        for (perspective, judged) in scorecard.perspectives.iter().zip(&mut judged.perspectives) {
            let change = advance(scorecard, perspective, judged, circumstances, digest, now);
            if change.before != change.episode {
                judged.episode = Some(change.episode.clone());
                changes.push(change);
            }
        }
    }
    (standing, changes)
}

fn judge_some(
    portfolio: &Portfolio,
    scorecards: &[Id],
    history: &History,
    episodes: &HashMap<Scope, Episode>,
    digest: &str,
    now: DateTime<Utc>,
) -> Standing {
    let judge = Judge::new(portfolio, history, now);
    let named = scorecards.iter().filter_map(|id| portfolio.scorecard(id));
    let scorecards = named.map(|scorecard| judge.scorecard(scorecard, episodes)).collect();
    let zone = portfolio.scorecards().first().map_or(chrono_tz::UTC, |first| first.calendar.zone);
    Standing { as_of: now.with_timezone(&zone), config: digest.to_owned(), scorecards }
}

fn advance(
    scorecard: &Scorecard,
    perspective: &Perspective,
    judged: &PerspectiveStanding,
    circumstances: Circumstances<'_>,
    digest: &str,
    now: DateTime<Utc>,
) -> EpisodeChange {
    let scope = Scope::Perspective(scorecard.id.clone(), perspective.id.clone());
    let before = by_present_ids(judged.episode.clone().unwrap_or_default(), perspective);
    let first_look = circumstances.first_look_is_historical && !before.seen;
    let period = judged.period.map(|period| period.to_string()).unwrap_or_default();
    let worse =
        judged.outlook.filter(|early| badness(early.status) > badness(judged.verdict.status));
    let mut occasion = occasion(scorecard, judged, &period);
    if worse.is_some() {
        // An outlook is a new one every day.
        occasion = format!("{occasion} on {}", scorecard.calendar.local_day(now));
    }
    let mut policy = effective(&perspective.alert);
    if worse.is_some() {
        policy.open_after = policy.open_after.max(OUTLOOKS_MIN);
    }
    let unanswered = policy.escalate_unacknowledged;
    let escalation_due = before.opened_at.filter(|_| unanswered > 0);
    let kpis = || judged.objectives.iter().flat_map(|objective| &objective.kpis);
    let evaluation = Evaluation {
        path: scope.to_string(),
        red: kpis().filter(|kpi| is_red(kpi)).map(|kpi| kpi.id.clone()).collect(),
        restated: kpis().any(|kpi| is_restated(kpi, judged.period)),
        config: digest.to_owned(),
        day: scorecard.calendar.local_day(now),
        escalation_due: escalation_due
            .map(|opened| scorecard.calendar.working_days_after(opened, unanswered)),
        status: worse.map_or(judged.verdict.status, |early| early.status),
        score: worse.map_or(judged.verdict.score, |early| early.score),
        occasion,
        period,
        official: judged.official,
        historical: circumstances.historical || first_look,
        silenced: circumstances.silences(&scope),
    };
    let (episode, news) = before.advance(&policy, &evaluation, now);
    let (event, cause) = news.as_ref().map(|news| (news.event, news.cause)).unzip();
    let to = news.map(|news| news.to).unwrap_or_default();
    EpisodeChange { scope, before, episode, event, cause, to }
}

/// The episode with its KPIs by the ids that they have now: a rename is no further KPI.
fn by_present_ids(mut episode: Episode, perspective: &Perspective) -> Episode {
    let red = &mut episode.told.red;
    for kpi in perspective.objectives.iter().flat_map(|objective| &objective.kpis) {
        if kpi.was.iter().any(|was| red.remove(was)) {
            red.insert(kpi.id.clone());
        }
    }
    episode
}

fn is_red(kpi: &KpiStanding) -> bool {
    kpi.status == Status::OffTrack && kpi.weight > 0.0
}

/// Whether a figure of the period judged was reported otherwise before.
fn is_restated(kpi: &KpiStanding, label: Option<Period>) -> bool {
    kpi.as_reported.is_some() && kpi.weight > 0.0 && kpi.period == label
}

/// Nobody to escalate to is never.
fn effective(policy: &AlertPolicy) -> AlertPolicy {
    let escalate_after = if policy.escalate_to.is_empty() { 0 } else { policy.escalate_after };
    AlertPolicy { escalate_after, ..policy.clone() }
}

/// The label, and the local day of the newest reading of a level.
fn occasion(scorecard: &Scorecard, judged: &PerspectiveStanding, period: &str) -> String {
    match judged.level_read {
        None => period.to_owned(),
        Some(newest) => format!("{period} {}", scorecard.calendar.local_day(newest)),
    }
}
