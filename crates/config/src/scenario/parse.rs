//! From a scenario file to a portfolio and the steps to play on it.

use std::{collections::HashMap, path::Path, sync::Arc};

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use crate::{
    calendar::document::CalendarDoc,
    files::Files,
    load::{self, Inline, LoadError},
    problem::{Place, Problem, Severity, suggestion},
    problems::Problems,
    scenario::document::{ActualDoc, ActualsDoc, ScenarioDoc, ScenarioStepDoc},
    secret::Secrets,
    yaml::{
        self,
        located::{Entries, Loc},
        scalar::IdsDoc,
    },
};
use kpid_rules::{
    alerting::Acknowledgement,
    analysis::timeline::TimelineStep,
    evaluation::judge,
    judgement::Standing,
    model::{Calendar, Input, Kpi, KpiRef, Moment, Nature, Period, Portfolio, Scope},
    series::{Actual, Figure, History},
};

/// What a source that says null is said to have failed with.
const SAID_NULL: &str = "the source said null";

/// The fact of a node that is no part of its standing: what was told.
pub const EVENT: &str = "event";

/// Another: why it was told.
pub const CAUSE: &str = "cause";

/// The word for no event.
const NO_EVENT: &str = "none";

/// A story, ready to be played.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// What it is played on.
    pub portfolio: Portfolio,
    /// Names the configuration, where the scenario uses one.
    pub config_hash: String,
    /// What happens, oldest first.
    pub steps: Vec<TimelineStep>,
    /// What is expected after each step.
    pub expectations: Vec<Vec<Expectation>>,
}

/// What must be so of one node.
#[derive(Clone, Debug, PartialEq)]
pub struct Expectation {
    /// The node.
    pub scope: Scope,
    /// Its facts, by the keys of the standing, and `event`.
    pub facts: Map<String, Value>,
}

/// Reads a scenario, or everything that is wrong with it.
pub fn load(path: &Path) -> Result<Scenario, LoadError> {
    let mut files = Files::default();
    let file = load::read(&mut files, path)?;
    let (doc, problems) = yaml::read_with_list(&files, file, "scorecards", "scorecard");
    let mut parser = ScenarioParser { problems };
    let doc = doc.and_then(|doc| doc.value);
    let folder = path.parent().unwrap_or(Path::new(""));
    let scenario = match &doc {
        None => None,
        Some(doc) => {
            let subject = parser.subject(doc, folder, &files)?;
            subject.map(|(portfolio, config_hash)| parser.scenario(doc, portfolio, config_hash))
        }
    };
    let mut problems = Problems { files, found: parser.problems, ..Problems::default() };
    problems.found.retain(|problem| problem.severity == Severity::Error);
    problems.sort();
    match scenario {
        Some(scenario) if problems.found.is_empty() => Ok(scenario),
        _ => Err(LoadError::Problems(problems)),
    }
}

struct ScenarioParser {
    problems: Vec<Problem>,
}

impl ScenarioParser {
    fn error(&mut self, place: Place, message: impl Into<String>) {
        self.problems.push(Problem::error(place, message));
    }

    /// What the story is played on, and the name of that configuration.
    fn subject(
        &mut self,
        doc: &ScenarioDoc,
        folder: &Path,
        files: &Files,
    ) -> Result<Option<(Portfolio, String)>, LoadError> {
        match (&doc.config, &doc.scorecards) {
            (Some(config), None) => {
                let Some(config) = config.value.as_deref() else { return Ok(None) };
                let (setup, _) = load::load(&folder.join(config), Secrets::Unused)?;
                Ok(Some((Arc::unwrap_or_clone(setup.portfolio), setup.config_hash)))
            }
            (None, Some(scorecards)) => {
                let zone = doc.timezone.as_ref().map(only_zone);
                let documents = scorecards.value.iter().flatten();
                let inline = Inline {
                    scorecards: documents.filter_map(|doc| doc.value.as_ref()).collect(),
                    calendar: doc.calendar.as_ref().or(zone.as_ref()),
                    people: doc.people.as_ref(),
                };
                let (portfolio, problems) = load::inline(&inline, folder);
                self.problems.extend(problems);
                Ok(portfolio.map(|portfolio| (portfolio, load::config_hash(files))))
            }
            _ => {
                let message = "a scenario needs either `config: PATH` or `scorecards:`";
                self.error(doc.steps.place, message);
                Ok(None)
            }
        }
    }

    fn scenario(
        &mut self,
        doc: &ScenarioDoc,
        portfolio: Portfolio,
        config_hash: String,
    ) -> Scenario {
        let mut scenario =
            Scenario { portfolio, config_hash, steps: Vec::new(), expectations: Vec::new() };
        let docs = doc.steps.value.iter().flatten().filter_map(|step| step.value.as_ref());
        for doc in docs {
            let Some(at) = self.instant(&scenario.portfolio, &doc.at) else { continue };
            if scenario.steps.last().is_some_and(|before| before.at > at) {
                self.error(doc.at.place, "this step is earlier than the one above it");
            }
            let step = self.step(&scenario.portfolio, doc, at);
            let expected = self.expectations(&scenario.portfolio, doc, at);
            scenario.steps.push(step);
            scenario.expectations.push(expected);
        }
        scenario
    }

    fn step(
        &mut self,
        portfolio: &Portfolio,
        doc: &ScenarioStepDoc,
        at: DateTime<Utc>,
    ) -> TimelineStep {
        let mut step = TimelineStep {
            at,
            actuals: Vec::new(),
            failures: Vec::new(),
            historical: given(&doc.historical).copied().unwrap_or(false),
            silenced: self.silenced(portfolio, doc),
            receipts: Vec::new(),
            acknowledged: self.acknowledged(portfolio, doc, at),
        };
        for (name, place, actuals) in given(&doc.actuals).into_iter().flat_map(Entries::iter) {
            let Some(of) = self.asked(portfolio, name, place, at) else { continue };
            match actuals {
                ActualsDoc::Bare(value) => {
                    let figure = self.bare(&Loc { place, value: Some(value.clone()) });
                    of.take(&mut step, of.period(), figure, None, None);
                }
                ActualsDoc::One(doc) => self.actual(&of, doc, place, &mut step),
                ActualsDoc::Several(docs) => {
                    for doc in docs {
                        if let Some(actual) = &doc.value {
                            self.actual(&of, actual, doc.place, &mut step);
                        }
                    }
                }
            }
        }
        for (name, place, message) in given(&doc.failed).into_iter().flat_map(Entries::iter) {
            if let Some(of) = self.asked(portfolio, name, place, at) {
                step.failures.push((of.named, message.clone()));
            }
        }
        step
    }

    /// The KPI a key names, if it is collected at all.
    fn asked<'p>(
        &mut self,
        portfolio: &'p Portfolio,
        name: &str,
        place: Place,
        at: DateTime<Utc>,
    ) -> Option<AskedKpi<'p>> {
        let found = portfolio.kpis().find(|(named, ..)| named.to_string() == name);
        let Some((named, scorecard, kpi)) = found else {
            let known: Vec<_> = portfolio.kpis().map(|(named, ..)| named.to_string()).collect();
            let hint = suggestion(name, known.iter().map(String::as_str));
            let hint = hint.unwrap_or_else(|| "write scorecard/kpi".to_owned());
            let message = format!("there is no KPI `{name}`");
            self.problems.push(Problem::error(place, message).hint(hint));
            return None;
        };
        if !matches!(kpi.input, Input::Collected) {
            self.error(
                place,
                format!("`{name}` is computed from other KPIs; set their actuals instead"),
            );
            return None;
        }
        Some(AskedKpi { named, kpi, calendar: &scorecard.calendar, at })
    }

    fn actual(
        &mut self,
        of: &AskedKpi<'_>,
        doc: &ActualDoc,
        place: Place,
        step: &mut TimelineStep,
    ) {
        let observed_at = match &doc.observed_at {
            None => None,
            Some(text) => match self.instant_in(of.calendar, text) {
                Some(instant) => Some(instant),
                None => return,
            },
        };
        let period = match &doc.period {
            Some(text) => self.period(of, text),
            None => Some(match observed_at {
                Some(instant) => of.calendar.period_at(of.kpi.frequency, instant),
                None => of.period(),
            }),
        };
        let target = given(&doc.target).copied();
        let figure = match (&doc.value, given(&doc.numerator), given(&doc.denominator)) {
            (Some(value), None, None) => self.bare(value),
            (None, Some(&numerator), Some(&denominator)) => {
                Some(Some(Figure::Ratio { numerator, denominator }))
            }
            _ => {
                self.error(place, "write either `value`, or `numerator` and `denominator`");
                None
            }
        };
        if let Some(period) = period {
            of.take(step, period, figure, target, observed_at);
        }
    }

    fn period(&mut self, of: &AskedKpi<'_>, doc: &Loc<String>) -> Option<Period> {
        let text = doc.value.as_deref()?;
        let period = match Period::parse(text) {
            Ok(period) => period,
            Err(error) => {
                self.error(doc.place, error.to_string());
                return None;
            }
        };
        if period.frequency() != of.kpi.frequency {
            let wanted = of.period();
            let message =
                format!("`{text}` is not a period of `{}`; write one such as {wanted}", of.named);
            self.error(doc.place, message);
            return None;
        }
        if of.calendar.bounds(period).0 > of.at {
            self.error(doc.place, format!("`{text}` has not begun at this step"));
            return None;
        }
        Some(period)
    }

    /// A figure; inside, none where the source said null. Outside, none where it is no figure.
    #[expect(clippy::option_option, reason = "null is an answer, and not the same as a mistake")]
    fn bare(&mut self, doc: &Loc<Value>) -> Option<Option<Figure>> {
        match doc.value.as_ref()? {
            Value::Null => Some(None),
            Value::Bool(done) => Some(Some(Figure::Value(f64::from(u8::from(*done))))),
            Value::Number(number) => number.as_f64().map(|value| Some(Figure::Value(value))),
            other => {
                self.error(
                    doc.place,
                    format!("expected a number, true, false or null, found {other}"),
                );
                None
            }
        }
    }

    fn acknowledged(
        &mut self,
        portfolio: &Portfolio,
        doc: &ScenarioStepDoc,
        at: DateTime<Utc>,
    ) -> Vec<(Scope, Acknowledgement)> {
        let mut acknowledged = Vec::new();
        for (path, place, doc) in given(&doc.acknowledged).into_iter().flat_map(Entries::iter) {
            let due = doc.due.as_ref().and_then(|doc| Some((doc.value.as_deref()?, doc.place)));
            let due = due.and_then(|(text, place)| {
                let day = Moment::parse_day(text);
                if day.is_none() {
                    self.error(
                        place,
                        format!("`{text}` is not a valid day; write one such as 2026-06-30"),
                    );
                }
                day
            });
            let comment = doc.comment.as_ref().and_then(|comment| comment.value.as_deref());
            let by = doc.by.value.as_deref().unwrap_or_default();
            let scope = self.scope(portfolio, path, place);
            match (scope, Acknowledgement::new(by, comment, due, at)) {
                (Some(scope), Ok(acknowledgement)) => acknowledged.push((scope, acknowledgement)),
                (None, _) => {}
                (_, Err(error)) => self.error(place, error.to_string()),
            }
        }
        acknowledged
    }

    fn silenced(&mut self, portfolio: &Portfolio, doc: &ScenarioStepDoc) -> Vec<Scope> {
        let Some(Loc { place, value: Some(written) }) = &doc.silenced else { return Vec::new() };
        let all = portfolio.scorecards().iter().map(|scorecard| scorecard.id.clone());
        match written {
            IdsDoc::Text(word) if word == "true" => all.map(Scope::Scorecard).collect(),
            IdsDoc::Text(word) if word == "false" => Vec::new(),
            IdsDoc::Text(path) => self.scope(portfolio, path, *place).into_iter().collect(),
            IdsDoc::List(list) => {
                let paths =
                    list.iter().filter_map(|path| Some((path.value.as_deref()?, path.place)));
                paths.filter_map(|(path, place)| self.scope(portfolio, path, place)).collect()
            }
        }
    }

    fn scope(&mut self, portfolio: &Portfolio, path: &str, place: Place) -> Option<Scope> {
        let scope = portfolio.resolve(path);
        if scope.is_none() {
            let hint = "name a scorecard, scorecard/perspective, \
                        scorecard/perspective/objective or scorecard/kpi";
            let message = format!("there is no node `{path}`");
            self.problems.push(Problem::error(place, message).hint(hint));
        }
        scope
    }

    fn expectations(
        &mut self,
        portfolio: &Portfolio,
        doc: &ScenarioStepDoc,
        at: DateTime<Utc>,
    ) -> Vec<Expectation> {
        let Some(expected) = given(&doc.expect) else { return Vec::new() };
        // The keys that can be expected are those that an empty standing has.
        let blank = judge(portfolio, &History::default(), &HashMap::new(), "", at);
        let mut expectations = Vec::new();
        for (path, place, facts) in expected.iter() {
            let Some(scope) = self.scope(portfolio, path, place) else { continue };
            let facts = self.facts(&blank, &scope, facts);
            expectations.push(Expectation { scope, facts });
        }
        expectations
    }

    fn facts(
        &mut self,
        blank: &Standing,
        scope: &Scope,
        docs: &Entries<Value>,
    ) -> Map<String, Value> {
        let mut known: Vec<String> = blank
            .node(scope)
            .map(|node| node.facts().keys().cloned().collect())
            .unwrap_or_default();
        known.extend([EVENT.to_owned(), CAUSE.to_owned()]);
        let mut facts = Map::new();
        for (key, doc) in &docs.0 {
            let Some(name) = &key.value else { continue };
            let Some(value) = &doc.value else { continue };
            if !known.contains(name) {
                let hint = suggestion(name, known.iter().map(String::as_str));
                let hint = hint.unwrap_or_else(|| format!("valid here: {}", known.join(", ")));
                let message = format!("`{scope}` has no `{name}` to expect");
                self.problems.push(Problem::error(key.place, message).hint(hint));
            }
            let nothing = name == EVENT && value.as_str() == Some(NO_EVENT);
            facts.insert(name.clone(), if nothing { Value::Null } else { value.clone() });
        }
        facts
    }

    fn instant(&mut self, portfolio: &Portfolio, doc: &Loc<String>) -> Option<DateTime<Utc>> {
        let calendar = &portfolio.scorecards().first()?.calendar;
        self.instant_in(calendar, doc)
    }

    /// An instant as written; without an offset, of the calendar's zone; of a day, its midnight.
    fn instant_in(&mut self, calendar: &Calendar, doc: &Loc<String>) -> Option<DateTime<Utc>> {
        let text = doc.value.as_deref()?;
        let instant = Moment::parse(text).map(|moment| moment.instant(calendar));
        if instant.is_none() {
            let message = format!(
                "`{text}` is not a valid time; write one such as 2026-06-03T06:00:00+02:00"
            );
            self.error(doc.place, message);
        }
        instant
    }
}

/// A KPI asked at an instant.
struct AskedKpi<'p> {
    named: KpiRef,
    kpi: &'p Kpi,
    calendar: &'p Calendar,
    at: DateTime<Utc>,
}

impl AskedKpi<'_> {
    /// The period a figure without one is for.
    fn period(&self) -> Period {
        match self.kpi.nature {
            Nature::Level | Nature::Event => self.calendar.period_at(self.kpi.frequency, self.at),
            Nature::Flow | Nature::Ratio => self.calendar.last_closed(self.kpi.frequency, self.at),
        }
    }

    #[expect(clippy::option_option, reason = "null is an answer, and not the same as a mistake")]
    fn take(
        &self,
        step: &mut TimelineStep,
        period: Period,
        figure: Option<Option<Figure>>,
        target: Option<f64>,
        observed_at: Option<DateTime<Utc>>,
    ) {
        match figure {
            None => {}
            Some(None) => step.failures.push((self.named.clone(), SAID_NULL.to_owned())),
            Some(Some(figure)) => {
                let observed_at =
                    observed_at.unwrap_or_else(|| self.calendar.observed_in(period, self.at));
                let actual = Actual { figure, target, observed_at, collected_at: self.at };
                step.actuals.push((self.named.clone(), period, actual));
            }
        }
    }
}

/// A calendar of which only the zone is written.
fn only_zone(zone: &Loc<String>) -> Loc<CalendarDoc> {
    let calendar = CalendarDoc {
        timezone: zone.clone(),
        fiscal_year_start: None,
        fiscal_label: None,
        weekend: None,
        holidays: None,
        closures: None,
    };
    Loc { place: zone.place, value: Some(calendar) }
}

fn given<T>(doc: &Option<Loc<T>>) -> Option<&T> {
    doc.as_ref().and_then(|doc| doc.value.as_ref())
}
