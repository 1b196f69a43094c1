//! `kpid backfill`: closed periods from the source, silently.

use std::{
    collections::{BTreeSet, HashSet},
    io::{IsTerminal, Write as _},
    path::Path,
};

use clap::ValueEnum;
use futures_util::{StreamExt, stream};

use crate::{
    cli::{
        Answer,
        actor::Person,
        clock, complete, configuration,
        failure::Failure,
        judged::say_waiting,
        output::{Format, note, print_json, say},
    },
    engine::{
        backfill::{self, BackfillProgress, Span, Task},
        judgement, rejudgement,
    },
    instance::Instance,
};
use kpid_config::setup::{Collection, Setup};
use kpid_rules::{
    evaluation::Circumstances,
    model::{KpiRef, Period},
};
use kpid_store::{AuditAction, AuditEntry, Store};

/// KPIs filled at once; connections set limits of their own.
const CONCURRENT_MAX: usize = 8;

/// Collect closed periods of the past, notifying nobody; an interrupted run continues where it stopped
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// KPIs such as calder/nps, or anything above them; all that have a source by default
    #[arg(value_name = "KPI", add = complete::scopes())]
    scopes: Vec<String>,
    /// The first period, e.g. 2024-04 or FY2025
    #[arg(long, value_name = "P", add = complete::periods())]
    from: String,
    /// The last period
    #[arg(long, value_name = "P", add = complete::periods())]
    to: String,
    /// Ask also for periods that have an actual
    #[arg(long)]
    again: bool,
    /// Whom to notify afterwards: nobody, or those concerned by what is off track now
    #[arg(long, value_enum, default_value_t)]
    alerts: Alerts,
    #[command(flatten)]
    person: Person,
    /// For people or for programs
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Whom a backfill tells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Alerts {
    /// Nobody.
    #[default]
    None,
    /// Whoever is concerned by what is off track now; never about the past.
    Current,
}

pub(crate) async fn run(config: &Path, arguments: Arguments) -> Result<Answer, Failure> {
    let setup = configuration::load_to_use(config)?;
    let period = |text: &str| Period::parse(text).map_err(|error| Failure::new(error.to_string()));
    let (from, to) = (period(&arguments.from)?, period(&arguments.to)?);
    let collections: Vec<Collection> =
        configuration::collections(&setup, &arguments.scopes)?.into_iter().cloned().collect();
    let store = Store::open(&setup.store).await?;
    let instance = Instance::start(setup, store).await?;
    let held = instance.store.periods(collections.iter().map(|held| &held.kpi)).await?;
    let clock = clock::of(&instance.setup);
    let nothing = BTreeSet::new();
    let mut tasks = Vec::new();
    let mut refused = Vec::new();
    for collection in &collections {
        let held = held.get(&collection.kpi).unwrap_or(&nothing);
        let span = span(&instance.setup, &collection.kpi, from, to)?;
        match backfill::task(&instance, collection, span, held, arguments.again, clock) {
            Ok(task) => tasks.push(task),
            Err(problem) => {
                if arguments.format == Format::Text {
                    say!("{}: left out: {problem}", collection.kpi);
                }
                refused.push(serde_json::json!({
                    "kpi": collection.kpi.to_string(), "left_out": problem.to_string(),
                }));
            }
        }
    }
    let entry = AuditEntry {
        at: clock.now(),
        by: arguments.person.name(),
        action: AuditAction::Backfilled,
        of: tasks.iter().map(|task| task.collection.kpi.to_string()).collect::<Vec<_>>().join(", "),
        detail: Some(format!("from {from} to {to}")),
    };
    instance.store.audit(&entry).await?;
    rejudgement::keep(&instance.setup, &instance.store, entry.at).await?;
    let filled = fill(&instance, &tasks, arguments.format).await?;
    let messages = tell(&instance, &tasks, arguments.alerts).await?;
    instance.store.close().await;
    let failed = filled.iter().filter(|(_, filled)| filled.failed > 0).count();
    match arguments.format {
        Format::Text => {
            let daemon_runs = kpid_store::holder(&instance.setup.store)?.is_some();
            say_waiting(messages, daemon_runs);
        }
        Format::Json => {
            let filled = filled.iter().map(|(task, filled)| as_json(task, filled));
            let kpis: Vec<_> = filled.chain(refused.iter().cloned()).collect();
            print_json(&serde_json::json!({ "kpis": kpis, "messages": messages }))?;
        }
    }
    Ok(if failed + refused.len() == 0 { Answer::Done } else { Answer::No })
}

/// From the first day of one period to the last of another, by the calendar of the KPI's scorecard.
fn span(setup: &Setup, kpi: &KpiRef, from: Period, to: Period) -> Result<Span, Failure> {
    let scorecard = setup.portfolio.scorecard(&kpi.scorecard);
    let scorecard = scorecard.ok_or_else(|| Failure::new(format!("there is no KPI `{kpi}`")))?;
    let span = Span {
        first_day: scorecard.calendar.first_day(from),
        last_day: scorecard.calendar.last_day(to),
    };
    if span.first_day > span.last_day {
        return Err(Failure::new(format!("--from {from} comes after --to {to}")));
    }
    Ok(span)
}

/// Fills every KPI; how each came out.
async fn fill<'t>(
    instance: &Instance,
    tasks: &'t [Task<'t>],
    format: Format,
) -> Result<Vec<(&'t Task<'t>, BackfillProgress)>, Failure> {
    let total: usize = tasks.iter().map(|task| task.stretches.len()).sum();
    let clock = clock::of(&instance.setup);
    let asked = &std::cell::Cell::new(0);
    let filling = tasks.iter().map(|task| async move {
        let filled = backfill::fill(instance, task, clock, |_| {
            asked.set(asked.get() + 1);
            bar(asked.get(), total);
        });
        let filled = filled.await;
        if let Ok(filled) = &filled {
            // What is not asked any more is over, too.
            asked.set(asked.get() + task.stretches.len() - filled.asked);
        }
        (task, filled)
    });
    let mut filling = stream::iter(filling).buffer_unordered(CONCURRENT_MAX);
    let mut done = Vec::new();
    while let Some((task, filled)) = filling.next().await {
        clear_bar();
        let filled = filled?;
        if format == Format::Text {
            note!("{}: {}", task.collection.kpi, words(task, &filled));
        }
        done.push((task, filled));
    }
    Ok(done)
}

fn as_json(task: &Task<'_>, filled: &BackfillProgress) -> serde_json::Value {
    serde_json::json!({
        "kpi": task.collection.kpi.to_string(), "filled": filled.periods, "held": task.held,
        "empty": filled.empty, "frozen": filled.frozen, "failed": filled.failed,
        "not_asked": task.unasked(filled.asked), "problem": filled.problem.as_ref().map(ToString::to_string),
    })
}

fn words(task: &Task<'_>, filled: &BackfillProgress) -> String {
    let mut parts = vec![match filled.periods {
        1 => "1 period filled".to_owned(),
        count => format!("{count} periods filled"),
    }];
    let mut counted = |count: usize, words: &str| {
        if count > 0 {
            parts.push(format!("{count} {words}"));
        }
    };
    counted(task.held, "held already");
    counted(filled.empty, "without a figure at the source");
    counted(filled.frozen, "frozen, not restated");
    counted(filled.failed, "failed");
    counted(task.unasked(filled.asked), "not asked any more; run it again to go on");
    let problem = filled.problem.as_ref().map(|problem| format!(" ({problem})"));
    format!("{}{}", parts.join(", "), problem.unwrap_or_default())
}

/// Every scorecard concerned is judged once, when all is in; how many messages come of it.
async fn tell(instance: &Instance, tasks: &[Task<'_>], alerts: Alerts) -> Result<usize, Failure> {
    let kpis: HashSet<KpiRef> = tasks.iter().map(|task| task.collection.kpi.clone()).collect();
    let scorecards = instance.setup.portfolio.affected_by(&kpis);
    let circumstances = Circumstances { historical: alerts == Alerts::None, ..<_>::default() };
    let judged =
        judgement::judge(instance, &scorecards, circumstances, clock::of(&instance.setup).now())
            .await?;
    Ok(judged.deliveries.len())
}

/// How far it has come, on a terminal, in one line that is written over.
fn bar(asked: usize, total: usize) {
    let mut terminal = std::io::stderr();
    if terminal.is_terminal() {
        let percent = 100 * asked / total.max(1);
        // A progress that cannot be shown is no reason to stop.
        let _ = write!(terminal, "\r\x1b[K{asked} of {total} questions, {percent} %");
    }
}

fn clear_bar() {
    let mut terminal = std::io::stderr();
    if terminal.is_terminal() {
        let _ = write!(terminal, "\r\x1b[K");
    }
}
