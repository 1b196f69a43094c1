//! `kpid check`: every problem and lint of the configuration, with its place.

use std::path::Path;

use crate::{
    cli::{
        Answer,
        failure::Failure,
        held::{self, Warning},
        output::{self, Format, print_json, say},
    },
    config::{
        load::{LoadError, load},
        problem::{Problems, Severity},
        secret::Secrets,
        setup::Setup,
    },
    notify::Channels,
    scorecard::Id,
    sources::connections::Connections,
};

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
        Ok((setup, warnings)) => (Some(setup), warnings),
        Err(LoadError::Problems(problems)) => (None, problems),
        Err(error @ LoadError::Unreadable { .. }) => {
            let hint = "name the configuration with --config PATH, or write one with `kpid init`";
            return Err(Failure::new(error.to_string()).hint(hint));
        }
    };
    let probed = match &setup {
        Some(setup) if arguments.probe => probe(setup).await?,
        _ => Vec::new(),
    };
    let held = match &setup {
        Some(setup) => held::warnings(setup).await?,
        None => Vec::new(),
    };
    match arguments.format {
        Format::Json => print_json(&json(&problems, arguments.probe, &probed, &held)?)?,
        Format::Text => {
            output::put(format_args!("{}", problems.render()));
            for Probed { what, id, trouble } in &probed {
                let answer = trouble.as_deref().unwrap_or("reached");
                say!("{what} {id}: {answer}");
            }
            for Warning { scope, message } in &held {
                say!("warning: {scope} {message}");
            }
            say!("{}", summary(setup.as_ref(), &problems, held.len()));
        }
    }
    let reached = probed.iter().all(|probed| probed.trouble.is_none());
    Ok(if setup.is_some() && reached { Answer::Done } else { Answer::No })
}

/// Tries every connection and channel, without sending anything.
pub(super) async fn probe(setup: &Setup) -> anyhow::Result<Vec<Probed>> {
    let mut probed = Vec::new();
    let connections = Connections::open(&setup.connections)?;
    for id in setup.connections.keys() {
        let trouble = connections.probe(id).await.err();
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
    held: &[Warning],
) -> anyhow::Result<serde_json::Value> {
    let mut json = problems.to_json();
    if with_probe {
        let probe = |Probed { what, id, trouble }: &Probed| serde_json::json!({ "kind": what, "id": id, "reached": trouble.is_none(), "message": trouble });
        json["probed"] = probed.iter().map(probe).collect();
    }
    json["held"] = serde_json::to_value(held)?;
    Ok(json)
}

fn summary(setup: Option<&Setup>, problems: &Problems, held: usize) -> String {
    let count =
        |severity| problems.found.iter().filter(|problem| problem.severity == severity).count();
    let warnings = output::plural(count(Severity::Warning) + held, "warning");
    match setup {
        Some(setup) => {
            let scorecards = setup.portfolio.scorecards().len();
            let kpis = setup.portfolio.kpis().count();
            format!(
                "good: {}, {}, {warnings}",
                output::plural(scorecards, "scorecard"),
                output::plural(kpis, "KPI")
            )
        }
        None => {
            format!("not good: {}, {warnings}", output::plural(count(Severity::Error), "problem"))
        }
    }
}
