//! What of a standing is shown: of some owner, with some status, or the worst.

use std::{collections::HashSet, sync::Arc};

use clap::ValueEnum;

use crate::cli::{complete, configuration, failure::Failure};
use kpid_config::setup::Setup;
use kpid_rules::{
    judgement::{KpiStanding, ScorecardStanding, Standing},
    model::{Id, Kpi, KpiRef, Status},
};

/// Which KPIs are shown, with what is above them.
#[derive(clap::Args)]
pub(crate) struct Filter {
    /// Only KPIs of this person, also those that are theirs through what is above
    #[arg(long, value_name = "PERSON", add = complete::people())]
    owner: Option<String>,
    /// Only KPIs with one of these statuses, separated by commas
    #[arg(long, value_enum, value_delimiter = ',')]
    status: Vec<ShownStatus>,
    /// Only so many KPIs, those with the lowest scores
    #[arg(long, value_name = "N")]
    worst: Option<usize>,
}

/// A status on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum ShownStatus {
    OffTrack,
    AtRisk,
    OnTrack,
    NoData,
    Pending,
    NotScored,
}

impl ShownStatus {
    fn status(self) -> Status {
        match self {
            Self::OffTrack => Status::OffTrack,
            Self::AtRisk => Status::AtRisk,
            Self::OnTrack => Status::OnTrack,
            Self::NoData => Status::NoData,
            Self::Pending => Status::Pending,
            Self::NotScored => Status::NotScored,
        }
    }
}

impl Filter {
    /// What is wanted of a standing. Verdicts are those of the whole: nothing is judged anew.
    pub(crate) fn of(&self, setup: &Setup, mut standing: Standing) -> Result<Standing, Failure> {
        if self.owner.is_none() && self.status.is_empty() && self.worst.is_none() {
            return Ok(standing);
        }
        let owned = self.owner.as_deref().map(|owner| owned(setup, owner)).transpose()?;
        let statuses: Vec<Status> = self.status.iter().map(|status| status.status()).collect();
        let mut wanted: Vec<(KpiRef, Option<f64>)> = Vec::new();
        for scorecard in &standing.scorecards {
            for kpi in kpis(scorecard) {
                let named = KpiRef { scorecard: scorecard.id.clone(), kpi: kpi.id.clone() };
                let is_owned = owned.as_ref().is_none_or(|owned| owned.contains(&named));
                if is_owned && (statuses.is_empty() || statuses.contains(&kpi.status)) {
                    wanted.push((named, kpi.score));
                }
            }
        }
        if let Some(worst) = self.worst {
            wanted.retain(|(_, score)| score.is_some());
            wanted.sort_by(|(_, left), (_, right)| {
                left.unwrap_or(f64::MAX).total_cmp(&right.unwrap_or(f64::MAX))
            });
            wanted.truncate(worst);
        }
        let wanted: HashSet<KpiRef> = wanted.into_iter().map(|(kpi, _)| kpi).collect();
        for scorecard in &mut standing.scorecards {
            keep(Arc::make_mut(scorecard), &wanted);
        }
        standing.scorecards.retain(|scorecard| !scorecard.perspectives.is_empty());
        Ok(standing)
    }
}

fn kpis(scorecard: &ScorecardStanding) -> impl Iterator<Item = &KpiStanding> {
    let objectives = scorecard.perspectives.iter().flat_map(|perspective| &perspective.objectives);
    objectives.flat_map(|objective| &objective.kpis)
}

/// Leaves these KPIs, and what is above them.
fn keep(scorecard: &mut ScorecardStanding, wanted: &HashSet<KpiRef>) {
    let id = scorecard.id.clone();
    for perspective in &mut scorecard.perspectives {
        for objective in &mut perspective.objectives {
            let named = |kpi: &KpiStanding| KpiRef { scorecard: id.clone(), kpi: kpi.id.clone() };
            objective.kpis.retain(|kpi| wanted.contains(&named(kpi)));
        }
        perspective.objectives.retain(|objective| !objective.kpis.is_empty());
    }
    scorecard.perspectives.retain(|perspective| !perspective.objectives.is_empty());
}

/// The KPIs of a person.
fn owned(setup: &Setup, owner: &str) -> Result<HashSet<KpiRef>, Failure> {
    let person = &configuration::person(setup, owner)?.id;
    let is_theirs = |owner: &Option<Id>| owner.as_ref() == Some(person);
    let mut owned = HashSet::new();
    for scorecard in setup.portfolio.scorecards() {
        for perspective in &scorecard.perspectives {
            for objective in &perspective.objectives {
                // The nearest that is named.
                let above = objective.owner.as_ref().or(perspective.owner.as_ref());
                let above = above.or(scorecard.owner.as_ref()).cloned();
                let is_owned = |kpi: &&Kpi| match &kpi.owner {
                    Some(_) => is_theirs(&kpi.owner),
                    None => is_theirs(&above),
                };
                let kpis = objective.kpis.iter().filter(is_owned);
                owned.extend(kpis.map(|kpi| scorecard.named(kpi)));
            }
        }
    }
    Ok(owned)
}
