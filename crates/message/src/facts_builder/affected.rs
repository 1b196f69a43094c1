//! The line of sight: what an alert bears on beside its scorecard.

use crate::{facts::alert::AffectedFacts, facts_builder::subject::Subject};
use kpid_rules::{
    judgement::{ObjectiveStanding, PerspectiveStanding, Verdict},
    model::{Id, Objective, ObjectiveRef, Scope, Scorecard, Status},
};

/// An objective, in the perspective that holds it.
type Held<'a> = (&'a PerspectiveStanding, &'a ObjectiveStanding);

/// The nodes above the alert's own, and the objectives that what is off track in it drives, serves
/// or counts into; each once. A person's own scorecard is not named to others.
pub(crate) fn affected(subject: &Subject<'_>) -> Vec<AffectedFacts> {
    let concerned = concerned(subject);
    let mut found = above(subject, &concerned);
    for (_, objective) in &concerned {
        if objective.verdict.status == Status::OffTrack {
            found.extend(driven(subject, &objective.id));
            found.extend(served(subject, &objective.id));
        }
    }
    let mut affected: Vec<AffectedFacts> = Vec::new();
    for node in found {
        if !affected.iter().any(|known| known.id == node.id) {
            affected.push(node);
        }
    }
    affected
}

/// The objectives that the node is made of, or is a part of.
fn concerned<'a>(subject: &Subject<'a>) -> Vec<Held<'a>> {
    let views = subject.parent.perspectives.iter();
    let all = views.flat_map(|view| view.objectives.iter().map(move |objective| (view, objective)));
    let is_concerned = |(view, objective): &Held<'_>| match &subject.change.scope {
        Scope::Scorecard(_) => true,
        Scope::Perspective(_, id) => view.id == *id,
        Scope::Objective(_, _, id) => objective.id == *id,
        Scope::Kpi(named) => objective.kpis.iter().any(|kpi| kpi.id == named.kpi),
    };
    all.filter(is_concerned).collect()
}

/// The nodes that a lower one is a part of, the nearest first.
fn above(subject: &Subject<'_>, concerned: &[Held<'_>]) -> Vec<AffectedFacts> {
    let Some((view, objective)) = concerned.first() else { return Vec::new() };
    let perspective = own(subject, &view.id, &view.name, view.verdict);
    match &subject.change.scope {
        Scope::Scorecard(_) | Scope::Perspective(..) => Vec::new(),
        Scope::Objective(..) => vec![perspective],
        Scope::Kpi(_) => {
            vec![own(subject, &objective.id, &objective.name, objective.verdict), perspective]
        }
    }
}

/// The objectives of the same scorecard that one drives; to the whole they are nothing beside it.
fn driven(subject: &Subject<'_>, id: &Id) -> Vec<AffectedFacts> {
    if matches!(subject.change.scope, Scope::Scorecard(_)) {
        return Vec::new();
    }
    let drives = defined(subject.scorecard, id).into_iter().flat_map(|objective| &objective.drives);
    let judged = |id: &Id| {
        let mut all = subject.parent.perspectives.iter().flat_map(|view| &view.objectives);
        all.find(|objective| objective.id == *id)
    };
    let driven = drives.filter_map(judged);
    driven
        .map(|objective| own(subject, &objective.id, &objective.name, objective.verdict))
        .collect()
}

/// The objectives of other units that one serves or counts into.
fn served(subject: &Subject<'_>, id: &Id) -> Vec<AffectedFacts> {
    let this = ObjectiveRef { scorecard: subject.scorecard.id.clone(), objective: id.clone() };
    let portfolio = subject.context.portfolio;
    let aligned = defined(subject.scorecard, id).into_iter().flat_map(|objective| {
        objective.aligned.iter().filter_map(|named| portfolio.objective(named))
    });
    let units = portfolio.scorecards().iter();
    let all = units.flat_map(|unit| unit.objectives().map(move |objective| (unit, objective)));
    let counts = all
        .filter(|(_, objective)| objective.contributions.iter().any(|link| link.objective == this));
    let is_named =
        |(unit, _): &(&Scorecard, &Objective)| !unit.private && unit.id != subject.scorecard.id;
    counts
        .chain(aligned)
        .filter(is_named)
        .map(|(unit, objective)| in_unit(subject, unit, objective))
        .collect()
}

fn defined<'s>(scorecard: &'s Scorecard, id: &Id) -> Option<&'s Objective> {
    scorecard.objectives().find(|objective| objective.id == *id)
}

fn own(subject: &Subject<'_>, id: &Id, name: &str, verdict: Verdict) -> AffectedFacts {
    AffectedFacts {
        id: format!("{}/{id}", subject.scorecard.id),
        name: name.to_owned(),
        of: None,
        status: Some(verdict.status),
        score: verdict.score,
    }
}

/// An objective of another unit; how it stands is known where it was judged with this one.
fn in_unit(subject: &Subject<'_>, unit: &Scorecard, objective: &Objective) -> AffectedFacts {
    let units = subject.standing.scorecards.iter().filter(|judged| judged.id == unit.id);
    let mut judged = units.flat_map(|unit| &unit.perspectives).flat_map(|view| &view.objectives);
    let verdict = judged.find(|judged| judged.id == objective.id).map(|judged| judged.verdict);
    AffectedFacts {
        id: format!("{}/{}", unit.id, objective.id),
        name: objective.name.clone(),
        of: Some(unit.name.clone()),
        status: verdict.map(|verdict| verdict.status),
        score: verdict.and_then(|verdict| verdict.score),
    }
}
