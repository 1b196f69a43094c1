//! All scorecards of a configuration, their links checked: children are judged before parents.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use crate::model::{
    definition::{Objective, ObjectiveRef, Perspective, Scorecard},
    id::{Id, KpiRef, Scope},
    kpi_definition::{Input, Kpi},
    likeness,
    link_error::{CHAIN_MAX, LinkError},
    period::Frequency,
    target::{Reference, Target},
};

/// Scorecards whose ids are unique and whose links lead somewhere and form no cycle.
#[derive(Clone, Debug, Default)]
pub struct Portfolio {
    /// In the order of the configuration.
    scorecards: Vec<Scorecard>,
    /// Where each scorecard is among them.
    places: HashMap<Id, usize>,
    /// Shared and derived KPIs, inputs before what they make.
    computed: Vec<KpiRef>,
    /// The perspectives of other units that each perspective is a part of, by contributions.
    above: HashMap<Scope, Vec<Scope>>,
    /// Scorecards that are tied to each other, by their places.
    families: Vec<Vec<usize>>,
}

impl Portfolio {
    /// Scorecards with links that lead somewhere and form no cycle; else everything that is wrong.
    pub fn new(scorecards: Vec<Scorecard>) -> Result<Self, Vec<LinkError>> {
        let mut places = HashMap::new();
        for (at, scorecard) in scorecards.iter().enumerate() {
            places.entry(scorecard.id.clone()).or_insert(at);
        }
        let mut portfolio = Self { scorecards, places, ..Self::default() };
        let mut errors = portfolio.duplicates();
        errors.extend(portfolio.dangling());
        if errors.is_empty() {
            match portfolio.ordered() {
                Ok(computed) => {
                    portfolio.computed = computed;
                    portfolio.above = portfolio.links_upward();
                    portfolio.families = portfolio.tied();
                }
                Err(cycle) => errors.push(cycle),
            }
        }
        let kpis = portfolio.kpis().map(|(named, _, kpi)| (named, kpi));
        errors.extend(likeness::unlike(kpis, &|named| portfolio.kpi(named)));
        if errors.is_empty() { Ok(portfolio) } else { Err(errors) }
    }

    /// In the order of the configuration.
    pub fn scorecards(&self) -> &[Scorecard] {
        &self.scorecards
    }

    /// The scorecard of that id.
    pub fn scorecard(&self, id: &Id) -> Option<&Scorecard> {
        self.scorecards.get(*self.places.get(id)?)
    }

    /// The KPI's definition.
    pub fn kpi(&self, kpi: &KpiRef) -> Option<&Kpi> {
        self.scorecard(&kpi.scorecard)?.kpi(&kpi.kpi)
    }

    /// The perspectives of other units that a perspective is a part of, by contributions.
    pub fn above(&self, perspective: &Scope) -> &[Scope] {
        self.above.get(perspective).map_or(&[], Vec::as_slice)
    }

    /// The units with a perspective that is a part of that one, by contributions.
    pub fn units_below(&self, perspective: &Scope) -> BTreeSet<Id> {
        let parts = self.above.iter().filter(|(_, above)| above.contains(perspective));
        parts.map(|(below, _)| below.scorecard().clone()).collect()
    }

    fn links_upward(&self) -> HashMap<Scope, Vec<Scope>> {
        let views = || {
            let all = self.scorecards.iter();
            all.flat_map(|unit| unit.perspectives.iter().map(move |view| (unit, view)))
        };
        let scope = |unit: &Scorecard, view: &Perspective| {
            Scope::Perspective(unit.id.clone(), view.id.clone())
        };
        let mut holder: HashMap<(&Id, &Id), Scope> = HashMap::new();
        for (unit, view) in views() {
            let ids = view.objectives.iter().map(|objective| (&unit.id, &objective.id));
            holder.extend(ids.map(|ids| (ids, scope(unit, view))));
        }
        let mut above: HashMap<Scope, Vec<Scope>> = HashMap::new();
        for (unit, view) in views() {
            let links = view.objectives.iter().flat_map(|objective| &objective.contributions);
            for ObjectiveRef { scorecard, objective } in links.map(|link| &link.objective) {
                let Some(below) = holder.get(&(scorecard, objective)) else { continue };
                above.entry(below.clone()).or_default().push(scope(unit, view));
            }
        }
        above
    }

    /// Every node that had another id: its earlier path, then its present one, parents first.
    pub fn renames(&self) -> Vec<(Scope, Scope)> {
        let mut renames = Vec::new();
        for scorecard in &self.scorecards {
            let id = &scorecard.id;
            for perspective in &scorecard.perspectives {
                let scope = |of: &Id| Scope::Perspective(id.clone(), of.clone());
                renames
                    .extend(perspective.was.iter().map(|was| (scope(was), scope(&perspective.id))));
            }
            for perspective in &scorecard.perspectives {
                for objective in &perspective.objectives {
                    let path = (id, &perspective.id);
                    let scope =
                        |of: &Id| Scope::Objective(path.0.clone(), path.1.clone(), of.clone());
                    renames
                        .extend(objective.was.iter().map(|was| (scope(was), scope(&objective.id))));
                }
            }
            for kpi in scorecard.kpis() {
                let scope = |of: &Id| Scope::Kpi(KpiRef { scorecard: id.clone(), kpi: of.clone() });
                renames.extend(kpi.was.iter().map(|was| (scope(was), scope(&kpi.id))));
            }
        }
        renames
    }

    /// Whether there is such a node.
    pub fn has(&self, scope: &Scope) -> bool {
        let Some(scorecard) = self.scorecard(scope.scorecard()) else { return false };
        match scope {
            Scope::Scorecard(_) => true,
            Scope::Perspective(_, id) => scorecard.perspective(id).is_some(),
            Scope::Objective(_, view, id) => {
                let view = scorecard.perspective(view);
                view.is_some_and(|view| view.objectives.iter().any(|held| held.id == *id))
            }
            Scope::Kpi(kpi) => scorecard.kpi(&kpi.kpi).is_some(),
        }
    }

    /// Every KPI of every scorecard, in order.
    pub fn kpis(&self) -> impl Iterator<Item = (KpiRef, &Scorecard, &Kpi)> {
        self.scorecards.iter().flat_map(|scorecard| {
            scorecard.kpis().map(move |kpi| (scorecard.named(kpi), scorecard, kpi))
        })
    }

    /// The objective, with the scorecard it is on.
    pub fn objective(&self, named: &ObjectiveRef) -> Option<(&Scorecard, &Objective)> {
        let scorecard = self.scorecard(&named.scorecard)?;
        let objective = scorecard.objectives().find(|objective| objective.id == named.objective)?;
        Some((scorecard, objective))
    }

    /// Shared and derived KPIs, inputs before what they make.
    pub fn computed(&self) -> &[KpiRef] {
        &self.computed
    }

    /// Every KPI whose actuals the judgement of a scorecard looks at, also by links.
    pub fn needed_by(&self, scorecard: &Id) -> HashSet<KpiRef> {
        let mut needed = HashSet::new();
        let mut scorecards = vec![scorecard.clone()];
        let mut seen = HashSet::new();
        let mut kpis = Vec::new();
        while let Some(id) = scorecards.pop() {
            let Some(scorecard) = self.scorecard(&id).filter(|_| seen.insert(id.clone())) else {
                continue;
            };
            kpis.extend(scorecard.kpis().map(|kpi| scorecard.named(kpi)));
            let links = scorecard.objectives().flat_map(|objective| &objective.contributions);
            scorecards.extend(links.map(|link| link.objective.scorecard.clone()));
        }
        while let Some(kpi) = kpis.pop() {
            if needed.insert(kpi.clone()) {
                kpis.extend(self.kpi(&kpi).into_iter().flat_map(|found| inputs(&kpi, found)));
            }
        }
        needed
    }

    /// The scorecards whose standing may change when the actuals of these KPIs do, in the order of
    /// the configuration.
    pub fn affected_by(&self, kpis: &HashSet<KpiRef>) -> Vec<Id> {
        let touched: HashSet<&Id> = kpis.iter().map(|kpi| &kpi.scorecard).collect();
        let is_touched = |family: &&Vec<usize>| {
            family
                .iter()
                .filter_map(|at| self.scorecards.get(*at))
                .any(|of| touched.contains(&of.id))
        };
        let kin = self.families.iter().filter(is_touched).flatten();
        let mut affected: Vec<usize> = kin
            .copied()
            .filter(|at| {
                let scorecard = self.scorecards.get(*at);
                scorecard.is_some_and(|held| !self.needed_by(&held.id).is_disjoint(kpis))
            })
            .collect();
        affected.sort_unstable();
        self.ids(&affected)
    }

    /// Scorecards that look at each other's KPIs, in groups: the members of a group are judged when
    /// the figures of all of them are in, lest one is judged by half of what it looks at. Groups, and
    /// the members of each, are in the order of the configuration.
    pub fn families(&self) -> Vec<Vec<Id>> {
        self.families.iter().map(|family| self.ids(family)).collect()
    }

    fn ids(&self, places: &[usize]) -> Vec<Id> {
        let scorecards = places.iter().filter_map(|at| self.scorecards.get(*at));
        scorecards.map(|scorecard| scorecard.id.clone()).collect()
    }

    /// Groups of scorecards that links lead between, in either direction.
    fn tied(&self) -> Vec<Vec<usize>> {
        let mut neighbours: Vec<Vec<usize>> = vec![Vec::new(); self.scorecards.len()];
        for (at, scorecard) in self.scorecards.iter().enumerate() {
            let links = scorecard.objectives().flat_map(|objective| &objective.contributions);
            let kpis = scorecard.kpis().flat_map(|kpi| inputs(&scorecard.named(kpi), kpi));
            let named = links.map(|link| link.objective.scorecard.clone());
            let named: HashSet<Id> = named.chain(kpis.map(|kpi| kpi.scorecard)).collect();
            for other in named.iter().filter_map(|id| self.places.get(id)) {
                neighbours[at].push(*other);
                neighbours[*other].push(at);
            }
        }
        let mut families = Vec::new();
        let mut seen = vec![false; self.scorecards.len()];
        for first in 0..self.scorecards.len() {
            let (mut family, mut open) = (Vec::new(), vec![first]);
            while let Some(at) = open.pop() {
                if !std::mem::replace(&mut seen[at], true) {
                    family.push(at);
                    open.extend(&neighbours[at]);
                }
            }
            if !family.is_empty() {
                family.sort_unstable();
                families.push(family);
            }
        }
        families
    }

    /// Whether a node is another one, or anywhere below it. A KPI's path does not name what it is in.
    pub fn is_below(&self, scope: &Scope, of: &Scope) -> bool {
        let Scope::Kpi(named) = scope else { return scope.is_within(of) };
        let held = |perspective: &Id, only: Option<&Id>| {
            let scorecard = self.scorecard(&named.scorecard)?;
            let objectives = &scorecard.perspective(perspective)?.objectives;
            let mut objectives =
                objectives.iter().filter(|held| only.is_none_or(|id| held.id == *id));
            Some(objectives.any(|held| held.kpis.iter().any(|kpi| kpi.id == named.kpi)))
        };
        *of.scorecard() == named.scorecard
            && match of {
                Scope::Scorecard(_) => true,
                Scope::Perspective(_, id) => held(id, None).unwrap_or(false),
                Scope::Objective(_, id, only) => held(id, Some(only)).unwrap_or(false),
                Scope::Kpi(other) => other == named,
            }
    }

    /// The node a path of ids names, e.g. `calder/customer` or `calder/on-time-delivery`.
    pub fn resolve(&self, path: &str) -> Option<Scope> {
        let parts: Vec<Id> = path.split('/').map(Id::parse).collect::<Result<_, _>>().ok()?;
        let scorecard = self.scorecard(parts.first()?)?;
        let id = scorecard.id.clone();
        match parts.as_slice() {
            [_] => Some(Scope::Scorecard(id)),
            [_, node] if scorecard.perspective(node).is_some() => {
                Some(Scope::Perspective(id, node.clone()))
            }
            [_, node] if scorecard.kpi(node).is_some() => {
                Some(Scope::Kpi(KpiRef { scorecard: id, kpi: node.clone() }))
            }
            [_, perspective, node] => {
                let found = scorecard.perspective(perspective)?;
                found.objectives.iter().find(|objective| objective.id == *node)?;
                Some(Scope::Objective(id, perspective.clone(), node.clone()))
            }
            _ => None,
        }
    }

    /// Objectives that a KPI reaches by more than one arithmetic path: it counts twice there. Each
    /// with the KPI.
    pub fn counted_twice(&self) -> Vec<(ObjectiveRef, KpiRef)> {
        let mut found = Vec::new();
        let mut known = HashMap::new();
        for scorecard in &self.scorecards {
            for objective in scorecard.objectives().filter(|held| !held.contributions.is_empty()) {
                let named = ObjectiveRef {
                    scorecard: scorecard.id.clone(),
                    objective: objective.id.clone(),
                };
                let twice = self.paths(&named, &mut known).iter().filter(|(_, paths)| **paths > 1);
                found.extend(twice.map(|(kpi, _)| (named.clone(), kpi.clone())));
            }
        }
        found
    }

    /// By how many paths an objective's score is made of each collected KPI.
    fn paths<'k>(
        &self,
        named: &ObjectiveRef,
        known: &'k mut HashMap<ObjectiveRef, BTreeMap<KpiRef, u32>>,
    ) -> &'k BTreeMap<KpiRef, u32> {
        if !known.contains_key(named) {
            let mut paths = BTreeMap::new();
            let mut add = |kpi: KpiRef, more: u32| {
                let held: &mut u32 = paths.entry(kpi).or_default();
                *held = held.saturating_add(more);
            };
            if let Some((scorecard, objective)) = self.objective(named) {
                let own = objective.kpis.iter().map(|kpi| scorecard.named(kpi));
                own.flat_map(|kpi| self.collected(kpi)).for_each(|kpi| add(kpi, 1));
                for link in &objective.contributions {
                    let below = self.paths(&link.objective, known);
                    below.iter().for_each(|(kpi, more)| add(kpi.clone(), *more));
                }
            }
            known.insert(named.clone(), paths);
        }
        known.entry(named.clone()).or_default()
    }

    /// The KPIs of other units that a shared KPI adds up, or the KPI itself.
    fn collected(&self, kpi: KpiRef) -> Vec<KpiRef> {
        let mut open = vec![kpi];
        let mut collected = Vec::new();
        while let Some(kpi) = open.pop() {
            match self.kpi(&kpi).map(|found| &found.input) {
                Some(Input::Shared(units)) => open.extend(units.iter().cloned()),
                _ => collected.push(kpi),
            }
        }
        collected
    }

    fn duplicates(&self) -> Vec<LinkError> {
        let mut seen = HashSet::new();
        let twice = self.scorecards.iter().filter(|scorecard| !seen.insert(&scorecard.id));
        twice.map(|scorecard| LinkError::DuplicateScorecard(scorecard.id.clone())).collect()
    }

    fn dangling(&self) -> Vec<LinkError> {
        let mut errors = Vec::new();
        for (named, _, kpi) in self.kpis() {
            let lost = inputs(&named, kpi).into_iter().filter(|input| self.kpi(input).is_none());
            errors.extend(lost.map(|to| dangling(&named, &to)));
        }
        for scorecard in &self.scorecards {
            for objective in scorecard.objectives() {
                let from = format!("{}/{}", scorecard.id, objective.id);
                let links = objective.contributions.iter().map(|link| &link.objective);
                let lost =
                    links.chain(&objective.aligned).filter(|to| self.objective(to).is_none());
                errors.extend(lost.map(|to| dangling(&from, to)));
            }
        }
        errors
    }

    /// Computed KPIs in the order of their dependencies; also refuses cycles of contributions.
    fn ordered(&self) -> Result<Vec<KpiRef>, LinkError> {
        let mut walk = Walk::default();
        // What is made of nothing else is on no cycle, and comes when something is made of it.
        for (named, _, kpi) in self.kpis() {
            if inputs(&named, kpi).is_empty() {
                continue;
            }
            walk.visit(&named.to_string(), &|node| {
                let Some(named) = KpiRef::parse(node) else { return Vec::new() };
                let found = self.kpi(&named);
                let inputs = found.into_iter().flat_map(|kpi| inputs(&named, kpi));
                inputs.map(|input| input.to_string()).collect()
            })?;
        }
        let is_computed = |named: &KpiRef| {
            self.kpi(named).is_some_and(|kpi| !matches!(kpi.input, Input::Collected))
        };
        let done = walk.done.iter().filter_map(|node| KpiRef::parse(node));
        let computed = done.filter(is_computed).collect();
        let mut walk = Walk::default();
        for scorecard in &self.scorecards {
            for objective in scorecard.objectives().filter(|held| !held.contributions.is_empty()) {
                let node = format!("{}/{}", scorecard.id, objective.id);
                walk.visit(&node, &|node| self.contributions(node))?;
            }
        }
        Ok(computed)
    }

    fn contributions(&self, node: &str) -> Vec<String> {
        let Some(named) = KpiRef::parse(node) else { return Vec::new() };
        let named = ObjectiveRef { scorecard: named.scorecard, objective: named.kpi };
        let links = self.objective(&named).map(|(_, objective)| &objective.contributions);
        links.into_iter().flatten().map(|link| link.objective.to_string()).collect()
    }
}

/// A walk through dependencies, depth first.
#[derive(Default)]
struct Walk {
    done: Vec<String>,
    /// How many links lead on below a node; none while it is being visited.
    below: HashMap<String, Option<usize>>,
    path: Vec<String>,
}

impl Walk {
    /// Visits a node and everything below it; how many links lead on from it.
    fn visit(
        &mut self,
        node: &str,
        next: &dyn Fn(&str) -> Vec<String>,
    ) -> Result<usize, LinkError> {
        match self.below.get(node) {
            Some(Some(below)) => return Ok(*below),
            Some(None) => {
                let from = self.path.iter().position(|held| held == node).unwrap_or(0);
                let mut cycle = self.path.split_off(from);
                cycle.push(node.to_owned());
                return Err(LinkError::Cycle(node.to_owned(), cycle.join(" → ")));
            }
            None => {}
        }
        self.below.insert(node.to_owned(), None);
        self.path.push(node.to_owned());
        let mut below = 0;
        for child in next(node) {
            if self.path.len() > CHAIN_MAX {
                return Err(LinkError::TooDeep(self.path.swap_remove(0)));
            }
            below = below.max(1 + self.visit(&child, next)?);
        }
        if below > CHAIN_MAX {
            return Err(LinkError::TooDeep(node.to_owned()));
        }
        self.path.pop();
        self.below.insert(node.to_owned(), Some(below));
        self.done.push(node.to_owned());
        Ok(below)
    }
}

/// The KPIs whose actuals make a KPI's; none of one that is collected.
pub(crate) fn made_of(named: &KpiRef, kpi: &Kpi) -> Vec<KpiRef> {
    match &kpi.input {
        Input::Collected => Vec::new(),
        Input::Shared(units) => units.clone(),
        Input::Derived(formula) => {
            let names = formula.names().iter();
            names.filter_map(|name| named.relative(name)).collect()
        }
    }
}

/// The KPIs a KPI's judgement depends on: what it is made of, and what its targets are relative to.
pub(crate) fn inputs(named: &KpiRef, kpi: &Kpi) -> Vec<KpiRef> {
    let mut inputs = made_of(named, kpi);
    inputs.extend(kpi.aims.iter().filter_map(|aim| match &aim.target {
        Some(Target::Relative { to: Reference::Kpi(other), .. }) => Some(other.clone()),
        _ => None,
    }));
    inputs
}

fn dangling(from: &impl ToString, to: &impl ToString) -> LinkError {
    LinkError::Dangling { from: from.to_string(), to: to.to_string() }
}

impl Scorecard {
    /// How often it is reported and reviewed: as its report says, else by the month.
    pub fn reporting_frequency(&self) -> Frequency {
        self.report.as_ref().map_or(Frequency::Month, |report| report.frequency)
    }

    /// The KPI's name in the portfolio.
    pub fn named(&self, kpi: &Kpi) -> KpiRef {
        KpiRef { scorecard: self.id.clone(), kpi: kpi.id.clone() }
    }

    /// The perspective of that id.
    pub fn perspective(&self, id: &Id) -> Option<&Perspective> {
        self.perspectives.iter().find(|perspective| perspective.id == *id)
    }

    /// Every objective, in order.
    pub fn objectives(&self) -> impl Iterator<Item = &Objective> {
        self.perspectives.iter().flat_map(|perspective| &perspective.objectives)
    }

    /// Every KPI, in order.
    pub fn kpis(&self) -> impl Iterator<Item = &Kpi> {
        self.objectives().flat_map(|objective| &objective.kpis)
    }

    /// The KPI of that id.
    pub fn kpi(&self, id: &Id) -> Option<&Kpi> {
        self.kpis().find(|kpi| kpi.id == *id)
    }
}
