//! The page at `/`: where everything stands, what is open, which sources are dead. One document,
//! no script; every colour has its word.

use std::sync::{Arc, LazyLock};

use axum::{
    extract::State,
    http::StatusCode,
    response::{Html, IntoResponse, Response},
};
use chrono_tz::Tz;
use minijinja::{
    AutoEscape, Environment, Error, ErrorKind, UndefinedBehavior, Value, value::Serde,
};
use serde::Serialize;

use crate::{
    telemetry::store_health::StorePart,
    web::site::{Site, not_yet},
};
use kpid_rules::{
    judgement::{KpiStanding, PerspectiveStanding, ScorecardStanding, Standing, rounding},
    model::{Id, Portfolio},
};
use kpid_store::Attempts;

/// Far more than the longest page takes.
const FUEL: u64 = 50_000_000;

/// A source's complaint is shown so far; the whole is in the log and in `kpid show`.
const PROBLEM_CHARS_MAX: usize = 200;

#[derive(Serialize)]
struct Page {
    /// That nothing can be kept, and why.
    trouble: Option<String>,
    as_of: String,
    config: String,
    /// Each as it is written.
    scorecards: Vec<Arc<str>>,
    alerts: Vec<String>,
    problems: Vec<String>,
}

#[derive(Serialize)]
struct ScorecardPart {
    card: ScorecardView,
}

#[derive(Serialize)]
struct ScorecardView {
    id: String,
    name: String,
    tone: &'static str,
    word: &'static str,
    score: String,
    counts: String,
    perspectives: Vec<PerspectiveView>,
}

#[derive(Serialize)]
struct PerspectiveView {
    /// Where links in mails lead: scorecard/perspective.
    anchor: String,
    name: String,
    tone: &'static str,
    word: &'static str,
    score: String,
    facts: String,
    objectives: Vec<ObjectiveView>,
}

#[derive(Serialize)]
struct ObjectiveView {
    name: String,
    tone: &'static str,
    word: &'static str,
    score: String,
    kpis: Vec<KpiView>,
}

#[derive(Serialize)]
pub(super) struct KpiView {
    name: String,
    tone: &'static str,
    word: &'static str,
    value: String,
    target: String,
    period: String,
    note: String,
}

/// Where everything stands.
pub(super) async fn page(State(site): State<Site>) -> Response {
    let Some((standing, posted)) = site.standing().await else { return not_yet() };
    let trouble = trouble(&site, standing.as_of.timezone());
    let written = site
        .page_fragments
        .of(&standing.scorecards, |scorecard| {
            rendered("scorecard", &ScorecardPart { card: card(scorecard) })
        })
        .and_then(|scorecards| {
            let view = view(&site.portfolio, &standing, &posted.attempts);
            rendered("page", &Page { trouble, scorecards, ..view })
        });
    match written {
        Ok(text) => Html(text).into_response(),
        Err(error) => {
            tracing::error!("cannot render the page: {error:#}");
            (StatusCode::INTERNAL_SERVER_ERROR, "the page cannot be made; the log says why\n")
                .into_response()
        }
    }
}

/// Our own templates, compiled once in the life of the process.
static TEMPLATES: LazyLock<Result<Environment<'static>, String>> = LazyLock::new(|| {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_fuel(Some(FUEL));
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    for (name, text) in [
        ("page", include_str!("page.html.j2")),
        ("scorecard", include_str!("scorecard.html.j2")),
        ("acknowledge", include_str!("acknowledge.html.j2")),
    ] {
        environment.add_template(name, text).map_err(|error| error.to_string())?;
    }
    Ok(environment)
});

/// A page of ours, or a part of one, from its template.
pub(super) fn rendered(name: &str, view: &impl Serialize) -> Result<String, minijinja::Error> {
    let templates = TEMPLATES.as_ref();
    let templates =
        templates.map_err(|why| Error::new(ErrorKind::InvalidOperation, why.clone()))?;
    templates.get_template(name)?.render(Value::from(Serde(view)))
}

/// That what is shown is not the newest, since nothing can be kept.
fn trouble(site: &Site, zone: Tz) -> Option<String> {
    let trouble = site.metrics.store.trouble(site.clock.now())?;
    let since = trouble.since.with_timezone(&zone);
    let since = since.format("%Y-%m-%d %H:%M");
    Some(match trouble.part {
        StorePart::Family(_) | StorePart::Others => {
            format!(
                "What came since {since} cannot be kept, and is not shown here: {}",
                trouble.reason
            )
        }
        StorePart::Pages => trouble.reason,
    })
}

fn view(portfolio: &Portfolio, standing: &Standing, attempts: &Attempts) -> Page {
    let mut problems: Vec<String> = attempts
        .iter()
        .filter_map(|(kpi, attempt)| {
            let private = portfolio.scorecard(&kpi.scorecard).is_none_or(|card| card.private);
            let problem = attempt.failure.as_ref().filter(|_| !private)?;
            let short: String = problem.chars().take(PROBLEM_CHARS_MAX).collect();
            Some(format!("{kpi}: {short}"))
        })
        .collect();
    problems.sort();
    let alerts = standing.scorecards.iter().flat_map(|card| {
        card.perspectives.iter().filter_map(|perspective| alert(standing, card, perspective))
    });
    Page {
        trouble: None,
        as_of: standing.as_of.format("%Y-%m-%d %H:%M %Z").to_string(),
        config: standing.config.chars().take(19).collect(),
        alerts: alerts.collect(),
        problems,
        scorecards: Vec::new(),
    }
}

fn alert(
    standing: &Standing,
    card: &ScorecardStanding,
    perspective: &PerspectiveStanding,
) -> Option<String> {
    let episode = perspective.episode.as_ref().filter(|episode| episode.is_open())?;
    let opened = episode.opened_at.map(|at| {
        let local = at.with_timezone(&standing.as_of.timezone());
        format!(", open since {}", local.format("%Y-%m-%d %H:%M"))
    });
    let known = match &episode.acknowledgement {
        Some(by) => format!(", acknowledged by {}", by.by),
        None => ", not acknowledged".to_owned(),
    };
    let word = perspective.verdict.status.words();
    let score = perspective.verdict.score.map(|score| format!(" at {}", rounding::score(score)));
    let (score, opened) = (score.unwrap_or_default(), opened.unwrap_or_default());
    Some(format!("{} ({}) is {word}{score}{opened}{known}", perspective.name, card.name))
}

fn card(card: &ScorecardStanding) -> ScorecardView {
    let counts = card.counts;
    let parts = [
        (counts.on_track, "on track"),
        (counts.at_risk, "at risk"),
        (counts.off_track, "off track"),
        (counts.no_data, "no data"),
    ];
    let parts = parts.into_iter().filter(|(count, _)| *count > 0);
    ScorecardView {
        id: card.id.to_string(),
        name: card.name.clone(),
        tone: card.verdict.status.tone(),
        word: card.verdict.status.words(),
        score: card
            .verdict
            .score
            .filter(|_| card.show_overall)
            .map(rounding::score)
            .unwrap_or_default(),
        counts: parts.map(|(count, word)| format!("{count} {word}")).collect::<Vec<_>>().join(", "),
        perspectives: card.perspectives.iter().map(|held| perspective(&card.id, held)).collect(),
    }
}

fn perspective(card: &Id, perspective: &PerspectiveStanding) -> PerspectiveView {
    let mut facts = Vec::new();
    facts.extend(perspective.period.map(|period| period.label()));
    facts.extend(perspective.since.map(|since| format!("since {}", since.label())));
    if perspective.verdict.coverage < 1.0 {
        facts.push(format!(
            "{} of the weight has data",
            rounding::percent(perspective.verdict.coverage)
        ));
    }
    let objectives = perspective.objectives.iter().map(|objective| ObjectiveView {
        name: objective.name.clone(),
        tone: objective.verdict.status.tone(),
        word: objective.verdict.status.words(),
        score: objective.verdict.score.map(rounding::score).unwrap_or_default(),
        kpis: objective.kpis.iter().map(row).collect(),
    });
    PerspectiveView {
        anchor: format!("{card}/{}", perspective.id),
        name: perspective.name.clone(),
        tone: perspective.verdict.status.tone(),
        word: perspective.verdict.status.words(),
        score: perspective.verdict.score.map(rounding::score).unwrap_or_default(),
        facts: facts.join(", "),
        objectives: objectives.collect(),
    }
}

pub(super) fn row(kpi: &KpiStanding) -> KpiView {
    let shown = kpi.readout();
    let note = kpi.gap_words();
    let failing = kpi.error.as_ref().map(|_| "its source fails".to_owned());
    KpiView {
        name: kpi.name.clone(),
        tone: kpi.status.tone(),
        word: kpi.status.words(),
        value: kpi.value.map(|value| shown.amount(value)).unwrap_or_default(),
        target: kpi
            .target
            .or(kpi.green_line)
            .map(|target| shown.amount(target))
            .unwrap_or_default(),
        period: kpi.period.map(|period| period.label()).unwrap_or_default(),
        note: note.into_iter().chain(failing).collect::<Vec<_>>().join("; "),
    }
}
