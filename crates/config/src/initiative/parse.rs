//! `initiatives:`, parsed.

use crate::scorecard::context::ScorecardContext;
use crate::{
    initiative::document::InitiativeDoc,
    parse_context::{given, name},
    yaml::located::{Entries, Loc},
};
use kpid_rules::model::Initiative;

pub(crate) fn initiatives(
    context: &mut ScorecardContext<'_>,
    docs: Option<&Loc<Entries<InitiativeDoc>>>,
) -> Vec<Initiative> {
    let entries = given(docs).map(|docs| context.parse.entries(docs));
    let mut initiatives = Vec::new();
    for (id, _, doc) in entries.into_iter().flatten() {
        let Some(doc) = doc.value.as_ref() else { continue };
        initiatives.push(Initiative {
            name: name(doc.name.as_ref(), &id),
            id,
            owner: context.owner(doc.owner.as_ref()),
            due: doc.due.as_ref().and_then(|day| context.parse.day(day)),
            state: given(doc.state.as_ref()).cloned(),
        });
    }
    initiatives
}
