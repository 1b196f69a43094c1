//! Actuals that nobody collects: those of shared KPIs, added up over units, and of derived KPIs,
//! made by a formula. A change of an input makes a revision of them as well.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use crate::{
    model::{
        formula::Formula,
        id::KpiRef,
        kpi_definition::{Input, Kpi, Nature},
        period::Period,
        portfolio::Portfolio,
    },
    series::{
        history::{Actual, Figure, History, KpiHistory},
        reading,
    },
};

/// The series of KPIs: what has been collected, and what is computed of it.
#[derive(Clone, Copy)]
pub struct Series<'a> {
    collected: &'a History,
    computed: &'a History,
}

impl<'a> Series<'a> {
    /// What has been collected, beside what was [`computed`] of it.
    pub fn of(collected: &'a History, computed: &'a History) -> Self {
        Self { collected, computed }
    }

    /// What is held of a KPI, if anything.
    pub fn kpi(&self, named: &KpiRef) -> Option<&'a KpiHistory> {
        self.computed.kpi(named).or_else(|| self.collected.kpi(named))
    }
}

/// The actuals of all computed KPIs, inputs before what they make.
pub fn computed(portfolio: &Portfolio, collected: &History) -> History {
    let mut computed = History::default();
    for named in portfolio.computed() {
        compute(portfolio, named, collected, &mut computed);
    }
    computed
}

/// Computes the actuals of one KPI anew; those of its inputs are computed already.
pub(crate) fn compute(
    portfolio: &Portfolio,
    named: &KpiRef,
    collected: &History,
    computed: &mut History,
) {
    let scorecard = portfolio.scorecard(&named.scorecard);
    let Some((scorecard, kpi)) = scorecard.zip(portfolio.kpi(named)) else { return };
    let end = |period| scorecard.calendar.bounds(period).1;
    let series = Series { collected, computed };
    let actuals = match &kpi.input {
        Input::Collected => return,
        Input::Shared(units) => {
            // A unit counts as long as it is followed.
            let lives =
                |unit: &KpiRef, period| portfolio.kpi(unit).is_some_and(|kpi| kpi.lives_in(period));
            revisions(units, series, end, |period, parts| {
                let living = units.iter().zip(parts).filter(|(unit, _)| lives(unit, period));
                shared(kpi, living.map(|(_, part)| *part))
            })
        }
        Input::Derived(formula) => {
            let names = formula.names().iter().map(|name| named.relative(name));
            let Some(inputs) = names.collect::<Option<Vec<KpiRef>>>() else { return };
            let scales: Vec<f64> = inputs
                .iter()
                .map(|input| portfolio.kpi(input).map_or(1.0, |kpi| kpi.scale))
                .collect();
            revisions(&inputs, series, end, |_, parts| derived(formula, &scales, parts))
        }
    };
    let mut held = collected.kpi(named).cloned().unwrap_or_default();
    for (period, actual) in actuals {
        held.record(period, actual);
    }
    *computed.kpi_mut(named) = held;
}

/// What inputs make of each period, as it was known when the period ended and whenever one of them
/// came or changed after that.
fn revisions(
    inputs: &[KpiRef],
    series: Series<'_>,
    end: impl Fn(Period) -> DateTime<Utc>,
    make: impl Fn(Period, &[Option<&Actual>]) -> Option<Actual>,
) -> Vec<(Period, Actual)> {
    let mut made = Vec::new();
    for period in periods(inputs, series) {
        let of = |input: &KpiRef| series.kpi(input).and_then(|held| held.actuals.get(&period));
        let each: Vec<&[Actual]> =
            inputs.iter().map(|input| of(input).map_or(&[][..], Vec::as_slice)).collect();
        let came: BTreeSet<DateTime<Utc>> =
            each.iter().flat_map(|revisions| revisions.iter()).map(|it| it.collected_at).collect();
        let end = end(period);
        let running = came.range(..end).next_back();
        for at in running.into_iter().chain(came.range(end..)) {
            let is_known = |actual: &&Actual| actual.collected_at <= *at;
            let parts: Vec<Option<&Actual>> =
                each.iter().map(|revisions| revisions.iter().rev().find(is_known)).collect();
            made.extend(make(period, &parts).map(|actual| (period, actual)));
        }
    }
    made
}

/// The units' figures of a period that all of them have, made one: of ratios the sums of both
/// parts, never the mean or the sum of ratios; of others as the KPI's aggregate says.
fn shared<'a>(kpi: &Kpi, parts: impl Iterator<Item = Option<&'a Actual>>) -> Option<Actual> {
    let mut parts: Vec<&Actual> = parts.collect::<Option<_>>()?;
    parts.sort_by_key(|part| (part.observed_at, part.collected_at));
    let figures: Vec<Figure> = parts.iter().map(|part| part.figure).collect();
    let figure = match kpi.nature {
        Nature::Ratio => reading::ratio(&figures)?,
        _ => reading::of_figures(kpi.aggregate, kpi.scale, &figures)?,
    };
    newest(&parts, figure)
}

fn derived(formula: &Formula, scales: &[f64], parts: &[Option<&Actual>]) -> Option<Actual> {
    let value = |at: usize| parts.get(at).copied().flatten()?.figure.value(*scales.get(at)?);
    let figure = Figure::Value(formula.evaluate(&value)?);
    let parts: Vec<&Actual> = parts.iter().copied().flatten().collect();
    newest(&parts, figure)
}

fn periods(kpis: &[KpiRef], series: Series<'_>) -> BTreeSet<Period> {
    let held = kpis.iter().filter_map(|kpi| series.kpi(kpi));
    held.flat_map(|held| held.actuals.keys().copied()).collect()
}

/// A computed actual is as new as the newest of its inputs.
fn newest(parts: &[&Actual], figure: Figure) -> Option<Actual> {
    let observed_at = parts.iter().map(|part| part.observed_at).max()?;
    let collected_at = parts.iter().map(|part| part.collected_at).max()?;
    Some(Actual { figure, target: None, observed_at, collected_at })
}
