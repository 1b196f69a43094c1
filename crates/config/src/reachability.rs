//! Whether everybody who is to be told can be: each name that an alert, a report or a notice goes to
//! has a way there, or `kpid notify` would say what is missing.

use std::collections::HashSet;

use crate::{
    daemon::parse::DaemonParts,
    parse_context::{Desk, Mention},
    problem::Problem,
    scorecard::parse::ScorecardParts,
};
use kpid_delivery::routing::{RouteError, route};
use kpid_rules::model::Id;

/// How much it matters that somebody cannot be told.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Matters {
    /// Something would be told to nobody.
    Error,
    /// Nothing is told to them yet.
    Warning,
}

/// Tells of everybody who cannot be told.
pub(crate) fn check(
    desk: &mut Desk,
    parts: &DaemonParts,
    sheets: &[ScorecardParts],
    has_people: bool,
) {
    let mut roads = Roads { desk, parts, told: HashSet::new() };
    for operator in &parts.operators {
        roads.check(operator, Matters::Error);
    }
    for sheet in sheets {
        for reader in sheet.recipients.iter().chain(&sheet.stewards) {
            roads.check(reader, Matters::Error);
        }
    }
    // Whoever has no channel yet tries the rules, and tells nobody.
    let implied =
        if parts.channels.is_empty() || !has_people { Matters::Warning } else { Matters::Error };
    for owner in sheets.iter().flat_map(|sheet| &sheet.implied) {
        if has_people {
            roads.check(owner, implied);
        } else {
            roads.tell_once(owner, &RouteError::Unknown(owner.id.clone()), implied);
        }
    }
    let owners = sheets.iter().flat_map(|sheet| &sheet.owners);
    for owner in owners.filter(|_| has_people && !parts.channels.is_empty()) {
        roads.check(owner, Matters::Warning);
    }
}

struct Roads<'a> {
    desk: &'a mut Desk,
    parts: &'a DaemonParts,
    /// Of whom it has been told.
    told: HashSet<Id>,
}

impl Roads<'_> {
    fn check(&mut self, reader: &Mention, matters: Matters) {
        let DaemonParts { people, channels, unread, .. } = self.parts;
        let Err(error) = route(&reader.id, people, channels) else { return };
        let is_told = match &error {
            // Names that are not there are told as such.
            RouteError::Unknown(_) => true,
            // What could not be read is told, and may have been the way.
            RouteError::NoMailChannel(_) => !unread.is_empty(),
            RouteError::NoAddress(id) | RouteError::NobodyThere(id) => unread.contains(id),
        };
        if is_told {
            return;
        }
        match matters {
            Matters::Error => {
                self.told.insert(reader.id.clone());
                self.desk.problems.push(Problem::error(reader.place, error.to_string()));
            }
            Matters::Warning => self.tell_once(reader, &error, matters),
        }
    }

    fn tell_once(&mut self, reader: &Mention, error: &RouteError, matters: Matters) {
        if !self.told.insert(reader.id.clone()) {
            return;
        }
        let problem = match matters {
            Matters::Error => Problem::error(reader.place, error.to_string()),
            Matters::Warning => Problem::warning(reader.place, error.to_string()),
        };
        self.desk.problems.push(problem);
    }
}
