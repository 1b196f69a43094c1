//! The whole engine in one call: what is held and where alerts stand go in, the standing and what
//! changed come out. The daemon, the simulation and the tests all call this.

use std::collections::HashMap;

use chrono::{DateTime, Utc};

use super::{
    AlertPolicy, Episode, Evaluation, Event, History, Id, Judge, Perspective, PerspectiveStanding,
    Portfolio, Scope, Scorecard, Standing, lines::badness,
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
            let change = advance(scorecard, perspective, judged, circumstances, now);
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
    now: DateTime<Utc>,
) -> EpisodeChange {
    let scope = Scope::Perspective(scorecard.id.clone(), perspective.id.clone());
    let before = judged.episode.clone().unwrap_or_default();
    let first_look = circumstances.first_look_is_historical && !before.seen;
    let period = judged.period.map(|period| period.to_string()).unwrap_or_default();
    let worse =
        judged.outlook.filter(|early| badness(early.status) > badness(judged.verdict.status));
    let mut occasion = occasion(scorecard, judged, &period);
    if worse.is_some() {
        // An outlook is a new one every day.
        occasion = format!("{occasion} on {}", scorecard.calendar.local_day(now));
    }
    let evaluation = Evaluation {
        status: worse.map_or(judged.verdict.status, |early| early.status),
        score: worse.map_or(judged.verdict.score, |early| early.score),
        occasion,
        period,
        official: judged.official,
        historical: circumstances.historical || first_look,
        silenced: circumstances.silences(&scope),
    };
    let mut policy = effective(&perspective.alert);
    if worse.is_some() {
        policy.open_after = policy.open_after.max(OUTLOOKS_MIN);
    }
    let (episode, event) = before.advance(&policy, &evaluation, now);
    let to = event.map(|event| recipients(&policy, event, &before)).unwrap_or_default();
    EpisodeChange { scope, before, episode, event, to }
}

/// Nobody to escalate to is never.
fn effective(policy: &AlertPolicy) -> AlertPolicy {
    let escalate_after = if policy.escalate_to.is_empty() { 0 } else { policy.escalate_after };
    AlertPolicy { escalate_after, ..policy.clone() }
}

/// Whoever heard of the trouble hears of its end.
fn recipients(policy: &AlertPolicy, event: Event, before: &Episode) -> Vec<Id> {
    let mut to = match event {
        Event::Opened => policy.to.clone(),
        Event::Escalated => policy.escalate_to.clone(),
        Event::Recovered if before.escalated => {
            policy.to.iter().chain(&policy.escalate_to).cloned().collect()
        }
        Event::Recovered => policy.to.clone(),
    };
    let mut seen = std::collections::HashSet::new();
    to.retain(|id| seen.insert(id.clone()));
    to
}

/// The label, and the local day of the newest reading of a level.
fn occasion(scorecard: &Scorecard, judged: &PerspectiveStanding, period: &str) -> String {
    match judged.level_read {
        None => period.to_owned(),
        Some(newest) => format!("{period} {}", scorecard.calendar.local_day(newest)),
    }
}
