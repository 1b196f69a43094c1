//! When a KPI is collected: cron or an interval, in a zone. The only place that says which instants
//! a schedule has; the wake-up clock merely wakes.

use std::{fmt, str::FromStr, sync::Arc};

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use croner::Cron as Pattern;

/// More often than this is no schedule but a load test.
const INTERVAL_MIN: TimeDelta = TimeDelta::seconds(1);

/// Less often than this, write a cron expression.
const INTERVAL_MAX: TimeDelta = TimeDelta::days(366);

/// More instants than this are not counted one by one: a clock set far ahead must not stop the daemon.
const MISSED_MAX: u64 = 10_000;

/// KPIs of one schedule that are spread out begin at one of so many instants.
const SPREAD_STEPS: u32 = 32;

/// When a KPI is collected.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Schedule {
    /// Five fields, read in the calendar's zone.
    Cron(Cron),
    /// Every so long, counted from midnight UTC of 1970-01-01, so that a restart does not shift it.
    Every(Interval),
    /// So much later than another one says.
    Later(Box<Schedule>, TimeDelta),
}

/// A cron expression that has a next instant, now and in a hundred years.
#[derive(Clone, Debug)]
pub struct Cron {
    text: String,
    pattern: Arc<Pattern>,
}

/// A span between one second and 366 days.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Interval(TimeDelta);

/// Why a text is not a schedule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScheduleError {
    /// Not five fields.
    #[error("`{0}` has {1} fields; a cron expression has five: minute hour day month weekday")]
    Fields(String, usize),
    /// A field that cannot be read.
    #[error("`{text}`: `{part}` is not a valid {}; write {}", .field.name, .field.values)]
    Field {
        /// The whole text.
        text: String,
        /// What is written in the field.
        part: String,
        /// Which field.
        field: CronField,
    },
    /// Fields that can be read, and not together; or a word after `@`.
    #[error(
        "`{0}` is not a cron expression; write five fields, such as `0 6 * * *` for 06:00 daily"
    )]
    Pattern(String),
    /// Well-formed, but for no day of any year.
    #[error("`{0}` never comes; there is no such day")]
    Never(String),
    /// An interval out of bounds.
    #[error("an interval lies between 1s and 366d")]
    Interval,
}

/// A field of a cron expression, as people call it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CronField {
    name: &'static str,
    values: &'static str,
}

/// The fields of a cron expression, in order.
const CRON_FIELDS: [CronField; 5] = [
    CronField { name: "minute", values: "0 to 59" },
    CronField { name: "hour", values: "0 to 23" },
    CronField { name: "day of the month", values: "1 to 31, or `L` for the last" },
    CronField { name: "month", values: "1 to 12, or JAN to DEC" },
    CronField { name: "day of the week", values: "0 to 6 from Sunday, or SUN to SAT" },
];

impl Cron {
    /// Reads five fields: minute, hour, day of month, month, day of week.
    pub fn parse(text: &str) -> Result<Self, ScheduleError> {
        let fields = text.split_whitespace().count();
        if fields != 5 && !text.trim_start().starts_with('@') {
            return Err(ScheduleError::Fields(text.to_owned(), fields));
        }
        let pattern = Pattern::from_str(text).map_err(|_| misread(text))?;
        match pattern.find_next_occurrence(&DateTime::<Utc>::UNIX_EPOCH, false) {
            Ok(_) => Ok(Self { text: text.to_owned(), pattern: Arc::new(pattern) }),
            Err(_) => Err(ScheduleError::Never(text.to_owned())),
        }
    }

    fn next_after(&self, instant: DateTime<Utc>, zone: Tz) -> Option<DateTime<Utc>> {
        let local = instant.with_timezone(&zone);
        let next = self.pattern.find_next_occurrence(&local, false).ok()?;
        Some(next.to_utc())
    }

    fn latest(
        &self,
        after: DateTime<Utc>,
        upto: DateTime<Utc>,
        zone: Tz,
    ) -> Option<(DateTime<Utc>, u64)> {
        let next = |at: &DateTime<Utc>| self.next_after(*at, zone);
        let mut instants = std::iter::successors(next(&after), next).take_while(|at| *at <= upto);
        let (mut latest, mut missed) = (instants.next()?, 0);
        for at in instants {
            if missed == MISSED_MAX {
                let local = upto.with_timezone(&zone);
                let last = self.pattern.find_previous_occurrence(&local, true).ok()?;
                return Some((last.to_utc(), missed));
            }
            (latest, missed) = (at, missed + 1);
        }
        Some((latest, missed))
    }
}

/// Which field of a text cannot be read: the first that cannot even where all others are `*`.
fn misread(text: &str) -> ScheduleError {
    let parts: Vec<&str> = text.split_whitespace().collect();
    let is_misread = |at: usize| {
        let alone =
            parts.iter().enumerate().map(|(other, part)| if other == at { part } else { "*" });
        Pattern::from_str(&alone.collect::<Vec<_>>().join(" ")).is_err()
    };
    let is_complete = parts.len() == CRON_FIELDS.len();
    let mut fields = parts.iter().zip(CRON_FIELDS).enumerate();
    match fields.find(|(at, _)| is_complete && is_misread(*at)) {
        Some((_, (part, field))) => {
            ScheduleError::Field { text: text.to_owned(), part: (*part).to_owned(), field }
        }
        None => ScheduleError::Pattern(text.to_owned()),
    }
}

impl PartialEq for Cron {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Cron {}

impl std::hash::Hash for Cron {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.text.hash(state);
    }
}

impl Interval {
    /// A span between one second and 366 days.
    pub fn new(span: TimeDelta) -> Result<Self, ScheduleError> {
        let fits = (INTERVAL_MIN..=INTERVAL_MAX).contains(&span);
        if fits { Ok(Self(span)) } else { Err(ScheduleError::Interval) }
    }

    /// The span.
    pub fn span(self) -> TimeDelta {
        self.0
    }

    fn next_after(self, instant: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let span = self.0.num_microseconds()?;
        let next = instant.timestamp_micros().div_euclid(span).checked_add(1)?.checked_mul(span)?;
        DateTime::from_timestamp_micros(next)
    }
}

impl Schedule {
    /// The first instant after `instant`; `None` past the end of time.
    pub fn next_after(&self, instant: DateTime<Utc>, zone: Tz) -> Option<DateTime<Utc>> {
        match self {
            Self::Cron(cron) => cron.next_after(instant, zone),
            Self::Every(interval) => interval.next_after(instant),
            Self::Later(earlier, by) => {
                earlier.next_after(instant.checked_sub_signed(*by)?, zone)?.checked_add_signed(*by)
            }
        }
    }

    /// The same schedule, later by a share of `within` that is always the same for one name, so
    /// that KPIs with one schedule do not all ask at once.
    pub fn spread(self, name: &str, within: TimeDelta) -> Self {
        let step = fingerprint(name) % SPREAD_STEPS;
        let by =
            (within / i32::try_from(SPREAD_STEPS).unwrap_or(1)) * i32::try_from(step).unwrap_or(0);
        if by.is_zero() { self } else { Self::Later(Box::new(self), by) }
    }

    /// The newest instant in `(after, upto]`, and how many others lie there before it; of very many,
    /// not all are counted.
    pub fn latest(
        &self,
        after: DateTime<Utc>,
        upto: DateTime<Utc>,
        zone: Tz,
    ) -> Option<(DateTime<Utc>, u64)> {
        match self {
            Self::Every(interval) => interval.latest(after, upto),
            Self::Cron(cron) => cron.latest(after, upto, zone),
            Self::Later(earlier, by) => {
                let before = |at: DateTime<Utc>| at.checked_sub_signed(*by);
                let (latest, missed) = earlier.latest(before(after)?, before(upto)?, zone)?;
                Some((latest.checked_add_signed(*by)?, missed))
            }
        }
    }

    /// Up to where a schedule has been served. One instant is not served again when the clock is set
    /// back before it; over several, a schedule begins anew, or it would stand still until the clock
    /// is where it was.
    pub fn served_until(
        &self,
        served: DateTime<Utc>,
        now: DateTime<Utc>,
        zone: Tz,
    ) -> DateTime<Utc> {
        let goes_back_over =
            || self.latest(now, served, zone).is_some_and(|(_, others)| others > 0);
        if now < served && goes_back_over() { now } else { served }
    }

    /// About how long it is from one instant to the next.
    pub fn spacing(&self, from: DateTime<Utc>, zone: Tz) -> Option<TimeDelta> {
        let first = self.next_after(from, zone)?;
        Some(self.next_after(first, zone)? - first)
    }
}

impl Interval {
    fn latest(self, after: DateTime<Utc>, upto: DateTime<Utc>) -> Option<(DateTime<Utc>, u64)> {
        let span = self.0.num_microseconds()?;
        let slot = |at: DateTime<Utc>| at.timestamp_micros().div_euclid(span);
        let passed = u64::try_from(slot(upto) - slot(after)).ok()?;
        let latest = DateTime::from_timestamp_micros(slot(upto).checked_mul(span)?)?;
        Some((latest, passed.checked_sub(1)?))
    }
}

/// FNV-1a, which is the same in every release and on every machine.
fn fingerprint(name: &str) -> u32 {
    name.bytes().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cron(cron) => write!(f, "{}", cron.text),
            Self::Every(interval) => {
                let span = interval.0.to_std().unwrap_or_default();
                write!(f, "every {}", humantime::format_duration(span))
            }
            Self::Later(earlier, by) => {
                let by = by.to_std().unwrap_or_default();
                write!(f, "{earlier}, later by {}", humantime::format_duration(by))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ZONE: Tz = chrono_tz::Europe::Amsterdam;

    fn at(text: &str) -> DateTime<Utc> {
        DateTime::parse_from_rfc3339(text).unwrap().to_utc()
    }

    fn cron(text: &str) -> Schedule {
        Schedule::Cron(Cron::parse(text).unwrap())
    }

    fn runs(schedule: &Schedule, from: &str, count: usize) -> Vec<String> {
        let next = |at: &DateTime<Utc>| schedule.next_after(*at, ZONE);
        let instants = std::iter::successors(next(&at(from)), next);
        instants.take(count).map(|at| at.format("%m-%dT%H:%MZ").to_string()).collect()
    }

    #[test]
    fn a_time_in_the_spring_gap_runs_once_just_after_it() {
        let expected = ["03-28T01:30Z", "03-29T01:00Z", "03-30T00:30Z"];
        assert_eq!(runs(&cron("30 2 * * *"), "2026-03-27T12:00:00Z", 3), expected);
    }

    #[test]
    fn a_time_that_comes_twice_in_autumn_runs_once_at_the_first() {
        let expected = ["10-24T00:30Z", "10-25T00:30Z", "10-26T01:30Z"];
        assert_eq!(runs(&cron("30 2 * * *"), "2026-10-23T12:00:00Z", 3), expected);
    }

    #[test]
    fn a_morning_stays_a_morning_across_the_change() {
        assert_eq!(
            runs(&cron("0 6 * * *"), "2026-10-24T12:00:00Z", 2),
            ["10-25T05:00Z", "10-26T05:00Z"]
        );
    }

    #[test]
    fn what_runs_every_few_minutes_runs_on_across_the_changes() {
        let spring = ["03-29T00:30Z", "03-29T00:45Z", "03-29T01:00Z", "03-29T01:15Z"];
        assert_eq!(runs(&cron("*/15 * * * *"), "2026-03-29T00:15:00Z", 4), spring);
        let hourly = ["03-29T00:00Z", "03-29T01:00Z", "03-29T02:00Z"];
        assert_eq!(runs(&cron("0 * * * *"), "2026-03-28T23:30:00Z", 3), hourly);
        let autumn = [
            "10-25T00:00Z",
            "10-25T00:20Z",
            "10-25T00:40Z",
            "10-25T01:00Z",
            "10-25T01:20Z",
            "10-25T01:40Z",
            "10-25T02:00Z",
        ];
        assert_eq!(runs(&cron("*/20 * * * *"), "2026-10-24T23:50:00Z", 7), autumn);
        let hourly = ["10-25T00:00Z", "10-25T01:00Z", "10-25T02:00Z"];
        assert_eq!(runs(&cron("0 * * * *"), "2026-10-24T23:30:00Z", 3), hourly);
    }

    #[test]
    fn a_run_at_a_gap_or_overlap_is_neither_lost_nor_doubled_in_any_zone() {
        use chrono_tz::{
            America::New_York, Australia::Lord_Howe, Europe::Dublin, Pacific::Chatham,
        };
        for zone in [ZONE, New_York, Lord_Howe, Dublin, Chatham] {
            for minutes in (0..24 * 60).step_by(15) {
                let daily = cron(&format!("{} {} * * *", minutes % 60, minutes / 60));
                let (from, upto) = (at("2026-01-01T12:00:00Z"), at("2027-01-01T12:00:00Z"));
                let (_, missed) = daily.latest(from, upto, zone).unwrap();
                assert_eq!(missed + 1, 365, "{daily} in {zone}");
            }
        }
    }

    #[test]
    fn a_clock_set_far_ahead_is_caught_up_with_at_once() {
        let (from, upto) = (at("2026-06-01T00:00:00Z"), at("2126-06-01T00:00:30Z"));
        let (slot, missed) = cron("* * * * *").latest(from, upto, ZONE).unwrap();
        assert_eq!(slot, at("2126-06-01T00:00:00Z"));
        assert_eq!(missed, MISSED_MAX);
    }

    #[test]
    fn kpis_of_one_schedule_are_spread_the_same_way_every_time() {
        let daily = cron("0 6 * * *");
        let within = TimeDelta::minutes(16);
        let offset = |name: &str| {
            let spread = daily.clone().spread(name, within);
            spread.next_after(at("2026-06-01T00:00:00Z"), ZONE).unwrap()
                - at("2026-06-01T04:00:00Z")
        };
        let names: Vec<String> = (0..200).map(|number| format!("acme/kpi-{number}")).collect();
        let offsets: std::collections::BTreeSet<TimeDelta> =
            names.iter().map(|name| offset(name)).collect();
        assert!(offsets.iter().all(|by| *by >= TimeDelta::zero() && *by < within));
        assert!(offsets.len() > 24, "{offsets:?}");
        assert_eq!(offset("acme/revenue"), TimeDelta::seconds(480), "in every release");
        let spread = daily.clone().spread("acme/revenue", within);
        let (from, upto) = (at("2026-06-01T12:00:00Z"), at("2026-06-08T12:00:00Z"));
        let (slot, missed) = spread.latest(from, upto, ZONE).unwrap();
        assert_eq!((slot - at("2026-06-08T04:00:00Z"), missed), (offset("acme/revenue"), 6));
    }

    #[test]
    fn intervals_do_not_shift_with_a_restart() {
        let six_hours = Schedule::Every(Interval::new(TimeDelta::hours(6)).unwrap());
        let expected = ["06-01T06:00Z", "06-01T12:00Z"];
        assert_eq!(runs(&six_hours, "2026-06-01T00:00:00Z", 2), expected);
        assert_eq!(runs(&six_hours, "2026-06-01T05:59:59Z", 2), expected);
    }

    #[test]
    fn after_a_downtime_the_newest_instant_is_due_and_the_others_are_counted() {
        let daily = cron("0 6 * * *");
        let (from, upto) = (at("2026-06-01T04:00:00Z"), at("2026-06-08T12:00:00Z"));
        assert_eq!(daily.latest(from, upto, ZONE), Some((at("2026-06-08T04:00:00Z"), 6)));
        assert_eq!(daily.latest(upto, upto, ZONE), None);
        let hourly = Schedule::Every(Interval::new(TimeDelta::hours(1)).unwrap());
        assert_eq!(hourly.latest(from, from + TimeDelta::minutes(59), ZONE), None);
        assert_eq!(
            hourly.latest(from, from + TimeDelta::hours(3), ZONE),
            Some((from + TimeDelta::hours(3), 2))
        );
    }

    #[test]
    fn what_is_no_schedule_is_refused() {
        for bad in ["", "0 6 * *", "0 0 6 * * *", "61 * * * *", "0 0 31 2 *", "a b c d e"] {
            assert!(Cron::parse(bad).is_err(), "{bad:?} was read");
        }
        assert!(Interval::new(TimeDelta::zero()).is_err());
    }

    #[test]
    fn a_field_that_cannot_be_read_is_named_with_what_it_can_be() {
        let why = |text: &str| Cron::parse(text).unwrap_err().to_string();
        for (text, sentence) in [
            ("61 * * * *", "`61 * * * *`: `61` is not a valid minute; write 0 to 59"),
            ("0 6-30 * * *", "`0 6-30 * * *`: `6-30` is not a valid hour; write 0 to 23"),
            (
                "0 6 * * MOON",
                "`0 6 * * MOON`: `MOON` is not a valid day of the week; write 0 to 6 from Sunday, or SUN to SAT",
            ),
            (
                "@fortnightly",
                "`@fortnightly` is not a cron expression; write five fields, such as `0 6 * * *` for 06:00 daily",
            ),
        ] {
            assert_eq!(why(text), sentence);
        }
    }
}
