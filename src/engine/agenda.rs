//! Which collections are due at an instant. Pure: it is told what was served and what is under way.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use kpid_config::setup::Collection;
use kpid_rules::model::{KpiRef, Schedule};

/// A collection that is due.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Due {
    /// Its place in the list of collections.
    pub(crate) at: usize,
    /// The newest instant of its schedule that is due.
    pub(crate) slot: DateTime<Utc>,
    /// Earlier instants that nobody served and nobody will.
    pub(crate) missed: u64,
}

/// The newest of some instants, and how many others there are.
type Missed = (DateTime<Utc>, u64);

/// What was served, and what is under way: one at a time for each KPI.
#[derive(Debug)]
pub(crate) struct Agenda {
    zone: Tz,
    served: HashMap<KpiRef, DateTime<Utc>>,
    /// The slot that each is asked for now.
    under_way: HashMap<KpiRef, DateTime<Utc>>,
}

impl Agenda {
    /// An agenda that knows up to where each schedule has been served.
    pub(crate) fn new(zone: Tz, served: HashMap<KpiRef, DateTime<Utc>>) -> Self {
        Self { zone, served, under_way: HashMap::new() }
    }

    /// Takes what is due at `now`. A KPI never collected is due at once; one that missed instants is
    /// due once, for the newest of them; one under way is not due.
    pub(crate) fn take_due(&mut self, collections: &[Collection], now: DateTime<Utc>) -> Vec<Due> {
        let mut due = Vec::new();
        // KPIs that were collected together have missed the same instants.
        let mut known: HashMap<(&Schedule, DateTime<Utc>), Option<Missed>> = HashMap::new();
        for (at, collection) in collections.iter().enumerate() {
            if self.under_way.contains_key(&collection.kpi) {
                continue;
            }
            let found = match self.served_until(collection, now) {
                None => Some((now, 0)),
                Some(served) => {
                    let schedule = &collection.schedule;
                    let latest = known.entry((schedule, served));
                    *latest.or_insert_with(|| schedule.latest(served, now, self.zone))
                }
            };
            if let Some((slot, missed)) = found {
                self.under_way.insert(collection.kpi.clone(), slot);
                due.push(Due { at, slot, missed });
            }
        }
        due
    }

    /// Up to where the schedule of a collection has been served, if it ever was.
    fn served_until(
        &mut self,
        collection: &Collection,
        now: DateTime<Utc>,
    ) -> Option<DateTime<Utc>> {
        let served = self.served.get_mut(&collection.kpi)?;
        *served = collection.schedule.served_until(*served, now, self.zone);
        Some((*served).min(now))
    }

    /// A collection is over: its slot is served, whatever came of it.
    pub(crate) fn served(&mut self, kpi: &KpiRef, slot: DateTime<Utc>) {
        self.under_way.remove(kpi);
        self.served.insert(kpi.clone(), slot);
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;
    use kpid_rules::{
        model::{Cron, Id, Interval},
        series::ReadingKind,
    };
    use kpid_sources::{Request, Source, sql::Query};

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn collections(schedule: Schedule) -> Vec<Collection> {
        let request = Request::Sql(Query::parse("select 1").unwrap());
        let from = Id::parse("erp").unwrap();
        let source = Source { from, request, reading: ReadingKind::Value, lookback: 0 };
        vec![Collection { kpi: KpiRef::parse("s/k").unwrap(), schedule, source }]
    }

    fn daily() -> Vec<Collection> {
        collections(Schedule::Cron(Cron::parse("0 6 * * *").unwrap()))
    }

    fn agenda(served: Option<&str>) -> Agenda {
        let kpi = KpiRef::parse("s/k").unwrap();
        let served = served.map(|instant| (kpi, at(instant))).into_iter().collect();
        Agenda::new(chrono_tz::Europe::Amsterdam, served)
    }

    #[test]
    fn what_was_never_collected_is_due_at_once() {
        let now = at("2026-06-03T10:00:00Z");
        let due = agenda(None).take_due(&daily(), now);
        assert_eq!(due, [Due { at: 0, slot: now, missed: 0 }]);
    }

    #[test]
    fn a_week_of_downtime_is_caught_up_once() {
        let mut agenda = agenda(Some("2026-06-01T04:00:00Z"));
        let now = at("2026-06-08T10:00:00Z");
        let due = agenda.take_due(&daily(), now);
        assert_eq!(due, [Due { at: 0, slot: at("2026-06-08T04:00:00Z"), missed: 6 }]);
        assert_eq!(agenda.take_due(&daily(), now), [], "it is under way");
        agenda.served(&KpiRef::parse("s/k").unwrap(), due[0].slot);
        assert_eq!(agenda.take_due(&daily(), now), [], "it was served");
    }

    #[test]
    fn a_slow_run_swallows_the_instants_it_overlaps() {
        let every = Schedule::Every(Interval::new(TimeDelta::seconds(10)).unwrap());
        let collections = collections(every);
        let mut agenda = agenda(Some("2026-06-01T04:00:00Z"));
        let start = at("2026-06-01T04:00:10Z");
        assert_eq!(agenda.take_due(&collections, start).len(), 1);
        assert_eq!(agenda.take_due(&collections, start + TimeDelta::seconds(25)), []);
        agenda.served(&KpiRef::parse("s/k").unwrap(), start);
        let due = agenda.take_due(&collections, start + TimeDelta::seconds(35));
        assert_eq!(due, [Due { at: 0, slot: start + TimeDelta::seconds(30), missed: 2 }]);
    }

    #[test]
    fn a_clock_that_steps_back_does_not_run_a_slot_again_nor_stand_still() {
        let mut agenda = agenda(Some("2026-06-08T04:00:00Z"));
        assert_eq!(agenda.take_due(&daily(), at("2026-06-08T03:30:00Z")), []);
        let next = agenda.take_due(&daily(), at("2026-06-09T04:00:00Z"));
        assert_eq!(next.len(), 1);
    }

    #[test]
    fn a_clock_set_back_over_several_instants_does_not_stand_still() {
        let mut agenda = agenda(Some("2026-06-08T04:00:00Z"));
        assert_eq!(agenda.take_due(&daily(), at("2026-06-05T10:00:00Z")), []);
        let due = agenda.take_due(&daily(), at("2026-06-06T04:00:00Z"));
        assert_eq!(due, [Due { at: 0, slot: at("2026-06-06T04:00:00Z"), missed: 0 }]);
    }

    #[test]
    fn a_clock_set_ahead_is_one_run_and_back_again_none() {
        let mut agenda = agenda(Some("2026-06-01T04:00:00Z"));
        let due = agenda.take_due(&daily(), at("2026-06-04T10:00:00Z"));
        assert_eq!(due, [Due { at: 0, slot: at("2026-06-04T04:00:00Z"), missed: 2 }]);
        agenda.served(&KpiRef::parse("s/k").unwrap(), due[0].slot);
        assert_eq!(agenda.take_due(&daily(), at("2026-06-01T10:00:00Z")), []);
        assert_eq!(agenda.take_due(&daily(), at("2026-06-02T04:00:00Z")).len(), 1);
    }
}
