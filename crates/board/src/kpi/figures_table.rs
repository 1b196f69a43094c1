//! The numbers of the chart, a row a period, the newest first.

use maud::{Markup, html};

use crate::{
    figures::{newest, verdicts},
    kpi::{KpiNode, chart},
    process,
    view::View,
};
use kpid_language::text;
use kpid_rules::{
    judgement::PeriodVerdict,
    series::{Actual, KpiContext},
};

/// As many periods as five years of months.
const PERIODS: usize = 60;

/// Rows that are open at once; the older ones are folded.
const OPEN: usize = 13;

pub(super) fn section(view: &View<'_>, case: &KpiContext<'_>, node: &KpiNode<'_>) -> Markup {
    let language = view.language;
    let upto = newest(case, node.standing, view.as_of().to_utc());
    let mut verdicts = verdicts(case, upto, PERIODS);
    verdicts.reverse();
    let (open, folded) = verdicts.split_at(verdicts.len().min(OPEN));
    html! {
        @if !verdicts.is_empty() {
            section aria-labelledby="figures" {
                h2 id="figures" { (language.text("figures")) }
                (table(view, case, node, open))
                @if !folded.is_empty() {
                    details {
                        summary { (text!(language, "earlier-periods", count = folded.len())) }
                        (table(view, case, node, folded))
                    }
                }
            }
        }
    }
}

fn table(
    view: &View<'_>,
    case: &KpiContext<'_>,
    node: &KpiNode<'_>,
    verdicts: &[PeriodVerdict],
) -> Markup {
    let language = view.language;
    html! {
        div class="wide" tabindex="0" role="region" aria-labelledby="figures" {
            table {
                thead { tr {
                    th scope="col" { (language.text("period")) }
                    th scope="col" class="number" { (language.text("value")) }
                    th scope="col" class="number" { (language.text("target")) }
                    th scope="col" class="number" { (language.text("green-line")) }
                    th scope="col" class="number" { (language.text("red-line")) }
                    th scope="col" { (language.text("status")) }
                    th scope="col" { (language.text("collected")) }
                } }
                tbody { @for verdict in verdicts { (row(view, case, node, verdict)) } }
            }
        }
    }
}

fn row(
    view: &View<'_>,
    case: &KpiContext<'_>,
    node: &KpiNode<'_>,
    verdict: &PeriodVerdict,
) -> Markup {
    let language = view.language;
    let said = |number: Option<f64>| {
        number.map_or_else(|| "–".to_owned(), |number| view.amount(node.standing, number))
    };
    let (green, red) = chart::shown(verdict.lines.as_ref(), verdict.value);
    let revisions = case.held.actuals.get(&verdict.period).map_or(&[][..], Vec::as_slice);
    html! {
        tr {
            th scope="row" { (language.period(verdict.period)) }
            td class="number" { (said(verdict.value)) }
            td class="number" { (said(verdict.target)) }
            td class="number" { (said(green)) }
            td class="number" { (said(red)) }
            td {
                (view.status(verdict.status))
                @if let Some(score) = verdict.score { " " span class="score" { (view.score(score)) } }
                @if let Some(gap) = verdict.gap { div class="soft" { (process::gap(language, gap)) } }
            }
            td { (collected(view, case, node, revisions)) }
        }
    }
}

/// When a figure came, and what it was before.
fn collected(
    view: &View<'_>,
    case: &KpiContext<'_>,
    node: &KpiNode<'_>,
    revisions: &[Actual],
) -> Markup {
    let before = revisions.len().checked_sub(2).and_then(|at| revisions.get(at));
    html! {
        @if let Some(newest) = revisions.last() {
            (view.local(newest.collected_at))
            @if let Some(value) = before.and_then(|before| case.value_of(before)) {
                div class="soft" { (text!(view.language, "was-value", value = view.amount(node.standing, value))) }
            }
        }
    }
}
