//! The whole engine in one call: what is held and where alerts stand go in, the standing and what
//! changed come out. The daemon, the simulation and the tests all call this.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{DateTime, Utc};

use crate::{
    alerting::episode::{Cause, Episode, Evaluation, Event, Receipts},
    judgement::{
        judge::Judge,
        kpi_standing::KpiStanding,
        standing::{NodeStanding, Outlook, Standing},
    },
    model::{
        alert_node::AlertNode,
        alert_policy::AlertPolicy,
        definition::{Perspective, Scorecard},
        id::{Id, Scope},
        period::Period,
        portfolio::Portfolio,
        status::Status,
    },
    series::history::History,
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
    /// Since when people know of alerts; of others, since they were told.
    pub receipts: &'a [(Scope, Receipts)],
}

impl Circumstances<'_> {
    fn receipts(&self, scope: &Scope) -> Receipts {
        let known = self.receipts.iter().find(|(of, _)| of == scope);
        known.map_or_else(Receipts::default, |(_, receipts)| *receipts)
    }

    fn silences(&self, scope: &Scope) -> bool {
        self.silenced.iter().any(|silenced| scope.is_within(silenced))
    }
}

/// An episode that moved, and whom it concerns.
#[derive(Clone, Debug, PartialEq)]
pub struct EpisodeChange {
    /// The perspective, or another node with an alert of its own.
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
    config_hash: &str,
    now: DateTime<Utc>,
) -> Standing {
    let all: Vec<Id> =
        portfolio.scorecards().iter().map(|scorecard| scorecard.id.clone()).collect();
    let judge = Judge::new(portfolio, history, now);
    standing(&judge, portfolio, &all, episodes, config_hash, now)
}

/// The standing of some scorecards at `now`, and every episode that moved.
pub fn evaluate(
    portfolio: &Portfolio,
    scorecards: &[Id],
    history: &History,
    episodes: &HashMap<Scope, Episode>,
    circumstances: Circumstances<'_>,
    config_hash: &str,
    now: DateTime<Utc>,
) -> (Standing, Vec<EpisodeChange>) {
    let judge = Judge::new(portfolio, history, now);
    let mut standing = standing(&judge, portfolio, scorecards, episodes, config_hash, now);
    let mut changes = Vec::new();
    let mut alerts = Alerts { before: episodes, now: HashMap::new() };
    for at in parents_first(portfolio, &standing) {
        let Some(judged) = standing.scorecards.get_mut(at) else { continue };
        let Some(scorecard) = portfolio.scorecard(&judged.id) else { continue };
        let evaluator = Evaluator { scorecard, circumstances, config_hash, now };
        let (perspectives, others): (Vec<_>, Vec<_>) = scorecard
            .alert_nodes()
            .into_iter()
            .partition(|node| matches!(node.scope, Scope::Perspective(..)));
        for (node, judged) in perspectives.iter().zip(&mut judged.perspectives) {
            let scope = &node.scope;
            let above = alerts.above_in_other_units(portfolio.above(scope), scope, now);
            let before = judged.episode.clone().unwrap_or_default();
            let change = evaluator.advance(node, &judged.as_node(), before, &above);
            if change.before != change.episode {
                judged.episode = Some(change.episode.clone());
            }
            changes.extend(alerts.take(change).map(|change| (at, change)));
        }
        for node in others {
            let Some(standing) = judge.alert_node(scorecard, &node, judged) else { continue };
            let above = alerts.above(&node.above, circumstances);
            let before = episodes.get(&node.scope).cloned().unwrap_or_default();
            let change = evaluator.advance(&node, &standing, before, &above);
            changes.extend(alerts.take(change).map(|change| (at, change)));
        }
    }
    changes.sort_by_key(|(at, _)| *at);
    (standing, changes.into_iter().map(|(_, change)| change).collect())
}

/// The places of the scorecards in the standing, each after those that it is a part of.
fn parents_first(portfolio: &Portfolio, standing: &Standing) -> Vec<usize> {
    let mut left: Vec<usize> = (0..standing.scorecards.len()).collect();
    let mut order = Vec::new();
    let id_at = |at: &usize| standing.scorecards.get(*at).map(|judged| &judged.id);
    let waits_for = |at: &usize, left: &[usize]| {
        let unit = id_at(at).and_then(|id| portfolio.scorecard(id));
        let views = unit.into_iter().flat_map(|unit| {
            let scope = |view: &Perspective| Scope::Perspective(unit.id.clone(), view.id.clone());
            unit.perspectives.iter().map(scope)
        });
        let mut above = views.flat_map(|view| portfolio.above(&view));
        above.any(|scope| {
            left.iter().any(|other| other != at && id_at(other) == Some(scope.scorecard()))
        })
    };
    while !left.is_empty() {
        // Units may count in each other's objectives; then the author's order decides.
        let next = left.iter().position(|at| !waits_for(at, &left)).unwrap_or_default();
        order.push(left.remove(next));
    }
    order
}

/// Where the alerts stand, those of this evaluation before those that it has not come to.
struct Alerts<'a> {
    before: &'a HashMap<Scope, Episode>,
    now: HashMap<Scope, Episode>,
}

impl Alerts<'_> {
    /// Notes where an alert stands now; it comes back if it moved.
    fn take(&mut self, change: EpisodeChange) -> Option<EpisodeChange> {
        self.now.insert(change.scope.clone(), change.episode.clone());
        (change.before != change.episode).then_some(change)
    }

    fn open(&self, scope: &Scope) -> Option<&Episode> {
        self.now.get(scope).or_else(|| self.before.get(scope)).filter(|alert| alert.is_open())
    }

    /// What goes on above a node in its own scorecard.
    fn above(&self, scopes: &[Scope], circumstances: Circumstances<'_>) -> Above {
        let open = scopes.iter().filter_map(|scope| self.open(scope));
        Above {
            silenced: scopes.iter().any(|scope| circumstances.silences(scope)),
            notified: open.flat_map(|alert| alert.notified.to.iter().cloned()).collect(),
        }
    }

    /// What goes on in the units that a perspective is a part of: whoever was told there since it
    /// fell has read of it in a line of that message.
    fn above_in_other_units(&self, scopes: &[Scope], below: &Scope, now: DateTime<Utc>) -> Above {
        let fell = self.before.get(below).and_then(|alert| alert.bad_since).unwrap_or(now);
        let open = scopes.iter().filter_map(|scope| self.open(scope));
        let open = open.filter(|alert| alert.notified.at.is_some_and(|told| fell <= told));
        let notified = open.flat_map(|alert| alert.notified.to.iter().cloned()).collect();
        Above { silenced: false, notified }
    }
}

fn standing(
    judge: &Judge<'_>,
    portfolio: &Portfolio,
    scorecards: &[Id],
    episodes: &HashMap<Scope, Episode>,
    config_hash: &str,
    now: DateTime<Utc>,
) -> Standing {
    let named = scorecards.iter().filter_map(|id| portfolio.scorecard(id));
    let scorecards = named.map(|scorecard| judge.scorecard(scorecard, episodes)).collect();
    let zone = portfolio.scorecards().first().map_or(chrono_tz::UTC, |first| first.calendar.zone);
    Standing { as_of: now.with_timezone(&zone), config: config_hash.to_owned(), scorecards }
}

/// What is going on above a node.
struct Above {
    /// Nobody wants to hear of a node above.
    silenced: bool,
    /// Who is told how an alert above goes: what happens here is in those messages.
    notified: Vec<Id>,
}

impl Above {
    /// The policy for those who do not hear of it from above, and who does.
    fn split(&self, policy: &AlertPolicy) -> (AlertPolicy, BTreeSet<Id>) {
        let others = |of: &[Id]| -> Vec<Id> {
            of.iter().filter(|id| !self.notified.contains(id)).cloned().collect()
        };
        let named = policy.to.iter().chain(&policy.escalate_to);
        let heard_above = named.filter(|id| self.notified.contains(id)).cloned().collect();
        let (to, escalate_to) = (others(&policy.to), others(&policy.escalate_to));
        (AlertPolicy { to, escalate_to, ..policy.clone() }, heard_above)
    }
}

/// Evaluates the nodes of a scorecard.
struct Evaluator<'a> {
    scorecard: &'a Scorecard,
    circumstances: Circumstances<'a>,
    config_hash: &'a str,
    now: DateTime<Utc>,
}

impl Evaluator<'_> {
    fn advance(
        &self,
        node: &AlertNode<'_>,
        judged: &NodeStanding<'_>,
        before: Episode,
        above: &Above,
    ) -> EpisodeChange {
        let scope = node.scope.clone();
        let before = by_present_ids(before, node);
        let worse = judged.early();
        let (policy, heard_above) = above.split(node.alert);
        let mut policy = effective(&policy);
        if worse.is_some() {
            policy.open_after = policy.open_after.max(OUTLOOKS_MIN);
        }
        let mut evaluation = self.evaluation(&scope, judged, worse, &before, &policy);
        let local = self.now.with_timezone(&self.scorecard.calendar.zone).naive_local();
        evaluation.silenced |= above.silenced || policy.is_quiet(local);
        evaluation.all_hear_above = policy.to.is_empty() && !node.alert.to.is_empty();
        evaluation.heard_above = heard_above;
        let (episode, news) = before.advance(&policy, &evaluation, self.now);
        let (event, cause) = news.as_ref().map(|news| (news.event, news.cause)).unzip();
        let to = news.map(|news| news.to).unwrap_or_default();
        EpisodeChange { scope, before, episode, event, cause, to }
    }

    fn evaluation(
        &self,
        scope: &Scope,
        judged: &NodeStanding<'_>,
        worse: Option<Outlook>,
        before: &Episode,
        policy: &AlertPolicy,
    ) -> Evaluation {
        let (calendar, circumstances) = (&self.scorecard.calendar, self.circumstances);
        let day = calendar.local_day(self.now);
        let period = judged.period.map(|period| period.to_string()).unwrap_or_default();
        let mut occasion = occasion(self.scorecard, judged, &period);
        if let Some(early) = worse {
            // An outlook is a new one every day, and one by the pace only with a newer reading.
            let day = early.read_at.map_or(day, |read_at| calendar.local_day(read_at));
            occasion = format!("{occasion} on {day}");
        }
        // What may have opened early does not end because its outlook cannot be told.
        let stands_still = judged.outlook_is_stale
            && before.is_open()
            && judged.verdict.status != Status::OffTrack;
        let known = if stands_still { Status::NoData } else { judged.verdict.status };
        let first_look = circumstances.first_look_is_historical && !before.seen;
        let unanswered = policy.escalate_unacknowledged;
        let receipts = circumstances.receipts(scope);
        let known_since = receipts.first.since(before.opened_at).filter(|_| unanswered > 0);
        let restated = judged.kpis().filter(|kpi| is_restated(kpi, judged.period));
        Evaluation {
            status: worse.map_or(known, |early| early.status),
            score: worse.map_or(judged.verdict.score, |early| early.score),
            path: scope.to_string(),
            occasion,
            period,
            official: judged.official,
            historical: circumstances.historical || first_look,
            silenced: circumstances.silences(scope),
            heard_above: BTreeSet::new(),
            all_hear_above: false,
            red: judged.kpis().filter(|kpi| is_red(kpi)).map(|kpi| kpi.id.clone()).collect(),
            scores: scores(judged),
            missing: judged
                .kpis()
                .filter(|kpi| is_missing(kpi))
                .map(|kpi| kpi.id.clone())
                .collect(),
            restated: restated.map(|kpi| kpi.id.clone()).collect(),
            config: self.config_hash.to_owned(),
            heard: receipts.last,
            day,
            escalation_due: known_since.map(|at| calendar.working_days_after(at, unanswered)),
        }
    }
}

/// The episode with its KPIs by the ids that they have now: a rename is no further KPI.
fn by_present_ids(mut episode: Episode, node: &AlertNode<'_>) -> Episode {
    let red = &mut episode.notified.red;
    let mut scores = episode.last_verdict.as_mut().map(|last| &mut last.scores);
    for kpi in node.kpis() {
        if kpi.was.iter().any(|was| red.remove(was)) {
            red.insert(kpi.id.clone());
        }
        if let Some(scores) = &mut scores
            && let Some(score) = kpi.was.iter().find_map(|was| scores.remove(was))
        {
            scores.insert(kpi.id.clone(), score);
        }
    }
    episode
}

/// The scores of the KPIs that count, each with its weight among all of them.
fn scores(judged: &NodeStanding<'_>) -> BTreeMap<Id, (f64, f64)> {
    let scored =
        judged.kpis().filter_map(|kpi| Some((kpi.id.clone(), (kpi.score?, kpi.effective_weight?))));
    scored.collect()
}

fn is_missing(kpi: &KpiStanding) -> bool {
    kpi.status == Status::NoData && kpi.weight > 0.0
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
fn occasion(scorecard: &Scorecard, judged: &NodeStanding<'_>, period: &str) -> String {
    match judged.level_read {
        None => period.to_owned(),
        Some(newest) => format!("{period} {}", scorecard.calendar.local_day(newest)),
    }
}
