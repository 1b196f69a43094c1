//! Actuals that nobody collects: those of shared KPIs, added up over units, and of derived KPIs,
//! made by a formula.

use std::{borrow::Cow, collections::BTreeSet};

use super::{
    Actual, Figure, Formula, History, Input, Kpi, KpiRef, Nature, Period, Portfolio, reading,
};

/// The history with the actuals of computed KPIs filled in, inputs before what they make.
pub fn complete<'h>(portfolio: &Portfolio, history: &'h History) -> Cow<'h, History> {
    let mut completed = Cow::Borrowed(history);
    for named in portfolio.computed() {
        let Some(kpi) = portfolio.kpi(named) else { continue };
        let actuals = match &kpi.input {
            Input::Collected => continue,
            Input::Shared(units) => shared(kpi, units, &completed),
            Input::Derived(formula) => derived(named, formula, portfolio, &completed),
        };
        let held = completed.to_mut().kpi_mut(named);
        for (period, actual) in actuals {
            held.record(period, actual);
        }
    }
    completed
}

/// The units' figures of each period that all of them have, made one: of ratios the sums of both
/// parts, never the mean or the sum of ratios; of others as the KPI's aggregate says.
fn shared(kpi: &Kpi, units: &[KpiRef], history: &History) -> Vec<(Period, Actual)> {
    let periods = periods(units, history);
    let actual = |period: &Period| {
        let mut parts: Vec<&Actual> =
            units.iter().map(|unit| history.kpi(unit)?.actual(*period)).collect::<Option<_>>()?;
        parts.sort_by_key(|part| (part.observed_at, part.collected_at));
        let figures: Vec<Figure> = parts.iter().map(|part| part.figure).collect();
        let figure = match kpi.nature {
            Nature::Ratio => reading::ratio(&figures)?,
            _ => reading::of_figures(kpi.aggregate, kpi.scale, &figures)?,
        };
        Some((*period, newest(&parts, figure)?))
    };
    periods.iter().filter_map(actual).collect()
}

fn derived(
    named: &KpiRef,
    formula: &Formula,
    portfolio: &Portfolio,
    history: &History,
) -> Vec<(Period, Actual)> {
    let names: Option<Vec<KpiRef>> =
        formula.names().iter().map(|name| named.relative(name)).collect();
    let Some(inputs) = names else { return Vec::new() };
    let actual = |period: &Period| {
        let held = |at: usize| history.kpi(inputs.get(at)?)?.actual(*period);
        let value = |at: usize| held(at)?.figure.value(portfolio.kpi(inputs.get(at)?)?.scale);
        let figure = Figure::Value(formula.evaluate(&value)?);
        let parts: Vec<&Actual> = (0..inputs.len()).filter_map(held).collect();
        Some((*period, newest(&parts, figure)?))
    };
    periods(&inputs, history).iter().filter_map(actual).collect()
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
