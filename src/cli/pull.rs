//! `kpid pull`: collects now, through the very function the timer uses.

use std::{collections::HashSet, path::Path};

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::{
    cli::{
        Answer, clock, complete, configuration,
        failure::Failure,
        judged::{CommandJudgement, standing_before},
        output::{Format, note, print_json, say},
    },
    engine::{
        collect::{self, Occasion},
        judgement::LIVE,
        pull::{self, Manner, Pulled},
    },
    instance::Instance,
};
use kpid_config::setup::{Collection, Setup};
use kpid_rules::{
    judgement::{Judge, rounding},
    model::{KpiRef, Period, Status},
    series::{Figure, History},
};
use kpid_store::{AttemptOutcome, Collected, Filed, Store};

/// A person's pull serves no instant of a schedule.
const BY_HAND: Occasion = Occasion { slot: None, missed: 0 };

/// Collect KPIs now, and judge
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// KPIs such as calder/nps, or anything above them; all of them by default
    #[arg(value_name = "KPI", add = complete::scopes())]
    scopes: Vec<String>,
    /// The period to ask about; by default what the timer would ask about now
    #[arg(long, value_name = "P", add = complete::periods())]
    period: Option<String>,
    /// Print what the sources give and the verdict, keep nothing
    #[arg(long)]
    dry_run: bool,
    /// For people or for programs
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

pub(crate) async fn run(config: &Path, arguments: Arguments) -> Result<Answer, Failure> {
    let setup = configuration::load_to_use(config)?;
    let collections = configuration::collections(&setup, &arguments.scopes)?;
    let period = arguments.period.as_deref().map(Period::parse).transpose();
    let period = period.map_err(|error| Failure::new(error.to_string()))?;
    check_period(&setup, &collections, period, clock::of(&setup).now())?;
    let collections: Vec<Collection> = collections.into_iter().cloned().collect();
    let store = if arguments.dry_run {
        // A dry run looks at what is held, if anything is, and never makes a store.
        Store::open_to_look_or_empty(&setup.store).await?
    } else {
        Store::open(&setup.store).await?
    };
    let instance = if arguments.dry_run {
        Instance::new(setup, store)?
    } else {
        Instance::start(setup, store).await?
    };
    let manner = Manner { period, traced: arguments.dry_run };
    let due: Vec<_> = collections.iter().map(|collection| (collection, BY_HAND)).collect();
    let pulled = pull::ask(&instance, &due, manner, clock::of(&instance.setup)).await?;
    let failed = pulled.iter().filter(|pulled| !has_samples(pulled)).count();
    if arguments.dry_run {
        report(&instance, &pulled, period, arguments.format).await?;
    } else {
        keep(&instance, &pulled, period, arguments.format).await?;
    }
    instance.store.close().await;
    Ok(if failed == 0 { Answer::Done } else { Answer::No })
}

/// Keeps what came, and says what became of it.
async fn keep(
    instance: &Instance,
    pulled: &[Pulled],
    period: Option<Period>,
    format: Format,
) -> Result<(), Failure> {
    let now = clock::of(&instance.setup).now();
    let kpis = pulled.iter().map(|pulled| pulled.kpi.clone()).collect();
    let before = standing_before(instance, &kpis, now).await?;
    let judgement = pull::keep(instance, pulled, LIVE, now).await?;
    let judged =
        CommandJudgement::of(&instance.setup, &before, &judgement.standing, &judgement.deliveries)?;
    let history = instance.store.held(&needed(instance, pulled)).await?.history;
    let verdicts = verdicts(instance, &history, pulled, (period, now));
    match format {
        Format::Text => {
            for (pulled, verdict) in pulled.iter().zip(&verdicts) {
                say!("{}", line(instance, pulled));
                verdict.iter().for_each(PulledVerdict::say);
            }
            judged.say();
        }
        Format::Json => {
            let pulled = as_json(pulled, &verdicts);
            print_json(&serde_json::json!({ "pulled": pulled, "kept": true, "judged": judged }))?;
        }
    }
    Ok(())
}

/// What each source gave, and what the verdict on it would be.
async fn report(
    instance: &Instance,
    pulled: &[Pulled],
    period: Option<Period>,
    format: Format,
) -> Result<(), Failure> {
    let mut history = instance.store.held(&needed(instance, pulled)).await?.history;
    for pulled in pulled {
        file(&mut history, &pulled.collected);
    }
    let now = clock::of(&instance.setup).now();
    let verdicts = verdicts(instance, &history, pulled, (period, now));
    if format == Format::Json {
        let pulled = as_json(pulled, &verdicts);
        return Ok(print_json(&serde_json::json!({ "pulled": pulled, "kept": false }))?);
    }
    for (pulled, verdict) in pulled.iter().zip(&verdicts) {
        say!("{}", line(instance, pulled));
        pulled.answers.iter().for_each(exchange);
        verdict.iter().for_each(PulledVerdict::say);
    }
    note!("nothing was kept");
    Ok(())
}

/// The KPIs that what was pulled is judged with.
fn needed(instance: &Instance, pulled: &[Pulled]) -> HashSet<KpiRef> {
    let portfolio = &instance.setup.portfolio;
    pulled.iter().flat_map(|pulled| portfolio.needed_by(&pulled.kpi.scorecard)).collect()
}

/// How a KPI that was pulled is judged.
#[derive(Debug, Serialize)]
struct PulledVerdict {
    period: Option<Period>,
    status: Status,
    score: Option<f64>,
    #[serde(skip)]
    gap: Option<String>,
}

impl PulledVerdict {
    fn say(&self) {
        let period = self.period.map(|period| format!(" for {period}")).unwrap_or_default();
        let score = self.score.map(|score| format!(", score {}", rounding::score(score)));
        let gap = self.gap.as_ref().map(|gap| format!(", {gap}"));
        let (score, gap) = (score.unwrap_or_default(), gap.unwrap_or_default());
        say!("  verdict{period}: {}{score}{gap}", self.status.words());
    }
}

/// The verdict on each, in their order.
fn verdicts(
    instance: &Instance,
    history: &History,
    pulled: &[Pulled],
    (period, now): (Option<Period>, DateTime<Utc>),
) -> Vec<Option<PulledVerdict>> {
    let portfolio = &instance.setup.portfolio;
    let judge = Judge::new(portfolio, history, now);
    let verdict = |pulled: &Pulled| {
        let scorecard = portfolio.scorecard(&pulled.kpi.scorecard)?;
        let kpi = scorecard.kpi(&pulled.kpi.kpi)?;
        Some(match period {
            Some(period) => {
                let verdict = judge.case(scorecard, kpi).verdict_in(period, now);
                let gap = verdict.gap.map(|gap| gap.words().to_owned());
                let (status, score) = (verdict.status, verdict.score);
                PulledVerdict { period: Some(period), status, score, gap }
            }
            None => {
                let standing = judge.kpi(scorecard, kpi);
                let gap = standing.gap.map(|gap| gap.words().to_owned());
                let (period, status, score) = (standing.period, standing.status, standing.score);
                PulledVerdict { period, status, score, gap }
            }
        })
    };
    pulled.iter().map(verdict).collect()
}

fn as_json(pulled: &[Pulled], verdicts: &[Option<PulledVerdict>]) -> serde_json::Value {
    let figure = |filed: &Filed| {
        let (value, numerator, denominator) = filed.figure.columns();
        serde_json::json!({
            "period": filed.period, "value": value, "numerator": numerator,
            "denominator": denominator, "target": filed.target, "observed_at": filed.observed_at,
        })
    };
    let one = |(pulled, verdict): (&Pulled, &Option<PulledVerdict>)| {
        let figures: Vec<_> = pulled.collected.filed.iter().map(figure).collect();
        let attempt = pulled.collected.attempt.as_ref();
        serde_json::json!({
            "kpi": pulled.kpi.to_string(), "figures": figures, "good": has_samples(pulled),
            "message": attempt.and_then(|attempt| attempt.message.clone()), "verdict": verdict,
        })
    };
    pulled.iter().zip(verdicts).map(one).collect()
}

/// What was asked, and the beginning of what came.
fn exchange(answer: &collect::WindowAnswer) {
    let Some(exchange) = &answer.exchange else { return };
    say!("  asked for {}: {}", answer.window.period, exchange.asked);
    let came = exchange.came.iter().flat_map(|came| came.lines());
    for (at, line) in came.enumerate() {
        say!("  {} {line}", if at == 0 { "came:" } else { "     " });
    }
}

fn file(history: &mut History, collected: &Collected) {
    let held = history.kpi_mut(&collected.kpi);
    for filed in &collected.filed {
        let Filed { period, figure, target, observed_at, collected_at, .. } = filed;
        if held.actual(*period).is_some_and(|held| filed.gives_way_to(held.observed_at)) {
            continue;
        }
        let actual = kpid_rules::series::Actual {
            figure: *figure,
            target: *target,
            observed_at: *observed_at,
            collected_at: *collected_at,
        };
        held.record(*period, actual);
    }
}

/// `calder/nps: 41 for 2026-05`, or why there is no figure.
fn line(instance: &Instance, pulled: &Pulled) -> String {
    let kpi = instance.setup.portfolio.kpi(&pulled.kpi);
    let unit = kpi.and_then(|kpi| kpi.unit.as_deref());
    let scale = kpi.map_or(1.0, |kpi| kpi.scale);
    let figure = |filed: &Filed| {
        let value = filed.figure.value(scale);
        let value = value.map(|value| rounding::value(value, None, &[], unit));
        let value = value.unwrap_or_else(|| "no value: the denominator is 0".to_owned());
        let parts = match filed.figure {
            Figure::Value(_) => String::new(),
            Figure::Ratio { numerator, denominator } => format!(" ({numerator} of {denominator})"),
        };
        format!("{value}{parts} for {}", filed.period)
    };
    let mut parts: Vec<String> = pulled.collected.filed.iter().map(figure).collect();
    let attempt = pulled.collected.attempt.as_ref();
    parts.extend(attempt.and_then(|attempt| attempt.message.clone()));
    format!("{}: {}", pulled.kpi, parts.join("; "))
}

fn has_samples(pulled: &Pulled) -> bool {
    let attempt = pulled.collected.attempt.as_ref();
    attempt.is_none_or(|attempt| attempt.outcome == AttemptOutcome::Samples)
}

/// Whether all of them can be asked for the period.
fn check_period(
    setup: &Setup,
    collections: &[&Collection],
    period: Option<Period>,
    now: DateTime<Utc>,
) -> Result<(), Failure> {
    let Some(period) = period else { return Ok(()) };
    for collection in collections {
        let kpi = setup.portfolio.kpi(&collection.kpi);
        if kpi.is_some_and(|kpi| kpi.frequency != period.frequency()) {
            let failure =
                Failure::new(format!("`{period}` is not a period of `{}`", collection.kpi));
            return Err(failure.hint("name the KPIs that have this period"));
        }
        let scorecard = setup.portfolio.scorecard(&collection.kpi.scorecard);
        if scorecard.is_some_and(|held| held.calendar.bounds(period).0 > now) {
            let words = format!("`{period}` of `{}` has not begun", collection.kpi);
            let hint = "without --period it is asked what the timer would ask now";
            return Err(Failure::new(words).hint(hint));
        }
    }
    Ok(())
}
