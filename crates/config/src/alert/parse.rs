//! `alert:`, parsed.

use chrono::NaiveTime;

use crate::scorecard::context::ScorecardContext;
use crate::{
    alert::document::{AlertDoc, AlertOnDoc, QuietDoc},
    parse_context::{Mention, given},
    problem::{Place, Problem},
    yaml::located::Loc,
};
use kpid_rules::model::{AlertOn, AlertPolicy, Id, QuietWindow};

/// The alert of a node that has none unless its author gives it one.
pub(crate) fn own_alert(
    context: &mut ScorecardContext<'_>,
    doc: Option<&Loc<AlertDoc>>,
    owner: Option<&Id>,
    place: Place,
) -> Option<AlertPolicy> {
    doc.map(|doc| alert(context, Some(doc), owner, place))
}

/// What has no effect on whom a lasting alert reaches, and when.
fn escalation(context: &mut ScorecardContext<'_>, doc: &AlertDoc) {
    // 0 says in words that there is none.
    let some = |doc: &Option<Loc<u32>>| {
        doc.as_ref().filter(|doc| doc.value != Some(0)).map(|doc| doc.place)
    };
    let (after, unacknowledged) = (some(&doc.escalate_after), some(&doc.escalate_unacknowledged));
    let is_never = doc.escalate_after.is_some() && after.is_none();
    let (places, why) = match &doc.escalate_to {
        None => ([after, unacknowledged], "there is no `escalate_to`"),
        Some(_) if is_never => ([None, unacknowledged], "`escalate_after: 0` means never"),
        Some(_) => return,
    };
    for place in places.into_iter().flatten() {
        let problem = Problem::error(place, format!("{why}, so this has no effect"));
        context.parse.problems.push(problem.hint("remove one of the two, or add the other"));
    }
}

pub(crate) fn alert(
    context: &mut ScorecardContext<'_>,
    doc: Option<&Loc<AlertDoc>>,
    owner: Option<&Id>,
    place: Place,
) -> AlertPolicy {
    let usual = AlertPolicy::default();
    let Some(doc) = given(doc) else {
        context.implied.extend(owner.map(|owner| Mention { place, id: owner.clone() }));
        return AlertPolicy { to: owner.cloned().into_iter().collect(), ..usual };
    };
    let mut told = context.parse.mentions(doc.to.as_ref());
    if doc.to.is_none() {
        told.extend(owner.map(|owner| Mention { place, id: owner.clone() }));
    }
    escalation(context, doc);
    let escalate_to = context.parse.mentions(doc.escalate_to.as_ref());
    context.recipients.extend(told.iter().chain(&escalate_to).cloned());
    let margin = doc.recovery_margin.as_ref();
    let ids = |mentions: Vec<Mention>| mentions.into_iter().map(|mention| mention.id).collect();
    AlertPolicy {
        on: match given(doc.on.as_ref()) {
            None | Some(AlertOnDoc::OffTrack) => AlertOn::OffTrack,
            Some(AlertOnDoc::AtRisk) => AlertOn::AtRisk,
            Some(AlertOnDoc::Provisional) => AlertOn::Provisional,
            Some(AlertOnDoc::Forecast) => AlertOn::Forecast,
        },
        to: ids(told),
        escalate_to: ids(escalate_to),
        open_after: doc
            .open_after
            .as_ref()
            .and_then(|doc| context.parse.at_least_one(doc, "open_after"))
            .unwrap_or(usual.open_after),
        recovery_margin: margin
            .and_then(|doc| context.parse.at_least_zero(doc, "recovery_margin"))
            .unwrap_or(usual.recovery_margin),
        escalate_after: given(doc.escalate_after.as_ref()).copied().unwrap_or(usual.escalate_after),
        escalate_unacknowledged: given(doc.escalate_unacknowledged.as_ref())
            .copied()
            .unwrap_or(usual.escalate_unacknowledged),
        remind_after: doc
            .remind_after
            .as_ref()
            .and_then(|doc| context.parse.time_delta(doc))
            .unwrap_or(usual.remind_after),
        quiet: quiet(context, doc.quiet.as_ref()),
    }
}

fn quiet(
    context: &mut ScorecardContext<'_>,
    docs: Option<&Loc<Vec<Loc<QuietDoc>>>>,
) -> Vec<QuietWindow> {
    let mut windows = Vec::new();
    for doc in given(docs).into_iter().flatten() {
        let Some(QuietDoc { days, from, to }) = doc.value.as_ref() else { continue };
        let days = given(days.as_ref()).into_iter().flatten();
        let days = days.filter_map(|day| context.parse.weekday(day)).collect();
        let from = context.parse.time(from.as_ref(), NaiveTime::MIN);
        let to = context.parse.time(to.as_ref(), NaiveTime::MIN);
        windows.push(QuietWindow { days, from, to });
    }
    if windows.iter().any(|window| window.days.is_empty() && window.from == window.to) {
        let place = docs.map(|docs| docs.place).unwrap_or_default();
        let message = "`quiet` covers the whole week, so nobody would ever be alerted";
        let hint = "name `days`, or `from` and `to`";
        context.parse.problems.push(Problem::error(place, message).hint(hint));
    }
    windows
}
