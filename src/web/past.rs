//! How scorecards stood at moments of the past, kept as long as what they were judged by is the same:
//! a page of the past is judged once, and again only where a correction came since.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use kpid_board::Moment;
use kpid_rules::{
    alerting::Episode,
    judgement::ScorecardStanding,
    model::{Id, Scope},
    series::History,
};

/// Moments of which anything is kept: those of a few readers at once. Each is as large as the present.
const MOMENTS_MAX: usize = 3;

/// A scorecard at a moment, and what it was judged by.
#[derive(Debug)]
struct PastScorecard {
    history: History,
    episodes: HashMap<Scope, Episode>,
    standing: Arc<ScorecardStanding>,
}

/// How scorecards stood at a moment; the moment that was asked for last is last.
type MomentsKept = Vec<(Moment, HashMap<Id, PastScorecard>)>;

/// How scorecards stood. Copies are the same.
#[derive(Clone, Debug, Default)]
pub struct PastStandings(Arc<Mutex<MomentsKept>>);

/// What one scorecard is judged by.
pub(super) struct Grounds {
    pub(super) id: Id,
    /// Everything held of its KPIs and those that it needs, whatever of it was known at the moment.
    pub(super) history: History,
    pub(super) episodes: HashMap<Scope, Episode>,
}

impl PastStandings {
    /// The scorecards at a moment, in the order asked for. Those of which something changed since are
    /// judged, all in one call. What lies in the future is not for keeping.
    pub(super) fn of(
        &self,
        moment: Moment,
        wanted: Vec<Grounds>,
        judge: impl FnOnce(&[Id]) -> Vec<Arc<ScorecardStanding>>,
    ) -> Vec<Arc<ScorecardStanding>> {
        let known: HashMap<Id, Arc<ScorecardStanding>> = {
            let mut kept = self.kept();
            let judged = at(&mut kept, moment);
            let known = |grounds: &Grounds| {
                let judged = judged.get(&grounds.id)?;
                let is_same = judged.history.is_shared_with(&grounds.history)
                    && judged.episodes == grounds.episodes;
                is_same.then(|| (grounds.id.clone(), Arc::clone(&judged.standing)))
            };
            wanted.iter().filter_map(known).collect()
        };
        let is_new = |grounds: &&Grounds| !known.contains_key(&grounds.id);
        let new: Vec<Id> = wanted.iter().filter(is_new).map(|grounds| grounds.id.clone()).collect();
        let judged = if new.is_empty() { Vec::new() } else { judge(&new) };
        let judged: HashMap<Id, Arc<ScorecardStanding>> =
            judged.into_iter().map(|standing| (standing.id.clone(), standing)).collect();
        let mut kept = self.kept();
        let keep = at(&mut kept, moment);
        let mut standings = Vec::with_capacity(wanted.len());
        for Grounds { id, history, episodes } in wanted {
            let Some(standing) = judged.get(&id).or_else(|| known.get(&id)).cloned() else {
                continue;
            };
            standings.push(Arc::clone(&standing));
            keep.insert(id, PastScorecard { history, episodes, standing });
        }
        standings
    }

    fn kept(&self) -> MutexGuard<'_, MomentsKept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is kept of a moment; the one that nobody asked for longest goes for a new one.
fn at(kept: &mut MomentsKept, moment: Moment) -> &mut HashMap<Id, PastScorecard> {
    let found = kept.iter().position(|(held, _)| *held == moment);
    let held = found.map(|place| kept.remove(place).1).unwrap_or_default();
    if kept.len() >= MOMENTS_MAX {
        kept.remove(0);
    }
    let last = kept.len();
    kept.push((moment, held));
    &mut kept[last].1
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use chrono::DateTime;

    use super::*;
    use kpid_rules::{
        evaluation::judge_some,
        model::{KpiRef, Period},
        series::{Actual, Figure},
    };

    #[test]
    fn a_past_is_judged_once_and_again_only_where_something_changed() {
        let portfolio = super::super::tests::portfolio(&["care", "safety"]);
        let kpi = |scorecard: &str| KpiRef {
            scorecard: Id::parse(scorecard).unwrap(),
            kpi: Id::parse("k").unwrap(),
        };
        let record = |history: &mut History, of: &str, value: f64| {
            let at = DateTime::UNIX_EPOCH;
            let (figure, target) = (Figure::Value(value), None);
            let actual = Actual { figure, target, observed_at: at, collected_at: at };
            history.kpi_mut(&kpi(of)).record(Period::Month(2026, 5), actual);
        };
        let mut history = History::default();
        record(&mut history, "care", 1.0);
        record(&mut history, "safety", 1.0);
        let (past, judged) = (PastStandings::default(), RefCell::new(Vec::new()));
        let look = |moment: Moment, history: &History| {
            let grounds = ["care", "safety"].map(|id| Grounds {
                id: Id::parse(id).unwrap(),
                history: history.only(&[kpi(id)]),
                episodes: HashMap::new(),
            });
            let standings = past.of(moment, grounds.into(), |ids| {
                judged.borrow_mut().extend(ids.iter().map(ToString::to_string));
                let now = DateTime::UNIX_EPOCH;
                judge_some(&portfolio, ids, history, &HashMap::new(), "", now).scorecards
            });
            let ids: Vec<String> = standings.iter().map(|held| held.id.to_string()).collect();
            assert_eq!(ids, ["care", "safety"], "in the order asked for");
            std::mem::take(&mut *judged.borrow_mut())
        };
        let month = |month| Moment::PeriodEnd(Period::Month(2026, month));
        assert_eq!(look(month(5), &history), ["care", "safety"]);
        assert!(look(month(5), &history).is_empty(), "kept");
        record(&mut history, "safety", 2.0);
        assert_eq!(look(month(5), &history), ["safety"]);
        for other in [6, 7, 8] {
            assert_eq!(look(month(other), &history), ["care", "safety"]);
        }
        assert_eq!(look(month(5), &history), ["care", "safety"], "gone for three others");
    }
}
