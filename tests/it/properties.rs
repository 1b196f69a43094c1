//! What must hold of every number, not only of those in the table.

use kpid_rules::{
    alerting::{Episode, Evaluation, Event},
    judgement::{
        Child, Lines, roll_up,
        score::{Anchors, Yardstick},
    },
    model::{Direction, Id, Period, Rollup, Scoring, Status, status},
    series::{Figure, History},
};
use proptest::{collection::vec, prelude::*};

use crate::vectors::world;

/// Status and score against a green and a red line.
fn judged(direction: Direction, green: f64, red: f64, value: f64) -> (Status, f64) {
    let lines = Lines::OneSided { direction, green, red };
    let anchors = Anchors::default();
    let (scoring, lines, target) = (&Scoring::Threshold, Some(&lines), Some(green));
    Yardstick { scoring, direction, lines, target, anchors }.judge(value).unwrap()
}

fn close(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-4
}

fn child(at: usize, score: f64, weight: f64) -> Child {
    let id = Id::parse(&format!("c{at}")).unwrap();
    Child { id, status: status::band(score), score: Some(score), weight, critical: false }
}

fn children() -> impl Strategy<Value = Vec<Child>> {
    let pair = (0.0..100.0, 0.1..10.0);
    vec(pair, 1..8).prop_map(|pairs| {
        let each = pairs.into_iter().enumerate();
        each.map(|(at, (score, weight))| child(at, score, weight)).collect()
    })
}

proptest! {
    #[test]
    fn better_values_never_score_less(green in -1e3..1e3, gap in 0.1..1e3, a in -3e3..3e3, b in -3e3..3e3) {
        let (low, high) = if a < b { (a, b) } else { (b, a) };
        let red = green - gap;
        prop_assert!(
            judged(Direction::Higher, green, red, low).1
                <= judged(Direction::Higher, green, red, high).1 + 1e-9
        );
    }

    #[test]
    fn better_values_never_score_less_wherever_the_anchors_are(
        green in -1e3..1e3,
        gap in 0.1..1e3,
        (best, worst) in (proptest::option::of(-2e3..2e3), proptest::option::of(-2e3..2e3)),
        (a, b) in (-3e3..3e3, -3e3..3e3),
    ) {
        let (low, high) = if a < b { (a, b) } else { (b, a) };
        let anchors = Anchors { best, worst, ..Anchors::default() };
        let lines =
            Lines::OneSided { direction: Direction::Higher, green, red: green - gap };
        let (scoring, lines, target) = (&Scoring::Threshold, Some(&lines), Some(green));
        let by = Yardstick { scoring, direction: Direction::Higher, lines, target, anchors };
        let score = |value| by.judge(value).unwrap().1;
        prop_assert!(score(low) <= score(high) + 1e-9);
    }

    #[test]
    fn status_and_score_agree(green in -1e3..1e3, gap in 0.0..1e3, value in -3e3..3e3) {
        let (status, score) = judged(Direction::Higher, green, green - gap, value);
        prop_assert!((0.0..=100.0).contains(&score));
        prop_assert_eq!(status::band(score), status);
    }

    #[test]
    fn less_is_better_mirrors_more_is_better(green in -1e3..1e3, gap in 0.1..1e3, value in -3e3..3e3) {
        let up = judged(Direction::Higher, green, green - gap, value);
        let down = judged(Direction::Lower, -green, gap - green, -value);
        prop_assert_eq!(up.0, down.0);
        prop_assert!(close(up.1, down.1));
    }

    #[test]
    fn the_unit_does_not_matter(green in 1.0..1e3, gap in 1.0..1e3, value in -3e3..3e3, k in 0.1..100.0) {
        let plain = judged(Direction::Higher, green, green - gap, value);
        let scaled = judged(Direction::Higher, k * green, k * (green - gap), k * value);
        prop_assert!(close(plain.1, scaled.1), "{plain:?} {scaled:?}");
        let moved = judged(Direction::Higher, green + k, green - gap + k, value + k);
        prop_assert!(close(plain.1, moved.1), "{plain:?} {moved:?}");
    }

    #[test]
    fn an_only_child_is_its_parent(score in 0.0..100.0, weight in 0.1..10.0) {
        let verdict = roll_up(&Rollup::default(), &[child(0, score, weight)]).verdict;
        prop_assert_eq!(verdict.status, status::band(score));
        prop_assert!(close(verdict.score.unwrap(), score));
    }

    #[test]
    fn a_parent_is_between_its_children(children in children()) {
        let verdict = roll_up(&Rollup::default(), &children).verdict;
        let scores: Vec<f64> = children.iter().filter_map(|child| child.score).collect();
        let (low, high) = scores.iter().fold((100.0_f64, 0.0_f64), |(low, high), score| {
            (low.min(*score), high.max(*score))
        });
        let score = verdict.score.unwrap();
        prop_assert!(low - 1e-9 <= score && score <= high + 1e-9);
    }

    #[test]
    fn the_order_of_children_and_the_size_of_weights_do_not_matter(children in children(), k in 0.1..10.0) {
        let before = roll_up(&Rollup::default(), &children).verdict;
        let turned = children.iter().rev().cloned();
        let turned: Vec<Child> =
            turned.map(|child| Child { weight: k * child.weight, ..child }).collect();
        let after = roll_up(&Rollup::default(), &turned).verdict;
        prop_assert_eq!(before.status, after.status);
        prop_assert!(close(before.score.unwrap(), after.score.unwrap()));
    }

    #[test]
    fn a_child_without_data_moves_only_the_coverage(children in children()) {
        let total: f64 = children.iter().map(|child| child.weight).sum();
        let before = roll_up(&Rollup::default(), &children).verdict;
        let missing = Child { status: Status::NoData, score: None, ..child(99, 0.0, total / 2.0) };
        let after = roll_up(&Rollup::default(), &[children, vec![missing]].concat()).verdict;
        prop_assert_eq!(before.status, after.status);
        prop_assert_eq!(before.score, after.score);
        prop_assert!(close(after.coverage, 2.0 / 3.0));
    }

    #[test]
    fn an_episode_is_told_once_when_it_opens_and_once_when_it_ends(
        scores in vec(0.0..100.0, 1..60),
        silenced in vec(any::<bool>(), 1..12),
    ) {
        let policy = kpid_rules::model::AlertPolicy::default();
        let mut episode = Episode::default();
        let mut open = false;
        for (at, score) in scores.into_iter().enumerate() {
            let evaluation = Evaluation {
                silenced: silenced[at % silenced.len()],
                ..Evaluation::plain(status::band(score), Some(score), &at.to_string())
            };
            let now = chrono::DateTime::UNIX_EPOCH + chrono::TimeDelta::days(3 * at as i64);
            let (next, news) = episode.advance(&policy, &evaluation, now);
            match news.map(|news| news.event) {
                Some(Event::Opened) => prop_assert!(!std::mem::replace(&mut open, true)),
                Some(Event::Recovered | Event::Corrected) => {
                    prop_assert!(std::mem::replace(&mut open, false));
                }
                Some(_) => prop_assert!(open),
                None => {}
            }
            prop_assert_eq!(next.is_open() || next.end_untold, open, "who was told knows");
            episode = next;
        }
    }

    #[test]
    fn the_parts_of_a_change_add_up_and_judging_twice_is_the_same(
        then in vec(0.0..200.0, 4), now in vec(0.0..200.0, 4), missing in 0_usize..5,
    ) {
        let (card, history) = two_months(&then, &now, missing);
        let portfolio = kpid_rules::model::Portfolio::new(vec![card.clone()]).unwrap();
        let may = Period::parse("2026-05").unwrap();
        let (_, end) = card.calendar.bounds(may);
        let judge = kpid_rules::judgement::Judge::new(&portfolio, &history, end);
        let told = judge.explain(&card, &card.perspectives[0], may, true);
        if let Some((now, then)) = told.verdict.score.zip(told.before.verdict.score) {
            let changes: f64 = told.parts.iter().filter_map(|part| part.change).sum();
            prop_assert!(close(changes + told.residual.unwrap(), now - then));
            let adds: f64 = told.parts.iter().filter_map(|part| part.contribution).sum();
            prop_assert!(close(adds, now));
        }
        let twice = || serde_json::to_string(&world::judged(&card, &history, "2026-05")).unwrap();
        prop_assert_eq!(twice(), twice());
    }

    #[test]
    fn what_comes_later_was_not_known_before(value in 0.0..200.0) {
        let (card, mut history) = two_months(&[100.0; 4], &[90.0; 4], 9);
        let (_, may_end) = card.calendar.bounds(Period::parse("2026-05").unwrap());
        let known = history.as_of(may_end);
        let before = serde_json::to_string(&world::judged(&card, &known, "2026-05")).unwrap();
        world::record(&mut history, &card, "k0", "2026-06", Figure::Value(value));
        let known = history.as_of(may_end);
        let after = serde_json::to_string(&world::judged(&card, &known, "2026-05")).unwrap();
        prop_assert_eq!(before, after);
    }
}

/// Four KPIs in two objectives, in April and in May; one may be missing in May.
fn two_months(
    then: &[f64],
    now: &[f64],
    missing: usize,
) -> (kpid_rules::model::Scorecard, History) {
    let aim = world::aim_of(&serde_json::json!({ "target": 100 }));
    let kpi = |at: usize| kpid_rules::model::Kpi {
        aims: vec![aim.clone()],
        weight: 1.0 + at as f64,
        ..world::kpi(&format!("k{at}"))
    };
    let card = world::scorecard(vec![world::perspective(
        "view",
        1.0,
        vec![
            world::objective("a", 2.0, false, vec![kpi(0), kpi(1)]),
            world::objective("b", 1.0, true, vec![kpi(2), kpi(3)]),
        ],
    )]);
    let mut history = History::default();
    for at in 0..4 {
        let name = format!("k{at}");
        world::record(&mut history, &card, &name, "2026-04", Figure::Value(then[at]));
        if at != missing {
            world::record(&mut history, &card, &name, "2026-05", Figure::Value(now[at]));
        }
    }
    (card, history)
}

#[test]
fn collecting_twice_adds_no_revision() {
    let (card, mut history) = two_months(&[1.0; 4], &[2.0; 4], 9);
    let before = history.clone();
    world::record(&mut history, &card, "k0", "2026-05", Figure::Value(2.0));
    assert_eq!(before, history);
}

#[test]
fn an_objective_of_another_unit_takes_its_weight_from_the_kpis_beside_it() {
    let (mut card, mut history) = two_months(&[100.0; 4], &[95.0; 4], 9);
    let mut other = card.clone();
    other.id = Id::parse("other").unwrap();
    for at in 0..4 {
        world::record(&mut history, &other, &format!("k{at}"), "2026-05", Figure::Value(95.0));
    }
    card.perspectives[0].objectives[0].contributions.push(kpid_rules::model::Contribution {
        objective: kpid_rules::model::ObjectiveRef {
            scorecard: other.id.clone(),
            objective: Id::parse("b").unwrap(),
        },
        weight: 3.0,
        critical: false,
    });
    let portfolio = kpid_rules::model::Portfolio::new(vec![card.clone(), other]).unwrap();
    let may = Period::parse("2026-05").unwrap();
    let (_, end) = card.calendar.bounds(may);
    let judge = kpid_rules::judgement::Judge::new(&portfolio, &history, end);
    let standing = judge.scorecard(&card, &std::collections::HashMap::new());
    let told = judge.explain(&card, &card.perspectives[0], may, true);
    let weights: Vec<f64> = told.parts.iter().filter_map(|part| part.weight).collect();
    let shown: Vec<f64> = standing.perspectives[0]
        .objectives
        .iter()
        .flat_map(|objective| {
            let kpis = objective.kpis.iter().map(|kpi| kpi.effective_weight.unwrap());
            kpis.chain(objective.linked.iter().map(|link| link.effective_weight.unwrap()))
        })
        .collect();
    // Of objective a, worth two thirds, its KPIs of weight 1 and 2 have half beside the link's 3.
    let expected = [2.0 / 18.0, 4.0 / 18.0, 6.0 / 18.0, 3.0 / 21.0, 4.0 / 21.0];
    assert_eq!((shown.len(), weights.len()), (5, 5));
    for ((shown, told), expected) in shown.iter().zip(weights).zip(expected) {
        assert!(close(*shown, told) && close(told, expected), "{shown} {told}");
    }
    let adds: f64 = told.parts.iter().filter_map(|part| part.contribution).sum();
    assert!(close(adds, told.verdict.score.unwrap()));
}
