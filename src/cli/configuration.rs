//! The configuration as commands want it: loaded, or a failure in the reader's words.

use std::{collections::HashSet, path::Path};

use crate::cli::{failure::Failure, output};
use kpid_config::{
    load::{LoadError, load},
    problem::{Severity, suggestion},
    problems::Problems,
    secret::Secrets,
    setup::{Collection, Setup},
};
use kpid_message::person::Person;
use kpid_rules::model::{Id, KpiRef, Objective, Scope};

/// The set-up of a command that talks to the world.
pub(crate) fn load_to_use(path: &Path) -> Result<Setup, Failure> {
    load(path, Secrets::Needed).map(|(setup, _)| setup).map_err(|error| failure(path, error))
}

/// The set-up of a command that only looks at what is held.
pub(crate) fn load_to_look(path: &Path) -> Result<Setup, Failure> {
    load(path, Secrets::Unused).map(|(setup, _)| setup).map_err(|error| failure(path, error))
}

/// The set-up of another configuration than the present one, to be compared with it.
pub(crate) fn load_beside(path: &Path) -> Result<Setup, Failure> {
    load(path, Secrets::Unused).map(|(setup, _)| setup).map_err(|error| match error {
        LoadError::Unreadable { .. } => Failure::new(error.to_string())
            .hint("name the changed configuration, with its scorecards where it says"),
        LoadError::Problems(_) => failure(path, error),
    })
}

/// The node a path of ids names, or a failure with a suggestion.
pub(crate) fn scope(setup: &Setup, path: &str) -> Result<Scope, Failure> {
    setup.portfolio.resolve(path).ok_or_else(|| {
        let hint = suggestion(path, scopes(setup).iter().map(String::as_str));
        let failure = Failure::new(format!("`{path}` is not configured"));
        failure.hint(hint.unwrap_or_else(|| {
            "name a scorecard, scorecard/perspective, scorecard/perspective/objective or scorecard/kpi".into()
        }))
    })
}

/// The person of that id, or a failure with a suggestion.
pub(crate) fn person<'s>(setup: &'s Setup, name: &str) -> Result<&'s Person, Failure> {
    let found = Id::parse(name).ok().and_then(|id| setup.people.get(&id));
    found.ok_or_else(|| {
        let hint = suggestion(name, setup.people.keys().map(Id::as_str));
        let failure = Failure::new(format!("there is no person `{name}`"));
        failure.hint(hint.unwrap_or_else(|| "name one of `people` in kpid.yaml".to_owned()))
    })
}

/// Every path of ids that names a node.
pub(crate) fn scopes(setup: &Setup) -> Vec<String> {
    let mut paths = Vec::new();
    for scorecard in setup.portfolio.scorecards() {
        paths.push(scorecard.id.to_string());
        paths.extend(
            scorecard.perspectives.iter().map(|child| format!("{}/{}", scorecard.id, child.id)),
        );
        for view in &scorecard.perspectives {
            let path = |child: &Objective| format!("{}/{}/{}", scorecard.id, view.id, child.id);
            paths.extend(view.objectives.iter().map(path));
        }
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

/// Why a scenario cannot be played, its problems printed in full.
pub(crate) fn scenario_failure(path: &Path, error: LoadError) -> Failure {
    match error {
        LoadError::Unreadable { path: ref unread, .. } if unread == path => Failure::new(
            error.to_string(),
        )
        .hint(
            "name a scenario: the readings of a story, step by step, and what they should lead to",
        ),
        LoadError::Unreadable { .. } => Failure::new(error.to_string())
            .hint(format!("`config` in {} names it; see what it is relative to", path.display())),
        LoadError::Problems(problems) => {
            // Those of the configuration that it is played on come with the files of that one.
            let (first, _) = problems.files.get(0);
            if first != path {
                return in_full(first, &problems);
            }
            print(&problems);
            Failure::new(format!("the scenario {} cannot be played", path.display()))
        }
    }
}

/// Every problem that stands in the way first, then the line that says so.
fn in_full(path: &Path, problems: &Problems) -> Failure {
    print(problems);
    Failure::new(format!("the configuration {} cannot be used", path.display()))
        .hint("`kpid check` also shows the warnings")
}

/// Every problem that stands in the way.
fn print(problems: &Problems) {
    let mut problems = problems.clone();
    problems.found.retain(|problem| problem.severity == Severity::Error);
    output::put_error(format_args!("{problems}"));
}

/// The collections below the scopes named; all without any.
pub(crate) fn collections<'s>(
    setup: &'s Setup,
    paths: &[String],
) -> Result<Vec<&'s Collection>, Failure> {
    if paths.is_empty() {
        return Ok(setup.collections.iter().collect());
    }
    let mut wanted: HashSet<KpiRef> = HashSet::new();
    for path in paths {
        wanted.extend(below(setup, &scope(setup, path)?));
    }
    let found: Vec<_> =
        setup.collections.iter().filter(|collection| wanted.contains(&collection.kpi)).collect();
    if let (true, Some(pushed)) =
        (found.is_empty(), setup.pushed.iter().find(|pushed| wanted.contains(&pushed.kpi)))
    {
        let message = format!(
            "`{}` is not asked for: its system pushes it, over `{}`",
            pushed.kpi, pushed.from
        );
        let hint =
            "its figures come by POST /api/v1/readings; `kpid import` takes them from a file";
        return Err(Failure::new(message).hint(hint));
    }
    if found.is_empty() {
        let hint = "give it a `source`, or import its actuals with `kpid import`";
        return Err(Failure::new("none of these KPIs has a source").hint(hint));
    }
    Ok(found)
}

fn below(setup: &Setup, scope: &Scope) -> Vec<KpiRef> {
    let Some(scorecard) = setup.portfolio.scorecard(scope.scorecard()) else { return Vec::new() };
    let mut kpis = Vec::new();
    for perspective in &scorecard.perspectives {
        for objective in &perspective.objectives {
            for kpi in &objective.kpis {
                let inside = match scope {
                    Scope::Scorecard(_) => true,
                    Scope::Perspective(_, id) => perspective.id == *id,
                    Scope::Objective(_, _, id) => objective.id == *id,
                    Scope::Kpi(named) => kpi.id == named.kpi,
                };
                kpis.extend(inside.then(|| scorecard.named(kpi)));
            }
        }
    }
    kpis
}
