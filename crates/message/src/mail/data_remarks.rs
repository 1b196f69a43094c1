//! What a reader must know of the data, worded.

use crate::{
    facts::{
        data_remark::{DataRemark, ShownNumber},
        named::PeriodName,
    },
    facts_builder::subject::period_name,
    mail::{figures, phrases},
    wording::period_words,
};
use kpid_language::{Language, text};
use kpid_rules::{
    judgement::Basis,
    model::{Gap, Period},
};

/// More periods are counted, not named.
const PERIODS_NAMED_MAX: usize = 6;

/// The sentence of a remark.
pub(crate) fn sentence(language: &Language, remark: &DataRemark) -> String {
    match remark {
        DataRemark::Provisional => language.text("remark-provisional").into_owned(),
        DataRemark::Heading { basis, status, score } => {
            let basis = language.text(match basis {
                Basis::Pace => "remark-basis-pace",
                Basis::Forecast => "remark-basis-forecast",
            });
            let status = language.status(*status);
            let status = match score {
                Some(score) => {
                    let score = figures::score(language, *score);
                    text!(language, "mail-status-at", status = status, score = score)
                }
                None => status,
            };
            text!(language, "remark-heading", basis = basis, status = status)
        }
        DataRemark::Coverage { percent } => {
            text!(language, "remark-coverage", percent = percent.to_string())
        }
        DataRemark::Gap { kpi, gap, missing, last_known } => {
            let why = gap_words(language, *gap, missing);
            let Some(last) = last_known else { return format!("{kpi}: {why}") };
            let value = shown(language, &last.value);
            let period = period_words(language, &last.period);
            let last = text!(language, "remark-last-known", value = value, period = period);
            format!("{kpi}: {why} ({last})")
        }
        DataRemark::Failed { kpi } => format!("{kpi}: {}", language.text("remark-failed")),
        DataRemark::FirstReported { kpi, value, status } => text!(
            language,
            "remark-first-reported",
            name = kpi.as_str(),
            value = shown(language, value),
            status = language.status(*status)
        ),
        DataRemark::AsOf { kpi, period } => {
            let period = period_words(language, period);
            text!(language, "remark-as-of", name = kpi.as_str(), period = period)
        }
    }
}

fn shown(language: &Language, number: &ShownNumber) -> String {
    let digits = language.plain_number(&number.digits);
    match &number.unit {
        Some(unit) => format!("{digits} {unit}"),
        None => digits,
    }
}

/// Why there is no verdict, or a lesser one; `missing` are periods of a running total without a figure.
pub(crate) fn gap_words(language: &Language, gap: Gap, missing: &[PeriodName]) -> String {
    match missing {
        [] => language.text(gap_key(gap)).into_owned(),
        missing => text!(language, "remark-missing", periods = periods(language, missing)),
    }
}

/// `April and May 2026`: a year is said once, with the last of its periods.
pub fn periods_words(language: &Language, missing: &[Period]) -> String {
    let missing: Vec<PeriodName> = missing.iter().map(|period| period_name(*period)).collect();
    periods(language, &missing)
}

fn periods(language: &Language, missing: &[PeriodName]) -> String {
    let without_year = |(at, period): (usize, &PeriodName)| match missing.get(at + 1) {
        Some(next) => phrases::beside(language, period, Some(next)),
        None => period_words(language, period),
    };
    let named = missing.iter().enumerate().take(PERIODS_NAMED_MAX).map(without_year);
    let mut named: Vec<String> = named.collect();
    let more = missing.len().saturating_sub(PERIODS_NAMED_MAX);
    let last = match more {
        0 => named.pop().unwrap_or_default(),
        more => text!(language, "mail-more", count = more),
    };
    if named.is_empty() {
        return last;
    }
    text!(language, "mail-and", names = named.join(", "), last = last)
}

fn gap_key(gap: Gap) -> &'static str {
    match gap {
        Gap::NeverCollected => "remark-never-collected",
        Gap::Overdue => "remark-overdue",
        Gap::Stale => "remark-stale",
        Gap::Sample => "remark-sample",
        Gap::NoTarget => "remark-no-target",
        Gap::ZeroTarget => "remark-zero-target",
        Gap::MissingInput => "remark-missing-input",
        Gap::Undefined => "remark-undefined",
        Gap::NotCombinable => "remark-not-combinable",
        Gap::NotDue => "remark-not-due",
        Gap::TooEarly => "remark-too-early",
        Gap::NotApplicable => "remark-not-applicable",
        Gap::NotBegun => "remark-not-begun",
        Gap::Ended => "remark-ended",
        Gap::Quarantined => "remark-quarantined",
        Gap::CarriedForward => "remark-carried-forward",
    }
}
