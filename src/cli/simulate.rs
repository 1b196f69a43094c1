//! `kpid simulate`: a story of readings, played to the rules: what would be shown, and who would
//! be told. No source is asked, no store is opened, nobody is told.

use std::{fmt::Write as _, path::PathBuf};

use serde_json::{Map, Value, json};

use crate::cli::{
    Answer, configuration,
    failure::Failure,
    output::{Format, complain, print_json, put, say, style},
};
use kpid_config::scenario::{self, CAUSE, EVENT, Expectation, Scenario};
use kpid_rules::{
    alerting::{Cause, Event},
    analysis::timeline::{StepOutcome, play},
    evaluation::EpisodeChange,
    judgement::{Standing, rounding},
    model::{Scope, Status},
};

/// Numbers are expected as people read them: this far off still holds.
const NUMBER_WITHIN: f64 = 0.06;

/// Play scenarios: what the statuses and messages would be, without sources, store or messages
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Scenario files
    #[arg(required = true, value_name = "SCENARIO")]
    scenarios: Vec<PathBuf>,
    /// For people or for programs
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Something that is not as expected.
struct Miss {
    scope: Scope,
    key: String,
    expected: Value,
    found: Value,
}

pub(crate) fn run(arguments: &Arguments) -> Result<Answer, Failure> {
    let mut scenarios = Vec::new();
    for path in &arguments.scenarios {
        let scenario =
            scenario::load(path).map_err(|error| configuration::scenario_failure(path, error))?;
        scenarios.push((path, scenario));
    }
    let mut answer = Answer::Done;
    let mut elements = Vec::new();
    for (path, scenario) in &scenarios {
        let moments = play(&scenario.portfolio, &scenario.config_hash, &scenario.steps);
        let misses = misses(scenario, &moments);
        if misses.iter().any(|misses| !misses.is_empty()) {
            answer = Answer::No;
        }
        match arguments.format {
            Format::Text if arguments.scenarios.len() > 1 => {
                say!("{}:\n\n{}", path.display(), transcript(&moments, &misses));
            }
            Format::Text => put(format_args!("{}", transcript(&moments, &misses))),
            Format::Json => elements.extend(moments.iter().map(element)),
        }
        for (moment, misses) in moments.iter().zip(&misses) {
            for miss in misses {
                let at = moment.standing.as_of.to_rfc3339();
                complain!("kpid: {}: at {at}: {}", path.display(), miss.sentence());
            }
        }
    }
    if arguments.format == Format::Json {
        print_json(&elements)?;
    }
    Ok(answer)
}

fn misses(scenario: &Scenario, moments: &[StepOutcome]) -> Vec<Vec<Miss>> {
    let pairs = scenario.expectations.iter().zip(moments);
    pairs
        .map(|(expected, moment)| expected.iter().flat_map(|one| missed(one, moment)).collect())
        .collect()
}

fn missed(expectation: &Expectation, moment: &StepOutcome) -> Vec<Miss> {
    let mut node =
        moment.standing.node(&expectation.scope).map(|node| node.facts()).unwrap_or_default();
    let change = moment.changes.iter().find(|change| change.scope == expectation.scope);
    let word = |word: Option<&str>| word.map_or(Value::Null, Value::from);
    let event = change.and_then(|change| change.event).map(Event::word);
    let cause = change.and_then(|change| change.cause).map(Cause::word);
    node.insert(EVENT.to_owned(), word(event));
    node.insert(CAUSE.to_owned(), word(cause));
    let differing = expectation.facts.iter().filter_map(|(key, expected)| {
        let found = node.get(key).cloned().unwrap_or_default();
        let scope = expectation.scope.clone();
        let (key, expected) = (key.clone(), expected.clone());
        (!holds(&expected, &found)).then_some(Miss { scope, key, expected, found })
    });
    differing.collect()
}

/// Whether what was found is what was expected; of a map, whether all that was expected of it holds.
fn holds(expected: &Value, found: &Value) -> bool {
    match (expected, found) {
        (Value::Number(expected), Value::Number(found)) => {
            let pair = expected.as_f64().zip(found.as_f64());
            pair.is_some_and(|(expected, found)| (expected - found).abs() <= NUMBER_WITHIN)
        }
        (Value::Object(expected), Value::Object(found)) => {
            let held = |key: &String| found.get(key).unwrap_or(&Value::Null);
            expected.iter().all(|(key, expected)| holds(expected, held(key)))
        }
        _ => expected == found,
    }
}

impl Miss {
    fn sentence(&self) -> String {
        let Self { scope, key, expected, found } = self;
        format!("expected {key} of {scope} to be {expected}, found {found}")
    }
}

/// A step for programs.
fn element(moment: &StepOutcome) -> Value {
    let event = |change: &EpisodeChange| {
        let event = change.event?;
        let (scope, to) = (&change.scope, &change.to);
        Some(json!({ "scope": scope, "event": event.word(), "to": to }))
    };
    let events: Vec<Value> = moment.changes.iter().filter_map(event).collect();
    let standing = &moment.standing;
    json!({ "at": standing.as_of.to_rfc3339(), "standing": standing, "events": events })
}

/// The steps for people: what changed, who is told, what was expected and is not so.
fn transcript(moments: &[StepOutcome], misses: &[Vec<Miss>]) -> String {
    let mut text = String::new();
    let mut before: Option<&Standing> = None;
    for (moment, misses) in moments.iter().zip(misses) {
        let _ = writeln!(text, "{}", moment.standing.as_of.format("%Y-%m-%d %H:%M %Z"));
        let mut quiet = true;
        for (scope, now) in nodes(&moment.standing) {
            let was = before.and_then(|before| Some(before.node(&scope)?.facts()));
            if let Some(line) = change(&scope, &now, was.as_ref()) {
                let _ = writeln!(text, "  {line}");
                quiet = false;
            }
        }
        for change in &moment.changes {
            if let Some(line) = notified(change) {
                let _ = writeln!(text, "  {line}");
                quiet = false;
            }
        }
        if quiet {
            text.push_str("  nothing changed\n");
        }
        for miss in misses {
            let _ = writeln!(text, "  NOT AS EXPECTED: {}", miss.sentence());
        }
        text.push('\n');
        before = Some(&moment.standing);
    }
    text
}

/// Every node from the top down, as it is serialised.
fn nodes(standing: &Standing) -> Vec<(Scope, Map<String, Value>)> {
    let mut scopes = Vec::new();
    for scorecard in &standing.scorecards {
        let id = &scorecard.id;
        scopes.push(Scope::Scorecard(id.clone()));
        for perspective in &scorecard.perspectives {
            scopes.push(Scope::Perspective(id.clone(), perspective.id.clone()));
            for objective in &perspective.objectives {
                let path = (id.clone(), perspective.id.clone(), objective.id.clone());
                scopes.push(Scope::Objective(path.0, path.1, path.2));
                scopes.extend(objective.kpis.iter().map(|kpi| {
                    let scorecard = id.clone();
                    Scope::Kpi(kpid_rules::model::KpiRef { scorecard, kpi: kpi.id.clone() })
                }));
            }
        }
    }
    scopes
        .into_iter()
        .filter_map(|scope| Some((scope.clone(), standing.node(&scope)?.facts())))
        .collect()
}

/// A node that stands otherwise than before, if it does.
fn change(
    scope: &Scope,
    now: &Map<String, Value>,
    was: Option<&Map<String, Value>>,
) -> Option<String> {
    let shown = verdict(now);
    let shown_before = was.map(verdict);
    if shown_before.as_ref() == Some(&shown) {
        return None;
    }
    let status = serde_json::from_value::<Status>(now.get("status")?.clone()).ok()?;
    let style = style(status);
    let mut line = format!("{scope}: {style}{shown}{style:#}");
    let reason = now.get("reason").and_then(Value::as_str).filter(|reason| *reason != "score");
    let gap = now.get("gap").and_then(Value::as_str);
    for part in [reason, gap].into_iter().flatten() {
        let _ = write!(line, ", {}", part.replace('_', " "));
    }
    if let Some(culprit) = now.get("culprit").and_then(Value::as_str) {
        let _ = write!(line, " ({culprit})");
    }
    if let Some(error) = now.get("error").and_then(Value::as_str) {
        let _ = write!(line, ", source: {error}");
    }
    if let Some(before) = shown_before {
        let _ = write!(line, " (was {before})");
    }
    Some(line)
}

fn verdict(node: &Map<String, Value>) -> String {
    let status = node.get("status").and_then(Value::as_str).unwrap_or_default().replace('_', " ");
    match node.get("score").and_then(Value::as_f64) {
        Some(score) => format!("{status} {}", rounding::score(score)),
        None => status,
    }
}

fn notified(change: &EpisodeChange) -> Option<String> {
    let event = change.event?.word();
    let to: Vec<_> = change.to.iter().map(ToString::to_string).collect();
    let to = if to.is_empty() { "nobody".to_owned() } else { to.join(", ") };
    // The usual causes say no more than the event.
    let is_shown = |cause: &Cause| !matches!(cause, Cause::Fell | Cause::Lasted | Cause::Improved);
    let cause = change.cause.filter(is_shown);
    let cause = cause.map(|cause| format!(" ({})", cause.word().replace('_', " ")));
    Some(format!("→ {} {event}{}, notifying {to}", change.scope, cause.unwrap_or_default()))
}
