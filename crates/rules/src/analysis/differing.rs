//! Two configurations without what is the same in both: only that, and what is judged with it, has to be
//! read and judged to say what a change would do.

use std::collections::HashSet;

use crate::model::{definition::Scorecard, id::Id, link_error::LinkError, portfolio::Portfolio};

/// Of both, the scorecards that differ, with everything that is judged with one of them.
pub fn differing(
    present: &Portfolio,
    proposed: &Portfolio,
) -> Result<(Portfolio, Portfolio), Vec<LinkError>> {
    let mut kept: HashSet<Id> = HashSet::new();
    for (one, other) in [(present, proposed), (proposed, present)] {
        let changed =
            one.scorecards().iter().filter(|held| other.scorecard(&held.id) != Some(*held));
        kept.extend(changed.map(|held| held.id.clone()));
    }
    // A family of the one may be tied to others in the other.
    loop {
        let before = kept.len();
        for family in present.families().into_iter().chain(proposed.families()) {
            if family.iter().any(|id| kept.contains(id)) {
                kept.extend(family);
            }
        }
        if kept.len() == before {
            break;
        }
    }
    let only = |portfolio: &Portfolio| {
        let scorecards = portfolio.scorecards().iter().filter(|held| kept.contains(&held.id));
        Portfolio::new(scorecards.cloned().collect::<Vec<Scorecard>>())
    };
    Ok((only(present)?, only(proposed)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        evaluation::family::work,
        model::definition::{Contribution, ObjectiveRef},
    };

    fn id(text: &str) -> Id {
        Id::parse(text).unwrap()
    }

    /// A scorecard, to whose only objective that of another one contributes.
    fn scorecard(name: &str, below: Option<&str>) -> Scorecard {
        let mut objective = work::objective("o", Vec::new());
        objective.contributions = below
            .into_iter()
            .map(|below| Contribution {
                objective: ObjectiveRef { scorecard: id(below), objective: id("o") },
                weight: 1.0,
                critical: false,
            })
            .collect();
        work::scorecard(name, vec![objective])
    }

    fn names(portfolio: &Portfolio) -> Vec<&str> {
        portfolio.scorecards().iter().map(|held| held.id.as_str()).collect()
    }

    #[test]
    fn what_is_the_same_and_tied_to_nothing_that_differs_is_left_out() {
        let all = |weight: f64| {
            let mut leaf = scorecard("leaf", None);
            leaf.perspectives[0].weight = weight;
            let others = [scorecard("top", Some("leaf")), scorecard("alone", None)];
            Portfolio::new([leaf].into_iter().chain(others).collect()).unwrap()
        };
        let (present, proposed) = differing(&all(1.0), &all(2.0)).unwrap();
        assert_eq!((names(&present), names(&proposed)), (vec!["leaf", "top"], vec!["leaf", "top"]));
        let (present, proposed) = differing(&all(1.0), &all(1.0)).unwrap();
        assert!(names(&present).is_empty() && names(&proposed).is_empty());
        let more = [scorecard("leaf", None), scorecard("new", Some("leaf"))];
        let more = Portfolio::new(more.into_iter().collect()).unwrap();
        let (present, proposed) = differing(&all(1.0), &more).unwrap();
        assert_eq!(
            (names(&present), names(&proposed)),
            (vec!["leaf", "top", "alone"], vec!["leaf", "new"])
        );
    }
}
