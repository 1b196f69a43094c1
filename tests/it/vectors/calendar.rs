//! Days, periods, due dates, and where the data of a period stand.

use chrono::{DateTime, TimeDelta, Utc};
use kpid_rules::{
    judgement::{Judge, judge_kpi},
    model::{Calendar, Cron, Frequency, Kpi, Lag, Period, Portfolio, Schedule},
    series::{Figure, History},
};
use serde_json::{Value, json};

use super::world::{amsterdam, day, kpi, of_kpis, period, record};

fn text<'v>(input: &'v Value, key: &str) -> &'v str {
    input[key].as_str().unwrap()
}

fn instant(text: &str) -> DateTime<Utc> {
    text.replace('Z', ":00Z").parse().unwrap()
}

fn written(instant: DateTime<Utc>) -> String {
    instant.format("%Y-%m-%dT%H:%MZ").to_string()
}

fn with_holidays(input: &Value) -> Calendar {
    let days = input["holidays"].as_array().into_iter().flatten();
    let holidays = days.map(|holiday| day(holiday.as_str().unwrap())).collect();
    let fiscal_year_start = input["fiscal_year_start"].as_u64().unwrap_or(1) as u32;
    Calendar { holidays, fiscal_year_start, ..amsterdam() }
}

/// The rows of this area are told apart by what they give.
pub(super) fn calendar(input: &Value) -> Value {
    let calendar = with_holidays(input);
    let has = |key: &str| input.get(key).is_some();
    if has("date") {
        return keys(&calendar, day(text(input, "date")));
    }
    if has("cron") {
        return runs(&calendar, input);
    }
    if has("observed") {
        let month = calendar.period_at(Frequency::Month, instant(text(input, "observed")));
        return json!({ "month": month });
    }
    if has("lag") {
        return json!({ "due": calendar.due(period(text(input, "period")), Lag::WorkingDays(5)) });
    }
    let month = period(text(input, "month"));
    let (start, end) = calendar.bounds(month);
    let working_days = calendar.working_days(calendar.first_day(month), calendar.last_day(month));
    json!({ "start": written(start), "end": written(end), "working_days": working_days })
}

fn keys(calendar: &Calendar, date: chrono::NaiveDate) -> Value {
    let (year, month) = calendar.fiscal_month(date);
    json!({
        "week": calendar.period_of(Frequency::Week, date),
        "quarter": calendar.period_of(Frequency::Quarter, date),
        "year": calendar.period_of(Frequency::Year, date),
        "month_no": format!("FY{year}-M{month:02}"),
    })
}

fn runs(calendar: &Calendar, input: &Value) -> Value {
    let schedule = Schedule::Cron(Cron::parse(text(input, "cron")).unwrap());
    let days = input["days"].as_array().unwrap().iter().map(|date| day(date.as_str().unwrap()));
    let runs = days.flat_map(|day| {
        let (start, end) = calendar.bounds(Period::Day(day));
        let before = start - TimeDelta::seconds(1);
        let next = |from: &DateTime<Utc>| schedule.next_after(*from, calendar.zone);
        std::iter::successors(next(&before), next).take_while(move |run| *run < end)
    });
    json!({ "runs": runs.map(written).collect::<Vec<_>>() })
}

/// A KPI whose month has a due date of 5 working days; it has had data in March.
pub(super) fn freshness(input: &Value) -> Value {
    let mut scorecard = of_kpis(vec![Kpi { lag: Some(Lag::WorkingDays(5)), ..kpi("k") }]);
    let holiday = json!({ "holidays": ["2026-05-05"] });
    scorecard.calendar = std::sync::Arc::new(with_holidays(&holiday));
    let april = period(text(input, "period"));
    let due = scorecard.calendar.due(april, Lag::WorkingDays(5));
    assert_eq!(due.to_string(), text(input, "due"));
    let now = scorecard.calendar.midnight(day(text(input, "now")));
    let mut history = History::default();
    record(&mut history, &scorecard, "k", "2026-03", Figure::Value(1.0));
    let portfolio = Portfolio::new(vec![scorecard.clone()]).unwrap();
    let judge = Judge::new(&portfolio, &history, now);
    let case = judge.case(&scorecard, scorecard.kpis().next().unwrap());
    let running = !scorecard.calendar.is_closed(april, now);
    // What is reported is the newest closed period; while April runs, April itself is open.
    let state = if running {
        case.missing_state(april, now)
    } else {
        judge_kpi(&case, &scorecard, now).state
    };
    json!({ "state": state })
}
