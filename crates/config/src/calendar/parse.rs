//! `calendar:`, parsed.

use chrono_tz::Tz;

use crate::{
    calendar::document::{CalendarDoc, FiscalLabelDoc, MonthDoc},
    parse_context::{ParseContext, given},
    problem::{Problem, suggestion},
    yaml::located::Loc,
};
use kpid_rules::model::{Calendar, Closure, FiscalLabel};

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

/// Parses a calendar.
pub(crate) fn calendar(context: &mut ParseContext, doc: &CalendarDoc) -> Option<Calendar> {
    let zone = zone(context, &doc.timezone)?;
    let mut calendar = Calendar::plain(zone);
    if let Some(month) = doc.fiscal_year_start.as_ref().and_then(|doc| month(context, doc)) {
        calendar.fiscal_year_start = month;
    }
    if let Some(FiscalLabelDoc::Start) = given(doc.fiscal_label.as_ref()) {
        calendar.fiscal_label = FiscalLabel::Start;
    }
    if let Some(days) = given(doc.weekend.as_ref()) {
        calendar.weekend = days.iter().filter_map(|day| context.weekday(day)).collect();
    }
    for day in given(doc.holidays.as_ref()).into_iter().flatten() {
        calendar.holidays.extend(context.day(day));
    }
    for (name, place, closure) in
        given(doc.closures.as_ref()).into_iter().flat_map(|docs| docs.iter())
    {
        let days = context.day(&closure.from).zip(context.day(&closure.to));
        match days {
            Some((first_day, last_day)) if first_day <= last_day => {
                let not_applicable =
                    given(closure.not_applicable.as_ref()).copied().unwrap_or(false);
                let name = name.to_owned();
                calendar.closures.push(Closure { name, first_day, last_day, not_applicable });
            }
            Some(_) => context.error(place, format!("the closure `{name}` ends before it begins")),
            None => {}
        }
    }
    if calendar.weekend.len() >= 7 {
        context.error(doc.timezone.place, "`weekend` leaves no working day");
    }
    Some(calendar)
}

fn zone(context: &mut ParseContext, doc: &Loc<String>) -> Option<Tz> {
    let text = doc.value.as_deref()?;
    if let Ok(zone) = text.parse::<Tz>() {
        return Some(zone);
    }
    let known = chrono_tz::TZ_VARIANTS.iter().map(|zone| zone.name());
    let hint =
        suggestion(text, known).unwrap_or_else(|| "write one such as Europe/Amsterdam".into());
    context
        .problems
        .push(Problem::error(doc.place, format!("`{text}` is not a known time zone")).hint(hint));
    None
}

fn month(context: &mut ParseContext, doc: &Loc<MonthDoc>) -> Option<u32> {
    let month = match doc.value.as_ref()? {
        MonthDoc::Number(number) => (1..=12).contains(number).then_some(*number),
        MonthDoc::Text(text) => {
            let lower = text.to_lowercase();
            let at = MONTHS.iter().position(|name| *name == lower || name[..3] == lower);
            at.and_then(|at| u32::try_from(at + 1).ok())
        }
    };
    context
        .checked(doc.place, month.ok_or("this is not a valid month; write one such as april or 4"))
}
