//! Actuals that nobody collects: those of shared KPIs, added up over units, and of derived KPIs,
//! made by a formula. A change of an input makes a revision of them as well.

use std::{borrow::Cow, collections::BTreeSet};

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
        history::{Actual, Figure, History},
        reading,
    },
};

/// The history with the actuals of computed KPIs filled in, inputs before what they make.
pub fn complete<'h>(portfolio: &Portfolio, history: &'h History) -> Cow<'h, History> {
    let mut completed = Cow::Borrowed(history);
    for named in portfolio.computed() {
        let scorecard = portfolio.scorecard(&named.scorecard);
        let Some((scorecard, kpi)) = scorecard.zip(portfolio.kpi(named)) else { continue };
        let end = |period| scorecard.calendar.bounds(period).1;
        let actuals = match &kpi.input {
            Input::Collected => continue,
            Input::Shared(units) => {
                // A unit counts as long as it is followed.
                let lives = |unit: &KpiRef, period| {
                    portfolio.kpi(unit).is_some_and(|kpi| kpi.lives_in(period))
                };
                revisions(units, &completed, end, |period, parts| {
                    let living = units.iter().zip(parts).filter(|(unit, _)| lives(unit, period));
                    shared(kpi, living.map(|(_, part)| *part))
                })
            }
            Input::Derived(formula) => {
                let names = formula.names().iter().map(|name| named.relative(name));
                let Some(inputs) = names.collect::<Option<Vec<KpiRef>>>() else { continue };
                let scales: Vec<f64> = inputs
                    .iter()
                    .map(|input| portfolio.kpi(input).map_or(1.0, |kpi| kpi.scale))
                    .collect();
                revisions(&inputs, &completed, end, |_, parts| derived(formula, &scales, parts))
            }
        };
        let held = completed.to_mut().kpi_mut(named);
        for (period, actual) in actuals {
            held.record(period, actual);
        }
    }
    completed
}

/// What inputs make of each period, as it was known when the period ended and whenever one of them
/// came or changed after that.
fn revisions(
    inputs: &[KpiRef],
    history: &History,
    end: impl Fn(Period) -> DateTime<Utc>,
    make: impl Fn(Period, &[Option<&Actual>]) -> Option<Actual>,
) -> Vec<(Period, Actual)> {
    let mut made = Vec::new();
    for period in periods(inputs, history) {
        let of = |input: &KpiRef| history.kpi(input).and_then(|held| held.actuals.get(&period));
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

fn periods(kpis: &[KpiRef], history: &History) -> BTreeSet<Period> {
    let held = kpis.iter().filter_map(|kpi| history.kpi(kpi));
    held.flat_map(|held| held.actuals.keys().copied()).collect()
}

/// A computed actual is as new as the newest of its inputs.
fn newest(parts: &[&Actual], figure: Figure) -> Option<Actual> {
    let observed_at = parts.iter().map(|part| part.observed_at).max()?;
    let collected_at = parts.iter().map(|part| part.collected_at).max()?;
    Some(Actual { figure, target: None, observed_at, collected_at })
}
