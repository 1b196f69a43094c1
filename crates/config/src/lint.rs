//! What is allowed and still unwise: warnings of `kpid check`.

use std::collections::HashMap;

use crate::{
    problem::{Place, Problem},
    scorecard::parse::ParsedScorecard,
};
use kpid_rules::model::{Amount, Id, Kind, Kpi, Nature, Perspective, Scorecard, Target, Tolerance};

/// More KPIs than this nobody steers by.
const KPIS_MAX: usize = 25;

/// Warns of what the literature and experience advise against.
pub(crate) fn scorecard(
    problems: &mut Vec<Problem>,
    scorecard: &Scorecard,
    places: &HashMap<Id, Place>,
    place: Place,
) {
    let at = |id: &Id| places.get(id).copied().unwrap_or(place);
    let kpis = scorecard.kpis().count();
    if kpis > KPIS_MAX {
        let message =
            format!("`{}` has {kpis} KPIs; more than {KPIS_MAX} are hard to act on", scorecard.id);
        problems.push(Problem::warning(place, message));
    }
    for perspective in &scorecard.perspectives {
        let found = self::perspective(perspective).into_iter();
        problems.extend(found.map(|message| Problem::warning(at(&perspective.id), message)));
    }
    for kpi in scorecard.kpis() {
        let found = self::kpi(kpi).into_iter();
        problems.extend(found.map(|message| Problem::warning(at(&kpi.id), message)));
    }
}

/// Warns where sources are asked and nobody would hear that one is dead.
pub(crate) fn readers_of_trouble(
    problems: &mut Vec<Problem>,
    has_operators: bool,
    scorecards: &[ParsedScorecard],
    place: Place,
) {
    let has_sources =
        scorecards.iter().any(|parsed| !parsed.collections.is_empty() || !parsed.pushed.is_empty());
    let has_stewards = scorecards
        .iter()
        .flat_map(|parsed| parsed.scorecard.kpis())
        .any(|kpi| kpi.steward.is_some());
    if has_sources && !has_operators && !has_stewards {
        let hint = "add `operators: [ID]` with a person or channel, or a `steward` to each KPI";
        problems.push(Problem::warning(place, "nobody is notified when a source fails").hint(hint));
    }
}

fn perspective(perspective: &Perspective) -> Vec<String> {
    let id = &perspective.id;
    let kpis: Vec<&Kpi> =
        perspective.objectives.iter().flat_map(|objective| &objective.kpis).collect();
    let mut found = Vec::new();
    if kpis.len() == 1 {
        found.push(format!("the whole weight of the perspective `{id}` is one KPI"));
    }
    let told_apart = kpis.iter().any(|kpi| kpi.kind.is_some());
    if told_apart && !kpis.iter().any(|kpi| kpi.kind == Some(Kind::Leading)) {
        found.push(format!("the perspective `{id}` has no leading KPI"));
    }
    if perspective.alert.to.is_empty() {
        found.push(format!("nobody is notified when the perspective `{id}` falls off track; add `alert: {{ to: … }}` or an `owner`"));
    }
    found
}

fn kpi(kpi: &Kpi) -> Vec<String> {
    let id = &kpi.id;
    let mut found = Vec::new();
    if kpi.owner.is_none() {
        found.push(format!("the KPI `{id}` has no owner"));
    }
    if kpi.unit.is_none() && kpi.nature != Nature::Event {
        found.push(format!("the KPI `{id}` has no unit"));
    }
    if kpi.description.is_none() {
        found.push(format!("the KPI `{id}` has no description; say what exactly is counted"));
    }
    for aim in &kpi.aims {
        if let Tolerance::Margins { red: Amount::Percent(percent), .. } = aim.tolerance
            && kpi.unit.as_deref() == Some("%")
            && !matches!(aim.target, Some(Target::Trajectory { .. } | Target::Band(_)))
        {
            found.push(format!(
                "the KPI `{id}` is in % and its tolerance is {percent} % of the target; an absolute number of points is clearer"
            ));
        }
        if let Some(Target::Trajectory { points, .. }) = &aim.target
            && points.first().map(|point| point.1) == points.last().map(|point| point.1)
        {
            found.push(format!("the goal of the KPI `{id}` equals its baseline"));
        }
    }
    if kpi.aims.is_empty() {
        found.push(format!("the KPI `{id}` has no target; it is shown but not judged"));
    }
    found
}
