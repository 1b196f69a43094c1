//! The page that shows the node of an alert.

use crate::{facts::named::Links, facts_builder::subject::Subject};
use kpid_rules::model::{Id, Perspective, Scope};

impl Subject<'_> {
    /// The page of the perspective that holds the node.
    fn page(&self) -> Option<Id> {
        let holds = |view: &&Perspective, kpi: &Id| {
            let kpis = view.objectives.iter().flat_map(|objective| &objective.kpis);
            kpis.into_iter().any(|held| held.id == *kpi)
        };
        match &self.change.scope {
            Scope::Scorecard(_) => None,
            Scope::Perspective(_, id) | Scope::Objective(_, id, _) => Some(id.clone()),
            Scope::Kpi(named) => {
                let mut views = self.scorecard.perspectives.iter();
                views.find(|view| holds(view, &named.kpi)).map(|view| view.id.clone())
            }
        }
    }

    /// The board, opened at the perspective: the page has an anchor for each.
    pub(crate) fn links(&self) -> Option<Links> {
        let (card, view) = (&self.scorecard.id, self.page());
        let mut details = self.context.public_url?.clone();
        details
            .path_segments_mut()
            .ok()?
            .pop_if_empty()
            .extend(["s", card.as_str()])
            .extend(self.judged.period.map(|period| period.to_string()))
            .extend(view.as_ref().map(Id::as_str));
        let anchor = view.map_or_else(|| card.to_string(), |view| format!("{card}/{view}"));
        details.set_fragment(Some(&anchor));
        Some(Links { details: details.to_string() })
    }
}
