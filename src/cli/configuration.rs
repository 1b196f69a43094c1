//! The configuration as commands want it: loaded, or a failure in the reader's words.

use std::path::Path;

use crate::{
    cli::failure::Failure,
    config::{
        load::{LoadError, load},
        problem::{Problems, Severity},
        secret::Secrets,
        setup::Setup,
    },
    scorecard::Scope,
};

/// The set-up of a command that talks to the world.
pub(crate) fn load_to_use(path: &Path) -> Result<Setup, Failure> {
    load(path, Secrets::Needed).map(|(setup, _)| setup).map_err(|error| failure(path, error))
}

/// The set-up of a command that only looks at what is held.
pub(crate) fn load_to_look(path: &Path) -> Result<Setup, Failure> {
    load(path, Secrets::Unused).map(|(setup, _)| setup).map_err(|error| failure(path, error))
}

/// The node a path of ids names, or a failure with a suggestion.
pub(crate) fn scope(setup: &Setup, path: &str) -> Result<Scope, Failure> {
    setup.portfolio.resolve(path).ok_or_else(|| {
        let hint = crate::config::problem::suggestion(path, scopes(setup).iter().map(String::as_str));
        let failure = Failure::new(format!("there is no `{path}`"));
        failure.hint(hint.unwrap_or_else(|| {
            "name a scorecard, scorecard/perspective, scorecard/perspective/objective or scorecard/kpi".into()
        }))
    })
}

fn scopes(setup: &Setup) -> Vec<String> {
    let mut paths = Vec::new();
    for scorecard in setup.portfolio.scorecards() {
        paths.push(scorecard.id.to_string());
        paths.extend(
            scorecard.perspectives.iter().map(|child| format!("{}/{}", scorecard.id, child.id)),
        );
        paths.extend(scorecard.kpis().map(|kpi| scorecard.named(kpi).to_string()));
    }
    paths
}

/// Why a file cannot be used, its problems printed in full.
pub(crate) fn failure(path: &Path, error: LoadError) -> Failure {
    match error {
        LoadError::Problems(problems) => in_full(path, &problems),
        LoadError::Unreadable { .. } => Failure::new(error.to_string())
            .hint("name the configuration with --config PATH, or write one with `kpid init`"),
    }
}

/// Every problem that stands in the way first, then the line that says so.
fn in_full(path: &Path, problems: &Problems) -> Failure {
    let mut problems = problems.clone();
    problems.found.retain(|problem| problem.severity == Severity::Error);
    anstream::eprint!("{}", problems.render());
    Failure::new(format!("the configuration {} cannot be used", path.display()))
        .hint("`kpid check` also shows the warnings")
}
