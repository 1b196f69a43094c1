//! The judgement of whole scorecards: KPIs, then objectives, perspectives and the scorecard.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, Utc};

use super::{
    AlertOn, Basis, Case, Child, Counts, Episode, History, Id, KpiHistory, KpiStanding, Objective,
    ObjectiveRef, ObjectiveStanding, Outlook, Period, Perspective, PerspectiveStanding, Portfolio,
    Reason, Scope, Scorecard, ScorecardStanding, Status, Verdict, derive, judge_kpi, roll_up,
    score,
};

/// "Since" looks no further back than this many periods.
const SINCE_PERIODS_MAX: usize = 60;

/// Children of children: deeper than this, links are no organisation.
const LINK_DEPTH_MAX: usize = 16;

/// Judges scorecards of a portfolio at one instant.
pub struct Judge<'a> {
    portfolio: &'a Portfolio,
    history: std::borrow::Cow<'a, History>,
    now: DateTime<Utc>,
    nothing: KpiHistory,
}

impl<'a> Judge<'a> {
    /// A judge of what is held at `now`.
    pub fn new(portfolio: &'a Portfolio, history: &'a History, now: DateTime<Utc>) -> Self {
        let history = derive::complete(portfolio, history);
        Self { portfolio, history, now, nothing: KpiHistory::default() }
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
        let children: Vec<_> = scorecard
            .perspectives
            .iter()
            .zip(&perspectives)
            .map(|(perspective, standing)| {
                child(&perspective.id, &standing.verdict, perspective.weight, perspective.critical)
            })
            .collect();
        let (verdict, culprit) = roll_up(&scorecard.rollup, &children);
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

    fn perspective(
        &self,
        scorecard: &Scorecard,
        perspective: &Perspective,
        episode: Option<&Episode>,
    ) -> PerspectiveStanding {
        let mut objectives: Vec<_> = perspective
            .objectives
            .iter()
            .map(|objective| self.objective(scorecard, objective))
            .collect();
        let (verdict, culprit) = roll_up(&perspective.rollup, &children(perspective, &objectives));
        share_shortfall(&mut objectives);
        let kpis = || objectives.iter().flat_map(|objective| &objective.kpis);
        let period = label(scorecard, kpis());
        let since = period.and_then(|label| self.since(scorecard, perspective, &verdict, label));
        PerspectiveStanding {
            id: perspective.id.clone(),
            name: perspective.name.clone(),
            verdict,
            culprit,
            since,
            period,
            official: is_official(scorecard, kpis()),
            weight: perspective.weight,
            outlook: self.outlook(perspective, &objectives),
            episode: episode.cloned(),
            objectives,
        }
    }

    /// The perspective with each KPI as it is heading, where its alerts ask for that.
    fn outlook(
        &self,
        perspective: &Perspective,
        objectives: &[ObjectiveStanding],
    ) -> Option<Outlook> {
        let basis = match perspective.alert.on {
            AlertOn::Provisional => Basis::Pace,
            AlertOn::Forecast => Basis::Forecast,
            AlertOn::OffTrack | AlertOn::AtRisk => return None,
        };
        let pairs = perspective.objectives.iter().zip(objectives);
        let children = pairs.map(|(objective, standing)| {
            let kpis = standing.kpis.iter();
            let mut children: Vec<_> = kpis.map(|kpi| heading_child(kpi, basis)).collect();
            for link in &objective.contributions {
                let verdict = self.linked(&link.objective, LINK_DEPTH_MAX);
                children.push(child(
                    &link.objective.objective,
                    &verdict,
                    link.weight,
                    link.critical,
                ));
            }
            let (verdict, _) = roll_up(&objective.rollup, &children);
            child(&objective.id, &verdict, objective.weight, objective.critical)
        });
        let (verdict, _) = roll_up(&perspective.rollup, &children.collect::<Vec<_>>());
        Some(Outlook { basis, status: verdict.status, score: verdict.score })
    }

    fn objective(&self, scorecard: &Scorecard, objective: &Objective) -> ObjectiveStanding {
        let kpis: Vec<_> = objective
            .kpis
            .iter()
            .map(|kpi| judge_kpi(&self.case(scorecard, kpi), scorecard, self.now))
            .collect();
        let mut children: Vec<_> = kpis.iter().map(kpi_child).collect();
        let linked = self.linked_children(objective, LINK_DEPTH_MAX);
        let linked_weight =
            linked.iter().filter(|child| child.score.is_some()).map(|child| child.weight).sum();
        children.extend(linked);
        let (verdict, culprit) = roll_up(&objective.rollup, &children);
        ObjectiveStanding {
            linked_weight,
            id: objective.id.clone(),
            name: objective.name.clone(),
            verdict,
            culprit,
            weight: objective.weight,
            critical: objective.critical,
            kpis,
        }
    }

    /// The verdict on another unit's objective, by its own calendar and rules.
    fn linked(&self, named: &ObjectiveRef, depth: usize) -> Verdict {
        let Some((scorecard, objective)) = self.portfolio.objective(named) else {
            return NOTHING;
        };
        let kpis = objective.kpis.iter();
        let mut children: Vec<_> = kpis
            .map(|kpi| kpi_child(&judge_kpi(&self.case(scorecard, kpi), scorecard, self.now)))
            .collect();
        if depth > 0 {
            children.extend(self.linked_children(objective, depth - 1));
        }
        roll_up(&objective.rollup, &children).0
    }

    /// One KPI alone.
    pub fn kpi(&self, scorecard: &Scorecard, kpi: &super::Kpi) -> KpiStanding {
        judge_kpi(&self.case(scorecard, kpi), scorecard, self.now)
    }

    /// A KPI with everything its judgement looks at.
    pub fn case<'s>(&'s self, scorecard: &'s Scorecard, kpi: &'s super::Kpi) -> Case<'s> {
        Case {
            kpi,
            calendar: &scorecard.calendar,
            held: self.history.kpi(&scorecard.named(kpi)).unwrap_or(&self.nothing),
            portfolio: self.portfolio,
            history: &self.history,
        }
    }

    /// The first period of the present status, without a break.
    fn since(
        &self,
        scorecard: &Scorecard,
        perspective: &Perspective,
        verdict: &Verdict,
        label: Period,
    ) -> Option<Period> {
        let before = std::iter::successors(Some(label.previous()), |at| Some(at.previous()));
        let same = before.take(SINCE_PERIODS_MAX).take_while(|at| {
            let day = scorecard.calendar.last_day(*at);
            self.perspective_on(scorecard, perspective, day).status == verdict.status
        });
        Some(same.last().unwrap_or(label))
    }

    /// The verdict on a scorecard as its actuals stood for periods ended by a local day.
    pub fn scorecard_on(&self, scorecard: &Scorecard, day: NaiveDate) -> Verdict {
        let children = scorecard.perspectives.iter().map(|perspective| {
            let verdict = self.perspective_on(scorecard, perspective, day);
            child(&perspective.id, &verdict, perspective.weight, perspective.critical)
        });
        roll_up(&scorecard.rollup, &children.collect::<Vec<_>>()).0
    }

    /// The verdict on a perspective as its actuals stood for periods ended by a local day.
    pub fn perspective_on(
        &self,
        scorecard: &Scorecard,
        perspective: &Perspective,
        day: NaiveDate,
    ) -> Verdict {
        let children = perspective.objectives.iter().map(|objective| {
            let verdict = self.objective_on(scorecard, objective, day, LINK_DEPTH_MAX);
            child(&objective.id, &verdict, objective.weight, objective.critical)
        });
        roll_up(&perspective.rollup, &children.collect::<Vec<_>>()).0
    }

    fn objective_on(
        &self,
        scorecard: &Scorecard,
        objective: &Objective,
        day: NaiveDate,
        depth: usize,
    ) -> Verdict {
        let children = self.children_to_depth(scorecard, objective, day, depth);
        roll_up(&objective.rollup, &children).0
    }

    /// An objective's children, its KPIs before the objectives that contribute to it: as they are
    /// judged now, or as their actuals stood for periods ended by a local day.
    pub(super) fn children_on(
        &self,
        scorecard: &Scorecard,
        objective: &Objective,
        day: Option<NaiveDate>,
    ) -> Vec<Child> {
        if let Some(day) = day {
            return self.children_to_depth(scorecard, objective, day, LINK_DEPTH_MAX);
        }
        let judged = |kpi| judge_kpi(&self.case(scorecard, kpi), scorecard, self.now);
        let mut children: Vec<_> =
            objective.kpis.iter().map(|kpi| kpi_child(&judged(kpi))).collect();
        children.extend(self.linked_children(objective, LINK_DEPTH_MAX));
        children
    }

    fn linked_children(&self, objective: &Objective, depth: usize) -> Vec<Child> {
        let links = objective.contributions.iter();
        links
            .map(|link| {
                let verdict = self.linked(&link.objective, depth);
                child(&link.objective.objective, &verdict, link.weight, link.critical)
            })
            .collect()
    }

    fn children_to_depth(
        &self,
        scorecard: &Scorecard,
        objective: &Objective,
        day: NaiveDate,
        depth: usize,
    ) -> Vec<Child> {
        let kpis = objective.kpis.iter();
        let mut children: Vec<_> =
            kpis.map(|kpi| child_on(&self.case(scorecard, kpi), day)).collect();
        for link in objective.contributions.iter().filter(|_| depth > 0) {
            let Some((scorecard, linked)) = self.portfolio.objective(&link.objective) else {
                continue;
            };
            let verdict = self.objective_on(scorecard, linked, day, depth - 1);
            children.push(child(&linked.id, &verdict, link.weight, link.critical));
        }
        children
    }
}

const NOTHING: Verdict =
    Verdict { status: Status::NoData, score: None, coverage: 0.0, reason: None::<Reason> };

/// A KPI as its newest period that had ended by a local day makes it.
pub(super) fn child_on(case: &Case<'_>, day: NaiveDate) -> Child {
    let calendar = case.calendar;
    let newest = calendar.period_of(case.kpi.frequency, day);
    let newest = if calendar.last_day(newest) <= day { newest } else { newest.previous() };
    let applicable = !case.kpi.not_applicable.contains(&newest);
    let verdict = case.judge_period(newest);
    Child {
        id: case.kpi.id.clone(),
        status: if applicable { verdict.status } else { Status::Pending },
        score: verdict.score,
        weight: case.kpi.weight_in(Some(newest)),
        critical: case.kpi.critical,
    }
}

fn kpi_child(kpi: &KpiStanding) -> Child {
    Child {
        id: kpi.id.clone(),
        status: kpi.status,
        score: kpi.score,
        weight: kpi.weight,
        critical: kpi.critical,
    }
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

fn child(id: &Id, verdict: &Verdict, weight: f64, critical: bool) -> Child {
    Child { id: id.clone(), status: verdict.status, score: verdict.score, weight, critical }
}

fn children(perspective: &Perspective, objectives: &[ObjectiveStanding]) -> Vec<Child> {
    let pairs = perspective.objectives.iter().zip(objectives);
    pairs
        .map(|(objective, standing)| {
            child(&objective.id, &standing.verdict, objective.weight, objective.critical)
        })
        .collect()
}

fn counts(perspectives: &[PerspectiveStanding]) -> Counts {
    let objectives = perspectives.iter().flat_map(|perspective| &perspective.objectives);
    let mut counts = Counts::default();
    for kpi in objectives.flat_map(|objective| &objective.kpis) {
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

/// The newest period reported, by its last day: of the KPIs judged on closed periods, or where
/// there are none, of the newest readings.
fn label<'k>(
    scorecard: &Scorecard,
    kpis: impl Iterator<Item = &'k KpiStanding> + Clone,
) -> Option<Period> {
    let newest = |on_newest: bool| {
        let reported = kpis.clone().filter(|kpi| {
            kpi.judged_on_newest == on_newest && kpi.weight > 0.0 && kpi.value.is_some()
        });
        let periods = reported.filter_map(|kpi| kpi.period);
        periods.max_by_key(|period| (scorecard.calendar.last_day(*period), period.frequency()))
    };
    newest(false).or_else(|| newest(true)).or_else(|| kpis.clone().find_map(|kpi| kpi.period))
}

/// Whether no KPI still awaits a period that another already reports.
fn is_official<'k>(
    scorecard: &Scorecard,
    kpis: impl Iterator<Item = &'k KpiStanding> + Clone,
) -> bool {
    let counted = kpis.filter(|kpi| kpi.weight > 0.0 && !kpi.judged_on_newest);
    let last_day = |period| scorecard.calendar.last_day(period);
    let reported = counted.clone().filter(|kpi| kpi.value.is_some());
    let newest = reported.filter_map(|kpi| kpi.period).map(last_day).max();
    let awaited = counted.filter_map(|kpi| kpi.awaited).map(last_day).min();
    match (newest, awaited) {
        (Some(newest), Some(awaited)) => newest < awaited,
        _ => true,
    }
}

/// Fills in each KPI's share of what its perspective falls short of 70, by effective weight.
fn share_shortfall(objectives: &mut [ObjectiveStanding]) {
    let weights = effective_weights(objectives);
    let shortfalls: Vec<Vec<Option<f64>>> = objectives
        .iter()
        .zip(&weights)
        .map(|(objective, weights)| {
            let pairs = objective.kpis.iter().zip(weights);
            pairs
                .map(|(kpi, weight)| Some((*weight)? * (score::GREEN_SCORE - kpi.score?).max(0.0)))
                .collect()
        })
        .collect();
    let total: f64 = shortfalls.iter().flatten().flatten().sum();
    for (objective, shortfalls) in objectives.iter_mut().zip(shortfalls) {
        for (kpi, shortfall) in objective.kpis.iter_mut().zip(shortfalls) {
            kpi.share_pct = shortfall
                .map(|shortfall| if total > 0.0 { 100.0 * shortfall / total } else { 0.0 });
        }
    }
}

/// Each KPI's weight in its perspective: the product of the normalised weights on the way, over
/// what has data. `None` for what does not count.
pub fn effective_weights(objectives: &[ObjectiveStanding]) -> Vec<Vec<Option<f64>>> {
    let total: f64 = objectives
        .iter()
        .filter(|objective| objective.verdict.score.is_some())
        .map(|objective| objective.weight)
        .sum();
    let of = |objective: &ObjectiveStanding| {
        let counts = |kpi: &&KpiStanding| kpi.score.is_some() && kpi.weight > 0.0;
        let own: f64 = objective.kpis.iter().filter(counts).map(|kpi| kpi.weight).sum();
        let inner = own + objective.linked_weight;
        let outer = objective.verdict.score.map(|_| objective.weight / total);
        let weight = |kpi: &KpiStanding| {
            Some(outer? * kpi.weight / inner).filter(|_| counts(&kpi) && inner > 0.0 && total > 0.0)
        };
        objective.kpis.iter().map(weight).collect()
    };
    objectives.iter().map(of).collect()
}
