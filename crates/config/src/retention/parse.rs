//! `retention`: how long what no rule reads any more is kept, and that it is not too short.

use chrono::TimeDelta;

use crate::{
    parse_context::{ParseContext, given},
    problem::Problem,
    retention::document::RetentionDoc,
    scorecard::parse::ParsedScorecard,
    setup::{Collection, Retention},
    yaml::located::Loc,
};
use kpid_rules::{
    model::{Kpi, Period, Scorecard},
    series::reading,
};

/// For ever.
const NEVER: &str = "never";

/// Two years and a closing: as long as last year's figures are compared with.
const TWO_YEARS: TimeDelta = TimeDelta::days(26 * 30 + 12);

/// A silence lasts 30 days at most, and so does flapping; what came before one is asked for after it.
const ANY: (TimeDelta, &str) =
    (TimeDelta::days(35), "a silence may last 30 days, and what was before it is needed after it");

/// The pace of a period is compared with last year's on the same day.
const REVISIONS: (TimeDelta, &str) =
    (TWO_YEARS, "the pace of a period is compared with what last year had brought by then");

/// What is kept where nothing is said.
const USUAL: Retention = Retention {
    readings: Some(TWO_YEARS),
    // A month and its closing. No rule reads them, and in two years one a second would take 2 GB.
    level_readings: Some(TimeDelta::days(35)),
    revisions: None,
    // A year and a closing.
    deliveries: Some(TimeDelta::days(400)),
    // A quarter and its closing; of all before, the last of each month.
    verdicts: Some(TimeDelta::days(100)),
    // As long as books are kept.
    audit: Some(TimeDelta::days(3_653)),
    episode_events: None,
    misses: Some(TimeDelta::days(731)),
};

impl Default for Retention {
    fn default() -> Self {
        USUAL
    }
}

/// Parses `retention`.
pub(crate) fn retention(context: &mut ParseContext, doc: Option<&RetentionDoc>) -> Retention {
    let Some(doc) = doc else { return USUAL };
    if let Some(actuals) = doc.actuals.as_ref().filter(|doc| doc.value.as_deref() != Some(NEVER)) {
        let message = "actuals are never removed: targets, usual ranges and `--as-of` read them";
        let hint = "write `revisions: 3y` to remove those that were superseded";
        context.problems.push(Problem::error(actuals.place, message).hint(hint));
    }
    let mut kept = |key, doc: &Option<Loc<String>>, usual, least| match doc {
        Some(doc) => kept(context, key, doc, least),
        None => usual,
    };
    Retention {
        // What a reading is needed for depends on its KPI.
        readings: kept("readings", &doc.readings, USUAL.readings, (TimeDelta::zero(), "")),
        level_readings: kept(
            "level_readings",
            &doc.level_readings,
            USUAL.level_readings,
            // The actual is kept whatever becomes of them.
            (TimeDelta::zero(), ""),
        ),
        revisions: kept("revisions", &doc.revisions, USUAL.revisions, REVISIONS),
        deliveries: kept("deliveries", &doc.deliveries, USUAL.deliveries, ANY),
        verdicts: kept("verdicts", &doc.verdicts, USUAL.verdicts, ANY),
        audit: kept("audit", &doc.audit, USUAL.audit, ANY),
        episode_events: kept("episode_events", &doc.episode_events, USUAL.episode_events, ANY),
        misses: kept("misses", &doc.misses, USUAL.misses, ANY),
    }
}

fn kept(
    context: &mut ParseContext,
    key: &str,
    doc: &Loc<String>,
    (least, why): (TimeDelta, &str),
) -> Option<TimeDelta> {
    if doc.value.as_deref() == Some(NEVER) {
        return None;
    }
    let span = context.time_delta(doc)?;
    if span < least {
        let days = least.num_days();
        let message = format!("`{key}` is kept for too short a time: {why}");
        let hint = format!("write {days}d or more, or never");
        context.problems.push(Problem::error(doc.place, message).hint(hint));
    }
    Some(span)
}

/// Raw readings are kept until no later one can change what they make.
pub(crate) fn check(
    context: &mut ParseContext,
    doc: Option<&Loc<RetentionDoc>>,
    retention: &Retention,
    scorecards: &[ParsedScorecard],
) {
    let written = given(doc).and_then(|doc| doc.readings.as_ref());
    let Some((written, span)) = written.zip(retention.readings) else { return };
    let needed = scorecards.iter().flat_map(|parsed| {
        parsed.collections.iter().filter_map(|collection| {
            let Collection { kpi: named, source, .. } = collection;
            let kpi = parsed.scorecard.kpi(&named.kpi)?;
            let is_combined = reading::is_combined(source.reading, kpi.aggregate);
            is_combined
                .then(|| (needed(&parsed.scorecard, kpi), named, parsed.scorecard.freeze_after))
        })
    });
    let Some((days, kpi, freeze_after)) = needed.max_by_key(|(days, ..)| *days) else { return };
    if span < TimeDelta::days(days) {
        let until = match freeze_after {
            Some(count) => format!("its figures freeze after {count} periods"),
            None => "a figure may come one period late".to_owned(),
        };
        let message = format!(
            "`readings` is kept for too short a time: the actual of `{kpi}` is made of several, \
             and {until}"
        );
        let hint = format!("write {days}d or more, or never");
        context.problems.push(Problem::error(written.place, message).hint(hint));
    }
}

/// For how many days after the end of a period its readings may still be combined with later ones;
/// of a long one, as periods of one frequency differ.
fn needed(scorecard: &Scorecard, kpi: &Kpi) -> i64 {
    let calendar = &scorecard.calendar;
    let new_year = chrono::NaiveDate::from_ymd_opt(2028, 1, 1).unwrap_or_default();
    let first = calendar.period_of(kpi.frequency, new_year);
    let some = std::iter::successors(Some(first), |at: &Period| Some(at.next())).take(24);
    let spans = some.map(|period| {
        let settled = calendar.settled_from(period, kpi.lag_at_most(), scorecard.freeze_after);
        (settled - calendar.bounds(period).1).num_hours().div_euclid(24) + 1
    });
    spans.max().unwrap_or_default()
}
