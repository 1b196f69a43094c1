//! The process of a KPI over time.

use maud::{Markup, PreEscaped, html};

use crate::{
    figures::{bands, newest, signal, verdicts},
    kpi::KpiNode,
    process,
    view::View,
};
use kpid_chart::{Baseline, Forecast, Point, PointMark, XmrChart};
use kpid_language::text;
use kpid_rules::{
    judgement::{Lines, PeriodVerdict},
    model::Period,
    series::KpiContext,
};

/// Periods that a chart has room for.
const PERIODS: usize = 36;

pub(super) fn section(view: &View<'_>, case: &KpiContext<'_>, node: &KpiNode<'_>) -> Markup {
    let (language, standing) = (view.language, node.standing);
    let now = view.as_of().to_utc();
    let newest = newest(case, standing, now);
    let verdicts = verdicts(case, newest, PERIODS);
    let points: Vec<Point> =
        verdicts.iter().map(|verdict| point(view, case, node, verdict)).collect();
    let baseline = baseline(case, &verdicts, newest);
    let next = newest.next();
    let forecasts: Vec<Forecast> = standing
        .forecast
        .iter()
        .filter(|_| view.is_present())
        .map(|forecast| Forecast {
            label: language.period_short(next),
            low: forecast.lower,
            value: forecast.value,
            high: forecast.upper,
        })
        .collect();
    let title = text!(language, "chart-title", name = standing.name.as_str());
    let description = process::sentence(view, case, standing)
        .unwrap_or_else(|| language.text("chart-no-limits").into_owned());
    let chart = XmrChart {
        points: &points,
        baselines: baseline.as_slice(),
        forecasts: &forecasts,
        title: &title,
        description: &description,
    };
    let number = |number: f64| language.number(&standing.readout().number(number));
    html! {
        section aria-labelledby="chart" {
            h2 id="chart" { (language.text("over-time")) }
            @match chart.svg(number) {
                Some(svg) => {
                    div class="wide" tabindex="0" role="region" aria-labelledby="chart" { (PreEscaped(svg)) }
                    p class="soft" {
                        (language.text("chart-legend"))
                        @if let Some(forecast) = forecasts.first() {
                            " " (text!(language, "chart-forecast", period = language.period(next),
                                low = number(forecast.low), high = number(forecast.high)))
                        }
                    }
                }
                None => p class="soft" { (language.text("nothing-collected")) },
            }
        }
    }
}

fn point(
    view: &View<'_>,
    case: &KpiContext<'_>,
    node: &KpiNode<'_>,
    verdict: &PeriodVerdict,
) -> Point {
    let language = view.language;
    let period = verdict.period;
    let value = case.value(period).or(verdict.value);
    let lines = verdict.lines.as_ref().map(bands).unwrap_or_default();
    let said = verdict.value.map_or_else(
        || language.text("no-value").into_owned(),
        |value| view.amount(node.standing, value),
    );
    let revisions = case.held.actuals.get(&period).map_or(0, Vec::len);
    let mark = match (case.calendar.is_closed(period, view.as_of().to_utc()), revisions) {
        (false, _) => PointMark::Provisional,
        (true, 0 | 1) => PointMark::Final,
        (true, _) => PointMark::Restated,
    };
    let is_signal = value.is_some() && signal(case, period).is_some();
    let mut title =
        format!("{}: {said}, {}", language.period(period), language.status(verdict.status));
    let marks = [
        (is_signal, "mark-signal"),
        (mark == PointMark::Provisional, "mark-provisional"),
        (mark == PointMark::Restated, "mark-restated"),
    ];
    for (_, key) in marks.into_iter().filter(|(is_so, _)| *is_so) {
        title.push_str(", ");
        title.push_str(&language.text(key));
    }
    Point {
        label: language.period_short(period),
        value,
        earlier: case.value(period.last_year()),
        target: verdict.target,
        bands: lines,
        mark,
        is_signal,
        title,
    }
}

/// The natural limits, from where the baseline begins.
fn baseline(case: &KpiContext<'_>, verdicts: &[PeriodVerdict], upto: Period) -> Option<Baseline> {
    let limits = case.limits(upto)?;
    let begun = case.kpi.signals.baseline_from;
    let begun = begun.and_then(|from| verdicts.iter().position(|verdict| verdict.period >= from));
    let (from, to) = (begun.unwrap_or(0), verdicts.len());
    Some(Baseline { from, to, mean: limits.mean, lower: limits.lower, upper: limits.upper })
}

/// Lines of a verdict in words: the green and the red one.
pub(super) fn shown(lines: Option<&Lines>, value: Option<f64>) -> (Option<f64>, Option<f64>) {
    lines.map_or((None, None), |lines| lines.shown(value))
}
