//! The figures of a KPI over its last periods, each judged by what was wanted then.

use chrono::{DateTime, Utc};

use crate::view::View;
use kpid_chart::{Band, Bullet, Sparkline};
use kpid_language::text;
use kpid_rules::{
    judgement::{KpiStanding, Lines, PeriodVerdict, Signal, signal::MeanSide},
    model::{Direction, Finality, Period, Status},
    series::KpiContext,
};

/// Periods of a sparkline.
const SPARK_PERIODS: usize = 12;

/// The verdicts on the last periods up to one, the oldest first; those before anything was held are left
/// out.
pub(crate) fn verdicts(case: &KpiContext<'_>, upto: Period, count: usize) -> Vec<PeriodVerdict> {
    let Some(first) = case.held.actuals.keys().next() else { return Vec::new() };
    let back = std::iter::successors(Some(upto), |period| Some(period.previous()));
    let mut verdicts: Vec<PeriodVerdict> = back
        .take(count)
        .take_while(|period| period >= first)
        .map(|period| case.judge_period(period))
        .collect();
    verdicts.reverse();
    verdicts
}

/// The last period that has ended by an instant, or the one reported if that is newer.
pub(crate) fn newest(case: &KpiContext<'_>, kpi: &KpiStanding, now: DateTime<Utc>) -> Period {
    let closed = case.calendar.last_closed(case.kpi.frequency, now);
    kpi.period.map_or(closed, |reported| reported.max(closed))
}

/// What the rules of signals say of a period, and on which side of the mean it is.
pub(crate) fn signal(case: &KpiContext<'_>, period: Period) -> Option<(Signal, MeanSide)> {
    let limits = case.limits(period)?;
    let values: Vec<f64> = case.series(period).into_iter().flatten().collect();
    limits.signal(case.kpi.signals.rules, &values)
}

/// Where which status holds.
pub(crate) fn bands(lines: &Lines) -> Vec<Band> {
    let band = |from, to, status| Band { from, to, status };
    match lines {
        Lines::OneSided { direction: Direction::Higher, green, red } => vec![
            band(None, Some(*red), Status::OffTrack),
            band(Some(*red), Some(*green), Status::AtRisk),
            band(Some(*green), None, Status::OnTrack),
        ],
        Lines::OneSided { direction: Direction::Lower, green, red } => vec![
            band(None, Some(*green), Status::OnTrack),
            band(Some(*green), Some(*red), Status::AtRisk),
            band(Some(*red), None, Status::OffTrack),
        ],
        Lines::Band(wanted) => vec![
            band(None, Some(wanted.red_low), Status::OffTrack),
            band(Some(wanted.red_low), Some(wanted.low), Status::AtRisk),
            band(Some(wanted.low), Some(wanted.high), Status::OnTrack),
            band(Some(wanted.high), Some(wanted.red_high), Status::AtRisk),
            band(Some(wanted.red_high), None, Status::OffTrack),
        ],
        Lines::Binary | Lines::Steps { .. } => Vec::new(),
    }
}

/// The period reported as a bar against its target; nothing where there is nothing to draw.
pub(crate) fn bullet(view: &View<'_>, case: &KpiContext<'_>, kpi: &KpiStanding) -> Option<String> {
    let lines = kpi.period.and_then(|period| case.judge_period(period).lines);
    let bands = lines.as_ref().map(bands).unwrap_or_default();
    let said = |number: Option<f64>| number.map(|number| view.amount(kpi, number));
    let title = match (said(kpi.value), said(kpi.target)) {
        (Some(value), Some(target)) => {
            text!(view.language, "value-of-target", value = value, target = target)
        }
        (Some(value), None) => value,
        (None, _) => view.language.text("no-value").into_owned(),
    };
    let is_provisional = kpi.finality == Some(Finality::Provisional);
    Bullet { actual: kpi.value, target: kpi.target, bands: &bands, is_provisional, title: &title }
        .svg()
}

/// The last twelve periods at a glance.
pub(crate) fn sparkline(
    view: &View<'_>,
    case: &KpiContext<'_>,
    kpi: &KpiStanding,
) -> Option<String> {
    let upto = newest(case, kpi, view.as_of().to_utc());
    let verdicts = verdicts(case, upto, SPARK_PERIODS);
    let values: Vec<Option<f64>> = verdicts.iter().map(|verdict| verdict.value).collect();
    let targets: Vec<Option<f64>> = verdicts.iter().map(|verdict| verdict.target).collect();
    let (first, last) = (verdicts.first()?, verdicts.last()?);
    let title = text!(
        view.language,
        "sparkline-title",
        name = kpi.name.as_str(),
        from = view.language.period(first.period),
        to = view.language.period(last.period),
    );
    Sparkline { values: &values, targets: &targets, status: kpi.status, title: &title }.svg()
}
