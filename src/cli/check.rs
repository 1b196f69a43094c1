//! `kpid check`: every problem and lint of the configuration, with its place.

use std::path::Path;

use crate::{
    cli::{
        Answer,
        failure::Failure,
        output::{Format, print_json},
    },
    config::{
        load::{LoadError, load},
        problem::{Problems, Severity},
        secret::Secrets,
        setup::Setup,
    },
};

/// Check the configuration: every problem of every file, with its place
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// For people or for programs
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

pub(crate) fn run(config: &Path, arguments: &Arguments) -> Result<Answer, Failure> {
    let (setup, problems) = match load(config, Secrets::Unused) {
        Ok((setup, warnings)) => (Some(setup), warnings),
        Err(LoadError::Problems(problems)) => (None, problems),
        Err(error @ LoadError::Unreadable { .. }) => {
            let hint = "name the configuration with --config PATH, or write one with `kpid init`";
            return Err(Failure::new(error.to_string()).hint(hint));
        }
    };
    match arguments.format {
        Format::Json => print_json(&problems.to_json())?,
        Format::Text => {
            anstream::print!("{}", problems.render());
            anstream::println!("{}", summary(setup.as_ref(), &problems));
        }
    }
    Ok(if setup.is_some() { Answer::Done } else { Answer::No })
}

fn summary(setup: Option<&Setup>, problems: &Problems) -> String {
    let count =
        |severity| problems.found.iter().filter(|problem| problem.severity == severity).count();
    let warnings = plural(count(Severity::Warning), "warning");
    match setup {
        Some(setup) => {
            let scorecards = setup.portfolio.scorecards().len();
            let kpis = setup.portfolio.kpis().count();
            format!(
                "good: {}, {}, {warnings}",
                plural(scorecards, "scorecard"),
                plural(kpis, "KPI")
            )
        }
        None => format!("not good: {}, {warnings}", plural(count(Severity::Error), "problem")),
    }
}

fn plural(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}
