//! How perspectives and objectives stood in the last twelve periods, as their figures are known now.

use maud::{Markup, PreEscaped, html};

use crate::view::View;
use kpid_rules::{
    analysis::Review,
    judgement::{Judge, Verdict},
    model::{Period, Scope, Scorecard},
};

/// Periods that are shown.
const PERIODS: usize = 12;

/// A scorecard of more KPIs is read by its perspectives: judging a year of it takes too long for a page.
const KPIS_MAX: usize = 400;

/// The map; nothing for a scorecard without a perspective, or with too many KPIs.
pub(super) fn section(view: &View<'_>, judge: &Judge<'_>, scorecard: &Scorecard) -> Markup {
    if scorecard.perspectives.is_empty() || scorecard.kpis().count() > KPIS_MAX {
        return html! {};
    }
    let language = view.language;
    let newest =
        scorecard.calendar.last_closed(scorecard.reporting_frequency(), view.as_of().to_utc());
    let back = std::iter::successors(Some(newest), |period| Some(period.previous()));
    let mut periods: Vec<Period> = back.take(PERIODS).collect();
    periods.reverse();
    let reviews: Vec<Review> =
        periods.iter().map(|period| judge.review(scorecard, *period)).collect();
    html! {
        section aria-labelledby="heat" {
            h2 id="heat" { (language.text("heat-map")) }
            div class="wide" tabindex="0" role="region" aria-labelledby="heat" {
                table class="heat" {
                    thead {
                        tr {
                            td {}
                            @for period in &periods { th scope="col" { (language.period_short(*period)) } }
                        }
                    }
                    tbody {
                        @for (at, perspective) in scorecard.perspectives.iter().enumerate() {
                            (row(view, &perspective.name,
                                &Scope::Perspective(scorecard.id.clone(), perspective.id.clone()), true,
                                reviews.iter().map(|review| review.perspectives.get(at).map(|held| &held.now))))
                            @for (below, objective) in perspective.objectives.iter().enumerate() {
                                (row(view, &objective.name,
                                    &Scope::Objective(scorecard.id.clone(), perspective.id.clone(), objective.id.clone()), false,
                                    reviews.iter().map(|review| {
                                        let held = review.perspectives.get(at)?;
                                        held.objectives.get(below).map(|held| &held.now)
                                    })))
                            }
                        }
                    }
                }
            }
        }
    }
}

fn row<'r>(
    view: &View<'_>,
    name: &str,
    scope: &Scope,
    is_perspective: bool,
    verdicts: impl Iterator<Item = Option<&'r Verdict>>,
) -> Markup {
    html! {
        tr class=[is_perspective.then_some("strong")] {
            th scope="row" { a href=(view.link_to(scope)) { (view.written(name)) } }
            @for verdict in verdicts { (cell(view, verdict)) }
        }
    }
}

/// Status by shape, and the score as a number: nobody needs the colour.
fn cell(view: &View<'_>, verdict: Option<&Verdict>) -> Markup {
    html! {
        @match verdict {
            None => td {},
            Some(verdict) => {
                @let word = view.language.status(verdict.status);
                td class={ "cell " (verdict.status.word()) } title=(word) {
                    (PreEscaped(kpid_chart::status_shape(verdict.status)))
                    span class="unseen" { (word) }
                    @if let Some(score) = verdict.score { " " span { (view.score(score)) } }
                }
            }
        }
    }
}
