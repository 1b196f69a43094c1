//! `/calendar/{scorecard}.ics`: when figures, reports, digests and initiatives of a scorecard are due, for
//! calendars that subscribe to it (RFC 5545).

use std::collections::BTreeMap;

use chrono::{DateTime, Days, NaiveDate, NaiveTime, TimeDelta, Utc};
use icalendar::{Component, Event, EventLike};

use crate::web::{
    api::operation::{Content, Operation, Parameter, Run, id_schema},
    pages::page_request::{Answer, PageRequest},
    site::Site,
};
use kpid_board::notice::Notice;
use kpid_language::{Language, text};
use kpid_rules::model::{
    Calendar, Frequency, Id, Initiative, Kpi, Lag, Period, ReportPolicy, Scorecard, one_line,
};

/// How far back a calendar goes: what was due last month is looked up.
const DAYS_BACK: u64 = 31;

/// How far ahead: to the same day of next year.
const DAYS_AHEAD: u64 = 366;

/// KPIs that an entry names; more are counted.
const NAMED_MAX: usize = 30;

/// Initiatives in one calendar, the first due first.
const INITIATIVES_MAX: usize = 1_000;

/// A digest that comes more often is no date.
const DIGEST_DAYS_MIN: i64 = 5;

const SCORECARD: Parameter = Parameter {
    name: "scorecard",
    place: "path",
    description: "The id of a scorecard",
    schema: id_schema,
    example: Some("calder"),
};

pub(super) const OPERATIONS: &[Operation] = &[Operation {
    path: "/calendar/{scorecard}.ics",
    summary: "When figures, reports, digests and initiatives are due, as iCalendar",
    parameters: &[SCORECARD],
    answer: Content::Text("text/calendar"),
    run: Run::Get(|request, id| Box::pin(calendar(request, id))),
}];

async fn calendar(request: PageRequest, id: String) -> Answer {
    let scorecard = Id::parse(&id).ok().and_then(|id| request.scorecard(&id));
    let scorecard = scorecard.ok_or_else(|| request.refused(Notice::NotFound))?;
    let dates = Dates {
        language: request.language,
        site: &request.site,
        scorecard,
        now: request.site.clock.now(),
    };
    Ok(request.answer_as("text/calendar; charset=utf-8", dates.calendar()))
}

/// KPIs whose figures are due on the same days.
type DueTogether<'s> = BTreeMap<(Frequency, u32, bool), Vec<&'s Kpi>>;

struct Dates<'s> {
    language: &'static Language,
    site: &'s Site,
    scorecard: &'s Scorecard,
    now: DateTime<Utc>,
}

impl Dates<'_> {
    fn calendar(&self) -> String {
        let name =
            text!(self.language, "calendar-name", scorecard = one_line(&self.scorecard.name));
        let mut calendar = icalendar::Calendar::new();
        calendar.name(&name).ttl(&TimeDelta::hours(12));
        calendar.extend(self.figures());
        calendar.extend(self.reports());
        calendar.extend(self.digests());
        calendar.extend(self.initiatives());
        calendar.to_string()
    }

    fn days(&self) -> (NaiveDate, NaiveDate) {
        let today = self.calendar_of_days().local_day(self.now);
        (today - Days::new(DAYS_BACK), today + Days::new(DAYS_AHEAD))
    }

    fn calendar_of_days(&self) -> &Calendar {
        &self.scorecard.calendar
    }

    /// A KPI of every day has no day on which somebody thinks of it.
    fn due_together(&self) -> DueTogether<'_> {
        let mut together = DueTogether::new();
        for kpi in self.scorecard.kpis().filter(|kpi| kpi.frequency != Frequency::Day) {
            let (days, is_working) = match kpi.lag_at_most() {
                Lag::Days(days) => (days, false),
                Lag::WorkingDays(days) => (days, true),
            };
            together.entry((kpi.frequency, days, is_working)).or_default().push(kpi);
        }
        together
    }

    fn figures(&self) -> Vec<Event> {
        let (first, last) = self.days();
        let (calendar, language) = (self.calendar_of_days(), self.language);
        let mut due: BTreeMap<(NaiveDate, Period), Vec<&str>> = BTreeMap::new();
        for ((frequency, days, is_working), kpis) in self.due_together() {
            let lag = if is_working { Lag::WorkingDays(days) } else { Lag::Days(days) };
            for period in periods(calendar, frequency, last) {
                let day = calendar.due(period, lag);
                if day < first {
                    break;
                }
                // What does not count in a period is not awaited.
                let counting = kpis.iter().filter(|kpi| kpi.weight_in(Some(period)) > 0.0);
                let names: Vec<&str> = counting.map(|kpi| kpi.name.as_str()).collect();
                if day <= last && !names.is_empty() {
                    due.entry((day, period)).or_default().extend(names);
                }
            }
        }
        due.into_iter()
            .map(|((day, period), names)| {
                let shown = language.period(period);
                let summary =
                    text!(language, "calendar-figures", period = shown, count = names.len());
                let mut lines: Vec<String> =
                    names.iter().take(NAMED_MAX).map(|name| one_line(name)).collect();
                if let Some(more) = names.len().checked_sub(NAMED_MAX).filter(|more| *more > 0) {
                    lines.push(text!(language, "and-more", count = more));
                }
                let uid = format!("figures-{period}-{day}");
                self.on_day(&uid, day, &summary).description(&lines.join("\n")).done()
            })
            .collect()
    }

    /// A report is sent when the last figure is in, and at the latest when it is due.
    fn reports(&self) -> Vec<Event> {
        let Some(ReportPolicy { frequency, .. }) = &self.scorecard.report else {
            return Vec::new();
        };
        let ((first, last), calendar) = (self.days(), self.calendar_of_days());
        let lags: Vec<(Frequency, Lag)> =
            self.scorecard.kpis().map(|kpi| (kpi.frequency, kpi.lag_at_most())).collect();
        let due = |period: Period| {
            let end = calendar.last_day(period);
            let own = |(frequency, lag): &(Frequency, Lag)| {
                let own = calendar.period_of(*frequency, end);
                let own = if calendar.last_day(own) <= end { own } else { own.previous() };
                calendar.due(own, *lag)
            };
            lags.iter().map(own).max().unwrap_or(end).max(end)
        };
        let due = periods(calendar, *frequency, last).map(|period| (period, due(period)));
        due.take_while(|(_, day)| *day >= first)
            .filter(|(_, day)| *day <= last)
            .map(|(period, day)| {
                let shown = self.language.period(period);
                let summary = text!(self.language, "calendar-report", period = shown);
                self.on_day(&format!("report-{period}"), day, &summary)
            })
            .collect()
    }

    fn digests(&self) -> Vec<Event> {
        let Some(schedule) = &self.site.digests else { return Vec::new() };
        let zone = self.site.calendar.zone;
        let is_date = schedule
            .spacing(self.now, zone)
            .is_some_and(|spacing| spacing > TimeDelta::days(DIGEST_DAYS_MIN));
        if !is_date {
            return Vec::new();
        }
        let (_, last) = self.days();
        let next = |at: &DateTime<Utc>| schedule.next_after(*at, zone);
        let instants = std::iter::successors(schedule.next_after(self.now, zone), next);
        instants
            .take_while(|at| at.with_timezone(&zone).date_naive() <= last)
            .map(|at| {
                let summary = self.language.text("calendar-digest");
                let mut event = self.event(&format!("digest-{}", at.timestamp()), &summary);
                event.starts(at).done()
            })
            .collect()
    }

    fn initiatives(&self) -> Vec<Event> {
        let (first, last) = self.days();
        let objectives = self.scorecard.perspectives.iter().flat_map(|held| &held.objectives);
        let all = objectives.flat_map(|objective| {
            let own = objective.initiatives.iter().map(move |held| (objective.id.as_str(), held));
            let kpis = objective.kpis.iter();
            own.chain(
                kpis.flat_map(|kpi| {
                    kpi.initiatives.iter().map(move |held| (kpi.id.as_str(), held))
                }),
            )
        });
        let mut due: Vec<(NaiveDate, &str, &Initiative)> = all
            .filter_map(|(of, held)| Some((held.due?, of, held)))
            .filter(|(day, ..)| (first..=last).contains(day))
            .collect();
        due.sort_by_key(|(day, of, held)| (*day, *of, held.id.clone()));
        due.into_iter()
            .take(INITIATIVES_MAX)
            .map(|(day, of, held)| {
                let name = one_line(&held.name);
                let summary = text!(self.language, "calendar-initiative", name = name);
                let owner = held.owner.as_ref().map(|owner| {
                    self.site.people.get(owner).map_or(owner.as_str(), |person| &person.name)
                });
                let lines = [owner.map(one_line), held.state.as_deref().map(one_line)];
                let lines: Vec<String> = lines.into_iter().flatten().collect();
                let mut event = self.on_day(&format!("initiative-{of}-{}", held.id), day, &summary);
                if !lines.is_empty() {
                    event.description(&lines.join("\n"));
                }
                event
            })
            .collect()
    }

    fn on_day(&self, uid: &str, day: NaiveDate, summary: &str) -> Event {
        self.event(uid, summary).all_day(day).done()
    }

    /// An entry that is the same as long as it says the same: its stamp is that of the day.
    fn event(&self, uid: &str, summary: &str) -> Event {
        let stamp = self.now.date_naive().and_time(NaiveTime::MIN).and_utc();
        let uid = format!("{uid}@{}.kpid", self.scorecard.id);
        Event::with_uid(&uid).timestamp(stamp).summary(summary).done()
    }
}

/// The periods that are over by a day, the newest first.
fn periods(
    calendar: &Calendar,
    frequency: Frequency,
    last: NaiveDate,
) -> impl Iterator<Item = Period> {
    let newest = calendar.period_of(frequency, last);
    std::iter::successors(Some(newest), |period| Some(period.previous()))
}
