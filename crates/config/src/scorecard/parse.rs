//! A scorecard file, parsed.

use std::{collections::HashMap, sync::Arc};

use chrono::NaiveTime;

use crate::{
    kpi,
    parse_context::{Desk, Mention, given, texts},
    problem::{Place, Problem, suggestion},
    scorecard::document::{
        AlertDoc, AlertOnDoc, CountRedDoc, InitiativeDoc, MissingDoc, ObjectiveDoc, PerspectiveDoc,
        QuietDoc, ReportDoc, RollupDoc, ScorecardDoc, StatusDoc,
    },
    setup::{Collection, PushedKpi},
    yaml::{
        located::{Entries, Loc},
        scalar::IdsDoc,
    },
};
use kpid_rules::model::{
    AlertOn, AlertPolicy, Calendar, Contribution, Frequency, Id, Initiative, Kpi, KpiRef, Missing,
    Objective, ObjectiveRef, Perspective, QuietWindow, ReportPolicy, Rollup, RollupRule, Scorecard,
    Status,
};

/// A scorecard, how its KPIs are collected, and every name it mentions.
pub(crate) struct ScorecardParts {
    pub(crate) scorecard: Scorecard,
    pub(crate) place: Place,
    pub(crate) collections: Vec<Collection>,
    /// KPIs that are pushed.
    pub(crate) pushed: Vec<PushedKpi>,
    /// Connections that sources name.
    pub(crate) connections: Vec<Mention>,
    /// Where each KPI and perspective stands, for problems found later.
    pub(crate) places: HashMap<Id, Place>,
    /// Where each objective stands.
    pub(crate) objectives: HashMap<Id, Place>,
    /// People who own something.
    pub(crate) owners: Vec<Mention>,
    /// People or channels who are told.
    pub(crate) recipients: Vec<Mention>,
    /// Owners who are told because nobody else is named.
    pub(crate) implied: Vec<Mention>,
    /// Those who look after data.
    pub(crate) stewards: Vec<Mention>,
}

/// What the levels of one scorecard file fill in together.
pub(crate) struct Sheet<'d> {
    pub(crate) desk: &'d mut Desk,
    pub(crate) scorecard: Id,
    pub(crate) calendar: Arc<Calendar>,
    pub(crate) collections: Vec<Collection>,
    pub(crate) pushed: Vec<PushedKpi>,
    pub(crate) connections: Vec<Mention>,
    pub(crate) owners: Vec<Mention>,
    pub(crate) recipients: Vec<Mention>,
    pub(crate) implied: Vec<Mention>,
    pub(crate) stewards: Vec<Mention>,
    /// Every id of a KPI or perspective: they share paths, so they share a name space.
    names: HashMap<Id, Place>,
    objectives: HashMap<Id, Place>,
    drives: Vec<Mention>,
    /// Earlier ids, by what they were ids of.
    earlier: Vec<(Level, Mention)>,
}

/// What shares a name space.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Level {
    /// They share paths.
    PerspectiveOrKpi,
    /// Objectives have a path of their own.
    Objective,
}

/// Parses a scorecard document.
pub(crate) fn scorecard(
    desk: &mut Desk,
    doc: &ScorecardDoc,
    calendar: Arc<Calendar>,
) -> Option<ScorecardParts> {
    let id = desk.mention(&doc.scorecard)?.id;
    let mut sheet = Sheet {
        desk,
        scorecard: id.clone(),
        calendar: calendar.clone(),
        collections: Vec::new(),
        pushed: Vec::new(),
        connections: Vec::new(),
        owners: Vec::new(),
        recipients: Vec::new(),
        implied: Vec::new(),
        stewards: Vec::new(),
        names: HashMap::new(),
        objectives: HashMap::new(),
        drives: Vec::new(),
        earlier: Vec::new(),
    };
    let owner = sheet.owner(doc.owner.as_ref());
    let entries = given(Some(&doc.perspectives)).map(|docs| sheet.desk.entries(docs));
    let mut perspectives = Vec::new();
    for (id, place, doc) in entries.into_iter().flatten() {
        sheet.name(&id, place, "perspective");
        let Some(doc) = doc.value.as_ref() else { continue };
        perspectives.push(sheet.perspective(id, place, doc));
    }
    if perspectives.is_empty() {
        sheet
            .desk
            .error(doc.perspectives.place, format!("the scorecard `{id}` has no perspective"));
    }
    sheet.some_weight(
        perspectives.iter().map(|child| child.weight),
        doc.perspectives.place,
        "perspectives",
    );
    sheet.child_decides(
        doc.rollup.as_ref(),
        perspectives.iter().map(|child| (&child.id, weightless(child.weight))).collect(),
    );
    sheet.check_drives();
    sheet.check_earlier();
    let materiality =
        doc.materiality.as_ref().and_then(|doc| sheet.desk.at_least_zero(doc, "materiality"));
    let place = doc.scorecard.place;
    let scorecard = Scorecard {
        alert: sheet.own_alert(doc.alert.as_ref(), owner.as_ref(), place),
        report: doc
            .report
            .as_ref()
            .and_then(|doc| sheet.report(doc, owner.as_ref(), &perspectives)),
        name: given(doc.name.as_ref()).cloned().unwrap_or_else(|| id.to_string()),
        id,
        owner,
        calendar,
        rollup: sheet.rollup(&doc.rollup, &doc.red_guard, &doc.min_coverage, &doc.missing),
        show_overall: given(doc.show_overall.as_ref()).copied().unwrap_or(true),
        private: given(doc.private.as_ref()).copied().unwrap_or(false),
        materiality_pct: materiality.unwrap_or(1.0),
        freeze_after: given(doc.freeze_after.as_ref()).copied(),
        perspectives,
    };
    Some(ScorecardParts {
        scorecard,
        place: doc.scorecard.place,
        collections: sheet.collections,
        pushed: sheet.pushed,
        connections: sheet.connections,
        places: sheet.names,
        objectives: sheet.objectives,
        owners: sheet.owners,
        recipients: sheet.recipients,
        implied: sheet.implied,
        stewards: sheet.stewards,
    })
}

/// Why a child of that weight counts for nothing, if so.
fn weightless(weight: f64) -> Option<&'static str> {
    (weight <= 0.0).then_some("has weight 0")
}

impl Sheet<'_> {
    pub(crate) fn owner(&mut self, doc: Option<&Loc<String>>) -> Option<Id> {
        let owner = self.desk.mention(doc?)?;
        self.owners.push(owner.clone());
        Some(owner.id)
    }

    pub(crate) fn steward(&mut self, doc: Option<&Loc<String>>) -> Option<Id> {
        let steward = self.owner(doc)?;
        self.stewards.extend(self.owners.last().cloned());
        Some(steward)
    }

    pub(crate) fn kpi_ref(&self, id: &Id) -> KpiRef {
        KpiRef { scorecard: self.scorecard.clone(), kpi: id.clone() }
    }

    fn name(&mut self, id: &Id, place: Place, what: &str) {
        if let Some(first) = self.names.insert(id.clone(), place) {
            let message = format!(
                "the {what} `{id}` has the id of another perspective or KPI of `{}`, on line {}",
                self.scorecard, first.line
            );
            let hint = "ids of perspectives and KPIs are unique in a scorecard, so that history survives a move";
            self.desk.problems.push(Problem::error(place, message).hint(hint));
        }
    }

    fn perspective(&mut self, id: Id, place: Place, doc: &PerspectiveDoc) -> Perspective {
        let owner = self.owner(doc.owner.as_ref());
        let mut objectives = Vec::new();
        let entries = given(Some(&doc.objectives)).map(|docs| self.desk.entries(docs));
        for (id, place, doc) in entries.into_iter().flatten() {
            if let Some(first) = self.objectives.insert(id.clone(), place) {
                let message = format!("there is another objective `{id}` on line {}", first.line);
                self.desk.error(place, message);
            }
            let Some(doc) = doc.value.as_ref() else { continue };
            objectives.push(self.objective(id, place, doc));
        }
        if objectives.is_empty() {
            let message = format!("the perspective `{id}` has no objective");
            self.desk.problems.push(Problem::warning(place, message));
        }
        self.some_weight(objectives.iter().map(|child| child.weight), place, "objectives");
        self.child_decides(
            doc.rollup.as_ref(),
            objectives.iter().map(|child| (&child.id, weightless(child.weight))).collect(),
        );
        Perspective {
            was: self.was(doc.was.as_ref(), Level::PerspectiveOrKpi),
            name: given(doc.name.as_ref()).cloned().unwrap_or_else(|| id.to_string()),
            id,
            weight: self.weight(doc.weight.as_ref()),
            critical: given(doc.critical.as_ref()).copied().unwrap_or(false),
            rollup: self.rollup(&doc.rollup, &doc.red_guard, &doc.min_coverage, &doc.missing),
            alert: self.alert(doc.alert.as_ref(), owner.as_ref(), place),
            owner,
            objectives,
        }
    }

    fn objective(&mut self, id: Id, place: Place, doc: &ObjectiveDoc) -> Objective {
        let owner = self.owner(doc.owner.as_ref());
        let drives = self.desk.mentions(doc.drives.as_ref());
        self.drives.extend(drives.iter().cloned());
        let aligned = texts(doc.aligned.as_ref())
            .into_iter()
            .filter_map(|(text, place)| self.objective_ref(&text, place))
            .collect();
        let contributions = self.contributions(doc);
        let mut kpis: Vec<Kpi> = Vec::new();
        let entries = given(doc.kpis.as_ref()).map(|docs| self.desk.entries(docs));
        for (id, place, doc) in entries.into_iter().flatten() {
            self.name(&id, place, "KPI");
            let Some(doc) = doc.value.as_ref() else { continue };
            kpis.extend(kpi::parse::kpi(self, id, place, doc));
        }
        if kpis.is_empty() && contributions.is_empty() {
            let message = format!("the objective `{id}` has no KPI");
            self.desk.problems.push(Problem::warning(place, message));
        }
        self.some_weight(kpis.iter().map(|child| child.weight), place, "KPIs");
        // What has ended decides nothing any more.
        let last = |kpi: &Kpi| match kpi.until {
            Some(_) => Some("ends"),
            None => weightless(kpi.weights.last().map_or(kpi.weight, |(_, weight)| *weight)),
        };
        let own = kpis.iter().map(|child| (&child.id, last(child)));
        let linked = contributions.iter();
        let linked = linked.map(|link| (&link.objective.objective, weightless(link.weight)));
        self.child_decides(doc.rollup.as_ref(), own.chain(linked).collect());
        Objective {
            was: self.was(doc.was.as_ref(), Level::Objective),
            alert: self.own_alert(doc.alert.as_ref(), owner.as_ref(), place),
            name: given(doc.name.as_ref()).cloned().unwrap_or_else(|| id.to_string()),
            id,
            weight: self.weight(doc.weight.as_ref()),
            critical: given(doc.critical.as_ref()).copied().unwrap_or(false),
            owner,
            rollup: self.rollup(&doc.rollup, &doc.red_guard, &doc.min_coverage, &doc.missing),
            drives: drives.into_iter().map(|mention| mention.id).collect(),
            contributions,
            aligned,
            initiatives: self.initiatives(doc.initiatives.as_ref()),
            kpis,
        }
    }

    fn contributions(&mut self, doc: &ObjectiveDoc) -> Vec<Contribution> {
        let mut contributions = Vec::new();
        for (key, link) in given(doc.contributions.as_ref()).into_iter().flat_map(|docs| &docs.0) {
            let Some((text, link)) = key.value.as_deref().zip(link.value.as_ref()) else {
                continue;
            };
            let Some(objective) = self.objective_ref(text, key.place) else { continue };
            contributions.push(Contribution {
                objective,
                weight: self.weight(link.weight.as_ref()),
                critical: given(link.critical.as_ref()).copied().unwrap_or(false),
            });
        }
        contributions
    }

    fn objective_ref(&mut self, text: &str, place: Place) -> Option<ObjectiveRef> {
        let found = KpiRef::parse(text);
        let message =
            format!("`{text}` is no objective of another scorecard; write scorecard/objective");
        let found = self.desk.told(place, found.ok_or(message))?;
        Some(ObjectiveRef { scorecard: found.scorecard, objective: found.kpi })
    }

    pub(crate) fn initiatives(
        &mut self,
        docs: Option<&Loc<Entries<InitiativeDoc>>>,
    ) -> Vec<Initiative> {
        let entries = given(docs).map(|docs| self.desk.entries(docs));
        let mut initiatives = Vec::new();
        for (id, _, doc) in entries.into_iter().flatten() {
            let Some(doc) = doc.value.as_ref() else { continue };
            initiatives.push(Initiative {
                name: given(doc.name.as_ref()).cloned().unwrap_or_else(|| id.to_string()),
                id,
                owner: self.owner(doc.owner.as_ref()),
                due: doc.due.as_ref().and_then(|day| self.desk.day(day)),
                state: given(doc.state.as_ref()).cloned(),
            });
        }
        initiatives
    }

    pub(crate) fn weight(&mut self, doc: Option<&Loc<f64>>) -> f64 {
        doc.and_then(|doc| self.desk.at_least_zero(doc, "a weight")).unwrap_or(1.0)
    }

    /// Siblings that all weigh 0 would have no mean.
    fn some_weight(&mut self, weights: impl Iterator<Item = f64>, place: Place, what: &str) {
        let weights: Vec<f64> = weights.collect();
        if !weights.is_empty() && weights.iter().all(|weight| *weight == 0.0) {
            self.desk
                .error(place, format!("all {what} here have weight 0; give one of them a weight"));
        }
    }

    /// Whoever decides for a parent is one of its children, each with why it cannot, and counts.
    fn child_decides(
        &mut self,
        rule: Option<&Loc<RollupDoc>>,
        children: Vec<(&Id, Option<&'static str>)>,
    ) {
        let Some(RollupDoc::Priority(named)) = given(rule) else { return };
        let Some(text) = named.value.as_deref() else { return };
        let named_child = children.iter().find(|(id, _)| id.as_str() == text);
        let others = children.iter().filter(|(id, why)| why.is_none() && id.as_str() != text);
        let others: Vec<String> = others.map(|(id, _)| format!("`{id}`")).collect();
        let message = match named_child {
            Some((_, None)) => return,
            Some((_, Some(why))) => format!("`{text}` {why} and cannot decide for its parent"),
            None => format!("`priority` names `{text}`, which is not a child here"),
        };
        let hint = match others.as_slice() {
            [] => "give it a weight, or write another `rollup`".to_owned(),
            others => format!("name one that counts: {}", others.join(", ")),
        };
        self.desk.problems.push(Problem::error(named.place, message).hint(hint));
    }

    fn rollup(
        &mut self,
        rule: &Option<Loc<RollupDoc>>,
        red_guard: &Option<Loc<bool>>,
        min_coverage: &Option<Loc<f64>>,
        missing: &Option<Loc<MissingDoc>>,
    ) -> Rollup {
        let usual = Rollup::default();
        let rule = given(rule.as_ref()).and_then(|doc| self.rule(doc)).unwrap_or(usual.rule);
        let coverage = min_coverage.as_ref().and_then(|doc| {
            let share = doc.value?;
            let message = format!("min_coverage is {share}; it lies between 0 and 1");
            self.desk.told(
                doc.place,
                if (0.0..=1.0).contains(&share) { Ok(share) } else { Err(message) },
            )
        });
        let missing = match given(missing.as_ref()) {
            None | Some(MissingDoc::Exclude) => Missing::Exclude,
            Some(MissingDoc::Worst) => Missing::Worst,
            Some(MissingDoc::Block) => Missing::Block,
        };
        // Who counts missing data as red wants a verdict even where most of them are missing.
        let usual_coverage = if missing == Missing::Worst { 0.0 } else { usual.min_coverage };
        Rollup {
            rule,
            red_guard: given(red_guard.as_ref()).copied().unwrap_or(usual.red_guard),
            min_coverage: coverage.unwrap_or(usual_coverage),
            missing,
        }
    }

    fn rule(&mut self, doc: &RollupDoc) -> Option<RollupRule> {
        Some(match doc {
            RollupDoc::WeightedMean => RollupRule::WeightedMean,
            RollupDoc::WorstOf => RollupRule::WorstOf,
            RollupDoc::BestOf => RollupRule::BestOf,
            RollupDoc::Majority => RollupRule::Majority,
            RollupDoc::CountRed(CountRedDoc { red, amber }) => {
                RollupRule::CountRed { red: red.unwrap_or(2), amber: amber.unwrap_or(1) }
            }
            RollupDoc::Priority(child) => RollupRule::Priority(self.desk.mention(child)?.id),
            RollupDoc::Manual(word) => RollupRule::Manual(status(*word)),
        })
    }

    /// The alert of a node that has none unless its author gives it one.
    pub(crate) fn own_alert(
        &mut self,
        doc: Option<&Loc<AlertDoc>>,
        owner: Option<&Id>,
        place: Place,
    ) -> Option<AlertPolicy> {
        doc.map(|doc| self.alert(Some(doc), owner, place))
    }

    fn alert(
        &mut self,
        doc: Option<&Loc<AlertDoc>>,
        owner: Option<&Id>,
        place: Place,
    ) -> AlertPolicy {
        let usual = AlertPolicy::default();
        let Some(doc) = given(doc) else {
            self.implied.extend(owner.map(|owner| Mention { place, id: owner.clone() }));
            return AlertPolicy { to: owner.cloned().into_iter().collect(), ..usual };
        };
        let mut told = self.desk.mentions(doc.to.as_ref());
        if doc.to.is_none() {
            told.extend(owner.map(|owner| Mention { place, id: owner.clone() }));
        }
        let escalate_to = self.desk.mentions(doc.escalate_to.as_ref());
        self.recipients.extend(told.iter().chain(&escalate_to).cloned());
        let margin = doc.recovery_margin.as_ref();
        let ids = |mentions: Vec<Mention>| mentions.into_iter().map(|mention| mention.id).collect();
        AlertPolicy {
            on: match given(doc.on.as_ref()) {
                None | Some(AlertOnDoc::OffTrack) => AlertOn::OffTrack,
                Some(AlertOnDoc::AtRisk) => AlertOn::AtRisk,
                Some(AlertOnDoc::Provisional) => AlertOn::Provisional,
                Some(AlertOnDoc::Forecast) => AlertOn::Forecast,
            },
            to: ids(told),
            escalate_to: ids(escalate_to),
            open_after: doc
                .open_after
                .as_ref()
                .and_then(|doc| self.desk.at_least_one(doc, "open_after"))
                .unwrap_or(usual.open_after),
            recovery_margin: margin
                .and_then(|doc| self.desk.at_least_zero(doc, "recovery_margin"))
                .unwrap_or(usual.recovery_margin),
            escalate_after: given(doc.escalate_after.as_ref())
                .copied()
                .unwrap_or(usual.escalate_after),
            escalate_unacknowledged: given(doc.escalate_unacknowledged.as_ref())
                .copied()
                .unwrap_or(usual.escalate_unacknowledged),
            remind_after: doc
                .remind_after
                .as_ref()
                .and_then(|doc| self.desk.time_delta(doc))
                .unwrap_or(usual.remind_after),
            quiet: self.quiet(doc.quiet.as_ref()),
        }
    }

    fn report(
        &mut self,
        doc: &Loc<ReportDoc>,
        owner: Option<&Id>,
        perspectives: &[Perspective],
    ) -> Option<ReportPolicy> {
        let ReportDoc { to, period } = doc.value.as_ref()?;
        let mut told = self.desk.mentions(to.as_ref());
        if to.is_none() {
            told.extend(owner.map(|owner| Mention { place: doc.place, id: owner.clone() }));
        }
        if told.is_empty() {
            let hint = "write report: { to: [somebody] }, or give the scorecard an `owner`";
            let problem = Problem::error(doc.place, "nobody gets this report");
            self.desk.problems.push(problem.hint(hint));
        }
        self.recipients.extend(told.iter().cloned());
        let kpis = perspectives.iter().flat_map(|view| &view.objectives);
        let shortest = kpis.flat_map(|objective| &objective.kpis).map(|kpi| kpi.frequency).min();
        let usual = shortest.map_or(Frequency::Month, |shortest| shortest.max(Frequency::Month));
        let frequency = given(period.as_ref()).map_or(usual, |doc| kpi::parse::frequency(*doc));
        Some(ReportPolicy { to: told.into_iter().map(|told| told.id).collect(), frequency })
    }

    fn quiet(&mut self, docs: Option<&Loc<Vec<Loc<QuietDoc>>>>) -> Vec<QuietWindow> {
        let mut windows = Vec::new();
        for doc in given(docs).into_iter().flatten() {
            let Some(QuietDoc { days, from, to }) = doc.value.as_ref() else { continue };
            let days = given(days.as_ref()).into_iter().flatten();
            let days = days.filter_map(|day| self.desk.weekday(day)).collect();
            let from = self.desk.time(from.as_ref(), NaiveTime::MIN);
            let to = self.desk.time(to.as_ref(), NaiveTime::MIN);
            windows.push(QuietWindow { days, from, to });
        }
        if windows.iter().any(|window| window.days.is_empty() && window.from == window.to) {
            let place = docs.map(|docs| docs.place).unwrap_or_default();
            let message = "`quiet` is all day on every day, so nobody would ever be told";
            let hint = "name `days`, or `from` and `to`";
            self.desk.problems.push(Problem::error(place, message).hint(hint));
        }
        windows
    }

    pub(crate) fn was(&mut self, doc: Option<&Loc<IdsDoc>>, level: Level) -> Vec<Id> {
        let mentions = self.desk.mentions(doc);
        self.earlier.extend(mentions.iter().map(|mention| (level, mention.clone())));
        mentions.into_iter().map(|mention| mention.id).collect()
    }

    /// What an earlier id held can move to one node only, and only if nothing has that id now.
    fn check_earlier(&mut self) {
        let earlier = std::mem::take(&mut self.earlier);
        for (at, (level, was)) in earlier.iter().enumerate() {
            let present = match level {
                Level::PerspectiveOrKpi => self.names.contains_key(&was.id),
                Level::Objective => self.objectives.contains_key(&was.id),
            };
            let mut before = earlier.iter().take(at);
            let message = if present {
                format!(
                    "`{}` is no earlier id: something in `{}` has it now",
                    was.id, self.scorecard
                )
            } else if before.any(|(other, mention)| other == level && mention.id == was.id) {
                format!("`{}` is the earlier id of two nodes of `{}`", was.id, self.scorecard)
            } else {
                continue;
            };
            self.desk.error(was.place, message);
        }
    }

    fn check_drives(&mut self) {
        for driven in std::mem::take(&mut self.drives) {
            if !self.objectives.contains_key(&driven.id) {
                let known = self.objectives.keys().map(Id::as_str);
                let hint = suggestion(driven.id.as_str(), known)
                    .unwrap_or_else(|| "name an objective of this scorecard".to_owned());
                let message = format!("`{}` is no objective of `{}`", driven.id, self.scorecard);
                self.desk.problems.push(Problem::error(driven.place, message).hint(hint));
            }
        }
    }
}

pub(crate) fn status(doc: StatusDoc) -> Status {
    match doc {
        StatusDoc::OnTrack => Status::OnTrack,
        StatusDoc::AtRisk => Status::AtRisk,
        StatusDoc::OffTrack => Status::OffTrack,
    }
}
