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
        compute(portfolio, named, Outdated::All, collected, &mut computed);
    }
    computed
}

/// Which computed actuals may be others.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Outdated {
    /// None: only how the last attempt to collect went.
    Nothing,
    /// Those from a period on.
    Since(Period),
    /// All.
    All,
}

/// Computes those actuals of one KPI anew that may be others; those of its inputs are computed already.
pub(crate) fn compute(
    portfolio: &Portfolio,
    named: &KpiRef,
    outdated: Outdated,
    collected: &History,
    computed: &mut History,
) {
    let scorecard = portfolio.scorecard(&named.scorecard);
    let Some((scorecard, kpi)) = scorecard.zip(portfolio.kpi(named)) else { return };
    let end = |period| scorecard.calendar.bounds(period).1;
    let series = Series { collected, computed };
    let since = match outdated {
        Outdated::Since(since) => Some(since),
        Outdated::Nothing | Outdated::All => None,
    };
    let actuals = match &kpi.input {
        Input::Collected => return,
        _ if matches!(outdated, Outdated::Nothing) => Vec::new(),
        Input::Shared(units) => {
            // A unit counts as long as it is followed.
            let lives =
                |unit: &KpiRef, period| portfolio.kpi(unit).is_some_and(|kpi| kpi.lives_in(period));
            revisions(units, series, (since, end), |period, parts| {
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
            revisions(&inputs, series, (since, end), |_, parts| derived(formula, &scales, parts))
        }
    };
    let mut held = collected.kpi(named).cloned().unwrap_or_default();
    let mut known = std::mem::take(&mut computed.kpi_mut(named).actuals);
    match outdated {
        Outdated::Nothing => held.actuals = known,
        Outdated::Since(since) => {
            drop(known.split_off(&since));
            held.actuals = held.actuals.split_off(&since);
            held.actuals.append(&mut known);
        }
        Outdated::All => {}
    }
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
    (since, end): (Option<Period>, impl Fn(Period) -> DateTime<Utc>),
    make: impl Fn(Period, &[Option<&Actual>]) -> Option<Actual>,
) -> Vec<(Period, Actual)> {
    let mut made = Vec::new();
    for period in periods(inputs, series).into_iter().filter(|at| Some(*at) >= since) {
        let of = |input: &KpiRef| series.kpi(input).and_then(|held| held.actuals.get(&period));
        let each: Vec<&[Actual]> =
            inputs.iter().map(|input| of(input).map_or(&[][..], Vec::as_slice)).collect();
        let came: BTreeSet<DateTime<Utc>> =
            each.iter().flat_map(|revisions| revisions.iter()).map(|it| it.collected_at).collect();
        let end = end(period);
        let running = came.range(..end).next_back();
        let mut known: Vec<Known<'_>> = each.into_iter().map(Known::of).collect();
        for at in running.into_iter().chain(came.range(end..)) {
            let parts: Vec<Option<&Actual>> = known.iter_mut().map(|it| it.newest(*at)).collect();
            made.extend(make(period, &parts).map(|actual| (period, actual)));
        }
    }
    made
}

/// The revisions of one period, gone through in the order in which they came: each is looked at once,
/// however many there are.
struct Known<'a> {
    revisions: &'a [Actual],
    /// Their places, in the order in which they came.
    to_come: std::iter::Peekable<std::vec::IntoIter<usize>>,
    /// The place of the newest that is known.
    newest: Option<usize>,
}

impl<'a> Known<'a> {
    fn of(revisions: &'a [Actual]) -> Self {
        let mut places: Vec<usize> = (0..revisions.len()).collect();
        // They are in it, unless the clock was set back.
        places.sort_by_key(|at| revisions.get(*at).map(|actual| actual.collected_at));
        Self { revisions, to_come: places.into_iter().peekable(), newest: None }
    }

    /// The newest revision that was known at an instant, which is no earlier than the last one asked
    /// for.
    fn newest(&mut self, at: DateTime<Utc>) -> Option<&'a Actual> {
        let revisions = self.revisions;
        let is_known =
            |place: &usize| revisions.get(*place).is_some_and(|it| it.collected_at <= at);
        while let Some(place) = self.to_come.next_if(is_known) {
            self.newest = self.newest.max(Some(place));
        }
        self.revisions.get(self.newest?)
    }
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
