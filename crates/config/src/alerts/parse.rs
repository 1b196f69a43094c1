//! When people are mailed about performance, parsed.

use chrono::NaiveTime;

use crate::{
    alerts::document::{AlertsDoc, HoursDoc, HoursOnDoc},
    parse_context::{ParseContext, given},
    setup::Alerts,
    yaml::located::Loc,
};
use kpid_rules::model::{HoursOn, WorkingHours};

/// When people begin to read mail, unless they say otherwise.
const FROM: NaiveTime = match NaiveTime::from_hms_opt(7, 0, 0) {
    Some(seven) => seven,
    None => NaiveTime::MIN,
};

/// When they end.
const TO: NaiveTime = match NaiveTime::from_hms_opt(19, 0, 0) {
    Some(evening) => evening,
    None => NaiveTime::MIN,
};

/// Parses `alerts:`; without it, mail leaves at any hour and in any number: whoever has not said
/// how much is too much must not miss an alert.
pub(crate) fn alerts(context: &mut ParseContext, doc: Option<&AlertsDoc>) -> Alerts {
    let hours = doc.and_then(|doc| given(doc.hours.as_ref()));
    let mails = doc.and_then(|doc| given(doc.mails_per_day.as_ref()));
    Alerts {
        hours: hours.map(|doc| self::hours(context, doc)),
        mails_per_day: mails.copied().filter(|mails| *mails > 0),
    }
}

fn hours(context: &mut ParseContext, doc: &HoursDoc) -> WorkingHours {
    let days = doc.days.as_ref().map(|doc| days(context, doc));
    WorkingHours {
        days: days.unwrap_or(HoursOn::WorkingDays),
        from: context.time(doc.from.as_ref(), FROM),
        to: context.time(doc.to.as_ref(), TO),
    }
}

fn days(context: &mut ParseContext, doc: &Loc<HoursOnDoc>) -> HoursOn {
    match &doc.value {
        Some(HoursOnDoc::List(days)) if days.is_empty() => {
            context.error(doc.place, "`days` is empty; write working, or days of the week");
        }
        Some(HoursOnDoc::List(days)) => {
            return HoursOn::Weekdays(days.iter().filter_map(|day| context.weekday(day)).collect());
        }
        Some(HoursOnDoc::Text(text)) if text != "working" => {
            let message = format!(
                "`{text}` is not valid here; write `working`, or a list of days of the week"
            );
            context.error(doc.place, message);
        }
        Some(HoursOnDoc::Text(_)) | None => {}
    }
    HoursOn::WorkingDays
}
