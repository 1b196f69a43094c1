//! `/data`: which figures are missing or doubtful? Sources that fail, what is overdue, stale or kept
//! back, and what is provisional or was restated.

use chrono::{DateTime, Utc};
use maud::{Markup, html};

use crate::{
    layout::{Page, document},
    nodes::ROWS_MAX,
    process,
    view::View,
};
use kpid_language::text;
use kpid_rules::{
    judgement::KpiStanding,
    model::{Finality, Gap, Id, KpiRef, Status},
};

const REFRESH_SECONDS: u32 = 60;

/// What a source says is shown so far; the whole is in the log and in `kpid show`.
const PROBLEM_CHARS_MAX: usize = 300;

/// A source that gave nothing when it was asked last.
#[derive(Clone, Debug)]
pub struct SourceFailure {
    /// Whose.
    pub kpi: KpiRef,
    /// When it was asked.
    pub at: DateTime<Utc>,
    /// Its words.
    pub problem: String,
}

/// What can be wrong with a figure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DataProblem {
    /// There is none that counts.
    Missing,
    /// It is not what was reported first.
    Restated,
    /// It may still change.
    Provisional,
}

/// What is wrong with the figure that a KPI reports.
pub fn problems(kpi: &KpiStanding) -> impl Iterator<Item = DataProblem> + use<> {
    let is_missing = kpi.status == Status::NoData || kpi.gap.is_some_and(is_doubtful);
    let finality = match kpi.finality {
        Some(Finality::Revised) => Some(DataProblem::Restated),
        Some(Finality::Provisional) => Some(DataProblem::Provisional),
        _ => None,
    };
    is_missing.then_some(DataProblem::Missing).into_iter().chain(finality)
}

/// A KPI, and the scorecard it is on.
type Placed<'a> = (&'a Id, &'a KpiStanding);

/// The page, with what fails of what the reader may see.
pub fn page(view: &View<'_>, failures: &[SourceFailure]) -> String {
    let language = view.language;
    let all = || {
        view.standing.scorecards.iter().flat_map(|held| held.kpis().map(move |kpi| (&held.id, kpi)))
    };
    let with = |wanted: DataProblem| -> Vec<Placed<'_>> {
        all().filter(|(_, kpi)| problems(kpi).any(|problem| problem == wanted)).collect()
    };
    let (missing, restated) = (with(DataProblem::Missing), with(DataProblem::Restated));
    let provisional = with(DataProblem::Provisional);
    let is_well = failures.is_empty() && missing.is_empty() && restated.is_empty();
    let body = html! {
        h1 { (language.text("data-title")) }
        @if is_well { p { (language.text("data-well")) } }
        (failing(view, failures))
        (group(view, "data-missing", &missing, |kpi| {
            kpi.gap.map(|gap| process::gap(language, gap)).unwrap_or_default()
        }))
        (group(view, "data-restated", &restated, |kpi| as_reported(view, kpi)))
        (group(view, "data-provisional", &provisional, |kpi| {
            kpi.period.map(|period| language.period(period)).unwrap_or_default()
        }))
    };
    let title = language.text("data-title");
    document(
        view,
        &Page { title: &title, trail: &[], refresh_seconds: Some(REFRESH_SECONDS), body },
    )
}

fn is_doubtful(gap: Gap) -> bool {
    matches!(gap, Gap::Quarantined | Gap::Stale | Gap::CarriedForward | Gap::Overdue)
}

fn as_reported(view: &View<'_>, kpi: &KpiStanding) -> String {
    let reported = kpi.as_reported.map(|first| view.amount(kpi, first.value));
    let now = kpi.value.map(|value| view.amount(kpi, value));
    match (reported, now) {
        (Some(first), Some(now)) => text!(view.language, "restated-from", first = first, now = now),
        _ => String::new(),
    }
}

fn failing(view: &View<'_>, failures: &[SourceFailure]) -> Markup {
    let language = view.language;
    html! {
        @if !failures.is_empty() {
            section aria-labelledby="failing" {
                h2 id="failing" { (text!(language, "data-failing", count = failures.len())) }
                ul {
                    @for failure in failures.iter().take(ROWS_MAX) {
                        @let short: String = failure.problem.chars().take(PROBLEM_CHARS_MAX).collect();
                        li {
                            a href=(view.link_to_kpi(&failure.kpi.scorecard, &failure.kpi.kpi)) {
                                (view.written(&failure.kpi.to_string()))
                            }
                            " " small class="soft" { (view.local(failure.at)) }
                            div { (view.written(&short)) }
                        }
                    }
                }
                (more(view, failures.len()))
            }
        }
    }
}

fn group(
    view: &View<'_>,
    key: &'static str,
    kpis: &[Placed<'_>],
    words: impl Fn(&KpiStanding) -> String,
) -> Markup {
    html! {
        @if !kpis.is_empty() {
            section aria-labelledby=(key) {
                h2 id=(key) { (view.language.text_with(key, [("count", kpis.len().into())])) }
                ul {
                    @for (scorecard, kpi) in kpis.iter().take(ROWS_MAX) {
                        li {
                            a href=(view.link_to_kpi(scorecard, &kpi.id)) { (view.written(&kpi.name)) }
                            " " small class="soft" { (view.written(&format!("{scorecard}/{}", kpi.id))) }
                            div class="soft" { (words(kpi)) }
                        }
                    }
                }
                (more(view, kpis.len()))
            }
        }
    }
}

fn more(view: &View<'_>, count: usize) -> Markup {
    html! {
        @if count > ROWS_MAX {
            p class="soft" { (text!(view.language, "and-more", count = count - ROWS_MAX)) }
        }
    }
}
