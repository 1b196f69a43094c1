//! What the past of a KPI says of its process, in words and as two signs: whether its newest value is
//! more than noise (variation), and whether the process as it is meets its target (assurance).

use maud::{Markup, html};

use crate::{figures, view::View};
use kpid_language::{Language, text};
use kpid_rules::{
    judgement::{
        KpiStanding,
        signal::{Assurance, MeanSide},
    },
    model::{Direction, Gap},
    series::KpiContext,
};

/// Why there is no verdict, or a lesser one.
pub(crate) fn gap(language: &'static Language, gap: Gap) -> String {
    let key = match gap {
        Gap::NeverCollected => "gap-never-collected",
        Gap::Overdue => "gap-overdue",
        Gap::Stale => "gap-stale",
        Gap::Sample => "gap-sample",
        Gap::NoTarget => "gap-no-target",
        Gap::ZeroTarget => "gap-zero-target",
        Gap::MissingInput => "gap-missing-input",
        Gap::Undefined => "gap-undefined",
        Gap::NotCombinable => "gap-not-combinable",
        Gap::NotDue => "gap-not-due",
        Gap::TooEarly => "gap-too-early",
        Gap::NotApplicable => "gap-not-applicable",
        Gap::NotBegun => "gap-not-begun",
        Gap::Ended => "gap-ended",
        Gap::Quarantined => "gap-quarantined",
        Gap::CarriedForward => "gap-carried-forward",
    };
    language.text(key).into_owned()
}

/// A difference in the unit of a KPI, with its sign.
pub(crate) fn difference(view: &View<'_>, kpi: &KpiStanding, difference: f64) -> String {
    let size = kpi.readout().difference(difference);
    let is_nothing = size.bytes().all(|byte| matches!(byte, b'0' | b'.'));
    let sign = match (is_nothing, difference < 0.0) {
        (true, _) => "",
        (false, true) => "-",
        (false, false) => "+",
    };
    distance(view, kpi, &format!("{sign}{size}"))
}

/// A difference as it is written, with its unit: that of two percentages is in points.
pub(crate) fn distance(view: &View<'_>, kpi: &KpiStanding, size: &str) -> String {
    let points = view.language.text("percentage-points");
    let unit = kpi.unit.as_deref();
    view.language.amount(size, if unit == Some("%") { Some(points.as_ref()) } else { unit })
}

/// Both signs, each a letter in a shape with its words beside it.
pub(crate) fn variation(view: &View<'_>, case: &KpiContext<'_>, kpi: &KpiStanding) -> Markup {
    let language = view.language;
    let variation = kpi.assurance.map(|_| variation_key(case, kpi));
    let assurance = kpi.assurance.map(|assurance| match assurance {
        Assurance::Pass => ("P", "assurance-pass"),
        Assurance::Fail => ("F", "assurance-fail"),
        Assurance::HitAndMiss => ("?", "assurance-hit-and-miss"),
    });
    html! {
        @for (letter, key) in [variation, assurance].into_iter().flatten() {
            span class={ "sign " (key) } {
                span class="letter" aria-hidden="true" { (letter) } " " (language.text(key))
            }
            " "
        }
    }
}

/// Whether the newest value is a signal, and whether that is good.
fn variation_key(case: &KpiContext<'_>, kpi: &KpiStanding) -> (&'static str, &'static str) {
    let common = ("C", "variation-common");
    let Some(period) = kpi.period.filter(|_| kpi.signal.is_some()) else { return common };
    let closed = Some(period).filter(|_| !kpi.judged_on_newest).unwrap_or(period.previous());
    match (figures::signal(case, closed), case.kpi.direction) {
        (Some((_, MeanSide::Above)), Direction::Higher)
        | (Some((_, MeanSide::Below)), Direction::Lower) => ("I", "variation-improving"),
        (Some(_), _) => ("S", "variation-concerning"),
        (None, _) => common,
    }
}

/// The same in a sentence, for the page of a KPI.
pub(crate) fn sentence(
    view: &View<'_>,
    case: &KpiContext<'_>,
    kpi: &KpiStanding,
) -> Option<String> {
    let language = view.language;
    let assurance = kpi.assurance?;
    let (_, variation) = variation_key(case, kpi);
    let variation = match variation {
        "variation-improving" => language.text("sentence-improving"),
        "variation-concerning" => language.text("sentence-concerning"),
        _ => language.text("sentence-common"),
    };
    let assurance = match assurance {
        Assurance::Pass => language.text("sentence-pass"),
        Assurance::Fail => language.text("sentence-fail"),
        Assurance::HitAndMiss => language.text("sentence-hit-and-miss"),
    };
    Some(text!(language, "two-sentences", first = variation, second = assurance))
}
