//! The judgement of whole scorecards: KPIs, then objectives, perspectives and the scorecard.

use std::{borrow::Cow, cell::RefCell, collections::HashMap, rc::Rc};

use chrono::{DateTime, NaiveDate, Utc};

use crate::{
    alerting::episode::Episode,
    judgement::{
        evaluation_key::EvaluationKey,
        kpi::judge_kpi,
        kpi_standing::KpiStanding,
        past_verdicts::PastVerdicts,
        rollup::{Child, Rolled, roll_up},
        score,
        standing::{
            Basis, Counts, LinkedStanding, NodeStanding, ObjectiveStanding, Outlook,
            PerspectiveStanding, ScorecardStanding, Verdict,
        },
    },
    model::{
        alert_node::{AlertNode, NodePart},
        alert_policy::AlertOn,
        definition::{Contribution, Objective, ObjectiveRef, Perspective, Scorecard},
        id::{Id, Scope},
        portfolio::Portfolio,
        status::{Reason, Status},
    },
    series::{
        derived::{self, Series},
        history::{History, KpiHistory},
        kpi_context::KpiContext,
    },
};

/// Judges scorecards of a portfolio at one instant.
pub struct Judge<'a> {
    portfolio: &'a Portfolio,
    collected: &'a History,
    computed: Cow<'a, History>,
    now: DateTime<Utc>,
    nothing: KpiHistory,
    /// Objectives that contribute to others, judged once however many they contribute to.
    linked: RefCell<HashMap<ObjectiveRef, Rc<ObjectiveStanding>>>,
    /// The same as their actuals stood on a day.
    pub(crate) linked_on: RefCell<HashMap<(ObjectiveRef, NaiveDate), Verdict>>,
    /// KPIs in periods that have settled.
    pub(crate) past: RefCell<PastVerdicts>,
}

impl<'a> Judge<'a> {
    /// A judge of what is held at `now`.
    pub fn new(portfolio: &'a Portfolio, history: &'a History, now: DateTime<Utc>) -> Self {
        Self {
            portfolio,
            collected: history,
            computed: Cow::Owned(derived::computed(portfolio, history)),
            now,
            nothing: KpiHistory::default(),
            linked: RefCell::default(),
            linked_on: RefCell::default(),
            past: RefCell::default(),
        }
    }

    /// The same, with what is computed of it, and with what is known of periods that have settled.
    pub(crate) fn remembering(
        portfolio: &'a Portfolio,
        (collected, computed): (&'a History, &'a History),
        past: PastVerdicts,
        now: DateTime<Utc>,
    ) -> Self {
        Self {
            portfolio,
            collected,
            computed: Cow::Borrowed(computed),
            now,
            nothing: KpiHistory::default(),
            linked: RefCell::default(),
            linked_on: RefCell::default(),
            past: RefCell::new(past),
        }
    }

    /// What is known of periods that have settled, for a later judge.
    pub(crate) fn into_past(self) -> PastVerdicts {
        self.past.into_inner()
    }

    /// One scorecard with everything below it.
    pub fn scorecard(
        &self,
        scorecard: &Scorecard,
        episodes: &HashMap<Scope, Episode>,
    ) -> ScorecardStanding {
        let perspectives: Vec<_> = scorecard
            .perspectives
            .iter()
            .map(|perspective| {
                let scope = Scope::Perspective(scorecard.id.clone(), perspective.id.clone());
                self.perspective(scorecard, perspective, episodes.get(&scope))
            })
            .collect();
        scorecard_of(scorecard, perspectives)
    }

    fn perspective(
        &self,
        scorecard: &Scorecard,
        perspective: &Perspective,
        episode: Option<&Episode>,
    ) -> PerspectiveStanding {
        let objectives = perspective.objectives.iter();
        let objectives = objectives.map(|objective| self.objective(scorecard, objective)).collect();
        self.perspective_of(scorecard, perspective, objectives, episode.cloned())
    }

    /// A perspective, as its objectives make it.
    pub(crate) fn perspective_of(
        &self,
        scorecard: &Scorecard,
        perspective: &Perspective,
        objectives: Vec<ObjectiveStanding>,
        episode: Option<Episode>,
    ) -> PerspectiveStanding {
        let node = AlertNode::perspective(scorecard, perspective);
        let judged = self.node(scorecard, &node, objectives);
        PerspectiveStanding {
            id: perspective.id.clone(),
            name: perspective.name.clone(),
            verdict: judged.verdict,
            culprit: judged.culprit,
            since: judged.since,
            period: judged.period,
            official: judged.official,
            level_read: judged.level_read,
            weight: perspective.weight,
            outlook: judged.outlook,
            outlook_is_stale: judged.outlook_is_stale,
            episode,
            objectives: judged.objectives.into_owned(),
        }
    }

    /// A node as the standings of its parts make it.
    fn node(
        &self,
        scorecard: &Scorecard,
        node: &AlertNode<'_>,
        mut objectives: Vec<ObjectiveStanding>,
    ) -> NodeStanding<'static> {
        let pairs = node.parts.iter().zip(&objectives);
        let children: Vec<_> =
            pairs.map(|(part, standing)| part_child(part, &standing.verdict)).collect();
        let Rolled { verdict, culprit, shares } = roll_up(&node.rollup, &children);
        share_shortfall(&mut objectives, &shares);
        let key = objectives
            .iter()
            .map(|objective| evaluation_key(objective, scorecard))
            .fold(EvaluationKey::default(), EvaluationKey::and);
        let period = key.label();
        let outlook = outlook(node, &objectives);
        NodeStanding {
            since: period.and_then(|label| self.since(scorecard, node, &verdict, label)),
            verdict,
            culprit,
            period,
            official: key.is_official(),
            level_read: key.level_read(),
            outlook_is_stale: outlook == Heading::Unknown,
            outlook: match outlook {
                Heading::For(outlook) => Some(outlook),
                Heading::Unasked | Heading::Unknown => None,
            },
            objectives: Cow::Owned(objectives),
        }
    }

    /// A node with an alert of its own, from the standing of its scorecard; none where that was
    /// judged without it.
    pub fn alert_node<'s>(
        &self,
        scorecard: &Scorecard,
        node: &AlertNode<'_>,
        whole: &'s ScorecardStanding,
    ) -> Option<NodeStanding<'s>> {
        if let Scope::Perspective(_, id) = &node.scope {
            let held = whole.perspectives.iter().find(|held| held.id == *id);
            return held.map(PerspectiveStanding::as_node);
        }
        let held = |id: &Id| {
            let objectives = whole.perspectives.iter().flat_map(|view| &view.objectives);
            objectives.into_iter().find(|held| held.id == *id)
        };
        let parts = node.parts.iter().map(|part| {
            let held = held(&part.objective.id)?;
            Some(match part.only {
                Some(kpi) => only(part, held.kpis.iter().find(|held| held.id == kpi.id)?),
                None => ObjectiveStanding { weight: part.weight, ..held.clone() },
            })
        });
        let mut judged = self.node(scorecard, node, parts.collect::<Option<_>>()?);
        let (verdict, culprit) = own_verdict(&node.scope, &judged, whole);
        if verdict.status != judged.verdict.status {
            judged.since = None;
        }
        Some(NodeStanding { verdict, culprit, ..judged })
    }

    pub(crate) fn objective(
        &self,
        scorecard: &Scorecard,
        objective: &Objective,
    ) -> ObjectiveStanding {
        let judged = |kpi| judge_kpi(&self.case(scorecard, kpi), scorecard, self.now);
        let kpis: Vec<_> = objective.kpis.iter().map(judged).collect();
        let links = objective.contributions.iter();
        let linked: Vec<_> = links.map(|link| self.linked(scorecard, link)).collect();
        objective_of(&NodePart::whole(objective), kpis, linked)
    }

    /// Another unit's objective, judged by its own calendar and rules, as a child of one here.
    pub(crate) fn linked(&self, scorecard: &Scorecard, link: &Contribution) -> LinkedStanding {
        let found = self.portfolio.objective(&link.objective);
        let judged = found.map(|(unit, objective)| {
            let known = self.linked.borrow().get(&link.objective).cloned();
            let judged = known.unwrap_or_else(|| {
                let judged = Rc::new(self.objective(unit, objective));
                self.linked.borrow_mut().insert(link.objective.clone(), Rc::clone(&judged));
                judged
            });
            linked_as(scorecard, link, unit, &judged)
        });
        judged.unwrap_or_else(|| {
            let name = link.objective.to_string();
            linked_with(link, name, NOTHING, EvaluationKey::default())
        })
    }

    /// One KPI alone.
    pub fn kpi(
        &self,
        scorecard: &Scorecard,
        kpi: &crate::model::kpi_definition::Kpi,
    ) -> KpiStanding {
        judge_kpi(&self.case(scorecard, kpi), scorecard, self.now)
    }

    /// A KPI with everything its judgement looks at.
    pub fn case<'s>(
        &'s self,
        scorecard: &'s Scorecard,
        kpi: &'s crate::model::kpi_definition::Kpi,
    ) -> KpiContext<'s> {
        let series = Series::of(self.collected, &self.computed);
        KpiContext {
            scorecard: &scorecard.id,
            kpi,
            calendar: &scorecard.calendar,
            held: series.kpi(&scorecard.named(kpi)).unwrap_or(&self.nothing),
            portfolio: self.portfolio,
            series,
            known_at: None,
        }
    }

    /// The definitions.
    pub(crate) fn portfolio(&self) -> &Portfolio {
        self.portfolio
    }

    /// The instant.
    pub fn now(&self) -> DateTime<Utc> {
        self.now
    }
}

/// Another unit's objective, judged there, as a child of one here.
pub(crate) fn linked_as(
    scorecard: &Scorecard,
    link: &Contribution,
    unit: &Scorecard,
    judged: &ObjectiveStanding,
) -> LinkedStanding {
    let key = evaluation_key(judged, unit).seen_from(&scorecard.calendar);
    let key = if link.weight > 0.0 { key } else { key.uncounted() };
    linked_with(link, judged.name.clone(), judged.verdict, key)
}

fn linked_with(
    link: &Contribution,
    name: String,
    verdict: Verdict,
    evaluation_key: EvaluationKey,
) -> LinkedStanding {
    LinkedStanding {
        objective: link.objective.clone(),
        name,
        verdict,
        weight: link.weight,
        critical: link.critical,
        share_pct: None,
        effective_weight: None,
        evaluation_key,
    }
}

const NOTHING: Verdict =
    Verdict { status: Status::NoData, score: None, coverage: 0.0, reason: None };

/// What the KPIs below an objective speak for, also by links.
fn evaluation_key(objective: &ObjectiveStanding, scorecard: &Scorecard) -> EvaluationKey {
    let own = objective.kpis.iter().map(|kpi| kpi.evaluation_key(&scorecard.calendar));
    let linked = objective.linked.iter().map(|link| link.evaluation_key);
    own.chain(linked).fold(EvaluationKey::default(), EvaluationKey::and)
}

/// Where a perspective is heading.
#[derive(PartialEq)]
enum Heading {
    /// Its alerts do not ask.
    Unasked,
    /// A source is dead, and its old figures say nothing of that.
    Unknown,
    For(Outlook),
}

/// A scorecard, as its perspectives make it.
pub(crate) fn scorecard_of(
    scorecard: &Scorecard,
    perspectives: Vec<PerspectiveStanding>,
) -> ScorecardStanding {
    let pairs = scorecard.perspectives.iter().zip(&perspectives);
    let children = pairs.map(|(perspective, standing)| {
        child(&perspective.id, &standing.verdict, perspective.weight, perspective.critical)
    });
    let Rolled { verdict, culprit, .. } = roll_up(&scorecard.rollup, &children.collect::<Vec<_>>());
    ScorecardStanding {
        id: scorecard.id.clone(),
        name: scorecard.name.clone(),
        verdict,
        culprit,
        show_overall: scorecard.show_overall,
        counts: counts(&perspectives),
        perspectives,
    }
}

/// A part of a node, as its children make it.
pub(crate) fn objective_of(
    part: &NodePart<'_>,
    kpis: Vec<KpiStanding>,
    linked: Vec<LinkedStanding>,
) -> ObjectiveStanding {
    let own = kpis.iter().map(kpi_child);
    let children: Vec<_> = own.chain(linked.iter().map(linked_child)).collect();
    let Rolled { verdict, culprit, shares } = roll_up(part.rollup(), &children);
    ObjectiveStanding {
        id: part.objective.id.clone(),
        name: part.objective.name.clone(),
        verdict,
        culprit,
        weight: part.weight,
        critical: part.objective.critical,
        shares,
        linked,
        kpis,
    }
}

/// An objective as one KPI of it makes it.
fn only(part: &NodePart<'_>, kpi: &KpiStanding) -> ObjectiveStanding {
    objective_of(part, vec![kpi.clone()], Vec::new())
}

/// The verdict that the tree has on a node, and the child that decided it.
fn own_verdict(
    scope: &Scope,
    judged: &NodeStanding<'_>,
    whole: &ScorecardStanding,
) -> (Verdict, Option<Id>) {
    match (scope, judged.objectives.first()) {
        (Scope::Scorecard(_), _) => (whole.verdict, whole.culprit.clone()),
        (Scope::Objective(..), Some(objective)) => (objective.verdict, objective.culprit.clone()),
        // Of one child, the rule says nothing that its score does not say.
        _ => (
            Verdict { reason: judged.verdict.reason.map(|_| Reason::Score), ..judged.verdict },
            None,
        ),
    }
}

/// The node with each KPI as it is heading, where its alerts ask for that.
fn outlook(node: &AlertNode<'_>, objectives: &[ObjectiveStanding]) -> Heading {
    let basis = match node.alert.on {
        AlertOn::Provisional => Basis::Pace,
        AlertOn::Forecast => Basis::Forecast,
        AlertOn::OffTrack | AlertOn::AtRisk => return Heading::Unasked,
    };
    let mut kpis = objectives.iter().flat_map(|objective| &objective.kpis);
    if kpis.clone().any(|kpi| kpi.weight > 0.0 && kpi.outlook_is_stale) {
        return Heading::Unknown;
    }
    let read = kpis.by_ref().filter_map(|kpi| Some(kpi.pace?.read_at));
    let read_at = read.max().filter(|_| basis == Basis::Pace);
    let pairs = node.parts.iter().zip(objectives);
    let children = pairs.map(|(part, standing)| {
        let own = standing.kpis.iter().map(|kpi| heading_child(kpi, basis));
        let linked = standing.linked.iter().map(linked_child);
        let verdict = roll_up(part.rollup(), &own.chain(linked).collect::<Vec<_>>()).verdict;
        part_child(part, &verdict)
    });
    let verdict = roll_up(&node.rollup, &children.collect::<Vec<_>>()).verdict;
    Heading::For(Outlook { basis, status: verdict.status, score: verdict.score, read_at })
}

pub(crate) fn kpi_child(kpi: &KpiStanding) -> Child {
    Child {
        id: kpi.id.clone(),
        status: kpi.status,
        score: kpi.score,
        weight: kpi.weight,
        critical: kpi.critical,
    }
}

pub(crate) fn linked_child(link: &LinkedStanding) -> Child {
    child(&link.objective.objective, &link.verdict, link.weight, link.critical)
}

/// A KPI as it is heading; where nothing is known of that, as it is.
fn heading_child(kpi: &KpiStanding, basis: Basis) -> Child {
    let paced = || {
        let pace = kpi.pace.filter(|pace| pace.status != Status::Pending)?;
        Some((pace.status, pace.score?))
    };
    let heading = match basis {
        Basis::Pace => paced(),
        Basis::Forecast => kpi.expected,
    };
    match heading {
        Some((status, score)) => Child { status, score: Some(score), ..kpi_child(kpi) },
        None => kpi_child(kpi),
    }
}

pub(crate) fn part_child(part: &NodePart<'_>, verdict: &Verdict) -> Child {
    child(&part.objective.id, verdict, part.weight, part.objective.critical)
}

pub(crate) fn child(id: &Id, verdict: &Verdict, weight: f64, critical: bool) -> Child {
    Child { id: id.clone(), status: verdict.status, score: verdict.score, weight, critical }
}

fn counts(perspectives: &[PerspectiveStanding]) -> Counts {
    let objectives = perspectives.iter().flat_map(|perspective| &perspective.objectives);
    let mut counts = Counts::default();
    let kpis = objectives.flat_map(|objective| &objective.kpis);
    for kpi in kpis.filter(|kpi| kpi.weight > 0.0) {
        match kpi.status {
            Status::OnTrack => counts.on_track += 1,
            Status::AtRisk => counts.at_risk += 1,
            Status::OffTrack => counts.off_track += 1,
            Status::NoData => counts.no_data += 1,
            Status::Pending => counts.pending += 1,
            Status::NotScored => counts.not_scored += 1,
        }
    }
    counts
}

/// Fills in what part each KPI and each linked objective has in its perspective, and its share of
/// what the perspective falls short of 70. What stands in for missing data has a score of 0.
fn share_shortfall(objectives: &mut [ObjectiveStanding], shares: &[Option<f64>]) {
    let mut total = 0.0;
    for (objective, outer) in objectives.iter_mut().zip(shares) {
        for (inner, (weight, score, short)) in children_in(objective) {
            *weight = inner.zip(*outer).map(|(inner, outer)| outer * inner);
            *short = weight.map(|weight| weight * score::shortfall(score));
            total += short.unwrap_or(0.0);
        }
    }
    for (_, (_, _, share)) in objectives.iter_mut().flat_map(children_in) {
        *share = share.map(|short| if total > 0.0 { 100.0 * short / total } else { 0.0 });
    }
}

/// The effective weight, the score and the share of shortfall of a child.
type ChildParts<'a> = (&'a mut Option<f64>, Option<f64>, &'a mut Option<f64>);

/// The children of an objective, each with its part in the objective.
fn children_in(
    objective: &mut ObjectiveStanding,
) -> impl Iterator<Item = (Option<f64>, ChildParts<'_>)> {
    let kpis = objective.kpis.iter_mut();
    let kpis = kpis.map(|kpi| (&mut kpi.effective_weight, kpi.score, &mut kpi.share_pct));
    let linked = objective.linked.iter_mut();
    let linked =
        linked.map(|link| (&mut link.effective_weight, link.verdict.score, &mut link.share_pct));
    objective.shares.iter().copied().zip(kpis.chain(linked))
}
