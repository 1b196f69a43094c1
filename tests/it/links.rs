//! Objectives that contribute to others: how deep, by how many ways, and what is seen from above.

use std::collections::{BTreeSet, HashMap, HashSet};

use kpid_rules::{
    judgement::Judge,
    model::{
        Amount, Contribution, Id, Input, KpiRef, LinkError, Missing, ObjectiveRef, Portfolio,
        Reference, RollupRule, Scorecard, Status, Target,
    },
    series::{Figure, History},
};

use crate::vectors::world::{aim, id, kpi, objective, of_kpis, perspective, record, scorecard};

fn plain(name: &str) -> Scorecard {
    let mut measured = kpi("k");
    measured.aims = vec![aim(Target::Fixed(95.0), Amount::Absolute(0.0), Amount::Absolute(3.0))];
    Scorecard { id: id(name), ..of_kpis(vec![measured]) }
}

/// A scorecard whose only objective is made of those of others.
fn made_of(name: &str, below: &[String]) -> Scorecard {
    let mut held = objective("aim", 1.0, false, Vec::new());
    held.contributions = below
        .iter()
        .map(|unit| Contribution {
            objective: ObjectiveRef { scorecard: id(unit), objective: id("aim") },
            weight: 1.0,
            critical: false,
        })
        .collect();
    Scorecard { id: id(name), ..scorecard(vec![perspective("view", 1.0, vec![held])]) }
}

/// So many levels of units, each made of every unit below it, over two that measure something.
fn levels(count: usize, wide: usize) -> Vec<Scorecard> {
    let names = |level: usize| (0..wide).map(move |at| format!("u{level}-{at}"));
    let mut cards: Vec<Scorecard> = names(0).map(|name| plain(&name)).collect();
    for level in 1..=count {
        let below: Vec<String> = names(level - 1).collect();
        cards.extend(names(level).map(|name| made_of(&name, &below)));
    }
    cards
}

#[test]
fn a_unit_of_many_levels_is_judged_by_its_lowest() {
    let cards = levels(40, 2);
    let mut history = History::default();
    for (unit, value) in [("u0-0", 95.0), ("u0-1", 80.0)] {
        let card = cards.iter().find(|card| card.id.as_str() == unit).unwrap();
        record(&mut history, card, "k", "2026-05", Figure::Value(value));
    }
    let portfolio = Portfolio::new(cards).unwrap();
    let top = portfolio.scorecard(&id("u40-0")).unwrap();
    let (_, end) = top.calendar.bounds(crate::vectors::world::period("2026-05"));
    let judge = Judge::new(&portfolio, &history, end);
    let judged = judge.scorecard(top, &HashMap::new());
    let view = &judged.perspectives[0];
    // 70 and 0; by way of each of two units on every level the mean stays the mean.
    assert_eq!((view.verdict.status, view.verdict.score), (Status::OffTrack, Some(35.0)));
    assert_eq!(view.period.unwrap().to_string(), "2026-05");
    let told = judge.explain(top, &top.perspectives[0], view.period.unwrap(), true);
    let adds: f64 = told.parts.iter().filter_map(|part| part.contribution).sum();
    assert!((adds - 35.0).abs() < 1e-9);
    let twice = portfolio.counted_twice();
    assert_eq!(twice.iter().filter(|(at, _)| at.scorecard.as_str() == "u40-0").count(), 2);
}

#[test]
fn links_that_lead_on_and_on_are_refused() {
    let errors = Portfolio::new(levels(70, 1)).unwrap_err();
    assert!(matches!(errors.as_slice(), [LinkError::TooDeep(_)]), "{errors:?}");
    assert!(errors[0].to_string().contains("more than 64 deep"), "{}", errors[0]);
}

#[test]
fn parts_add_up_whatever_makes_the_parent() {
    let rules = [
        RollupRule::WeightedMean,
        RollupRule::WorstOf,
        RollupRule::BestOf,
        RollupRule::Majority,
        RollupRule::Priority(id("b")),
    ];
    for rule in rules {
        for missing in [Missing::Exclude, Missing::Worst] {
            let mut card = plain("card");
            let held = &mut card.perspectives[0].objectives[0];
            let aims = held.kpis[0].aims.clone();
            for name in ["a", "b", "c"] {
                let mut more = kpi(name);
                more.aims = aims.clone();
                held.kpis.push(more);
            }
            held.rollup.rule = rule.clone();
            held.rollup.missing = missing;
            let mut history = History::default();
            for (name, value) in [("k", 96.0), ("a", 90.0), ("b", 93.0)] {
                record(&mut history, &card, name, "2026-05", Figure::Value(value));
            }
            let portfolio = Portfolio::new(vec![card.clone()]).unwrap();
            let period = crate::vectors::world::period("2026-05");
            let (_, end) = card.calendar.bounds(period);
            let judge = Judge::new(&portfolio, &history, end);
            let told = judge.explain(&card, &card.perspectives[0], period, true);
            let adds: f64 = told.parts.iter().filter_map(|part| part.contribution).sum();
            let score = told.verdict.score.unwrap();
            assert!((adds - score).abs() < 1e-9, "{rule:?} {missing:?}: {adds} {score}");
            let shares: f64 = told.parts.iter().filter_map(|part| part.share_pct).sum();
            assert!(shares == 0.0 || (shares - 100.0).abs() < 1e-9, "{rule:?}: {shares}");
        }
    }
}

/// A scorecard whose only KPI is that of another: added up, or its target.
fn relative_to(name: &str, other: &str, is_shared: bool) -> Scorecard {
    let mut card = plain(name);
    let held = &mut card.perspectives[0].objectives[0].kpis[0];
    let other = KpiRef { scorecard: id(other), kpi: id("k") };
    if is_shared {
        held.input = Input::Shared(vec![other]);
    } else {
        let target = Target::Relative { to: Reference::Kpi(other), improve: Amount::Absolute(0.0) };
        held.aims = vec![aim(target, Amount::Absolute(0.0), Amount::Absolute(3.0))];
    }
    card
}

fn names(ids: &[Id]) -> Vec<&str> {
    ids.iter().map(Id::as_str).collect()
}

#[test]
fn scorecards_are_a_family_however_they_are_tied() {
    let portfolio = Portfolio::new(vec![
        made_of("top", &["unit".to_owned()]),
        plain("alone"),
        relative_to("shares", "unit", true),
        plain("other"),
        plain("unit"),
        relative_to("follows", "other", false),
    ])
    .unwrap();
    let families = portfolio.families();
    let families: Vec<Vec<&str>> = families.iter().map(|family| names(family)).collect();
    assert_eq!(families, [vec!["top", "shares", "unit"], vec!["alone"], vec!["other", "follows"]]);
    let of = |name: &str| HashSet::from([KpiRef { scorecard: id(name), kpi: id("k") }]);
    assert_eq!(names(&portfolio.affected_by(&of("unit"))), ["top", "shares", "unit"]);
    assert_eq!(names(&portfolio.affected_by(&of("shares"))), ["shares"], "nobody looks at it");
    assert_eq!(names(&portfolio.affected_by(&of("other"))), ["other", "follows"]);
    assert_eq!(names(&portfolio.affected_by(&of("nobody"))), Vec::<&str>::new());
}

/// Portfolios of sixteen units that look at units before them, as the bits of a number say.
#[test]
fn a_family_is_all_that_looks_at_the_same_kpis() {
    let mut dice = 7_u64;
    for round in 0..60 {
        let mut cards = vec![plain("u0")];
        for at in 1..16_u64 {
            dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695);
            let (other, kind) = (format!("u{}", (dice >> 33) % at), (dice >> 20) % 8);
            let name = format!("u{at}");
            let has_kpi = matches!(kind, 1 | 2)
                && cards
                    .iter()
                    .any(|card| card.id.as_str() == other && card.kpis().next().is_some());
            cards.push(match kind {
                0 => made_of(&name, &[other]),
                1 | 2 if has_kpi => relative_to(&name, &other, kind == 1),
                _ => plain(&name),
            });
        }
        let portfolio = Portfolio::new(cards).unwrap();
        // Whoever needs a KPI that another needs is of its family.
        let mut expected: Vec<(BTreeSet<Id>, HashSet<KpiRef>)> = Vec::new();
        for card in portfolio.scorecards() {
            let mut family = (BTreeSet::from([card.id.clone()]), portfolio.needed_by(&card.id));
            let (kin, others): (Vec<_>, Vec<_>) =
                expected.into_iter().partition(|(_, needed)| !needed.is_disjoint(&family.1));
            for (ids, needed) in kin {
                family.0.extend(ids);
                family.1.extend(needed);
            }
            expected = others.into_iter().chain([family]).collect();
        }
        let expected: BTreeSet<BTreeSet<Id>> = expected.into_iter().map(|(ids, _)| ids).collect();
        let families = portfolio.families().into_iter();
        let families: BTreeSet<BTreeSet<Id>> =
            families.map(|family| family.into_iter().collect()).collect();
        assert_eq!(families, expected, "in round {round}");
        for (named, ..) in portfolio.kpis() {
            let looks = |card: &&Scorecard| portfolio.needed_by(&card.id).contains(&named);
            let expected: Vec<&Id> =
                portfolio.scorecards().iter().filter(looks).map(|card| &card.id).collect();
            let affected = portfolio.affected_by(&HashSet::from([named.clone()]));
            assert_eq!(affected.iter().collect::<Vec<_>>(), expected, "{named} in round {round}");
        }
    }
}
