//! What changed the score of a perspective since the period before, part by part.

use maud::{Markup, PreEscaped, html};

use crate::{perspective::Node, view::View};
use kpid_chart::{Step, Waterfall};
use kpid_language::text;
use kpid_rules::judgement::Judge;

/// Parts that are drawn; the smaller ones are one.
const STEPS_MAX: usize = 12;

/// Less than this is no change that a reader sees.
const POINTS_MIN: f64 = 0.05;

/// The waterfall; nothing where there is no score to compare.
pub(super) fn section(view: &View<'_>, judge: &Judge<'_>, node: &Node<'_>) -> Markup {
    let language = view.language;
    let Some(period) = node.standing.period else { return html! {} };
    let explanation = judge.explain(node.scorecard, node.perspective, period, false);
    let scores = explanation.before.verdict.score.zip(explanation.verdict.score);
    let Some((before, now)) = scores else { return html! {} };
    let mut parts: Vec<(String, f64)> = explanation
        .parts
        .iter()
        .filter_map(|part| Some((part.name.clone(), part.change?)))
        .filter(|(_, points)| points.abs() >= POINTS_MIN)
        .collect();
    parts.sort_by(|left, right| right.1.abs().total_cmp(&left.1.abs()));
    let rest: f64 = parts.iter().skip(STEPS_MAX).map(|(_, points)| points).sum();
    parts.truncate(STEPS_MAX);
    // Whatever the parts leave is shown too, so that they add up.
    let shown: f64 = parts.iter().map(|(_, points)| points).sum::<f64>() + rest;
    let residual = now - before - shown;
    for (key, points) in [("smaller-parts", rest), ("other-causes", residual)] {
        if points.abs() >= POINTS_MIN {
            parts.push((language.text(key).into_owned(), points));
        }
    }
    let words: Vec<String> = parts.iter().map(|(_, points)| view.points(*points)).collect();
    let steps: Vec<Step<'_>> = parts
        .iter()
        .zip(&words)
        .map(|((name, points), words)| Step { name, points: *points, words })
        .collect();
    let ends = [
        (language.period(period.previous()), before, view.score(before)),
        (language.period(period), now, view.score(now)),
    ];
    let ends = ends.each_ref().map(|(name, points, words)| Step { name, points: *points, words });
    let title = text!(
        language,
        "waterfall-title",
        before = ends[0].words.to_owned(),
        now = ends[1].words.to_owned(),
    );
    let waterfall = Waterfall { ends, steps: &steps, title: &title };
    html! {
        section aria-labelledby="change" {
            h2 id="change" { (language.text("what-changed")) }
            @if parts.is_empty() { p class="soft" { (language.text("nothing-changed")) } }
            @else {
                @if let Some(svg) = waterfall.svg() {
                    div class="wide" tabindex="0" role="region" aria-labelledby="change" { (PreEscaped(svg)) }
                }
                details {
                    summary { (language.text("as-table")) }
                    table {
                        tbody {
                            @for ((name, _), words) in parts.iter().zip(&words) {
                                tr { th scope="row" { (view.written(name)) } td class="number" { (words) } }
                            }
                        }
                    }
                }
            }
        }
    }
}
