//! What surrounds an evaluation, and what it changes.

use crate::{
    alerting::episode::{Cause, Episode, Event, Receipts},
    model::id::{Id, Scope},
};

/// What surrounds an evaluation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Circumstances<'a> {
    /// History is being loaded: everything is seen, nothing is told.
    pub historical: bool,
    /// A scope that has never been seen with data before is seen now, and not told of.
    pub first_look_is_historical: bool,
    /// Nodes of which, and of what is below them, nobody wants to hear now.
    pub silenced: &'a [Scope],
    /// Since when people know of alerts; of others, since they were told.
    pub receipts: &'a [(Scope, Receipts)],
}

impl Circumstances<'_> {
    pub(crate) fn receipts(&self, scope: &Scope) -> Receipts {
        let known = self.receipts.iter().find(|(of, _)| of == scope);
        known.map_or_else(Receipts::default, |(_, receipts)| *receipts)
    }

    pub(crate) fn silences(&self, scope: &Scope) -> bool {
        self.silenced.iter().any(|silenced| scope.is_within(silenced))
    }
}

/// An episode that moved, and whom it concerns.
#[derive(Clone, Debug, PartialEq)]
pub struct EpisodeChange {
    /// The perspective, or another node with an alert of its own.
    pub scope: Scope,
    /// Where it stood.
    pub before: Episode,
    /// Where it stands now.
    pub episode: Episode,
    /// What is told, if anything.
    pub event: Option<Event>,
    /// Why it is told.
    pub cause: Option<Cause>,
    /// Who is told: persons or channels.
    pub to: Vec<Id>,
}
