//! One KPI, judged: which period it reports, what state its data are in, and the verdict.

use chrono::{DateTime, Utc};

use crate::{
    judgement::{
        closed_periods::ClosedPeriods, kpi_standing::KpiStanding, lines::Lines,
        period_verdict::PeriodVerdict, score,
    },
    model::{definition::Scorecard, status::Gap},
    series::kpi_context::KpiContext,
};

/// Judges one KPI at `now`. Shares of a shortfall are the perspective's to fill in.
pub fn judge_kpi(case: &KpiContext<'_>, scorecard: &Scorecard, now: DateTime<Utc>) -> KpiStanding {
    let report = case.report(now);
    let verdict = match report.period {
        Some(period) if report.judged => case.judge_period(period),
        period => case.unjudged(period, report.gap),
    };
    let closed = ClosedPeriods::of(case, &verdict, now);
    let as_reported = report
        .period
        .filter(|_| report.judged)
        .and_then(|period| case.as_reported(period, scorecard.materiality_pct));
    let kpi = case.kpi;
    let (green_line, red_line) =
        verdict.lines.as_ref().map_or((None, None), |lines| lines.shown(verdict.value));
    let newest = verdict.value.and(report.period).and_then(|period| case.actual(period));
    let variance = variance(&verdict, green_line);
    KpiStanding {
        id: kpi.id.clone(),
        name: kpi.name.clone(),
        unit: kpi.unit.clone(),
        decimals: kpi.decimals,
        period: report.period,
        state: report.state,
        awaited: report.awaited,
        judged_on_newest: kpi.is_judged_on_newest(),
        value: verdict.value,
        target: verdict.target,
        green_line,
        red_line,
        status: verdict.status,
        score: verdict.score,
        variance,
        achievement_pct: verdict
            .value
            .zip(verdict.target)
            .and_then(|(value, target)| score::achievement_pct(kpi.direction, target, value)),
        trend: closed.trend,
        vs_last_year: closed.vs_last_year,
        signal: closed.signal,
        share_pct: None,
        effective_weight: None,
        observed_at: newest.map(|actual| actual.observed_at),
        error: case.held.failure.as_ref().map(|failure| failure.message.clone()),
        gap: verdict.gap.or(report.gap),
        missing: match verdict.gap {
            Some(Gap::MissingInput) => case.missing_parts(verdict.period),
            _ => Vec::new(),
        },
        last_known: if verdict.value.is_none() { case.last_known() } else { None },
        streak: closed.streak,
        assurance: closed.assurance,
        expected: closed.expected,
        forecast: closed.forecast,
        pace: case.pace(now),
        outlook_is_stale: case.outlook_is_stale(now),
        finality: verdict
            .value
            .and(report.period)
            .map(|period| case.finality(period, as_reported.is_some(), now)),
        as_reported,
        restated: case.restated(scorecard.materiality_pct, now),
        weight: kpi.weight_in(report.period),
        critical: kpi.critical,
    }
}

/// Value minus target; for a band, how far outside green.
fn variance(verdict: &PeriodVerdict, green_line: Option<f64>) -> Option<f64> {
    let value = verdict.value?;
    match &verdict.lines {
        Some(Lines::Band(band)) if (band.low..=band.high).contains(&value) => Some(0.0),
        Some(Lines::Band(_)) => Some(value - green_line?),
        _ => Some(value - verdict.target?),
    }
}
