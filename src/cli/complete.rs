//! What a shell may complete: the scorecards, people and periods of the configuration that the command
//! line names.

use std::{
    ffi::{OsStr, OsString},
    path::PathBuf,
};

use clap::CommandFactory;
use clap_complete::engine::{ArgValueCompleter, CompletionCandidate};

use crate::cli::{CommandLine, clock, config_path, configuration};
use kpid_config::setup::Setup;
use kpid_rules::model::{Frequency, Period};

/// Shells set this variable when they want to know how a line goes on.
pub(crate) const VARIABLE: &str = "KPID_COMPLETE";

/// So many of the last months and quarters are offered.
const MONTHS: usize = 24;
const QUARTERS: usize = 8;

/// Completes a path of ids: of a scorecard, or of anything below one.
pub(crate) fn scopes() -> ArgValueCompleter {
    of(configuration::scopes)
}

/// Completes the id of a scorecard.
pub(crate) fn scorecards() -> ArgValueCompleter {
    of(|setup| setup.portfolio.scorecards().iter().map(|held| held.id.to_string()).collect())
}

/// Completes the id of a person.
pub(crate) fn people() -> ArgValueCompleter {
    of(|setup| setup.people.keys().map(ToString::to_string).collect())
}

/// Completes a period that is over or runs, the newest first.
pub(crate) fn periods() -> ArgValueCompleter {
    of(|setup| {
        let (calendar, now) = (&setup.calendar, clock::of(setup).now());
        let newest = |frequency| calendar.period_at(frequency, now);
        let back = |first: Period, count: usize| {
            std::iter::successors(Some(first), |period| Some(period.previous())).take(count)
        };
        back(newest(Frequency::Month), MONTHS)
            .chain(back(newest(Frequency::Quarter), QUARTERS))
            .map(|period| period.to_string())
            .collect()
    })
}

fn of(names: fn(&Setup) -> Vec<String>) -> ArgValueCompleter {
    ArgValueCompleter::new(move |begun: &OsStr| {
        // A configuration that cannot be read completes nothing, and says why when the command is run.
        let setup = configuration::load_to_look(&named(std::env::args_os().collect()));
        let (Ok(setup), Some(begun)) = (setup, begun.to_str()) else { return Vec::new() };
        let fits = names(&setup).into_iter().filter(|name| name.starts_with(begun));
        fits.map(CompletionCandidate::new).collect()
    })
}

/// The configuration that the line being completed names, or the environment.
fn named(line: Vec<OsString>) -> PathBuf {
    let words = line.into_iter().skip_while(|word| word != "--").skip(1);
    // A line that is not finished is mostly no command yet.
    let command = CommandLine::command().ignore_errors(true);
    let found = command.try_get_matches_from(words).ok();
    let named = found.and_then(|found| found.get_one::<OsString>("config").cloned());
    config_path(named.filter(|path| !path.is_empty()))
}
