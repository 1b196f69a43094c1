//! Everything in one call: what is held and where alerts stand go in, the standing and what
//! changed come out. The daemon, the simulation and the tests call this; a
//! [`Family`](crate::evaluation::Family), which comes to the same step by step, is measured by it.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use chrono::{DateTime, Utc};

use crate::{
    alerting::episode::Episode,
    evaluation::{
        circumstances::{Circumstances, EpisodeChange},
        evaluator::{Alerts, Evaluator},
    },
    judgement::{judge::Judge, standing::Standing},
    model::{
        alert_node::AlertNode,
        definition::{Perspective, Scorecard},
        id::{Id, Scope},
        portfolio::Portfolio,
    },
    series::history::History,
};

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
    judge_some(portfolio, &all, history, episodes, config_hash, now)
}

/// The standing of some scorecards at `now`, without touching any episode.
pub fn judge_some(
    portfolio: &Portfolio,
    scorecards: &[Id],
    history: &History,
    episodes: &HashMap<Scope, Episode>,
    config_hash: &str,
    now: DateTime<Utc>,
) -> Standing {
    let judge = Judge::new(portfolio, history, now);
    standing(&judge, &members(portfolio, scorecards), episodes, config_hash)
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
    let members = members(portfolio, scorecards);
    let judge = Judge::new(portfolio, history, now);
    let mut standing = standing(&judge, &members, episodes, config_hash);
    let evaluator = Evaluator { judge: &judge, portfolio, circumstances, config_hash, now };
    let mut alerts = Alerts::of(episodes);
    let mut changes = Vec::new();
    for (at, node) in in_turn(portfolio, &members) {
        let pair = members.get(at).zip(standing.scorecards.get_mut(at));
        let Some((scorecard, whole)) = pair else { continue };
        let Some(view) = evaluator.view(scorecard, &node, whole, &alerts) else { continue };
        let before = alerts.before(&node.scope).cloned().unwrap_or_default();
        let change = evaluator.advance(&view, before);
        let Some(change) = alerts.take(change) else { continue };
        Arc::make_mut(whole).take_episode(&change.scope, Some(&change.episode));
        changes.push((at, change));
    }
    (standing, in_order(changes))
}

/// What a configuration makes of the figures that open alerts counted last, where another one judged
/// them. For before newer figures are filed: these are told from the change of the configuration.
pub fn rejudge(
    portfolio: &Portfolio,
    history: &History,
    episodes: &HashMap<Scope, Episode>,
    config_hash: &str,
    now: DateTime<Utc>,
) -> Vec<EpisodeChange> {
    let awaits = |scope: &Scope| {
        episodes.get(scope).is_some_and(|episode| episode.awaits_rejudging(config_hash))
    };
    let ids: BTreeSet<&Id> =
        episodes.keys().filter(|scope| awaits(scope)).map(Scope::scorecard).collect();
    let ids: Vec<Id> = ids.into_iter().cloned().collect();
    let members = members(portfolio, &ids);
    let judge = Judge::new(portfolio, history, now);
    let standing = standing(&judge, &members, episodes, config_hash);
    let circumstances = Circumstances::default();
    let evaluator = Evaluator { judge: &judge, portfolio, circumstances, config_hash, now };
    let alerts = Alerts::of(episodes);
    let mut changes = Vec::new();
    for (at, node) in in_turn(portfolio, &members) {
        let pair = members.get(at).zip(standing.scorecards.get(at));
        let Some((scorecard, whole)) = pair.filter(|_| awaits(&node.scope)) else { continue };
        let Some(view) = evaluator.view(scorecard, &node, whole, &alerts) else { continue };
        let before = alerts.before(&node.scope).cloned().unwrap_or_default();
        changes.push(evaluator.rejudge(&view, before));
    }
    changes.retain(|change| change.before != change.episode);
    changes
}

/// The scorecards of these ids that there are.
pub(crate) fn members<'p>(portfolio: &'p Portfolio, ids: &[Id]) -> Vec<&'p Scorecard> {
    ids.iter().filter_map(|id| portfolio.scorecard(id)).collect()
}

pub(crate) fn standing(
    judge: &Judge<'_>,
    members: &[&Scorecard],
    episodes: &HashMap<Scope, Episode>,
    config_hash: &str,
) -> Standing {
    let zone = judge.portfolio().scorecards().first();
    let zone = zone.map_or(chrono_tz::UTC, |first| first.calendar.zone);
    Standing {
        as_of: judge.now().with_timezone(&zone),
        config: config_hash.to_owned(),
        scorecards: members
            .iter()
            .map(|member| Arc::new(judge.scorecard(member, episodes)))
            .collect(),
    }
}

/// The changes in the order of the scorecards that they are of, given by place.
pub(crate) fn in_order(mut changes: Vec<(usize, EpisodeChange)>) -> Vec<EpisodeChange> {
    changes.sort_by_key(|(at, _)| *at);
    changes.into_iter().map(|(_, change)| change).collect()
}

/// All alert nodes in the order in which they are evaluated, each with the place of its scorecard:
/// scorecards after those that they are a part of, and perspectives before what else has an alert.
pub(crate) fn in_turn<'p>(
    portfolio: &Portfolio,
    members: &[&'p Scorecard],
) -> Vec<(usize, AlertNode<'p>)> {
    let mut turns = Vec::new();
    for at in parents_first(portfolio, members) {
        let nodes = members.get(at).map(|member| member.alert_nodes()).unwrap_or_default();
        let is_perspective = |node: &AlertNode<'_>| matches!(node.scope, Scope::Perspective(..));
        let (perspectives, others): (Vec<_>, Vec<_>) = nodes.into_iter().partition(is_perspective);
        turns.extend(perspectives.into_iter().chain(others).map(|node| (at, node)));
    }
    turns
}

/// The places of the scorecards, each after those that it is a part of.
fn parents_first(portfolio: &Portfolio, members: &[&Scorecard]) -> Vec<usize> {
    let at: HashMap<&Id, usize> =
        members.iter().enumerate().map(|(at, unit)| (&unit.id, at)).collect();
    // Whom each waits for, and who waits for each.
    let mut waits_for: Vec<BTreeSet<usize>> = vec![BTreeSet::new(); members.len()];
    let mut waiting: Vec<Vec<usize>> = vec![Vec::new(); members.len()];
    for (unit, member) in members.iter().enumerate() {
        let view = |view: &Perspective| Scope::Perspective(member.id.clone(), view.id.clone());
        for scope in member.perspectives.iter().map(view) {
            let above = portfolio.above(&scope).iter();
            for parent in above.filter_map(|scope| at.get(scope.scorecard()).copied()) {
                if parent != unit && waits_for[unit].insert(parent) {
                    waiting[parent].push(unit);
                }
            }
        }
    }
    let is_free = |unit: &usize| waits_for[*unit].is_empty();
    let mut free: BTreeSet<usize> = (0..members.len()).filter(is_free).collect();
    let mut left: BTreeSet<usize> = (0..members.len()).collect();
    let mut order = Vec::with_capacity(members.len());
    // Units may count in each other's objectives; then the author's order decides.
    while let Some(next) = free.pop_first().or_else(|| left.first().copied()) {
        left.remove(&next);
        order.push(next);
        for unit in &waiting[next] {
            waits_for[*unit].remove(&next);
            if waits_for[*unit].is_empty() && left.contains(unit) {
                free.insert(*unit);
            }
        }
    }
    order
}
