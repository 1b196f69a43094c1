//! `kpid check`: every problem and lint of the configuration, with its place.

use std::path::Path;

use crate::{
    app::compose::refusals,
    cli::{
        Answer, configuration,
        data_lints::{self, Warning},
        failure::Failure,
        output::{self, Format, print_json, say},
    },
};
use kpid_config::{
    load::{LoadError, load},
    problem::{Place, Problem, Severity},
    problems::Problems,
    secret::Secrets,
    setup::Setup,
};
use kpid_delivery::channels::Channels;
use kpid_message::wording::plural;
use kpid_rules::model::{Id, Scope};
use kpid_sources::connections::Connections;

/// Check the configuration: every problem of every file, with its place
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Also reach every connection and channel, without sending anything
    #[arg(long)]
    probe: bool,
    /// For people or for programs
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// A connection or channel that was tried, and why it cannot be reached.
pub(super) struct Probed {
    pub(super) what: &'static str,
    pub(super) id: Id,
    pub(super) trouble: Option<String>,
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
        Some(setup) => placed(setup, data_lints::warnings(setup).await?),
        None => Vec::new(),
    };
    match arguments.format {
        Format::Json => print_json(&json(&problems, arguments.probe, &probed, &held))?,
        Format::Text => {
            output::put(format_args!("{}", problems.render()));
            for Probed { what, id, trouble } in &probed {
                let answer = trouble.as_deref().unwrap_or("reached");
                say!("{what} {id}: {answer}");
            }
            let found = held.iter().map(|(warning, place)| {
                Problem::warning(*place, format!("{} {}", warning.scope, warning.message))
            });
            let shown = Problems { found: found.collect(), files: problems.files.clone() };
            output::put(format_args!("{}", shown.render()));
            say!("{}", summary(setup.as_ref(), &problems, &probed, held.len()));
        }
    }
    let reached = probed.iter().all(|probed| probed.trouble.is_none());
    Ok(if setup.is_some() && reached { Answer::Done } else { Answer::No })
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

/// Tries every connection and channel, without sending anything.
pub(super) async fn probe(setup: &Setup) -> anyhow::Result<Vec<Probed>> {
    let mut probed = Vec::new();
    let connections = Connections::open(&setup.connections)?;
    for id in setup.connections.keys() {
        let trouble = connections.probe(id, setup.calendar.zone).await.err();
        probed.push(Probed { what: "connection", id: id.clone(), trouble });
    }
    let channels = Channels::open(&setup.channels)?;
    for id in setup.channels.keys() {
        let trouble = channels.probe(id).await.err().map(|error| error.to_string());
        probed.push(Probed { what: "channel", id: id.clone(), trouble });
    }
    Ok(probed)
}

fn json(
    problems: &Problems,
    with_probe: bool,
    probed: &[Probed],
    held: &[(Warning, Place)],
) -> serde_json::Value {
    let mut json = problems.to_json();
    if with_probe {
        let probe = |Probed { what, id, trouble }: &Probed| serde_json::json!({ "kind": what, "id": id, "reached": trouble.is_none(), "message": trouble });
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
fn placed(setup: &Setup, warnings: Vec<Warning>) -> Vec<(Warning, Place)> {
    let place = |scope: &Scope| setup.places.get(scope).copied().unwrap_or_default();
    warnings
        .into_iter()
        .map(|warning| {
            let place = place(&warning.scope);
            (warning, place)
        })
        .collect()
}

fn summary(setup: Option<&Setup>, problems: &Problems, probed: &[Probed], held: usize) -> String {
    let count =
        |severity| problems.found.iter().filter(|problem| problem.severity == severity).count();
    let warnings = plural(count(Severity::Warning) + held, "warning");
    let unreached: Vec<&str> =
        probed.iter().filter(|held| held.trouble.is_some()).map(|held| held.what).collect();
    match setup {
        Some(_) if !unreached.is_empty() => {
            let count = |what| unreached.iter().filter(|held| **held == what).count();
            let kinds = ["connection", "channel"].map(|what| (count(what), what));
            let kinds = kinds.into_iter().filter(|(count, _)| *count > 0);
            let parts: Vec<String> = kinds.map(|(count, what)| plural(count, what)).collect();
            format!("not good: {} cannot be reached, {warnings}", parts.join(" and "))
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
            format!("not good: {}, {warnings}", plural(count(Severity::Error), "problem"))
        }
    }
}
