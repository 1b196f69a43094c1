//! Nodes that two configurations have under different ids and that look alike: a rename whose author
//! forgot `was:`, so that history and alerts would stay behind.

use std::collections::BTreeSet;

use crate::model::{
    definition::{Objective, Perspective, Scorecard},
    id::{Id, KpiRef, Scope},
    kpi_definition::Kpi,
    portfolio::Portfolio,
};

/// Pairs of a node that only the present configuration has and one that only the proposed one has.
pub(super) fn lookalikes(present: &Portfolio, proposed: &Portfolio) -> Vec<(Scope, Scope)> {
    let mut pairs = Vec::new();
    for after in proposed.scorecards() {
        if let Some(before) = present.scorecard(&after.id) {
            pairs.extend(of_scorecard(before, after));
        }
    }
    pairs
}

fn of_scorecard(before: &Scorecard, after: &Scorecard) -> Vec<(Scope, Scope)> {
    let (id, mut pairs) = (&after.id, Vec::new());
    let views =
        Unmatched::of(&before.perspectives, &after.perspectives, |view| (&view.id, &view.was));
    for (old, new) in views.alike(perspectives_alike) {
        let scope = |view: &Perspective| Scope::Perspective(id.clone(), view.id.clone());
        pairs.push((scope(old), scope(new)));
    }
    for view in &after.perspectives {
        // Under a new name of its perspective an objective goes along with that.
        let Some(held) = before.perspectives.iter().find(|held| held.id == view.id) else {
            continue;
        };
        let aims = Unmatched::of(&held.objectives, &view.objectives, |aim| (&aim.id, &aim.was));
        for (old, new) in aims.alike(objectives_alike) {
            let scope =
                |aim: &Objective| Scope::Objective(id.clone(), view.id.clone(), aim.id.clone());
            pairs.push((scope(old), scope(new)));
        }
    }
    let (held, kpis): (Vec<&Kpi>, Vec<&Kpi>) = (before.kpis().collect(), after.kpis().collect());
    let kpis = Unmatched::of(&held, &kpis, |kpi| (&kpi.id, &kpi.was));
    for (old, new) in kpis.alike(|old, new| kpis_alike(old, new)) {
        let scope = |kpi: &Kpi| Scope::Kpi(KpiRef { scorecard: id.clone(), kpi: kpi.id.clone() });
        pairs.push((scope(old), scope(new)));
    }
    pairs
}

/// What only one of two lists has, by id and earlier ids.
struct Unmatched<'a, T> {
    gone: Vec<&'a T>,
    new: Vec<&'a T>,
}

impl<'a, T> Unmatched<'a, T> {
    fn of(before: &'a [T], after: &'a [T], named: fn(&T) -> (&Id, &Vec<Id>)) -> Self {
        let is_kept = |old: &T, new: &T| {
            let (was, (id, earlier)) = (named(old).0, named(new));
            was == id || earlier.contains(was)
        };
        Self {
            gone: before.iter().filter(|old| !after.iter().any(|new| is_kept(old, new))).collect(),
            new: after.iter().filter(|new| !before.iter().any(|old| is_kept(old, new))).collect(),
        }
    }

    /// Each of those gone with the first new one that looks like it.
    fn alike(self, is_alike: impl Fn(&T, &T) -> bool) -> Vec<(&'a T, &'a T)> {
        let Self { gone, mut new } = self;
        let pair = |old: &'a T| {
            let at = new.iter().position(|new| is_alike(old, new))?;
            Some((old, new.remove(at)))
        };
        gone.into_iter().filter_map(pair).collect()
    }
}

fn perspectives_alike(old: &Perspective, new: &Perspective) -> bool {
    let kpis = |view: &Perspective| {
        let kpis = view.objectives.iter().flat_map(|aim| &aim.kpis);
        kpis.map(|kpi| kpi.id.clone()).collect()
    };
    old.name == new.name || share_most(&kpis(old), &kpis(new))
}

fn objectives_alike(old: &Objective, new: &Objective) -> bool {
    let kpis = |aim: &Objective| aim.kpis.iter().map(|kpi| kpi.id.clone()).collect();
    old.name == new.name || share_most(&kpis(old), &kpis(new))
}

/// With the name or the description that its author gave it: the same of them under two ids was not
/// made up by kpid.
fn kpis_alike(old: &Kpi, new: &Kpi) -> bool {
    let is_described_alike = old.description.is_some() && old.description == new.description;
    old.name == new.name || is_described_alike
}

fn share_most(old: &BTreeSet<Id>, new: &BTreeSet<Id>) -> bool {
    let common = old.intersection(new).count();
    common > 0 && 2 * common >= old.len().max(new.len())
}
