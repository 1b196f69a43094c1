//! Which scorecards are judged together: worked out once for a configuration, so that nothing looks
//! through all of it when a figure comes.

use std::{collections::HashMap, sync::Arc};

use kpid_rules::model::{Id, Portfolio};

/// The families of a configuration. A family goes by its place.
#[derive(Debug)]
pub(crate) struct Families {
    members: Vec<Vec<Id>>,
    /// The family of each scorecard.
    places: HashMap<Id, usize>,
    names: Vec<Arc<str>>,
}

impl Families {
    pub(crate) fn of(portfolio: &Portfolio) -> Self {
        let members = portfolio.families();
        let families = members.iter().enumerate();
        let places =
            families.flat_map(|(at, family)| family.iter().map(move |id| (id.clone(), at)));
        let names = members.iter().map(|family| names(family)).collect();
        Self { places: places.collect(), members, names }
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
        self.places.get(id).copied()
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
