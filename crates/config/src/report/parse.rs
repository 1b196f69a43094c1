//! `report:` of a scorecard, parsed.

use crate::scorecard::context::ScorecardContext;
use crate::{
    kpi::frequency::frequency,
    parse_context::{Mention, given},
    problem::Problem,
    report::document::ReportDoc,
    yaml::located::Loc,
};
use kpid_rules::model::{Frequency, Id, Perspective, ReportPolicy};

pub(crate) fn report(
    context: &mut ScorecardContext<'_>,
    doc: &Loc<ReportDoc>,
    owner: Option<&Id>,
    perspectives: &[Perspective],
) -> Option<ReportPolicy> {
    let ReportDoc { to, period } = doc.value.as_ref()?;
    let mut told = context.parse.mentions(to.as_ref());
    if to.is_none() {
        told.extend(owner.map(|owner| Mention { place: doc.place, id: owner.clone() }));
    }
    if told.is_empty() {
        let hint = "write report: { to: [somebody] }, or give the scorecard an `owner`";
        let problem = Problem::error(doc.place, "nobody receives this report");
        context.parse.problems.push(problem.hint(hint));
    }
    context.recipients.extend(told.iter().cloned());
    let kpis = perspectives.iter().flat_map(|view| &view.objectives);
    let shortest = kpis.flat_map(|objective| &objective.kpis).map(|kpi| kpi.frequency).min();
    let usual = shortest.map_or(Frequency::Month, |shortest| shortest.max(Frequency::Month));
    let frequency = given(period.as_ref()).map_or(usual, |doc| frequency(*doc));
    Some(ReportPolicy { to: told.into_iter().map(|told| told.id).collect(), frequency })
}
