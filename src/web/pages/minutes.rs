//! What reviews took down, as far as a reader may see it, and what they may do about it.

use std::collections::{HashMap, HashSet};

use axum::response::Response;

use crate::web::pages::page_request::PageRequest;
use kpid_rules::{
    alerting::{KeptReviewItem, ReviewItem},
    model::{Objective, Perspective, Scope, Scorecard},
};

/// Nodes that can be chosen in a form; others are reached from their own pages.
const CHOICES_MAX: usize = 100;

/// What reviews of the scorecards took down that the reader may see, the newest first.
pub(super) async fn taken_down(request: &PageRequest) -> Result<Vec<KeptReviewItem>, Response> {
    let read = request.site.store.review_items().await;
    let mut items = read.map_err(|error| request.unreadable(&error))?;
    items.retain(|kept| {
        let person = request.viewer.person.as_ref();
        let is_theirs = kept
            .item
            .as_action()
            .is_some_and(|action| person.is_some_and(|person| action.who == person.as_str()));
        request.sees(kept.item.scope.scorecard()) || is_theirs
    });
    Ok(items)
}

/// The actions of which the reader may say how far they are: of nodes that they act on, and their own.
pub(super) fn may_settle(request: &PageRequest, items: &[KeptReviewItem]) -> HashSet<i64> {
    let mut acts: HashMap<&Scope, bool> = HashMap::new();
    let actions = items.iter().filter(|kept| kept.item.as_action().is_some());
    let own = actions.filter(|kept| {
        let item = &kept.item;
        // Many actions are about the same node, and who acts on a node is a long question.
        is_theirs(request, item)
            || *acts.entry(&item.scope).or_insert_with(|| acts_on(request, &item.scope))
    });
    own.map(|kept| kept.id).collect()
}

/// Whether the reader may say how far an action is.
pub(super) fn may_settle_one(request: &PageRequest, item: &ReviewItem) -> bool {
    is_theirs(request, item) || acts_on(request, &item.scope)
}

fn is_theirs(request: &PageRequest, item: &ReviewItem) -> bool {
    let person = request.viewer.person.as_ref();
    item.as_action().zip(person).is_some_and(|(action, who)| action.who == who.as_str())
}

fn acts_on(request: &PageRequest, scope: &Scope) -> bool {
    let scorecard = request.site.portfolio.scorecard(scope.scorecard());
    scorecard.is_some_and(|held| request.viewer.acts_on(held, scope))
}

/// The nodes of a scorecard that the reader may take something down about: the one the address names, and
/// the first from above.
pub(super) fn choices(request: &PageRequest, scorecard: &Scorecard, about: &str) -> Vec<Scope> {
    let id = &scorecard.id;
    let perspective = |held: &Perspective| Scope::Perspective(id.clone(), held.id.clone());
    let mut nodes = vec![Scope::Scorecard(id.clone())];
    nodes.extend(scorecard.perspectives.iter().map(perspective));
    for held in &scorecard.perspectives {
        let objective = |objective: &Objective| {
            Scope::Objective(id.clone(), held.id.clone(), objective.id.clone())
        };
        nodes.extend(held.objectives.iter().map(objective));
    }
    nodes.extend(scorecard.kpis().map(|kpi| Scope::Kpi(scorecard.named(kpi))));
    nodes.truncate(CHOICES_MAX);
    let named = request.site.portfolio.resolve(about).filter(|scope| scope.scorecard() == id);
    nodes.extend(named.filter(|scope| !nodes.contains(scope)));
    nodes.retain(|scope| request.viewer.acts_on(scorecard, scope));
    nodes
}
