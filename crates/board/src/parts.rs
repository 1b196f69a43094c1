//! What several pages show alike: a status, a score, a value with its unit, a person.

use maud::{Markup, PreEscaped, html};

use crate::view::View;
use kpid_language::{Language, text};
use kpid_rules::{
    judgement::{KpiStanding, Verdict, rounding},
    model::{Id, Status},
};

/// A status: its shape and its word, and for those who see it its colour.
pub(crate) fn status_shown(language: &'static Language, status: Status) -> Markup {
    html! {
        span class={ "status " (status.word()) } {
            (PreEscaped(kpid_chart::status_shape(status)))
            span { (language.status(status)) }
        }
    }
}

impl View<'_> {
    pub(crate) fn status(&self, status: Status) -> Markup {
        status_shown(self.language, status)
    }

    /// A score as its reader writes it.
    pub(crate) fn score(&self, score: f64) -> String {
        self.language.number(&rounding::score(score))
    }

    /// Points of a score, with their sign.
    pub(crate) fn points(&self, points: f64) -> String {
        self.language.number(&rounding::points(points))
    }

    /// A part of the whole.
    pub(crate) fn percent(&self, part: f64) -> String {
        let shown = rounding::percent(part);
        self.language.amount(shown.trim_end_matches([' ', '%']), Some("%"))
    }

    /// A number of a KPI with its unit.
    pub(crate) fn amount(&self, kpi: &KpiStanding, number: f64) -> String {
        self.language.amount(&kpi.readout().number(number), kpi.unit.as_deref())
    }

    /// A verdict: status and score, and how much of the weight it stands on if not on all.
    pub(crate) fn verdict(&self, verdict: &Verdict, shows_score: bool) -> Markup {
        html! {
            (self.status(verdict.status))
            @if let Some(score) = verdict.score.filter(|_| shows_score) {
                " " span class="score" { (self.score(score)) }
            }
            @if verdict.coverage < 1.0 && verdict.score.is_some() {
                " " small class="soft" {
                    (text!(self.language, "coverage", part = self.percent(verdict.coverage)))
                }
            }
        }
    }

    /// What changed since what is compared with: points and the status before, if it was another.
    pub(crate) fn change(&self, now: &Verdict, before: &Verdict) -> Markup {
        let points = now.score.zip(before.score).map(|(now, before)| now - before);
        html! {
            @if let Some(points) = points {
                span class="change" { (self.points(points)) }
            }
            @if now.status != before.status {
                " " small class="soft" {
                    (text!(self.language, "was-status", status = self.language.status(before.status)))
                }
            }
        }
    }

    /// A person's name.
    pub(crate) fn person(&self, person: &Id) -> Markup {
        html! { bdi { (self.name_of(person)) } }
    }

    /// What people or systems wrote, in its own direction.
    pub(crate) fn written(&self, words: &str) -> Markup {
        html! { bdi { (words) } }
    }
}
