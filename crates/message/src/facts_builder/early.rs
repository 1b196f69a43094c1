//! The early word of an alert that was asked for one: what it is about while the verdict is better.

use crate::{
    facts::{
        alert::Early,
        kpi::{ForecastFacts, PaceFacts},
    },
    facts_builder::subject::{Subject, period_name},
};
use kpid_rules::{
    judgement::{Basis, KpiStanding, forecast::Method},
    model::{Kpi, Period, Status},
};

/// The early word that the alert goes by; none at its end, which the verdict makes.
pub(crate) fn early(subject: &Subject<'_>) -> Option<Early> {
    let outlook = subject.judged.early().filter(|_| !subject.event.ends())?;
    let kpis = subject.judged.objectives.iter().flat_map(|objective| &objective.kpis);
    let counted = kpis.filter(|kpi| kpi.weight > 0.0);
    let heading = counted.filter_map(|kpi| heading(subject, kpi, outlook.basis));
    let worst = heading.min_by_key(|(_, status)| match status {
        Status::OffTrack => 0,
        Status::AtRisk => 1,
        _ => 2,
    });
    let period = worst.map(|(period, _)| period_name(period));
    Some(Early { basis: outlook.basis, period, status: outlook.status, score: outlook.score })
}

/// Where a KPI is heading, and in which period.
fn heading(subject: &Subject<'_>, kpi: &KpiStanding, basis: Basis) -> Option<(Period, Status)> {
    match basis {
        Basis::Pace => kpi
            .pace
            .filter(|pace| pace.status != Status::Pending)
            .map(|pace| (pace.period, pace.status)),
        Basis::Forecast => Some((next(subject, kpi)?, kpi.expected?.0)),
    }
}

/// The period after the last closed one of a KPI.
fn next(subject: &Subject<'_>, kpi: &KpiStanding) -> Option<Period> {
    let period = kpi.period?;
    let now = subject.standing.as_of.to_utc();
    let is_closed = subject.scorecard.calendar.is_closed(period, now);
    Some(if is_closed { period.next() } else { period })
}

/// How the running period of a KPI that counts goes.
pub(crate) fn pace(subject: &Subject<'_>, defined: &Kpi, kpi: &KpiStanding) -> Option<PaceFacts> {
    let pace = kpi.pace.filter(|_| kpi.weight > 0.0)?;
    let wanted = subject.judge.case(subject.scorecard, defined).period_lines(pace.period).ok();
    Some(PaceFacts {
        period: period_name(pace.period),
        value: pace.value,
        target: wanted.and_then(|wanted| wanted.target),
        target_to_date: pace.target_to_date,
        projection: pace.projection,
        required_rate: pace.required_rate,
        working_days: defined.pace.working_days,
        status: pace.status,
        score: pace.score,
    })
}

/// What is expected of the next closed period of a KPI that counts.
pub(crate) fn forecast(subject: &Subject<'_>, kpi: &KpiStanding) -> Option<ForecastFacts> {
    let forecast = kpi.forecast.filter(|_| kpi.weight > 0.0)?;
    let (status, score) = kpi.expected?;
    let method = match forecast.method {
        Method::Mean => "mean",
        Method::Drift => "drift",
        Method::SamePeriodLastYear => "same_period_last_year",
    };
    Some(ForecastFacts {
        period: period_name(next(subject, kpi)?),
        value: forecast.value,
        method: method.to_owned(),
        count: forecast.count,
        lower: forecast.lower,
        upper: forecast.upper,
        status,
        score,
    })
}
