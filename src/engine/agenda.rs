//! Which collections are due at an instant. Pure: it is told what was served and what is under way.

use std::{
    cmp::Reverse,
    collections::{BinaryHeap, HashMap},
};

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use indexmap::IndexSet;

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

/// What is due of a schedule, or else its next instant, if it has any.
type DueOrNext = Result<Missed, Option<DateTime<Utc>>>;

/// A collection, up to where it is served, and whether it is under way: one at a time for each KPI.
#[derive(Debug)]
struct Entry {
    /// The place of its schedule.
    schedule: usize,
    served: Option<DateTime<Utc>>,
    is_under_way: bool,
}

/// What was served, what is under way, and when the others are due.
#[derive(Debug)]
pub(crate) struct Agenda {
    zone: Tz,
    /// Every schedule once.
    schedules: Vec<Schedule>,
    /// As the collections are ordered.
    entries: Vec<Entry>,
    places: HashMap<KpiRef, usize>,
    /// Each that is not under way, with the instant at which it is to be looked at.
    next: BinaryHeap<Reverse<(DateTime<Utc>, usize)>>,
    looked_at: DateTime<Utc>,
}

impl Agenda {
    /// An agenda that knows up to where each schedule has been served.
    pub(crate) fn new(
        zone: Tz,
        collections: &[Collection],
        served: &HashMap<KpiRef, DateTime<Utc>>,
    ) -> Self {
        let mut schedules = IndexSet::new();
        let mut entries = Vec::new();
        for Collection { kpi, schedule, .. } in collections {
            let (schedule, _) = schedules.insert_full(schedule.clone());
            let served = served.get(kpi).copied();
            entries.push(Entry { schedule, served, is_under_way: false });
        }
        let kpis = collections.iter().map(|collection| collection.kpi.clone());
        let mut agenda = Self {
            zone,
            schedules: schedules.into_iter().collect(),
            entries,
            places: kpis.zip(0..).collect(),
            next: BinaryHeap::new(),
            looked_at: DateTime::<Utc>::MIN_UTC,
        };
        agenda.look_at_all();
        agenda
    }

    /// Takes what is due at `now`, in the order of the collections. A KPI never collected is due at
    /// once; one that missed instants is due once, for the newest of them; one under way is not due.
    pub(crate) fn take_due(&mut self, now: DateTime<Utc>) -> Vec<Due> {
        if now < self.looked_at {
            // The clock was set back: what was far ahead may be due.
            self.look_at_all();
        }
        self.looked_at = now;
        let mut due = Vec::new();
        let mut later = Vec::new();
        // KPIs that were collected together have missed the same instants.
        let mut known: HashMap<(usize, DateTime<Utc>), DueOrNext> = HashMap::new();
        while self.next.peek().is_some_and(|Reverse((at, _))| *at <= now) {
            let Some(Reverse((_, at))) = self.next.pop() else { break };
            let Some(entry) = self.entries.get_mut(at) else { continue };
            let Some(schedule) = self.schedules.get(entry.schedule) else { continue };
            let zone = self.zone;
            let found = match &mut entry.served {
                None => Ok((now, 0)),
                Some(served) => {
                    *served = schedule.served_until(*served, now, zone);
                    let since = (*served).min(now);
                    *known.entry((entry.schedule, since)).or_insert_with(|| {
                        let latest = schedule.latest(since, now, zone);
                        latest.ok_or_else(|| schedule.next_after(since, zone))
                    })
                }
            };
            match found {
                Ok((slot, missed)) => {
                    entry.is_under_way = true;
                    due.push(Due { at, slot, missed });
                }
                Err(next) => later.extend(next.map(|next| Reverse((next, at)))),
            }
        }
        self.next.extend(later);
        due.sort_by_key(|due| due.at);
        due
    }

    /// A collection is over: its slot is served, whatever came of it.
    pub(crate) fn served(&mut self, kpi: &KpiRef, slot: DateTime<Utc>) {
        let Some(at) = self.places.get(kpi).copied() else { return };
        let Some(entry) = self.entries.get_mut(at) else { return };
        entry.served = Some(slot);
        if std::mem::take(&mut entry.is_under_way) {
            self.next.push(Reverse((DateTime::<Utc>::MIN_UTC, at)));
        }
    }

    fn look_at_all(&mut self) {
        let resting = self.entries.iter().enumerate().filter(|(_, entry)| !entry.is_under_way);
        self.next = resting.map(|(at, _)| Reverse((DateTime::<Utc>::MIN_UTC, at))).collect();
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
        let request = Request::Sql(Box::new(Query::parse("select 1").unwrap()));
        let from = Id::parse("erp").unwrap();
        let source =
            Source { from, request, reading: ReadingKind::Value, scale: None, lookback: 0 };
        vec![Collection { kpi: KpiRef::parse("s/k").unwrap(), schedule, source }]
    }

    fn daily() -> Vec<Collection> {
        collections(Schedule::Cron(Cron::parse("0 6 * * *").unwrap()))
    }

    fn agenda_of(collections: &[Collection], served: Option<&str>) -> Agenda {
        let kpi = KpiRef::parse("s/k").unwrap();
        let served = served.map(|instant| (kpi, at(instant))).into_iter().collect();
        Agenda::new(chrono_tz::Europe::Amsterdam, collections, &served)
    }

    fn agenda(served: Option<&str>) -> Agenda {
        agenda_of(&daily(), served)
    }

    #[test]
    fn what_was_never_collected_is_due_at_once() {
        let now = at("2026-06-03T10:00:00Z");
        let due = agenda(None).take_due(now);
        assert_eq!(due, [Due { at: 0, slot: now, missed: 0 }]);
    }

    #[test]
    fn a_week_of_downtime_is_caught_up_once() {
        let mut agenda = agenda(Some("2026-06-01T04:00:00Z"));
        let now = at("2026-06-08T10:00:00Z");
        let due = agenda.take_due(now);
        assert_eq!(due, [Due { at: 0, slot: at("2026-06-08T04:00:00Z"), missed: 6 }]);
        assert_eq!(agenda.take_due(now), [], "it is under way");
        agenda.served(&KpiRef::parse("s/k").unwrap(), due[0].slot);
        assert_eq!(agenda.take_due(now), [], "it was served");
    }

    #[test]
    fn a_slow_run_swallows_the_instants_it_overlaps() {
        let every = Schedule::Every(Interval::new(TimeDelta::seconds(10)).unwrap());
        let collections = collections(every);
        let mut agenda = agenda_of(&collections, Some("2026-06-01T04:00:00Z"));
        let start = at("2026-06-01T04:00:10Z");
        assert_eq!(agenda.take_due(start).len(), 1);
        assert_eq!(agenda.take_due(start + TimeDelta::seconds(25)), []);
        agenda.served(&KpiRef::parse("s/k").unwrap(), start);
        let due = agenda.take_due(start + TimeDelta::seconds(35));
        assert_eq!(due, [Due { at: 0, slot: start + TimeDelta::seconds(30), missed: 2 }]);
    }

    #[test]
    fn a_clock_that_steps_back_does_not_run_a_slot_again_nor_stand_still() {
        let mut agenda = agenda(Some("2026-06-08T04:00:00Z"));
        assert_eq!(agenda.take_due(at("2026-06-08T03:30:00Z")), []);
        let next = agenda.take_due(at("2026-06-09T04:00:00Z"));
        assert_eq!(next.len(), 1);
    }

    #[test]
    fn a_clock_set_back_over_several_instants_does_not_stand_still() {
        let mut agenda = agenda(Some("2026-06-08T04:00:00Z"));
        assert_eq!(agenda.take_due(at("2026-06-05T10:00:00Z")), []);
        let due = agenda.take_due(at("2026-06-06T04:00:00Z"));
        assert_eq!(due, [Due { at: 0, slot: at("2026-06-06T04:00:00Z"), missed: 0 }]);
    }

    #[test]
    fn a_clock_set_ahead_is_one_run_and_back_again_none() {
        let mut agenda = agenda(Some("2026-06-01T04:00:00Z"));
        let due = agenda.take_due(at("2026-06-04T10:00:00Z"));
        assert_eq!(due, [Due { at: 0, slot: at("2026-06-04T04:00:00Z"), missed: 2 }]);
        agenda.served(&KpiRef::parse("s/k").unwrap(), due[0].slot);
        assert_eq!(agenda.take_due(at("2026-06-01T10:00:00Z")), []);
        assert_eq!(agenda.take_due(at("2026-06-02T04:00:00Z")).len(), 1);
    }

    #[test]
    fn what_is_not_due_is_not_looked_at_again() {
        let every = Schedule::Every(Interval::new(TimeDelta::seconds(10)).unwrap());
        let mut agenda = agenda_of(&collections(every), Some("2026-06-01T04:00:00Z"));
        let start = at("2026-06-01T04:00:01Z");
        assert_eq!(agenda.take_due(start), []);
        let next = agenda.next.peek().map(|Reverse((next, _))| *next);
        assert_eq!(next, Some(at("2026-06-01T04:00:10Z")));
        // It was served in a clock that was ahead, and is looked at when that is set back.
        assert_eq!(agenda.take_due(at("2026-06-01T05:00:00Z")).len(), 1);
        agenda.served(&KpiRef::parse("s/k").unwrap(), at("2026-06-01T05:00:00Z"));
        assert_eq!(agenda.take_due(at("2026-06-01T05:00:01Z")), []);
        assert_eq!(agenda.take_due(at("2026-06-01T04:30:00Z")), []);
        assert_eq!(agenda.take_due(at("2026-06-01T04:30:10Z")).len(), 1);
    }
}
