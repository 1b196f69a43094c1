//! A scorecard file, parsed.

use std::{collections::HashMap, sync::Arc};

use crate::{
    alert::parse::{alert, own_alert},
    initiative::parse::initiatives,
    kpi,
    parse_context::{Mention, ParseContext, given, name, texts},
    problem::{Place, Problem},
    report::parse::report,
    rollup::parse::{child_decides, rollup},
    scorecard::{
        context::{Level, ScorecardContext},
        document::{ObjectiveDoc, PerspectiveDoc, ScorecardDoc},
    },
    setup::{Collection, PushedKpi},
};
use kpid_rules::model::{
    Calendar, Contribution, Id, Kpi, KpiRef, Objective, ObjectiveRef, Perspective, Scorecard,
};

/// A scorecard, how its KPIs are collected, and every name it mentions.
pub(crate) struct ParsedScorecard {
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

/// Parses a scorecard document.
pub(crate) fn scorecard(
    parse: &mut ParseContext,
    doc: &ScorecardDoc,
    calendar: Arc<Calendar>,
) -> Option<ParsedScorecard> {
    let id = parse.mention(&doc.scorecard)?.id;
    let mut context = ScorecardContext {
        parse,
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
    let owner = context.owner(doc.owner.as_ref());
    let entries = given(Some(&doc.perspectives)).map(|docs| context.parse.entries(docs));
    let mut perspectives = Vec::new();
    for (id, place, doc) in entries.into_iter().flatten() {
        context.name(&id, place, "perspective");
        let Some(doc) = doc.value.as_ref() else { continue };
        perspectives.push(perspective(&mut context, id, place, doc));
    }
    perspectives.shrink_to_fit();
    if perspectives.is_empty() {
        context
            .parse
            .error(doc.perspectives.place, format!("the scorecard `{id}` has no perspective"));
    }
    context.some_weight(
        perspectives.iter().map(|child| child.weight),
        doc.perspectives.place,
        "perspectives",
    );
    child_decides(
        &mut context,
        doc.rollup.as_ref(),
        perspectives.iter().map(|child| (&child.id, weightless(child.weight))).collect(),
    );
    context.check_drives();
    context.check_earlier();
    let materiality =
        doc.materiality.as_ref().and_then(|doc| context.parse.at_least_zero(doc, "materiality"));
    let place = doc.scorecard.place;
    let scorecard = Scorecard {
        alert: own_alert(&mut context, doc.alert.as_ref(), owner.as_ref(), place),
        report: doc
            .report
            .as_ref()
            .and_then(|doc| report(&mut context, doc, owner.as_ref(), &perspectives)),
        name: name(doc.name.as_ref(), &id),
        id,
        owner,
        calendar,
        rollup: rollup(&mut context, &doc.rollup, &doc.red_guard, &doc.min_coverage, &doc.missing),
        show_overall: given(doc.show_overall.as_ref()).copied().unwrap_or(true),
        private: given(doc.private.as_ref()).copied().unwrap_or(false),
        materiality_pct: materiality.unwrap_or(1.0),
        freeze_after: given(doc.freeze_after.as_ref()).copied(),
        perspectives,
    };
    Some(ParsedScorecard {
        scorecard,
        place: doc.scorecard.place,
        collections: context.collections,
        pushed: context.pushed,
        connections: context.connections,
        places: context.names,
        objectives: context.objectives,
        owners: context.owners,
        recipients: context.recipients,
        implied: context.implied,
        stewards: context.stewards,
    })
}

/// Why a child of that weight counts for nothing, if so.
fn weightless(weight: f64) -> Option<&'static str> {
    (weight <= 0.0).then_some("has weight 0")
}

fn contributions(context: &mut ScorecardContext<'_>, doc: &ObjectiveDoc) -> Vec<Contribution> {
    let mut contributions = Vec::new();
    for (key, link) in given(doc.contributions.as_ref()).into_iter().flat_map(|docs| &docs.0) {
        let Some((text, link)) = key.value.as_deref().zip(link.value.as_ref()) else {
            continue;
        };
        let Some(objective) = objective_ref(context, text, key.place) else { continue };
        contributions.push(Contribution {
            objective,
            weight: context.weight(link.weight.as_ref()),
            critical: given(link.critical.as_ref()).copied().unwrap_or(false),
        });
    }
    contributions
}

fn perspective(
    context: &mut ScorecardContext<'_>,
    id: Id,
    place: Place,
    doc: &PerspectiveDoc,
) -> Perspective {
    let owner = context.owner(doc.owner.as_ref());
    let mut objectives = Vec::new();
    let entries = given(Some(&doc.objectives)).map(|docs| context.parse.entries(docs));
    for (id, place, doc) in entries.into_iter().flatten() {
        if let Some(first) = context.objectives.insert(id.clone(), place) {
            let message = format!("there is another objective `{id}` on line {}", first.line);
            context.parse.error(place, message);
        }
        let Some(doc) = doc.value.as_ref() else { continue };
        objectives.push(objective(context, id, place, doc));
    }
    objectives.shrink_to_fit();
    if objectives.is_empty() {
        let message = format!("the perspective `{id}` has no objective");
        context.parse.problems.push(Problem::warning(place, message));
    }
    context.some_weight(objectives.iter().map(|child| child.weight), place, "objectives");
    child_decides(
        context,
        doc.rollup.as_ref(),
        objectives.iter().map(|child| (&child.id, weightless(child.weight))).collect(),
    );
    Perspective {
        was: context.was(doc.was.as_ref(), Level::PerspectiveOrKpi),
        name: name(doc.name.as_ref(), &id),
        id,
        weight: context.weight(doc.weight.as_ref()),
        critical: given(doc.critical.as_ref()).copied().unwrap_or(false),
        rollup: rollup(context, &doc.rollup, &doc.red_guard, &doc.min_coverage, &doc.missing),
        alert: alert(context, doc.alert.as_ref(), owner.as_ref(), place),
        owner,
        objectives,
    }
}

fn objective(
    context: &mut ScorecardContext<'_>,
    id: Id,
    place: Place,
    doc: &ObjectiveDoc,
) -> Objective {
    let owner = context.owner(doc.owner.as_ref());
    let drives = context.parse.mentions(doc.drives.as_ref());
    context.drives.extend(drives.iter().cloned());
    let aligned = texts(doc.aligned.as_ref())
        .into_iter()
        .filter_map(|(text, place)| objective_ref(context, &text, place))
        .collect();
    let contributions = contributions(context, doc);
    let mut kpis: Vec<Kpi> = Vec::new();
    let entries = given(doc.kpis.as_ref()).map(|docs| context.parse.entries(docs));
    for (id, place, doc) in entries.into_iter().flatten() {
        context.name(&id, place, "KPI");
        let Some(doc) = doc.value.as_ref() else { continue };
        kpis.extend(kpi::parse::kpi(context, id, place, doc));
    }
    kpis.shrink_to_fit();
    if kpis.is_empty() && contributions.is_empty() {
        let message = format!("the objective `{id}` has no KPI");
        context.parse.problems.push(Problem::warning(place, message));
    }
    context.some_weight(kpis.iter().map(|child| child.weight), place, "KPIs");
    // What has ended decides nothing any more.
    let last = |kpi: &Kpi| match kpi.until {
        Some(_) => Some("ends"),
        None => weightless(kpi.weights.last().map_or(kpi.weight, |(_, weight)| *weight)),
    };
    let own = kpis.iter().map(|child| (&child.id, last(child)));
    let linked = contributions.iter();
    let linked = linked.map(|link| (&link.objective.objective, weightless(link.weight)));
    child_decides(context, doc.rollup.as_ref(), own.chain(linked).collect());
    Objective {
        was: context.was(doc.was.as_ref(), Level::Objective),
        alert: own_alert(context, doc.alert.as_ref(), owner.as_ref(), place),
        name: name(doc.name.as_ref(), &id),
        id,
        weight: context.weight(doc.weight.as_ref()),
        critical: given(doc.critical.as_ref()).copied().unwrap_or(false),
        owner,
        rollup: rollup(context, &doc.rollup, &doc.red_guard, &doc.min_coverage, &doc.missing),
        drives: drives.into_iter().map(|mention| mention.id).collect(),
        contributions,
        aligned,
        initiatives: initiatives(context, doc.initiatives.as_ref()),
        kpis,
    }
}

fn objective_ref(
    context: &mut ScorecardContext<'_>,
    text: &str,
    place: Place,
) -> Option<ObjectiveRef> {
    let found = KpiRef::parse(text);
    let message = format!("`{text}` is not the path of an objective; write scorecard/objective");
    let found = context.parse.checked(place, found.ok_or(message))?;
    Some(ObjectiveRef { scorecard: found.scorecard, objective: found.kpi })
}
