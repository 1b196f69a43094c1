//! `kpid check`: every problem and lint of the configuration, with its place.

use std::path::Path;

use clap::ValueEnum;

use crate::{
    app::compose::refusals,
    cli::{
        Answer, check_output, clock, configuration,
        data_lints::{self, Warning},
        failure::Failure,
        output::{self, note, print_json, say},
    },
    engine::query_window,
    web::login::provider::Provider,
};
use kpid_config::{
    load::{LoadError, load},
    places::Places,
    problem::{Place, Problem, Severity},
    problems::Problems,
    secret::Secrets,
    setup::{Collection, Setup},
};
use kpid_delivery::channels::Channels;
use kpid_message::wording::plural;
use kpid_rules::model::{Id, Scope, one_line};
use kpid_sources::{Question, connections::Connections};

/// Check the configuration: every problem of every file, with its place
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Also reach every connection and channel, without sending anything
    #[arg(long)]
    probe: bool,
    /// Warnings are problems, too
    #[arg(long)]
    strict: bool,
    /// Show every warning, also the many of one kind
    #[arg(long)]
    all: bool,
    /// For people, for programs, or for the checks of a forge
    #[arg(long, value_enum, default_value_t)]
    format: CheckFormat,
}

/// How problems are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum CheckFormat {
    /// For people.
    #[default]
    Text,
    /// For programs; the keys are a contract.
    Json,
    /// For GitHub Actions, which shows them beside the lines of a change.
    Github,
}

/// A connection, channel or KPI that was tried, and why it cannot be reached or asked.
pub(super) struct Probed {
    pub(super) what: &'static str,
    pub(super) id: String,
    pub(super) trouble: Option<String>,
    /// What is worth knowing where nothing is wrong.
    pub(super) note: Option<String>,
}

pub(crate) async fn run(config: &Path, arguments: &Arguments) -> Result<Answer, Failure> {
    let secrets = if arguments.probe { Secrets::Needed } else { Secrets::Unused };
    let (setup, problems) = match load(config, secrets) {
        Ok((setup, warnings)) => accepted(setup, warnings),
        Err(LoadError::Problems(problems)) => (None, problems),
        Err(error @ LoadError::Unreadable { .. }) => {
            return Err(configuration::failure(config, error));
        }
    };
    let probed = match &setup {
        Some(setup) if arguments.probe => probe(setup).await?,
        _ => Vec::new(),
    };
    let held = match &setup {
        Some(setup) => placed(&problems.places, data_lints::warnings(setup).await?),
        None => Vec::new(),
    };
    let warnings = count(&problems, Severity::Warning) + held.len();
    let found = held.iter().map(|(warning, place)| {
        Problem::warning(*place, format!("{} {}", warning.scope, warning.message))
    });
    match arguments.format {
        CheckFormat::Json => print_json(&json(&problems, arguments.probe, &probed, &held))?,
        CheckFormat::Github => {
            let mut all = problems;
            all.found.extend(found);
            output::put(format_args!("{}", all.to_github()));
            for Probed { what, id, trouble, .. } in &probed {
                if let Some(trouble) = trouble {
                    say!("::error::{}", one_line(&format!("{what} {id}: {trouble}")));
                }
            }
        }
        CheckFormat::Text => {
            let summary = summary(setup.as_ref(), &problems, &probed, held.len());
            let shown = put(problems, arguments.all);
            for Probed { what, id, trouble, note } in &probed {
                let answer = trouble.as_deref().unwrap_or("reached");
                let note = note.as_ref().map(|note| format!("; {note}")).unwrap_or_default();
                say!("{what} {id}: {answer}{note}");
            }
            put(Problems { found: found.collect(), ..shown }, arguments.all);
            note!("{summary}");
        }
    }
    let reached = probed.iter().all(|probed| probed.trouble.is_none());
    let good = setup.is_some() && reached && !(arguments.strict && warnings > 0);
    Ok(if good { Answer::Done } else { Answer::No })
}

/// Lists problems for people; what was listed.
fn put(problems: Problems, all: bool) -> Problems {
    let (shown, more) =
        if all { (problems, String::new()) } else { check_output::folded(problems) };
    output::put(format_args!("{shown}{more}"));
    shown
}

fn count(problems: &Problems, severity: Severity) -> usize {
    problems.found.iter().filter(|problem| problem.severity == severity).count()
}

/// A set-up that `kpid run` would take, or why it would not.
fn accepted(setup: Setup, mut problems: Problems) -> (Option<Setup>, Problems) {
    let refusals = refusals(&setup);
    let is_taken = refusals.is_empty();
    let whole = Place { line: 1, column: 1, ..Place::default() };
    problems.found.extend(refusals.into_iter().map(|message| Problem::error(whole, message)));
    problems.sort();
    (is_taken.then_some(setup), problems)
}

/// Tries every connection and channel, without sending anything, and the questions of those that are
/// reached as far as they show what is wrong with them; of those only what is wrong is listed.
pub(super) async fn probe(setup: &Setup) -> anyhow::Result<Vec<Probed>> {
    let mut probed = Vec::new();
    let connections = Connections::open(&setup.connections)?;
    for id in setup.connections.keys() {
        let trouble = connections.probe(id, setup.calendar.zone).await.err();
        let is_reached = trouble.is_none();
        let note = if is_reached { power(&connections, id).await } else { None };
        probed.push(Probed { what: "connection", id: id.to_string(), trouble, note });
        if is_reached {
            probed.extend(misread(setup, &connections, id).await);
        }
    }
    let channels = Channels::open(&setup.channels)?;
    for id in setup.channels.keys() {
        let trouble = channels.probe(id).await.err().map(|error| error.to_string());
        probed.push(Probed { what: "channel", id: id.to_string(), trouble, note: None });
    }
    if let Some(oidc) = setup.web.oidc.clone() {
        let id = oidc.issuer.clone();
        let trouble = Provider::new(oidc)?.probe().await.err();
        probed.push(Probed { what: "login provider", id, trouble, note: None });
    }
    Ok(probed)
}

/// Whoever only reads needs a user that can only read.
async fn power(connections: &Connections, id: &Id) -> Option<String> {
    match connections.power(id).await {
        Ok(power) => {
            power.map(|power| format!("its user {power}; give kpid one that can only read"))
        }
        Err(trouble) => Some(format!("nobody knows what its user may do: {trouble}")),
    }
}

/// The KPIs whose questions to a connection mean something else there.
async fn misread(setup: &Setup, connections: &Connections, id: &Id) -> Vec<Probed> {
    let now = clock::of(setup).now();
    let mut found = Vec::new();
    for Collection { kpi: named, source, .. } in &setup.collections {
        let Some(scorecard) = setup.portfolio.scorecard(&named.scorecard) else { continue };
        let Some(kpi) = scorecard.kpi(&named.kpi) else { continue };
        if source.from != *id {
            continue;
        }
        let (calendar, frequency) = (&scorecard.calendar, kpi.frequency);
        let window = query_window::of(calendar, calendar.period_at(frequency, now));
        let question = Question { window: &window, frequency, calendar, now };
        if let Err(trouble) = connections.try_question(source, &question).await {
            found.push(Probed {
                what: "KPI",
                id: named.to_string(),
                trouble: Some(trouble),
                note: None,
            });
        }
    }
    found
}

fn json(
    problems: &Problems,
    with_probe: bool,
    probed: &[Probed],
    held: &[(Warning, Place)],
) -> serde_json::Value {
    let mut json = problems.to_json();
    if with_probe {
        let probe = |Probed { what, id, trouble, note }: &Probed| serde_json::json!({ "kind": what, "id": id, "reached": trouble.is_none(), "message": trouble, "note": note });
        json["probed"] = probed.iter().map(probe).collect();
    }
    let warning = |(Warning { scope, message }, place): &(Warning, Place)| {
        let (file, _) = problems.files.get(place.file);
        serde_json::json!({
            "scope": scope, "message": message, "file": file.display().to_string(),
            "line": place.line, "column": place.column,
        })
    };
    json["held"] = held.iter().map(warning).collect();
    json
}

/// Each warning with the place of its node.
fn placed(places: &Places, warnings: Vec<Warning>) -> Vec<(Warning, Place)> {
    let place = |scope: &Scope| places.of(scope).unwrap_or_default();
    warnings
        .into_iter()
        .map(|warning| {
            let place = place(&warning.scope);
            (warning, place)
        })
        .collect()
}

fn summary(setup: Option<&Setup>, problems: &Problems, probed: &[Probed], held: usize) -> String {
    let warnings = plural(count(problems, Severity::Warning) + held, "warning");
    let unreached: Vec<&str> =
        probed.iter().filter(|held| held.trouble.is_some()).map(|held| held.what).collect();
    match setup {
        Some(_) if !unreached.is_empty() => {
            let count = |what: &str| unreached.iter().filter(|held| **held == what).count();
            let named = |kinds: &[&'static str]| -> Vec<String> {
                let found = kinds.iter().filter(|what| count(what) > 0);
                found.map(|what| plural(count(what), what)).collect()
            };
            let of = |kinds: &[&'static str], trouble: &str| {
                let named = named(kinds).join(" and ");
                (!named.is_empty()).then(|| format!("{named} {trouble}"))
            };
            let unreached = of(&["connection", "channel", "login provider"], "cannot be reached");
            let unasked = of(&["KPI"], "cannot be asked");
            let parts: Vec<String> = [unreached, unasked].into_iter().flatten().collect();
            format!("not good: {}, {warnings}", parts.join(", "))
        }
        Some(setup) => {
            let scorecards = setup.portfolio.scorecards().len();
            let kpis = setup.portfolio.kpis().count();
            format!(
                "good: {}, {}, {warnings}",
                plural(scorecards, "scorecard"),
                plural(kpis, "KPI")
            )
        }
        None => {
            format!("not good: {}, {warnings}", plural(count(problems, Severity::Error), "problem"))
        }
    }
}
