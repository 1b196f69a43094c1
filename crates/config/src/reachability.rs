//! Whether everybody who is to be told can be: each name that an alert, a report or a notice goes to
//! has a way there, or `kpid notify` would say what is missing.

use std::collections::HashSet;

use crate::{
    daemon::parse::ParsedDaemon,
    parse_context::{Mention, ParseContext},
    problem::{Problem, Severity},
    scorecard::parse::ParsedScorecard,
};
use kpid_delivery::routing::{RouteError, route};
use kpid_rules::model::Id;

/// A problem for everybody who cannot be reached: an error where a message would reach nobody, a
/// warning where there is none yet.
pub(crate) fn check(
    context: &mut ParseContext,
    daemon: &ParsedDaemon,
    scorecards: &[ParsedScorecard],
    has_people: bool,
) {
    let mut reachability = Reachability { context, daemon, reported: HashSet::new() };
    for operator in &daemon.operators {
        reachability.check(operator, Severity::Error);
    }
    for parsed in scorecards {
        for reader in parsed.recipients.iter().chain(&parsed.stewards) {
            reachability.check(reader, Severity::Error);
        }
    }
    // Without channels an author is still trying the rules, and nobody is told.
    let implied =
        if daemon.channels.is_empty() || !has_people { Severity::Warning } else { Severity::Error };
    for owner in scorecards.iter().flat_map(|parsed| &parsed.implied) {
        if has_people {
            reachability.check(owner, implied);
        } else {
            reachability.report_once(owner, &RouteError::Unknown(owner.id.clone()), implied);
        }
    }
    let owners = scorecards.iter().flat_map(|parsed| &parsed.owners);
    for owner in owners.filter(|_| has_people && !daemon.channels.is_empty()) {
        reachability.check(owner, Severity::Warning);
    }
}

struct Reachability<'a> {
    context: &'a mut ParseContext,
    daemon: &'a ParsedDaemon,
    /// Of whom there is a problem already.
    reported: HashSet<Id>,
}

impl Reachability<'_> {
    fn check(&mut self, reader: &Mention, severity: Severity) {
        let ParsedDaemon { people, channels, unread, .. } = self.daemon;
        let Err(error) = route(&reader.id, people, channels) else { return };
        let is_reported = match &error {
            // Names that are not there have a problem already.
            RouteError::Unknown(_) => true,
            // What could not be read has a problem already, and may have been the way.
            RouteError::NoMailChannel(_) => !unread.is_empty(),
            RouteError::NoAddress(id) | RouteError::NobodyThere(id) => unread.contains(id),
        };
        if is_reported {
            return;
        }
        match severity {
            Severity::Error => {
                self.reported.insert(reader.id.clone());
                self.context.problems.push(Problem::error(reader.place, error.to_string()));
            }
            Severity::Warning => self.report_once(reader, &error, severity),
        }
    }

    fn report_once(&mut self, reader: &Mention, error: &RouteError, severity: Severity) {
        if !self.reported.insert(reader.id.clone()) {
            return;
        }
        let problem = Problem::error(reader.place, error.to_string());
        self.context.problems.push(Problem { severity, ..problem });
    }
}
