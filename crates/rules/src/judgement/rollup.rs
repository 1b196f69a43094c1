//! Children make a parent: the weighted mean, then the guards, then what missing data mean.

use crate::model::status::band;
use crate::{
    judgement::standing::Verdict,
    model::{
        comparison::at_least,
        id::Id,
        rollup_rule::{Missing, Rollup, RollupRule},
        status::{Reason, Status, badness},
    },
};

/// One child as its parent sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct Child {
    /// Who it is.
    pub id: Id,
    /// Its verdict.
    pub status: Status,
    /// Its unrounded score.
    pub score: Option<f64>,
    /// Relative to its siblings; 0 does not count.
    pub weight: f64,
    /// Red here makes the parent red.
    pub critical: bool,
}

/// A child that counts: it has a status, a score and a weight.
struct Counted<'a> {
    child: &'a Child,
    status: Status,
    score: f64,
}

/// What children make of their parent.
#[derive(Clone, Debug, PartialEq)]
pub struct Rolled {
    /// The verdict on the parent.
    pub verdict: Verdict,
    /// The child that decided, where a guard or rule did.
    pub culprit: Option<Id>,
    /// What part each child has in the parent's score, in the order of the children: the parts of
    /// one parent sum to 1, and each times the child's score (0 where `missing: worst` stands in
    /// for it) sums to the parent's. `None` for what does not count.
    pub shares: Vec<Option<f64>>,
}

/// The verdict on a parent, with who decided it and what each child adds.
pub fn roll_up(rollup: &Rollup, children: &[Child]) -> Rolled {
    if let RollupRule::Manual(status) = rollup.rule {
        return Rolled::unscored(by_hand(status), children);
    }
    // Nothing due, or for information only: left out like weight 0.
    let due = |child: &&Child| {
        child.weight > 0.0 && !matches!(child.status, Status::Pending | Status::NotScored)
    };
    let due: Vec<&Child> = children.iter().filter(due).collect();
    if due.is_empty() {
        return Rolled::unscored(without_children(children), children);
    }
    let counted: Vec<Counted> =
        due.iter().filter_map(|child| counted(child, rollup.missing)).collect();
    let coverage = coverage(&due);
    let blocked = rollup.missing == Missing::Block && counted.len() < due.len();
    let nothing = Verdict { status: Status::NoData, score: None, coverage, reason: None };
    if blocked || counted.is_empty() || !at_least(coverage, rollup.min_coverage) {
        return Rolled::unscored(nothing, children);
    }
    let Decision { status, score, reason, culprit, decider } = decide(rollup, &counted);
    let critical = counted.iter().filter(|child| child.child.critical);
    let worst_critical = worst(critical.filter(|child| child.status == Status::OffTrack));
    let (status, reason, culprit) = match worst_critical {
        Some(child) if status != Status::OffTrack => {
            (Status::OffTrack, Reason::Critical, Some(child.child))
        }
        _ => (status, reason, culprit),
    };
    if status == Status::NoData {
        return Rolled::unscored(nothing, children);
    }
    let verdict = Verdict { status, score: Some(score), coverage, reason: Some(reason) };
    let shares = shares(children, &counted, decider);
    Rolled { verdict, culprit: culprit.map(|child| child.id.clone()), shares }
}

impl Rolled {
    /// A verdict that no child's score makes.
    fn unscored(verdict: Verdict, children: &[Child]) -> Self {
        Self { verdict, culprit: None, shares: vec![None; children.len()] }
    }
}

/// The share of the weight that has data, whatever stands in for the rest.
fn coverage(due: &[&Child]) -> f64 {
    let total: f64 = due.iter().map(|child| child.weight).sum();
    // From 0, since nothing sums to -0.
    let held = due.iter().filter(|child| has_data(child));
    held.fold(0.0, |sum, child| sum + child.weight) / total
}

fn has_data(child: &Child) -> bool {
    child.status != Status::NoData && child.score.is_some()
}

/// By weight among those that count; where one child decides, it is all of the score.
fn shares(
    children: &[Child],
    counted: &[Counted<'_>],
    decider: Option<&Child>,
) -> Vec<Option<f64>> {
    let total = weight(counted);
    let mut counted = counted.iter().peekable();
    let share = |child: &Child| {
        counted.next_if(|counted| std::ptr::eq(counted.child, child))?;
        Some(match decider {
            None => child.weight / total,
            Some(decider) if std::ptr::eq(decider, child) => 1.0,
            Some(_) => 0.0,
        })
    };
    children.iter().map(share).collect()
}

/// The score that stands for a status set by hand: the middle of its band.
pub fn manual_score(status: Status) -> Option<f64> {
    match status {
        Status::OnTrack => Some(85.0),
        Status::AtRisk => Some(55.0),
        Status::OffTrack => Some(20.0),
        Status::NoData | Status::Pending | Status::NotScored => None,
    }
}

fn by_hand(status: Status) -> Verdict {
    let score = manual_score(status);
    let coverage = if score.is_some() { 1.0 } else { 0.0 };
    Verdict { status, score, coverage, reason: score.map(|_| Reason::Manual) }
}

fn without_children(children: &[Child]) -> Verdict {
    let informs = |child: &Child| child.status == Status::NotScored || child.weight <= 0.0;
    let status = if !children.is_empty() && children.iter().all(informs) {
        Status::NotScored
    } else if children.iter().any(|child| child.weight > 0.0 && child.status == Status::Pending) {
        Status::Pending
    } else {
        Status::NoData
    };
    Verdict { status, score: None, coverage: 0.0, reason: None }
}

fn counted(child: &Child, missing: Missing) -> Option<Counted<'_>> {
    let worst = Counted { child, status: Status::OffTrack, score: 0.0 };
    match child.score.filter(|_| has_data(child)) {
        Some(score) => Some(Counted { child, status: child.status, score }),
        None => (missing == Missing::Worst).then_some(worst),
    }
}

/// What a rule makes of the children that count.
#[derive(Clone, Copy)]
struct Decision<'a> {
    status: Status,
    score: f64,
    reason: Reason,
    /// Whose status decided, if one's did.
    culprit: Option<&'a Child>,
    /// Whose score is the parent's, if one's is.
    decider: Option<&'a Child>,
}

fn decide<'a>(rollup: &Rollup, counted: &[Counted<'a>]) -> Decision<'a> {
    let mean = mean(counted);
    let by_all =
        |status, reason| Decision { status, score: mean, reason, culprit: None, decider: None };
    // A critical child makes its own status red, and not its score the lowest: the two may be of
    // different children.
    let by_two = |status: Option<&Counted<'a>>, score: Option<&Counted<'a>>, reason| {
        let both = status.zip(score).map(|(status, score)| Decision {
            status: status.status,
            score: score.score,
            reason,
            culprit: Some(status.child),
            decider: Some(score.child),
        });
        both.unwrap_or(by_all(Status::NoData, reason))
    };
    let by_score = |a: &&Counted, b: &&Counted| a.score.total_cmp(&b.score);
    match &rollup.rule {
        RollupRule::WeightedMean => {
            let decision = by_all(band(mean), Reason::Score);
            let red = worst(counted.iter().filter(|child| child.status == Status::OffTrack));
            match red.filter(|_| rollup.red_guard && decision.status == Status::OnTrack) {
                Some(red) => Decision {
                    culprit: Some(red.child),
                    ..by_all(Status::AtRisk, Reason::RedGuard)
                },
                None => decision,
            }
        }
        RollupRule::WorstOf => {
            by_two(worst(counted.iter()), counted.iter().min_by(by_score), Reason::WorstOf)
        }
        RollupRule::BestOf => {
            by_two(best(counted), counted.iter().max_by(by_score), Reason::BestOf)
        }
        RollupRule::Majority => by_all(majority(counted), Reason::Majority),
        RollupRule::CountRed { red, amber } => {
            by_all(count_red(counted, *red, *amber), Reason::CountRed)
        }
        RollupRule::Priority(id) => {
            let child = counted.iter().find(|child| child.child.id == *id);
            by_two(child, child, Reason::Priority)
        }
        RollupRule::Manual(status) => by_all(*status, Reason::Manual),
    }
}

fn mean(counted: &[Counted]) -> f64 {
    let sum: f64 = counted.iter().map(|child| child.child.weight * child.score).sum();
    sum / weight(counted)
}

fn weight(counted: &[Counted]) -> f64 {
    counted.iter().map(|child| child.child.weight).sum()
}

fn worst<'c, 'a: 'c>(children: impl Iterator<Item = &'c Counted<'a>>) -> Option<&'c Counted<'a>> {
    children
        .min_by(|a, b| badness(b.status).cmp(&badness(a.status)).then(a.score.total_cmp(&b.score)))
}

fn best<'c, 'a>(children: &'c [Counted<'a>]) -> Option<&'c Counted<'a>> {
    children
        .iter()
        .min_by(|a, b| badness(a.status).cmp(&badness(b.status)).then(b.score.total_cmp(&a.score)))
}

/// The status with most weight; a tie goes to the worse.
fn majority(counted: &[Counted]) -> Status {
    let of = |status: Status| -> f64 {
        counted.iter().filter(|c| c.status == status).map(|c| c.child.weight).sum()
    };
    let mut most = (Status::OffTrack, of(Status::OffTrack));
    for status in [Status::AtRisk, Status::OnTrack] {
        if !at_least(most.1, of(status)) {
            most = (status, of(status));
        }
    }
    most.0
}

fn count_red(counted: &[Counted], red: u32, amber: u32) -> Status {
    let reds = counted.iter().filter(|child| child.status == Status::OffTrack).count();
    let not_green = counted.iter().filter(|child| child.status != Status::OnTrack).count();
    if reds >= red as usize {
        Status::OffTrack
    } else if reds >= amber as usize || not_green >= 2 {
        Status::AtRisk
    } else {
        Status::OnTrack
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn child(id: &str, score: Option<f64>, weight: f64) -> Child {
        let status = score.map_or(Status::NoData, band);
        Child { id: Id::parse(id).unwrap(), status, score, weight, critical: false }
    }

    #[test]
    fn what_is_not_due_is_left_out() {
        let pending = Child { status: Status::Pending, ..child("p", None, 5.0) };
        let Rolled { verdict, .. } =
            roll_up(&Rollup::default(), &[child("a", Some(80.0), 1.0), pending.clone()]);
        assert_eq!((verdict.status, verdict.coverage), (Status::OnTrack, 1.0));
        let Rolled { verdict, .. } = roll_up(&Rollup::default(), &[pending]);
        assert_eq!(verdict.status, Status::Pending);
    }

    #[test]
    fn missing_can_be_the_worst_or_block() {
        let children = [child("a", Some(80.0), 2.0), child("b", None, 1.0)];
        let of = |missing| {
            let rollup = Rollup { missing, red_guard: false, ..Rollup::default() };
            roll_up(&rollup, &children).verdict
        };
        assert_eq!(of(Missing::Exclude).score, Some(80.0));
        assert_eq!(of(Missing::Worst).status, Status::AtRisk);
        assert_eq!(of(Missing::Block).status, Status::NoData);
    }

    #[test]
    fn what_stands_in_for_data_covers_nothing() {
        let children = [child("a", Some(80.0), 2.0), child("b", None, 1.0)];
        let rollup = Rollup { missing: Missing::Worst, min_coverage: 0.0, ..Rollup::default() };
        let rolled = roll_up(&rollup, &children);
        assert!((rolled.verdict.coverage - 2.0 / 3.0).abs() < 1e-9);
        assert_eq!(rolled.shares, [Some(2.0 / 3.0), Some(1.0 / 3.0)]);
        let rolled = roll_up(&rollup, &children[1..]);
        assert_eq!((rolled.verdict.status, rolled.verdict.score), (Status::OffTrack, Some(0.0)));
        let strict = Rollup { min_coverage: 0.5, ..rollup };
        assert_eq!(roll_up(&strict, &children[1..]).verdict.status, Status::NoData);
    }

    #[test]
    fn weight_zero_is_shown_and_not_counted() {
        let children = [child("a", Some(80.0), 1.0), child("b", Some(0.0), 0.0)];
        let Rolled { verdict, .. } = roll_up(&Rollup::default(), &children);
        assert_eq!((verdict.status, verdict.score), (Status::OnTrack, Some(80.0)));
    }

    #[test]
    fn what_only_informs_makes_no_parent_and_misses_no_data() {
        let information = Child { status: Status::NotScored, ..child("a", None, 1.0) };
        let children = [information, child("b", None, 0.0)];
        let Rolled { verdict, .. } = roll_up(&Rollup::default(), &children);
        assert_eq!(verdict.status, Status::NotScored);
        let Rolled { verdict, .. } = roll_up(&Rollup::default(), &[]);
        assert_eq!(verdict.status, Status::NoData);
    }

    #[test]
    fn the_worst_status_and_the_lowest_score_may_be_of_two_children() {
        // Red by a critical child of its own, at a score that is not.
        let red = Child { status: Status::OffTrack, ..child("a", Some(87.4), 1.0) };
        let children = [red, child("b", Some(49.0), 3.0), child("c", Some(80.0), 1.0)];
        let of = |rule| roll_up(&Rollup { rule, ..Rollup::default() }, &children);
        let worst = of(RollupRule::WorstOf);
        assert_eq!((worst.verdict.status, worst.verdict.score), (Status::OffTrack, Some(49.0)));
        assert_eq!(worst.culprit, Some(children[0].id.clone()));
        assert_eq!(worst.shares, [Some(0.0), Some(1.0), Some(0.0)]);
        let best = of(RollupRule::BestOf);
        assert_eq!((best.verdict.status, best.verdict.score), (Status::OnTrack, Some(87.4)));
        assert_eq!(best.culprit, Some(children[2].id.clone()));
        assert_eq!(best.shares, [Some(1.0), Some(0.0), Some(0.0)]);
    }

    #[test]
    fn the_priority_child_decides() {
        let rule = RollupRule::Priority(Id::parse("b").unwrap());
        let rollup = Rollup { rule, ..Rollup::default() };
        let children = [child("a", Some(80.0), 1.0), child("b", Some(50.0), 1.0)];
        assert_eq!(roll_up(&rollup, &children).verdict.status, Status::AtRisk);
        let children = [child("a", Some(80.0), 1.0), child("b", None, 1.0)];
        assert_eq!(roll_up(&rollup, &children).verdict.status, Status::NoData);
    }
}
