//! What one configuration would change about another: nodes, weights, lines, and over the same
//! history colours and alerts.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::{
    alerting::episode::{Episode, Event},
    analysis::lookalike::lookalikes,
    evaluation::{
        circumstances::{Circumstances, EpisodeChange},
        evaluate::evaluate,
    },
    judgement::{
        pictured::{Colour, Measure},
        standing::Standing,
    },
    model::{
        id::{Id, KpiRef, Scope},
        period::Period,
        portfolio::Portfolio,
    },
    series::history::History,
};

/// Everything that would change; its serialised keys are a contract.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Difference {
    /// Nodes that only the proposed configuration has.
    pub added: Vec<Scope>,
    /// Nodes that only the present one has; what is held of their KPIs is kept.
    pub removed: Vec<Scope>,
    /// Nodes with another id, by `was`; they keep what is held of them.
    pub renamed: Vec<Renamed>,
    /// Nodes removed and added that look like one with another id, but without `was`.
    pub lookalikes: Vec<Renamed>,
    /// KPIs that would be part of another objective.
    pub moved: Vec<Moved>,
    /// Nodes that would weigh otherwise among their siblings.
    pub reweighted: Vec<Changed<f64>>,
    /// KPIs whose reported period would be measured by other lines.
    pub lines: Vec<Relined>,
    /// Nodes that would stand otherwise, over what is held.
    pub colours: Vec<Changed<Colour>>,
    /// What would be told at the next judgement, and would not be without the change.
    pub alerts: Vec<Alert>,
    /// Open alerts that would end, since the proposed configuration has nothing that they are of.
    pub ended: Vec<EndedAlert>,
    /// Everybody who would be notified.
    pub notified: Vec<Id>,
}

/// An open alert that would end.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct EndedAlert {
    /// Of what.
    pub scope: Scope,
    /// Whoever was told of it.
    pub to: Vec<Id>,
}

/// A node under another id.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Renamed {
    /// Its path now.
    pub from: Scope,
    /// Its path under the proposed configuration.
    pub to: Scope,
}

/// A KPI under another objective.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Moved {
    /// The KPI.
    pub scope: Scope,
    /// The objective it is part of.
    pub from: Scope,
    /// The objective it would be part of.
    pub to: Scope,
}

/// A quantity of a node, before and after.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Changed<T> {
    /// The node.
    pub scope: Scope,
    /// Now.
    pub from: T,
    /// Under the proposed configuration.
    pub to: T,
}

/// A KPI measured otherwise.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Relined {
    /// The KPI.
    pub scope: Scope,
    /// The period it reports.
    pub period: Option<Period>,
    /// How it is measured.
    pub from: Measure,
    /// How it would be.
    pub to: Measure,
}

/// Something that would be told.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Alert {
    /// Of what.
    pub scope: Scope,
    /// What.
    pub event: Event,
    /// To whom.
    pub to: Vec<Id>,
}

/// A configuration as it is compared.
#[derive(Clone, Copy, Debug)]
pub struct ComparedConfig<'a> {
    /// Its scorecards.
    pub portfolio: &'a Portfolio,
    /// Its name.
    pub config_hash: &'a str,
}

/// One node, flattened.
struct Node {
    parent: Option<Scope>,
    weight: Option<f64>,
    colour: Colour,
    measure: Option<(Option<Period>, Measure)>,
}

/// What `proposed` would change about `present`, at an instant and over the same history.
pub fn difference(
    present: ComparedConfig<'_>,
    proposed: ComparedConfig<'_>,
    history: &History,
    episodes: &HashMap<Scope, Episode>,
    now: DateTime<Utc>,
) -> Difference {
    let renames = proposed.portfolio.renames();
    let (present_portfolio, proposed_portfolio) = (present.portfolio, proposed.portfolio);
    let (standing, changes) = judged(present, history, episodes, now);
    let (moved_history, moved_episodes) = renamed(&renames, history, episodes);
    let (proposed, proposed_changes) = judged(proposed, &moved_history, &moved_episodes, now);
    let before: BTreeMap<Scope, Node> = nodes(&standing)
        .into_iter()
        .map(|(scope, node)| {
            let parent = node.parent.map(|parent| anew(&renames, parent));
            (anew(&renames, scope), Node { parent, ..node })
        })
        .collect();
    let after = nodes(&proposed);
    let mut difference = Difference {
        added: after.keys().filter(|scope| !before.contains_key(scope)).cloned().collect(),
        removed: before.keys().filter(|scope| !after.contains_key(scope)).cloned().collect(),
        ..Difference::default()
    };
    let old = nodes(&standing);
    let is_renamed =
        |(from, to): &&(Scope, Scope)| old.contains_key(from) && after.contains_key(to);
    let renamed = renames.iter().filter(is_renamed);
    difference.renamed =
        renamed.map(|(from, to)| Renamed { from: from.clone(), to: to.clone() }).collect();
    for (scope, from) in &before {
        if let Some(to) = after.get(scope) {
            difference.compare(scope, from, to);
        }
    }
    difference.alerts = alerts(&renames, &changes, proposed_changes);
    let lookalikes = lookalikes(present_portfolio, proposed_portfolio);
    difference.lookalikes = lookalikes.into_iter().map(|(from, to)| Renamed { from, to }).collect();
    difference.ended = ended(present_portfolio, proposed_portfolio, &renames, &moved_episodes);
    difference.tells(|_| true);
    difference
}

/// The alerts that somebody awaits the end of and that only the present configuration has.
fn ended(
    present: &Portfolio,
    proposed: &Portfolio,
    renames: &[(Scope, Scope)],
    episodes: &HashMap<Scope, Episode>,
) -> Vec<EndedAlert> {
    let alerts = |of: &Portfolio| -> BTreeSet<Scope> {
        let alerts = of.scorecards().iter().flat_map(|scorecard| scorecard.alerts());
        alerts.map(|(scope, _)| scope).collect()
    };
    let kept = alerts(proposed);
    let gone = alerts(present).into_iter().map(|scope| anew(renames, scope));
    gone.filter(|scope| !kept.contains(scope))
        .filter_map(|scope| {
            let episode = episodes.get(&scope).filter(|episode| episode.awaits_its_end())?;
            Some(EndedAlert { to: episode.notified.to.clone(), scope })
        })
        .collect()
}

fn judged(
    side: ComparedConfig<'_>,
    history: &History,
    episodes: &HashMap<Scope, Episode>,
    now: DateTime<Utc>,
) -> (Standing, Vec<EpisodeChange>) {
    let all: Vec<Id> = side.portfolio.scorecards().iter().map(|held| held.id.clone()).collect();
    let live = Circumstances { first_look_is_historical: true, ..Circumstances::default() };
    evaluate(side.portfolio, &all, history, episodes, live, side.config_hash, now)
}

/// What is held, under the names that the proposed configuration gives it.
fn renamed(
    renames: &[(Scope, Scope)],
    history: &History,
    episodes: &HashMap<Scope, Episode>,
) -> (History, HashMap<Scope, Episode>) {
    let mut history = history.clone();
    for rename in renames {
        if let (Scope::Kpi(from), Scope::Kpi(to)) = rename {
            history.rename(from, to);
        }
    }
    let episodes = episodes.iter();
    let episodes = episodes.map(|(scope, held)| (anew(renames, scope.clone()), held.clone()));
    (history, episodes.collect())
}

/// A node's path under its new names, its parents' included.
fn anew(renames: &[(Scope, Scope)], scope: Scope) -> Scope {
    renames.iter().fold(scope, |scope, (from, to)| match (&scope, from, to) {
        _ if scope == *from => to.clone(),
        (
            Scope::Objective(card, view, aim),
            Scope::Perspective(of, old),
            Scope::Perspective(_, new),
        ) if card == of && view == old => Scope::Objective(card.clone(), new.clone(), aim.clone()),
        _ => scope,
    })
}

impl Difference {
    /// Notes who would be told: of alerts that end, only who is reached still.
    pub fn tells(&mut self, is_reached: impl Fn(&Id) -> bool) {
        self.ended.iter_mut().for_each(|alert| alert.to.retain(&is_reached));
        let ended = self.ended.iter().flat_map(|alert| &alert.to);
        let alerts = self.alerts.iter().flat_map(|alert| &alert.to);
        self.notified =
            alerts.chain(ended).cloned().collect::<BTreeSet<Id>>().into_iter().collect();
    }

    /// Whether anything would change.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    fn compare(&mut self, scope: &Scope, from: &Node, to: &Node) {
        let changed = |pair: (&Option<Scope>, &Option<Scope>)| match pair {
            (Some(from), Some(to)) if from != to => Some((from.clone(), to.clone())),
            _ => None,
        };
        if let Some((from, to)) = changed((&from.parent, &to.parent)) {
            self.moved.push(Moved { scope: scope.clone(), from, to });
        }
        if let Some((from, to)) = from.weight.zip(to.weight).filter(|(from, to)| from != to) {
            self.reweighted.push(Changed { scope: scope.clone(), from, to });
        }
        if let Some(((_, from), (period, to))) = from.measure.zip(to.measure)
            && from != to
        {
            self.lines.push(Relined { scope: scope.clone(), period, from, to });
        }
        if from.colour != to.colour {
            let (from, to) = (from.colour, to.colour);
            self.colours.push(Changed { scope: scope.clone(), from, to });
        }
    }
}

/// What is told only under the proposed configuration.
fn alerts(
    renames: &[(Scope, Scope)],
    present: &[EpisodeChange],
    proposed: Vec<EpisodeChange>,
) -> Vec<Alert> {
    let anyway = |change: &EpisodeChange| {
        present.iter().any(|held| {
            anew(renames, held.scope.clone()) == change.scope && held.event == change.event
        })
    };
    proposed
        .into_iter()
        .filter(|change| !anyway(change))
        .filter_map(|change| {
            Some(Alert { event: change.event?, scope: change.scope, to: change.to })
        })
        .collect()
}

fn nodes(standing: &Standing) -> BTreeMap<Scope, Node> {
    let mut nodes = BTreeMap::new();
    for scorecard in &standing.scorecards {
        let id = &scorecard.id;
        let top = Scope::Scorecard(id.clone());
        let colour = |verdict: &crate::judgement::standing::Verdict| Colour {
            status: verdict.status,
            score: verdict.score,
        };
        let verdict = colour(&scorecard.verdict);
        nodes.insert(
            top.clone(),
            Node { parent: None, weight: None, colour: verdict, measure: None },
        );
        for perspective in &scorecard.perspectives {
            let view = Scope::Perspective(id.clone(), perspective.id.clone());
            let (weight, verdict) = (Some(perspective.weight), colour(&perspective.verdict));
            nodes.insert(view, Node { parent: None, weight, colour: verdict, measure: None });
            for objective in &perspective.objectives {
                let path = (id.clone(), perspective.id.clone(), objective.id.clone());
                let aim = Scope::Objective(path.0, path.1, path.2);
                let (weight, verdict) = (Some(objective.weight), colour(&objective.verdict));
                let node = Node { parent: None, weight, colour: verdict, measure: None };
                nodes.insert(aim.clone(), node);
                for kpi in &objective.kpis {
                    let named = KpiRef { scorecard: id.clone(), kpi: kpi.id.clone() };
                    let measure = Measure {
                        target: kpi.target,
                        green_line: kpi.green_line,
                        red_line: kpi.red_line,
                    };
                    let node = Node {
                        parent: Some(aim.clone()),
                        weight: Some(kpi.weight),
                        colour: Colour { status: kpi.status, score: kpi.score },
                        measure: Some((kpi.period, measure)),
                    };
                    nodes.insert(Scope::Kpi(named), node);
                }
            }
        }
    }
    nodes
}
