//! When families are judged because time alone may change something. A deadline waits a moment for
//! figures that are asked for at the same instant, and longer while they are on their way.

use std::{
    collections::{BTreeSet, HashMap},
    time::Duration,
};

use chrono::{DateTime, TimeDelta, Utc};
use tokio::time::Instant;

/// How long a deadline waits for a round that begins at its instant, as at midnight.
const GRACE: TimeDelta = TimeDelta::seconds(1);

/// How long it waits for the figures of a round: as long as these wait for each other.
const HELD_FOR: Duration = Duration::from_secs(45);

/// A clock that went back by more than this was set, not corrected.
const STEP_BACK: TimeDelta = TimeDelta::seconds(2);

/// The deadlines of families.
#[derive(Debug, Default)]
pub(super) struct Timetable {
    in_order: BTreeSet<(DateTime<Utc>, usize)>,
    of: HashMap<usize, DateTime<Utc>>,
    /// Until when the families wait of which something is asked.
    held: HashMap<usize, Instant>,
    /// What the clock showed last.
    looked_at: Option<DateTime<Utc>>,
}

impl Timetable {
    /// Sets the deadline of a family, or takes it away.
    pub(super) fn set(&mut self, family: usize, at: Option<DateTime<Utc>>) {
        if let Some(before) = self.of.remove(&family) {
            self.in_order.remove(&(before, family));
        }
        if let Some(at) = at {
            self.of.insert(family, at);
            self.in_order.insert((at, family));
        }
    }

    /// Figures of a family are on their way.
    pub(super) fn hold(&mut self, family: usize, now: Instant) {
        self.held.insert(family, now + HELD_FOR);
    }

    /// They are in.
    pub(super) fn release(&mut self, family: usize) {
        self.held.remove(&family);
    }

    /// When to look again at the latest.
    pub(super) fn next(&self, clock: DateTime<Utc>, now: Instant) -> Option<Instant> {
        let (at, _) = self.in_order.first()?;
        Some(now + (*at + GRACE - clock).to_std().unwrap_or_default())
    }

    /// The families whose time has come. A clock that was set back tells of none, so all are looked at.
    pub(super) fn take_due(&mut self, clock: DateTime<Utc>, now: Instant) -> Vec<usize> {
        let before = self.looked_at.replace(clock);
        if before.is_some_and(|before| clock < before - STEP_BACK) {
            self.in_order.clear();
            return self.of.drain().map(|(family, _)| family).collect();
        }
        let mut due = Vec::new();
        while let Some((at, family)) = self.in_order.first().copied()
            && at + GRACE <= clock
        {
            let left = self.held.get(&family).map(|until| *until - now);
            match left.filter(|left| !left.is_zero()).map(TimeDelta::from_std) {
                Some(Ok(left)) => self.set(family, Some(clock + left)),
                _ => {
                    self.set(family, None);
                    due.push(family);
                }
            }
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::seconds(second)
    }

    fn table(deadlines: &[(usize, i64)], now: Instant) -> Timetable {
        let mut table = Timetable::default();
        assert!(table.take_due(at(0), now).is_empty());
        deadlines.iter().for_each(|(family, second)| table.set(*family, Some(at(*second))));
        table
    }

    #[test]
    fn a_family_is_due_once_just_after_its_deadline() {
        let now = Instant::now();
        let mut table = table(&[(7, 60), (3, 90), (4, 40)], now);
        table.set(4, Some(at(100)));
        assert!(table.take_due(at(60), now).is_empty(), "a round may begin at this instant");
        assert_eq!(table.take_due(at(61), now), [7]);
        assert!(table.take_due(at(61), now).is_empty());
        assert_eq!(table.next(at(61), now), Some(now + Duration::from_secs(30)));
        assert_eq!(table.take_due(at(500), now), [3, 4], "the clock was set forward");
        assert_eq!(table.next(at(500), now), None);
    }

    #[test]
    fn a_deadline_waits_for_figures_that_are_on_their_way_but_not_for_ever() {
        let now = Instant::now();
        let mut table = table(&[(7, 60)], now);
        table.hold(7, now);
        assert!(table.take_due(at(70), now + Duration::from_secs(10)).is_empty());
        assert_eq!(table.take_due(at(106), now + Duration::from_secs(46)), [7]);
    }

    #[test]
    fn a_clock_set_back_makes_every_family_due() {
        let now = Instant::now();
        let mut table = table(&[(7, 60), (3, 90)], now);
        table.take_due(at(30), now);
        let mut due = table.take_due(at(20), now);
        due.sort_unstable();
        assert_eq!(due, [3, 7]);
    }
}
