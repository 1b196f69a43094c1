//! What the levels of one scorecard file fill in together, and what is read alike at each.

use std::{collections::HashMap, sync::Arc};

use crate::{
    parse_context::{Mention, ParseContext},
    problem::{Place, Problem, suggestion},
    setup::{Collection, PushedKpi},
    yaml::{located::Loc, scalar::IdsDoc},
};
use kpid_rules::model::{Calendar, Id, KpiRef};

/// What the levels of one scorecard file fill in together.
pub(crate) struct ScorecardContext<'d> {
    pub(crate) parse: &'d mut ParseContext,
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
    pub(crate) names: HashMap<Id, Place>,
    pub(crate) objectives: HashMap<Id, Place>,
    pub(crate) drives: Vec<Mention>,
    /// Earlier ids, by what they were ids of.
    pub(crate) earlier: Vec<(Level, Mention)>,
}

/// What shares a name space.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Level {
    /// They share paths.
    PerspectiveOrKpi,
    /// Objectives have a path of their own.
    Objective,
}

impl ScorecardContext<'_> {
    pub(crate) fn owner(&mut self, doc: Option<&Loc<String>>) -> Option<Id> {
        let owner = self.parse.mention(doc?)?;
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

    pub(crate) fn name(&mut self, id: &Id, place: Place, what: &str) {
        if let Some(first) = self.names.insert(id.clone(), place) {
            let message = format!(
                "the {what} `{id}` has the id of another perspective or KPI of `{}`, on line {}",
                self.scorecard, first.line
            );
            let hint = "ids of perspectives and KPIs are unique in a scorecard, so that history survives a move";
            self.parse.problems.push(Problem::error(place, message).hint(hint));
        }
    }

    pub(crate) fn weight(&mut self, doc: Option<&Loc<f64>>) -> f64 {
        doc.and_then(|doc| self.parse.at_least_zero(doc, "a weight")).unwrap_or(1.0)
    }

    /// Siblings that all weigh 0 would have no mean.
    pub(crate) fn some_weight(
        &mut self,
        weights: impl Iterator<Item = f64>,
        place: Place,
        what: &str,
    ) {
        let weights: Vec<f64> = weights.collect();
        if !weights.is_empty() && weights.iter().all(|weight| *weight == 0.0) {
            self.parse
                .error(place, format!("all {what} here have weight 0; give one of them a weight"));
        }
    }

    pub(crate) fn was(&mut self, doc: Option<&Loc<IdsDoc>>, level: Level) -> Vec<Id> {
        let mentions = self.parse.mentions(doc);
        self.earlier.extend(mentions.iter().map(|mention| (level, mention.clone())));
        mentions.into_iter().map(|mention| mention.id).collect()
    }

    /// What an earlier id held can move to one node only, and only if nothing has that id now.
    pub(crate) fn check_earlier(&mut self) {
        let earlier = std::mem::take(&mut self.earlier);
        for (at, (level, was)) in earlier.iter().enumerate() {
            let present = match level {
                Level::PerspectiveOrKpi => self.names.contains_key(&was.id),
                Level::Objective => self.objectives.contains_key(&was.id),
            };
            let mut before = earlier.iter().take(at);
            let message = if present {
                format!(
                    "`{}` cannot be an earlier id: something in `{}` has this id now",
                    was.id, self.scorecard
                )
            } else if before.any(|(other, mention)| other == level && mention.id == was.id) {
                format!("`{}` is the earlier id of two nodes of `{}`", was.id, self.scorecard)
            } else {
                continue;
            };
            self.parse.error(was.place, message);
        }
    }

    pub(crate) fn check_drives(&mut self) {
        for driven in std::mem::take(&mut self.drives) {
            if !self.objectives.contains_key(&driven.id) {
                let known = self.objectives.keys().map(Id::as_str);
                let hint = suggestion(driven.id.as_str(), known)
                    .unwrap_or_else(|| "name an objective of this scorecard".to_owned());
                let message =
                    format!("`{}` is not an objective of `{}`", driven.id, self.scorecard);
                self.parse.problems.push(Problem::error(driven.place, message).hint(hint));
            }
        }
    }
}
