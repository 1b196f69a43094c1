//! What only the figures held can tell of a configuration: warnings of `kpid check` beside those of
//! its text.

use std::collections::HashMap;

use crate::cli::clock;
use kpid_config::setup::Setup;
use kpid_rules::{
    judgement::{Judge, KpiStanding, Lines, ObjectiveStanding, rounding},
    model::{Id, Objective, Period, Scope, Scorecard, Status},
    series::KpiContext,
};
use kpid_store::Store;

/// A warning about a node.
#[derive(Debug)]
pub(crate) struct Warning {
    /// Which.
    pub(crate) scope: Scope,
    /// What is unwise about it.
    pub(crate) message: String,
}

/// Everything unwise over what is held; nothing where nothing is.
pub(crate) async fn warnings(setup: &Setup) -> anyhow::Result<Vec<Warning>> {
    if !setup.store.exists() {
        return Ok(Vec::new());
    }
    let store = Store::open_read_only(&setup.store).await?;
    let held = store.held(&setup.portfolio.kpis().map(|(kpi, ..)| kpi).collect()).await?;
    let judge = Judge::new(&setup.portfolio, &held.history, clock::of(setup).now());
    let mut warnings = Vec::new();
    for scorecard in setup.portfolio.scorecards() {
        let standing = judge.scorecard(scorecard, &HashMap::new());
        for (perspective, judged) in scorecard.perspectives.iter().zip(&standing.perspectives) {
            for (objective, judged) in perspective.objectives.iter().zip(&judged.objectives) {
                let path = (scorecard.id.clone(), perspective.id.clone());
                warnings.extend(idle(path, objective, judged));
                warnings.extend(narrow(&judge, scorecard, objective, judged));
            }
        }
    }
    Ok(warnings)
}

/// Red, and nothing is being done about it.
fn idle(path: (Id, Id), objective: &Objective, judged: &ObjectiveStanding) -> Option<Warning> {
    let acted = !objective.initiatives.is_empty()
        || objective.kpis.iter().any(|kpi| !kpi.initiatives.is_empty());
    (judged.verdict.status == Status::OffTrack && !acted).then(|| Warning {
        scope: Scope::Objective(path.0, path.1, objective.id.clone()),
        message: "is off track, and it has no initiative".to_owned(),
    })
}

/// Tolerances that the usual variation alone crosses.
fn narrow(
    judge: &Judge<'_>,
    scorecard: &Scorecard,
    objective: &Objective,
    judged: &ObjectiveStanding,
) -> Vec<Warning> {
    let pairs = objective.kpis.iter().zip(&judged.kpis);
    pairs
        .filter_map(|(kpi, judged)| {
            let case = judge.case(scorecard, kpi);
            let (tolerance, usual) = crossed(&case, judged)?;
            let shown = |value| rounding::value(value, kpi.decimals, &[], kpi.unit.as_deref());
            Some(Warning {
                scope: Scope::Kpi(scorecard.named(kpi)),
                message: format!(
                    "has a tolerance of {}, narrower than its usual variation of {} to each side: \
                     it turns red by chance",
                    shown(tolerance),
                    shown(usual)
                ),
            })
        })
        .collect()
}

/// The tolerance, and the usual variation that is wider.
fn crossed(case: &KpiContext<'_>, judged: &KpiStanding) -> Option<(f64, f64)> {
    let period: Period = judged.period?;
    // Sums since a span began vary by what has gone before.
    if case.kpi.cumulative.is_some() {
        return None;
    }
    let Lines::OneSided { .. } = case.period_lines(period).ok()?.lines else { return None };
    let tolerance = (judged.green_line? - judged.red_line?).abs();
    let limits = case.limits(period)?;
    let usual = limits.upper - limits.mean;
    (tolerance > 0.0 && tolerance < usual).then_some((tolerance, usual))
}
