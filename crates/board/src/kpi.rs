//! `/c/{scorecard}/kpi/{kpi}`: is it noise, is it mine, what next? The process over time with its
//! natural limits and its target, the same in numbers, and where the figures come from.

mod chart;
mod facts;
mod figures_table;

use chrono::{DateTime, Utc};
use maud::{Markup, html};

use crate::{
    alert,
    layout::{Page, document},
    minutes::{self, TakenDown},
    notes, process,
    view::View,
};
use kpid_language::text;
use kpid_rules::{
    alerting::Note,
    judgement::{Judge, KpiStanding, Pacing},
    model::{Direction, Kpi, Objective, Perspective, Scope, Scorecard},
};

const REFRESH_SECONDS: u32 = 60;

/// What the page of a KPI is made from, beside the view.
#[derive(Clone, Copy, Debug)]
pub struct KpiNode<'a> {
    /// Its scorecard.
    pub scorecard: &'a Scorecard,
    /// The definition.
    pub kpi: &'a Kpi,
    /// How it stands.
    pub standing: &'a KpiStanding,
    /// Where its figures come from; none where it is calculated or imported.
    pub source: Option<&'a SourceFacts>,
    /// How its source was asked lately, the newest first.
    pub runs: &'a [Run],
    /// What people wrote, the newest first.
    pub notes: &'a [Note],
    /// What reviews took down.
    pub taken: TakenDown<'a>,
}

/// Where the figures of a KPI come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceFacts {
    /// The connection's id.
    pub connection: String,
    /// What it is asked, without secrets; none where it pushes.
    pub question: Option<String>,
}

/// One attempt to collect.
#[derive(Clone, Debug)]
pub struct Run {
    /// When it was over.
    pub at: DateTime<Utc>,
    /// Why it gave nothing; none where it gave something.
    pub problem: Option<String>,
}

impl<'a> KpiNode<'a> {
    fn scope(&self) -> Scope {
        Scope::Kpi(self.scorecard.named(self.kpi))
    }

    /// Where it is in its scorecard.
    fn place(&self) -> Option<(&'a Perspective, &'a Objective)> {
        self.scorecard.perspectives.iter().find_map(|perspective| {
            let objectives = perspective.objectives.iter();
            let mut holding =
                objectives.filter(|held| held.kpis.iter().any(|kpi| kpi.id == self.kpi.id));
            Some((perspective, holding.next()?))
        })
    }
}

/// The page.
pub fn page(view: &View<'_>, judge: &Judge<'_>, node: &KpiNode<'_>) -> String {
    let language = view.language;
    let KpiNode { scorecard, kpi, standing, .. } = *node;
    let case = judge.case(scorecard, kpi);
    let scope = node.scope();
    let body = html! {
        h1 { (view.written(&kpi.name)) }
        (lead(view, standing))
        @if let Some(gap) = standing.gap { p class="banner" { (process::gap(language, gap)) } }
        @if let Some(episode) = view.episodes.get(&scope) { (alert::summary(view, &scope, episode)) }
        @if let Some(sentence) = process::sentence(view, &case, standing) {
            p { (process::variation(view, &case, standing)) (sentence) }
        }
        (chart::section(view, &case, node))
        @if let Some(pace) = &standing.pace { (pacing(view, standing, pace)) }
        (next(view, node))
        (figures_table::section(view, &case, node))
        (facts::section(view, node))
        (minutes::section(view, node.taken, &scope))
        (notes::section(view, node.notes, &scope))
    };
    let mut trail = vec![
        (view.address.link("/"), language.text("nav-home").into_owned()),
        (view.link_to_scorecard(&scorecard.id), scorecard.name.clone()),
    ];
    if let Some((perspective, objective)) = node.place() {
        let link = view.link_to_perspective(&scorecard.id, &perspective.id);
        trail.push((link, perspective.name.clone()));
        let link = view.link_to_objective(&scorecard.id, &perspective.id, &objective.id);
        trail.push((link, objective.name.clone()));
    }
    let refresh_seconds = view.is_present().then_some(REFRESH_SECONDS);
    document(view, &Page { title: &kpi.name, trail: &trail, refresh_seconds, body })
}

/// The process of a KPI over time.
pub(crate) fn over_time(view: &View<'_>, judge: &Judge<'_>, node: &KpiNode<'_>) -> Markup {
    chart::section(view, &judge.case(node.scorecard, node.kpi), node)
}

fn lead(view: &View<'_>, standing: &KpiStanding) -> Markup {
    let language = view.language;
    html! {
        p class="lead" {
            (view.status(standing.status))
            @if let Some(score) = standing.score { " " span class="score" { (view.score(score)) } }
            @if let Some(value) = standing.value {
                " · " strong { (view.amount(standing, value)) }
                @if let Some(target) = standing.target {
                    " " (text!(language, "of-target", target = view.amount(standing, target)))
                }
            }
            @if let Some(period) = standing.period { " · " (language.period(period)) }
            @if let Some(share) = standing.share_pct.filter(|share| *share > 0.0) {
                " · " (text!(language, "share-of-shortfall", share = view.percent(share / 100.0)))
            }
        }
        @if let Some(known) = standing.last_known {
            p class="soft" {
                (text!(language, "last-known", value = view.amount(standing, known.value),
                    period = language.period(known.period)))
            }
        }
        @if let Some(error) = &standing.error {
            p class="banner bad" { (language.text("source-fails")) ": " (view.written(error)) }
        }
    }
}

/// How the running period goes so far.
fn pacing(view: &View<'_>, standing: &KpiStanding, pace: &Pacing) -> Markup {
    let language = view.language;
    let amount = |number: f64| view.amount(standing, number);
    html! {
        section aria-labelledby="pace" {
            h2 id="pace" { (text!(language, "pace-title", period = language.period(pace.period))) }
            p {
                (view.status(pace.status)) " "
                (text!(language, "pace-so-far", value = amount(pace.value),
                    target = amount(pace.target_to_date), instant = view.local(pace.read_at)))
                @if let Some(projection) = pace.projection {
                    " " (text!(language, "pace-projection", value = amount(projection)))
                }
                @if let Some(rate) = pace.required_rate.filter(|rate| *rate > 0.0) {
                    " " (text!(language, "pace-required", value = amount(rate)))
                }
            }
        }
    }
}

/// What it takes to be on track.
fn next(view: &View<'_>, node: &KpiNode<'_>) -> Markup {
    let (language, standing) = (view.language, node.standing);
    let missing = standing.value.zip(standing.green_line).filter(|(value, green)| {
        node.kpi.direction.sign() * value < node.kpi.direction.sign() * green
    });
    html! {
        @if let Some((value, green)) = missing {
            p {
                @let line = view.amount(standing, standing.readout().reachable(green, node.kpi.direction));
                @let gap = process::distance(view, standing, &standing.readout().enough(green - value));
                @match node.kpi.direction {
                    Direction::Higher => (text!(language, "green-needs-more", line = line, gap = gap)),
                    Direction::Lower => (text!(language, "green-needs-less", line = line, gap = gap)),
                }
            }
        }
    }
}
