//! What hangs on what in a family: where each KPI counts, what is judged by it, and whose alerts look
//! at whose. All of it follows from the definitions alone.

use std::{collections::HashMap, ops::Range};

use crate::{
    evaluation::evaluate::in_turn,
    model::{
        definition::{Objective, ObjectiveRef, Perspective, Scorecard},
        id::{Id, KpiRef, Scope},
        kpi_definition::Kpi,
        portfolio::{Portfolio, inputs},
    },
};

/// Where things are in a portfolio, worked out once for all of its families.
#[derive(Debug)]
pub(super) struct Places<'p> {
    /// The place of each scorecard.
    pub(super) scorecards: HashMap<&'p Id, usize>,
    /// How many KPIs are computed before one that is.
    computed: HashMap<&'p KpiRef, usize>,
}

impl<'p> Places<'p> {
    pub(super) fn of(portfolio: &'p Portfolio) -> Self {
        let scorecards = portfolio.scorecards().iter().enumerate();
        let computed = portfolio.computed().iter().enumerate();
        Self {
            scorecards: scorecards.map(|(at, unit)| (&unit.id, at)).collect(),
            computed: computed.map(|(at, named)| (named, at)).collect(),
        }
    }
}

/// Where an objective is: the places of its scorecard, of its perspective, and its own.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) scorecard: usize,
    pub(super) perspective: usize,
    pub(super) objective: usize,
}

/// A KPI of the family.
#[derive(Debug)]
pub(super) struct KpiLink {
    pub(super) named: KpiRef,
    /// Its objective, by rank, and its place in that.
    pub(super) objective: usize,
    pub(super) at: usize,
    /// The KPIs that are made of it, or whose targets are, by number.
    pub(super) dependents: Vec<usize>,
    /// Where it is computed: how many are computed before it.
    pub(super) computed: Option<usize>,
}

/// An objective of the family.
#[derive(Debug)]
pub(super) struct ObjectiveLink {
    pub(super) place: Place,
    /// The objectives that it contributes to, by rank.
    pub(super) counts_in: Vec<usize>,
}

/// An alert node of the family.
#[derive(Debug)]
pub(super) struct AlertLink {
    pub(super) scope: Scope,
    /// The place of its scorecard.
    pub(super) scorecard: usize,
    /// The alert nodes that look at its alert, by turn.
    pub(super) below: Vec<usize>,
}

/// Everything that ties the nodes of a family.
#[derive(Debug, Default)]
pub(super) struct Links {
    /// In the author's order: the number of a KPI is its place here.
    pub(super) kpis: Vec<KpiLink>,
    /// What contributes before what it contributes to: the rank of an objective is its place here.
    pub(super) objectives: Vec<ObjectiveLink>,
    /// In the order in which they are evaluated: the turn of an alert node is its place here.
    pub(super) alerts: Vec<AlertLink>,
    numbers: HashMap<KpiRef, usize>,
    ranks: HashMap<ObjectiveRef, usize>,
    turns: HashMap<Scope, usize>,
    turns_of: HashMap<Id, Range<usize>>,
}

impl Place {
    pub(super) fn perspective<'p>(self, members: &[&'p Scorecard]) -> &'p Perspective {
        &members[self.scorecard].perspectives[self.perspective]
    }

    pub(super) fn objective<'p>(self, members: &[&'p Scorecard]) -> &'p Objective {
        &self.perspective(members).objectives[self.objective]
    }
}

impl Links {
    /// What ties the nodes of these scorecards.
    pub(super) fn of(portfolio: &Portfolio, places: &Places<'_>, members: &[&Scorecard]) -> Self {
        let mut links = Self::default();
        links.rank_objectives(members);
        links.number_kpis(places, members);
        links.take_turns(portfolio, members);
        links
    }

    /// The number of a KPI, if it is one of the family.
    pub(super) fn number(&self, named: &KpiRef) -> Option<usize> {
        self.numbers.get(named).copied()
    }

    /// The rank of an objective, if it is one of the family.
    pub(super) fn rank(&self, named: &ObjectiveRef) -> Option<usize> {
        self.ranks.get(named).copied()
    }

    /// The turn of a node, if it has an alert.
    pub(super) fn turn(&self, scope: &Scope) -> Option<usize> {
        self.turns.get(scope).copied()
    }

    /// The turns of a scorecard's alert nodes.
    pub(super) fn turns_of(&self, scorecard: &Id) -> Range<usize> {
        self.turns_of.get(scorecard).cloned().unwrap_or_default()
    }

    fn rank_objectives(&mut self, members: &[&Scorecard]) {
        let mut places = HashMap::new();
        for (scorecard, member) in members.iter().enumerate() {
            for (perspective, view) in member.perspectives.iter().enumerate() {
                for at in 0..view.objectives.len() {
                    let place = Place { scorecard, perspective, objective: at };
                    places.insert(objective_ref(member, place.objective(members)), place);
                }
            }
        }
        for member in members {
            for objective in member.objectives() {
                self.rank_after_its_parts(&objective_ref(member, objective), &places, members);
            }
        }
    }

    /// Ranks an objective after those that contribute to it, which a portfolio has only so deep.
    fn rank_after_its_parts(
        &mut self,
        named: &ObjectiveRef,
        places: &HashMap<ObjectiveRef, Place>,
        members: &[&Scorecard],
    ) -> Option<usize> {
        if let Some(rank) = self.rank(named) {
            return Some(rank);
        }
        let place = *places.get(named)?;
        let mut parts = Vec::new();
        for link in &place.objective(members).contributions {
            parts.extend(self.rank_after_its_parts(&link.objective, places, members));
        }
        let rank = self.objectives.len();
        self.objectives.push(ObjectiveLink { place, counts_in: Vec::new() });
        self.ranks.insert(named.clone(), rank);
        for part in parts {
            self.objectives[part].counts_in.push(rank);
        }
        Some(rank)
    }

    fn number_kpis(&mut self, places: &Places<'_>, members: &[&Scorecard]) {
        let mut defined: Vec<&Kpi> = Vec::new();
        for member in members {
            for objective in member.objectives() {
                let Some(rank) = self.rank(&objective_ref(member, objective)) else { continue };
                for (at, kpi) in objective.kpis.iter().enumerate() {
                    let named = member.named(kpi);
                    self.numbers.insert(named.clone(), self.kpis.len());
                    let computed = places.computed.get(&named).copied();
                    let dependents = Vec::new();
                    self.kpis.push(KpiLink { named, objective: rank, at, dependents, computed });
                    defined.push(kpi);
                }
            }
        }
        for (number, kpi) in defined.into_iter().enumerate() {
            for input in inputs(&self.kpis[number].named, kpi) {
                if let Some(input) = self.number(&input) {
                    self.kpis[input].dependents.push(number);
                }
            }
        }
    }

    fn take_turns(&mut self, portfolio: &Portfolio, members: &[&Scorecard]) {
        let nodes = in_turn(portfolio, members);
        for (scorecard, node) in &nodes {
            let turn = self.alerts.len();
            self.turns.insert(node.scope.clone(), turn);
            // Those of a scorecard have their turns one after another.
            let own = self.turns_of.entry(node.scope.scorecard().clone());
            own.or_insert(turn..turn).end = turn + 1;
            let (scope, below) = (node.scope.clone(), Vec::new());
            self.alerts.push(AlertLink { scope, scorecard: *scorecard, below });
        }
        for (turn, (_, node)) in nodes.iter().enumerate() {
            for above in node.above.iter().chain(portfolio.above(&node.scope)) {
                if let Some(above) = self.turn(above) {
                    self.alerts[above].below.push(turn);
                }
            }
        }
    }
}

fn objective_ref(scorecard: &Scorecard, objective: &Objective) -> ObjectiveRef {
    ObjectiveRef { scorecard: scorecard.id.clone(), objective: objective.id.clone() }
}
