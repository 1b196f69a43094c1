//! Children make a parent: the weighted mean, then the guards, then what missing data mean.

use super::{
    Id, Missing, Reason, Rollup, RollupRule, Status, Verdict, at_least, lines::badness, score,
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

/// The verdict on a parent, and the child that decided where a guard or rule did.
pub fn roll_up(rollup: &Rollup, children: &[Child]) -> (Verdict, Option<Id>) {
    if let RollupRule::Manual(status) = rollup.rule {
        return (by_hand(status), None);
    }
    // Nothing due, or for information only: left out like weight 0.
    let due = |child: &&Child| {
        child.weight > 0.0 && !matches!(child.status, Status::Pending | Status::NotScored)
    };
    let due: Vec<&Child> = children.iter().filter(due).collect();
    if due.is_empty() {
        return (without_children(children), None);
    }
    let counted: Vec<Counted> =
        due.iter().filter_map(|child| counted(child, rollup.missing)).collect();
    let total: f64 = due.iter().map(|child| child.weight).sum();
    let coverage = weight(&counted) / total;
    let blocked = rollup.missing == Missing::Block && counted.len() < due.len();
    if blocked || counted.is_empty() || !at_least(coverage, rollup.min_coverage) {
        return (Verdict { status: Status::NoData, score: None, coverage, reason: None }, None);
    }
    let (status, score, reason, culprit) = decide(rollup, &counted);
    let critical = counted.iter().filter(|child| child.child.critical);
    let worst_critical = worst(critical.filter(|child| child.status == Status::OffTrack));
    let (status, reason, culprit) = match worst_critical {
        Some(child) if status != Status::OffTrack => {
            (Status::OffTrack, Reason::Critical, Some(&child.child.id))
        }
        _ => (status, reason, culprit),
    };
    if status == Status::NoData {
        return (Verdict { status, score: None, coverage, reason: None }, None);
    }
    (Verdict { status, score: Some(score), coverage, reason: Some(reason) }, culprit.cloned())
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
    let all = |status| !children.is_empty() && children.iter().all(|child| child.status == status);
    let status = if all(Status::NotScored) {
        Status::NotScored
    } else if children.iter().any(|child| child.weight > 0.0 && child.status == Status::Pending) {
        Status::Pending
    } else {
        Status::NoData
    };
    Verdict { status, score: None, coverage: 0.0, reason: None }
}

fn counted(child: &Child, missing: Missing) -> Option<Counted<'_>> {
    match (child.status, child.score) {
        (Status::NoData, _) | (_, None) => (missing == Missing::Worst).then_some(Counted {
            child,
            status: Status::OffTrack,
            score: 0.0,
        }),
        (status, Some(score)) => Some(Counted { child, status, score }),
    }
}

type Decision<'a> = (Status, f64, Reason, Option<&'a Id>);

fn decide<'a>(rollup: &Rollup, counted: &[Counted<'a>]) -> Decision<'a> {
    let mean = mean(counted);
    let by_score = (score::band(mean), mean, Reason::Score, None);
    match &rollup.rule {
        RollupRule::WeightedMean => {
            let red = worst(counted.iter().filter(|child| child.status == Status::OffTrack));
            match red {
                Some(red) if rollup.red_guard && by_score.0 == Status::OnTrack => {
                    (Status::AtRisk, mean, Reason::RedGuard, Some(&red.child.id))
                }
                _ => by_score,
            }
        }
        RollupRule::WorstOf => worst(counted.iter()).map_or(by_score, |child| {
            (child.status, child.score, Reason::WorstOf, Some(&child.child.id))
        }),
        RollupRule::BestOf => best(counted).map_or(by_score, |child| {
            (child.status, child.score, Reason::BestOf, Some(&child.child.id))
        }),
        RollupRule::Majority => (majority(counted), mean, Reason::Majority, None),
        RollupRule::CountRed { red, amber } => {
            (count_red(counted, *red, *amber), mean, Reason::CountRed, None)
        }
        RollupRule::Priority(id) => match counted.iter().find(|child| child.child.id == *id) {
            Some(child) => (child.status, child.score, Reason::Priority, Some(&child.child.id)),
            None => (Status::NoData, mean, Reason::Priority, None),
        },
        RollupRule::Manual(status) => (*status, mean, Reason::Manual, None),
    }
}

fn mean(counted: &[Counted]) -> f64 {
    let sum: f64 = counted.iter().map(|child| child.child.weight * child.score).sum();
    sum / weight(counted)
}

fn weight(counted: &[Counted]) -> f64 {
    // From 0, since nothing sums to -0.
    counted.iter().fold(0.0, |sum, child| sum + child.child.weight)
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
        let status = score.map_or(Status::NoData, score::band);
        Child { id: Id::parse(id).unwrap(), status, score, weight, critical: false }
    }

    #[test]
    fn what_is_not_due_is_left_out() {
        let pending = Child { status: Status::Pending, ..child("p", None, 5.0) };
        let (verdict, _) =
            roll_up(&Rollup::default(), &[child("a", Some(80.0), 1.0), pending.clone()]);
        assert_eq!((verdict.status, verdict.coverage), (Status::OnTrack, 1.0));
        let (verdict, _) = roll_up(&Rollup::default(), &[pending]);
        assert_eq!(verdict.status, Status::Pending);
    }

    #[test]
    fn missing_can_be_the_worst_or_block() {
        let children = [child("a", Some(80.0), 2.0), child("b", None, 1.0)];
        let of = |missing| {
            let rollup = Rollup { missing, red_guard: false, ..Rollup::default() };
            roll_up(&rollup, &children).0
        };
        assert_eq!(of(Missing::Exclude).score, Some(80.0));
        assert_eq!(of(Missing::Worst).status, Status::AtRisk);
        assert_eq!(of(Missing::Block).status, Status::NoData);
    }

    #[test]
    fn weight_zero_is_shown_and_not_counted() {
        let children = [child("a", Some(80.0), 1.0), child("b", Some(0.0), 0.0)];
        let (verdict, _) = roll_up(&Rollup::default(), &children);
        assert_eq!((verdict.status, verdict.score), (Status::OnTrack, Some(80.0)));
    }

    #[test]
    fn the_priority_child_decides() {
        let rule = RollupRule::Priority(Id::parse("b").unwrap());
        let rollup = Rollup { rule, ..Rollup::default() };
        let children = [child("a", Some(80.0), 1.0), child("b", Some(50.0), 1.0)];
        assert_eq!(roll_up(&rollup, &children).0.status, Status::AtRisk);
        let children = [child("a", Some(80.0), 1.0), child("b", None, 1.0)];
        assert_eq!(roll_up(&rollup, &children).0.status, Status::NoData);
    }
}
