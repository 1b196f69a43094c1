//! Which spans of time a source is asked about at an instant. Pure.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use kpid_rules::{
    model::{Calendar, Kpi, Nature, Period},
    series::ReadingKind,
};
use kpid_sources::{Source, Window};

/// Gaps are looked for no further back than this many closed periods.
const CATCH_UP_PERIODS_MAX: usize = 12;

/// The windows a collection asks for at `now`, given the periods that have an actual.
///
/// A series spans its look back. A level, and what is cumulative in its period, is asked for the
/// running period. Anything else is asked for the last closed period, which is the one judged, and
/// for closed periods that were missed since the oldest one held. Of periods in which the KPI is not
/// followed nothing is asked.
pub(crate) fn windows(
    kpi: &Kpi,
    source: &Source,
    calendar: &Calendar,
    held: &BTreeSet<Period>,
    now: DateTime<Utc>,
) -> Vec<Window> {
    let running = calendar.period_at(kpi.frequency, now);
    let alive = |kpi: &Kpi, period: Period| -> Vec<Window> {
        Some(of(calendar, period)).filter(|_| kpi.lives_in(period)).into_iter().collect()
    };
    match source.reading {
        ReadingKind::Series => {
            let back = std::iter::successors(Some(running), |at| Some(at.previous()));
            let back = back.take(source.lookback as usize + 1);
            let living: Vec<Period> = back.filter(|at| kpi.lives_in(*at)).collect();
            let ends = living.last().zip(living.first());
            ends.map(|(oldest, newest)| spanning(calendar, *oldest, *newest)).into_iter().collect()
        }
        ReadingKind::Delta | ReadingKind::ToDate | ReadingKind::Counter => alive(kpi, running),
        ReadingKind::Value if kpi.is_judged_on_newest() || kpi.nature == Nature::Level => {
            alive(kpi, running)
        }
        ReadingKind::Value => {
            let missing = missing(source, held, running.previous());
            missing.filter(|at| kpi.lives_in(*at)).map(|period| of(calendar, period)).collect()
        }
    }
}

/// The window of one period.
pub(crate) fn of(calendar: &Calendar, period: Period) -> Window {
    spanning(calendar, period, period)
}

/// Closed periods to ask for, oldest first; at least the last. A source that cannot be told which
/// period it is asked about answers for the last alone.
fn missing(
    source: &Source,
    held: &BTreeSet<Period>,
    last: Period,
) -> impl Iterator<Item = Period> + use<> {
    // A KPI whose frequency was changed starts anew.
    let oldest = held.iter().find(|period| period.frequency() == last.frequency());
    let oldest = oldest.copied().filter(|_| source.request.names_period()).unwrap_or(last);
    let back = std::iter::successors(Some(last), |at| Some(at.previous()));
    let closed = back.take(CATCH_UP_PERIODS_MAX).take_while(|at| *at >= oldest);
    let missed: Vec<Period> = closed.filter(|at| *at == last || !held.contains(at)).collect();
    missed.into_iter().rev()
}

/// The window of several periods.
pub(crate) fn spanning(calendar: &Calendar, oldest: Period, newest: Period) -> Window {
    Window {
        period: newest,
        start: calendar.bounds(oldest).0,
        end: calendar.bounds(newest).1,
        first_day: calendar.first_day(oldest),
        last_day: calendar.last_day(newest),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kpid_rules::model::Id;
    use kpid_sources::{Request, sql::Query};

    fn asked(nature: Nature, reading: ReadingKind, held: &[&str], query: &str) -> Vec<String> {
        asked_of(&Kpi::plain(Id::parse("k").unwrap(), nature), reading, held, query)
    }

    fn asked_of(kpi: &Kpi, reading: ReadingKind, held: &[&str], query: &str) -> Vec<String> {
        let id = Id::parse("k").unwrap();
        let request = Request::Sql(Box::new(Query::parse(query).unwrap()));
        let source = Source { from: id, request, reading, scale: None, lookback: 3 };
        let calendar = Calendar::plain(chrono_tz::Europe::Amsterdam);
        let now = "2026-06-03T04:00:00Z".parse().unwrap();
        let held = held.iter().map(|key| Period::parse(key).unwrap()).collect();
        let windows = windows(kpi, &source, &calendar, &held, now);
        windows
            .iter()
            .map(|window| format!("{} from {}", window.period, window.first_day))
            .collect()
    }

    const BY_PERIOD: &str = "select 1 as value where :period_key <> ''";

    #[test]
    fn what_is_judged_when_closed_is_asked_when_closed() {
        let flow = |held: &[&str], query| asked(Nature::Flow, ReadingKind::Value, held, query);
        assert_eq!(flow(&[], BY_PERIOD), ["2026-05 from 2026-05-01"]);
        assert_eq!(flow(&["2026-05"], BY_PERIOD), ["2026-05 from 2026-05-01"]);
        let caught_up = ["2026-04 from 2026-04-01", "2026-05 from 2026-05-01"];
        assert_eq!(flow(&["2026-03"], BY_PERIOD), caught_up);
        assert_eq!(flow(&["2026-03", "2026-05"], BY_PERIOD), caught_up, "a gap is not forgotten");
        assert_eq!(flow(&["2026-03"], "select 1"), ["2026-05 from 2026-05-01"]);
        assert_eq!(flow(&["2020-01-01"], BY_PERIOD), ["2026-05 from 2026-05-01"]);
    }

    #[test]
    fn a_level_and_a_running_total_are_asked_now() {
        let now = ["2026-06 from 2026-06-01"];
        assert_eq!(asked(Nature::Level, ReadingKind::Value, &[], "select 1"), now);
        assert_eq!(asked(Nature::Flow, ReadingKind::ToDate, &[], "select 1"), now);
    }

    #[test]
    fn what_has_ended_is_not_asked_for() {
        let kpi = |nature, from: Option<&str>, until: Option<&str>| {
            let period = |key: Option<&str>| key.map(|key| Period::parse(key).unwrap());
            let (from, until) = (period(from), period(until));
            Kpi { from, until, ..Kpi::plain(Id::parse("k").unwrap(), nature) }
        };
        let flow = |from, until, held: &[&str]| {
            asked_of(&kpi(Nature::Flow, from, until), ReadingKind::Value, held, BY_PERIOD)
        };
        assert_eq!(flow(None, Some("2026-05"), &[]), ["2026-05 from 2026-05-01"]);
        assert_eq!(flow(None, Some("2026-04"), &["2026-03"]), ["2026-04 from 2026-04-01"]);
        assert_eq!(flow(None, Some("2026-04"), &["2026-04"]), [""; 0]);
        assert_eq!(flow(Some("2026-06"), None, &[]), [""; 0]);
        let level = |from, until| {
            asked_of(&kpi(Nature::Level, from, until), ReadingKind::Value, &[], BY_PERIOD)
        };
        assert_eq!(level(None, Some("2026-05")), [""; 0]);
        assert_eq!(level(Some("2026-06"), None), ["2026-06 from 2026-06-01"]);
        let series = |from, until| {
            asked_of(&kpi(Nature::Flow, from, until), ReadingKind::Series, &[], BY_PERIOD)
        };
        assert_eq!(series(None, Some("2026-04")), ["2026-04 from 2026-03-01"]);
        assert_eq!(series(Some("2026-05"), None), ["2026-06 from 2026-05-01"]);
        assert_eq!(series(None, Some("2026-02")), [""; 0]);
    }

    #[test]
    fn a_series_looks_back() {
        let series = asked(Nature::Ratio, ReadingKind::Series, &[], "select 1");
        assert_eq!(series, ["2026-06 from 2026-03-01"]);
    }
}
