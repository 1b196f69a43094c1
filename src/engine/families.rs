//! Which scorecards are judged together, and which a KPI's figures concern: worked out once for a
//! configuration, so that nothing looks through all of it when a figure comes.

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    sync::Arc,
};

use kpid_rules::model::{Id, KpiRef, Portfolio};

/// The families of a configuration. A family goes by its place.
#[derive(Debug)]
pub(crate) struct Families {
    members: Vec<Vec<Id>>,
    /// The family of each scorecard, and the scorecard's place in the configuration.
    places: HashMap<Id, (usize, usize)>,
    /// The places of the scorecards that look at a KPI.
    readers: HashMap<KpiRef, Vec<usize>>,
    scorecards: Vec<Id>,
    /// The KPIs that the members of each family look at.
    kpis: Vec<Vec<KpiRef>>,
    /// Whether any KPI is made of others.
    are_some_computed: bool,
    names: Vec<Arc<str>>,
}

impl Families {
    pub(crate) fn of(portfolio: &Portfolio) -> Self {
        let members = portfolio.families();
        let family: HashMap<&Id, usize> = members
            .iter()
            .enumerate()
            .flat_map(|(at, family)| family.iter().map(move |id| (id, at)))
            .collect();
        let scorecards: Vec<Id> =
            portfolio.scorecards().iter().map(|scorecard| scorecard.id.clone()).collect();
        let mut places = HashMap::new();
        let mut readers: HashMap<KpiRef, Vec<usize>> = HashMap::new();
        let mut kpis: Vec<HashSet<KpiRef>> = vec![HashSet::new(); members.len()];
        for (place, id) in scorecards.iter().enumerate() {
            let family = family.get(id).copied().unwrap_or_default();
            places.insert(id.clone(), (family, place));
            for kpi in portfolio.needed_by(id) {
                readers.entry(kpi.clone()).or_default().push(place);
                if let Some(kpis) = kpis.get_mut(family) {
                    kpis.insert(kpi.clone());
                }
            }
        }
        let kpis = kpis.into_iter().map(Vec::from_iter).collect();
        let names = members.iter().map(|family| names(family)).collect();
        let are_some_computed = !portfolio.computed().is_empty();
        Self { members, places, readers, scorecards, kpis, are_some_computed, names }
    }

    /// The scorecards of each family.
    pub(crate) fn members(&self) -> &[Vec<Id>] {
        &self.members
    }

    /// The scorecards of a family.
    pub(crate) fn scorecards_of(&self, family: usize) -> &[Id] {
        self.members.get(family).map_or(&[], Vec::as_slice)
    }

    /// The family of a scorecard; none of one that is not configured.
    pub(crate) fn of_scorecard(&self, id: &Id) -> Option<usize> {
        self.places.get(id).map(|(family, _)| *family)
    }

    /// The scorecards whose standing may change when the actuals of a KPI do.
    pub(crate) fn readers(&self, kpi: &KpiRef) -> impl Iterator<Item = &Id> {
        let places = self.readers.get(kpi).map_or(&[][..], Vec::as_slice);
        places.iter().filter_map(|place| self.scorecards.get(*place))
    }

    /// The KPIs that the families of these scorecards look at, where it pays to see no others: every
    /// KPI that is made of others that are seen is made anew for a judgement.
    pub(crate) fn seen_by(&self, scorecards: &HashSet<Id>) -> Option<Vec<&KpiRef>> {
        let families = scorecards.iter().filter_map(|id| self.of_scorecard(id));
        let families: BTreeSet<usize> = families.collect();
        let kpis = families.into_iter().filter_map(|family| self.kpis.get(family)).flatten();
        self.are_some_computed.then(|| kpis.collect())
    }

    /// Scorecards in the order of the configuration.
    pub(crate) fn in_order<'i>(&self, ids: impl IntoIterator<Item = &'i Id>) -> Vec<Id> {
        let places = ids.into_iter().filter_map(|id| Some(self.places.get(id)?.1));
        let places: BTreeSet<usize> = places.collect();
        places.into_iter().filter_map(|place| self.scorecards.get(place).cloned()).collect()
    }

    /// `a` and `b`, for the log.
    pub(crate) fn names(&self, family: usize) -> Arc<str> {
        self.names.get(family).cloned().unwrap_or_default()
    }
}

fn names(family: &[Id]) -> Arc<str> {
    let quoted: Vec<String> = family.iter().map(|id| format!("`{id}`")).collect();
    quoted.join(", ").into()
}
