//! Who is named in a message, what they are doing about it, and what they wrote.

use std::collections::BTreeMap;

use crate::{
    facts::{
        alert::{InitiativeFacts, NoteFacts},
        named::{Named, PersonFacts},
    },
    facts_builder::subject::{Subject, named},
};
use kpid_rules::model::{Id, Initiative, Scope, Status};

impl Subject<'_> {
    pub(crate) fn person(&self, id: &Id) -> Option<PersonFacts> {
        let person = self.context.people.get(id)?;
        let (name, role) = (person.name.clone(), person.role.clone());
        Some(PersonFacts { id: id.to_string(), name, role })
    }

    /// The names of the persons whom the alert names.
    pub(crate) fn people(&self) -> BTreeMap<String, String> {
        let named = self.node.alert.to.iter().chain(&self.node.alert.escalate_to);
        let named = named.filter_map(|id| Some((id.to_string(), self.person(id)?.name)));
        named.collect()
    }

    /// Those of the alert as they are listed: one mailbox is one reader, by the id named first.
    pub(crate) fn readers(&self, ids: &[Id]) -> Vec<String> {
        let mut readers: Vec<(String, Option<String>)> = Vec::new();
        for id in ids {
            let address = self.context.people.get(id).and_then(|person| person.email.as_ref());
            let address = address.map(|address| address.to_string().to_lowercase());
            let is_listed = readers.iter().any(|(listed, held)| {
                listed == id.as_str() || (address.is_some() && *held == address)
            });
            if !is_listed {
                readers.push((id.to_string(), address));
            }
        }
        readers.into_iter().map(|(id, _)| id).collect()
    }

    /// Who did something, as they gave their name: the person's where it is one's id.
    pub(crate) fn by(&self, given: &str) -> String {
        let person = Id::parse(given).ok().and_then(|id| self.person(&id));
        person.map_or_else(|| given.to_owned(), |person| person.name)
    }

    /// What is being done where something is wrong; at a recovery, all that may now be closed.
    pub(crate) fn initiatives(&self) -> Vec<InitiativeFacts> {
        let matters = |status| self.event.ends() || status != Status::OnTrack;
        let mut facts = Vec::new();
        for (part, judged) in self.node.parts.iter().zip(self.judged.objectives.iter()) {
            if matters(judged.verdict.status) {
                let of = named(&judged.id, &judged.name);
                facts.extend(self.initiatives_of(&of, part.initiatives()));
            }
            for (kpi, judged) in part.kpis().iter().zip(&judged.kpis) {
                if matters(judged.status) {
                    let of = named(&kpi.id, &kpi.name);
                    facts.extend(self.initiatives_of(&of, &kpi.initiatives));
                }
            }
        }
        facts
    }

    fn initiatives_of(&self, of: &Named, initiatives: &[Initiative]) -> Vec<InitiativeFacts> {
        let facts = |initiative: &Initiative| InitiativeFacts {
            id: initiative.id.to_string(),
            name: initiative.name.clone(),
            of: of.clone(),
            owner: initiative.owner.as_ref().and_then(|id| self.person(id)),
            due: initiative.due,
            state: initiative.state.clone(),
        };
        initiatives.iter().map(facts).collect()
    }

    /// The newest note on the node, or on an objective or KPI of it.
    pub(crate) fn note(&self) -> Option<NoteFacts> {
        let zone = self.scorecard.calendar.zone;
        let concerns = |scope: &Scope| match scope {
            Scope::Kpi(named) => {
                named.scorecard == self.scorecard.id
                    && self.node.kpis().any(|kpi| kpi.id == named.kpi)
            }
            other => other.is_within(&self.change.scope),
        };
        let note = self.context.notes.iter().find(|note| concerns(&note.scope))?;
        Some(NoteFacts {
            of: note.scope.to_string(),
            period: note.period.clone(),
            by: self.by(&note.by),
            at: note.at.with_timezone(&zone).fixed_offset(),
            text: note.text.clone(),
        })
    }
}
