//! Who looks, and what they may do: on which scorecards they look, and on which nodes they act.

use std::sync::Arc;

use axum::http::{HeaderMap, HeaderName};
use indexmap::IndexMap;

use crate::web::{
    access::{Access, Admitted, LoggedIn},
    peer::Peer,
};
use kpid_config::setup::{Admits, Role, RoleGrant, TokenScope, WebToken};
use kpid_message::person::Person;
use kpid_rules::model::{Id, Kpi, Objective, Perspective, Scope, Scorecard};

/// How people are known, as configured.
#[derive(Clone, Debug, Default)]
pub struct Identity {
    /// Everybody who can be known.
    pub people: Arc<IndexMap<Id, Person>>,
    /// A header in which a trusted proxy names groups.
    pub groups_header: Option<HeaderName>,
    /// Who looks from this machine, where nobody is asked.
    pub local_user: Option<Id>,
    /// Who may do more or less than act on what is theirs.
    pub roles: Arc<[RoleGrant]>,
}

/// Who looks.
#[derive(Clone, Debug, Default)]
pub(super) struct Viewer {
    /// Which of the people it is, if any.
    pub(super) person: Option<Id>,
    /// What pages call them; none where nobody is asked who they are.
    pub(super) name: Option<String>,
    token: Option<WebToken>,
    groups: Vec<String>,
    roles: Arc<[RoleGrant]>,
    /// The login that it is by, if it is by one.
    pub(super) session: Option<LoggedIn>,
}

/// Groups with commas between them.
pub(super) fn separated(groups: &str) -> impl Iterator<Item = String> {
    groups.split(',').map(str::trim).filter(|group| !group.is_empty()).map(str::to_owned)
}

impl Identity {
    /// Who sent a request.
    pub(super) fn viewer(
        &self,
        access: &Access,
        headers: &HeaderMap,
        peer: Option<Peer>,
        logged_in: Option<&LoggedIn>,
    ) -> Viewer {
        let user = match access.admits(headers, peer, logged_in) {
            None => return Viewer::default(),
            Some(Admitted::Holder(token)) => {
                let name = Some(token.name.clone());
                return Viewer { name, token: Some(token.clone()), ..Viewer::default() };
            }
            Some(Admitted::Local) => {
                let person = self.local_user.clone();
                let name = person.as_ref().and_then(|id| self.people.get(id));
                let name = name.map(|person| person.name.clone());
                let roles = Arc::clone(&self.roles);
                return Viewer { person, name, roles, ..Viewer::default() };
            }
            Some(Admitted::LoggedIn(held)) => {
                let viewer = self.user(&held.user, held.groups.clone());
                return Viewer { session: Some(held.clone()), ..viewer };
            }
            Some(Admitted::User(user)) => user,
        };
        let groups = self.groups_header.as_ref().map(|name| headers.get_all(name));
        let groups = groups.into_iter().flatten().filter_map(|groups| groups.to_str().ok());
        self.user(user, groups.flat_map(separated).collect())
    }

    /// Whom somebody who is believed calls so, with their groups.
    fn user(&self, user: &str, groups: Vec<String>) -> Viewer {
        let known = self.known(user);
        Viewer {
            person: known.map(|person| person.id.clone()),
            name: Some(known.map_or(user, |person| &person.name).to_owned()),
            groups,
            roles: Arc::clone(&self.roles),
            token: None,
            session: None,
        }
    }

    /// Whether somebody whom a login provider knows may look.
    pub(super) fn admits(&self, user: &str, groups: &[String], whom: Admits) -> bool {
        let has_role = || {
            self.roles.iter().any(|grant| groups.iter().any(|group| grant.groups.contains(group)))
        };
        match whom {
            Admits::Everybody => true,
            Admits::People => self.known(user).is_some() || has_role(),
        }
    }

    /// What the audit calls them.
    pub(super) fn actor(&self, user: &str) -> String {
        self.known(user).map_or_else(|| user.to_owned(), |person| person.id.to_string())
    }

    /// Who that is, by id or by mail address. An address that several share is nobody's in particular.
    fn known(&self, user: &str) -> Option<&Person> {
        let is_it = |person: &&Person| person.id.as_str().eq_ignore_ascii_case(user);
        self.people.values().find(is_it).or_else(|| {
            let mut found = self.people.values().filter(|person| {
                let email = person.email.as_ref();
                email.is_some_and(|email| email.to_string().eq_ignore_ascii_case(user))
            });
            found.next().filter(|_| found.next().is_none())
        })
    }
}

impl Viewer {
    /// Whether they may look at a scorecard: a private one is for those that it names.
    pub(super) fn sees(&self, scorecard: &Scorecard) -> bool {
        if let Some(token) = &self.token {
            let is_opened = token.scorecards.is_empty() || token.scorecards.contains(&scorecard.id);
            return is_opened && !scorecard.private;
        }
        let is_named = || self.person.as_ref().is_some_and(|person| names(scorecard, person));
        !scorecard.private || is_named()
    }

    /// Who they are to the audit, if they may act at all: a person by id, or a token by name.
    pub(super) fn actor(&self) -> Option<String> {
        let token = self.token.as_ref().filter(|token| token.scope == TokenScope::Act);
        let person = self.person.as_ref().map(ToString::to_string);
        person.or_else(|| token.map(|token| format!("token {}", token.name)))
    }

    /// Whether they may answer for a node, silence it and write notes on it.
    pub(super) fn acts_on(&self, scorecard: &Scorecard, scope: &Scope) -> bool {
        if let Some(token) = &self.token {
            return token.scope == TokenScope::Act && self.sees(scorecard);
        }
        let Some(person) = self.person.as_ref().filter(|_| self.sees(scorecard)) else {
            return false;
        };
        match self.role(&scorecard.id) {
            Role::Viewer => false,
            Role::Owner => is_theirs(scorecard, scope, person),
            Role::Operator => true,
        }
    }

    /// The most that anything gives them on a scorecard; whoever nothing names acts on what is theirs.
    fn role(&self, scorecard: &Id) -> Role {
        let is_theirs = |grant: &&RoleGrant| {
            let person = self.person.as_ref().is_some_and(|person| grant.people.contains(person));
            let group = self.groups.iter().any(|group| grant.groups.contains(group));
            let here = grant.scorecards.is_empty() || grant.scorecards.contains(scorecard);
            (person || group) && here
        };
        let granted = self.roles.iter().filter(is_theirs).map(|grant| grant.role).max();
        granted.unwrap_or(Role::Owner)
    }
}

/// Whether a node is somebody's: they own it or something above it, or its alerts go to them.
fn is_theirs(scorecard: &Scorecard, scope: &Scope, person: &Id) -> bool {
    let is = |owner: &Option<Id>| owner.as_ref() == Some(person);
    if is(&scorecard.owner) {
        return true;
    }
    let alerts = scorecard.alerts();
    let is_told = alerts.iter().any(|(of, policy)| {
        scope.is_within(of) && (policy.to.contains(person) || policy.escalate_to.contains(person))
    });
    is_told || above(scorecard, scope).any(|owner| is(&owner))
}

/// The owners of a node and of what is between it and its scorecard.
fn above(scorecard: &Scorecard, scope: &Scope) -> impl Iterator<Item = Option<Id>> {
    let mut owners = Vec::new();
    for perspective in &scorecard.perspectives {
        for objective in &perspective.objectives {
            let kpi = |named: &Id| objective.kpis.iter().find(|kpi| kpi.id == *named);
            match scope {
                Scope::Objective(_, of, id) if *of == perspective.id && *id == objective.id => {
                    owners.extend([perspective.owner.clone(), objective.owner.clone()]);
                }
                Scope::Kpi(named) => {
                    if let Some(kpi) = kpi(&named.kpi) {
                        owners.extend(
                            [&perspective.owner, &objective.owner, &kpi.owner].map(Clone::clone),
                        );
                        owners.push(kpi.steward.clone());
                    }
                }
                _ => {}
            }
        }
        if matches!(scope, Scope::Perspective(_, id) if *id == perspective.id) {
            owners.push(perspective.owner.clone());
        }
    }
    owners.into_iter()
}

/// Whether a scorecard names a person anywhere.
fn names(scorecard: &Scorecard, person: &Id) -> bool {
    let is = |named: &Option<Id>| named.as_ref() == Some(person);
    let of_kpi = |kpi: &Kpi| is(&kpi.owner) || is(&kpi.steward);
    let of_objective = |held: &Objective| is(&held.owner) || held.kpis.iter().any(of_kpi);
    let of_perspective =
        |held: &Perspective| is(&held.owner) || held.objectives.iter().any(of_objective);
    let alerts = scorecard.alerts();
    is(&scorecard.owner)
        || scorecard.perspectives.iter().any(of_perspective)
        || scorecard.report.as_ref().is_some_and(|report| report.to.contains(person))
        || alerts
            .iter()
            .any(|(_, policy)| policy.to.contains(person) || policy.escalate_to.contains(person))
}
