//! The configuration, parsed: everything the daemon runs on. The only way to hold one is to hold a
//! good one.

use std::{net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use chrono::TimeDelta;
use indexmap::IndexMap;
use ipnet::IpNet;
use secrecy::SecretString;
use url::{Host, Url};

use kpid_delivery::{channel::Channel, private_url::PrivateUrl};
use kpid_language::Language;
use kpid_message::person::Person;
use kpid_rules::{
    model::{Calendar, Id, KpiRef, Portfolio, Schedule, WorkingHours},
    series::ReadingKind,
};
use kpid_sources::{Connection, Source, dates::period_format::DateFormats};

/// A whole configuration: daemon and scorecards.
#[derive(Clone, Debug)]
pub struct Setup {
    /// Names this configuration: `sha256:` of the files' texts.
    pub config_hash: String,
    /// The SQLite file of the store.
    pub store: PathBuf,
    /// The calendar of the organisation.
    pub calendar: Arc<Calendar>,
    /// All scorecards, links checked.
    pub portfolio: Arc<Portfolio>,
    /// One for every KPI that is collected from a source.
    pub collections: Vec<Collection>,
    /// One for every KPI that its system pushes.
    pub pushed: Vec<PushedKpi>,
    /// By id.
    pub connections: IndexMap<Id, Connection>,
    /// By id.
    pub channels: IndexMap<Id, Channel>,
    /// By id.
    pub people: IndexMap<Id, Person>,
    /// In which messages are worded for channels, and for people who have no language of their own.
    pub language: &'static Language,
    /// Who is told of trouble with data and deliveries: persons or channels.
    pub operators: Vec<Id>,
    /// When people are mailed about performance, and how often.
    pub alerts: Alerts,
    /// What each person is told now and then, if anything is.
    pub digests: Option<Digests>,
    /// The listener.
    pub web: Web,
    /// A sign of life to somebody outside.
    pub heartbeat: Option<Heartbeat>,
    /// How long what no rule reads any more is kept.
    pub retention: Retention,
    /// Files that its secrets are read from.
    pub secret_files: Vec<PathBuf>,
}

impl Setup {
    /// The language of a recipient: of the person whose address it is, else the default.
    pub fn language_of(&self, recipient: &str) -> &'static Language {
        let has_address = |person: &&Person| {
            person.email.as_ref().is_some_and(|email| email.to_string() == recipient)
        };
        let readers = self.people.values().filter(has_address);
        readers.filter_map(|person| person.language).next().unwrap_or(self.language)
    }
}

/// When people are mailed about performance, and how often.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alerts {
    /// The hours in which mail leaves; at any hour without them.
    pub hours: Option<WorkingHours>,
    /// How many mails a person gets on a day; `None` without a limit.
    pub mails_per_day: Option<u32>,
}

/// How long what no rule reads any more is kept; `None` is for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Raw readings that make an actual together, from the end of their period on.
    pub readings: Option<TimeDelta>,
    /// Raw readings of levels, of which the newest is the actual.
    pub level_readings: Option<TimeDelta>,
    /// Revisions of actuals but for the first and the last two of each period.
    pub revisions: Option<TimeDelta>,
    /// Messages that are settled.
    pub deliveries: Option<TimeDelta>,
    /// Verdicts as they were but for the last of each month.
    pub verdicts: Option<TimeDelta>,
    /// Who did what.
    pub audit: Option<TimeDelta>,
    /// What happened to alerts that are long over.
    pub episode_events: Option<TimeDelta>,
    /// Counts of missed instants.
    pub misses: Option<TimeDelta>,
}

/// Who is told that kpid lives, and how often.
#[derive(Clone, Debug)]
pub struct Heartbeat {
    /// What is asked for by GET.
    pub url: PrivateUrl,
    /// How often.
    pub every: Duration,
}

/// When people are told what changed in what is theirs.
#[derive(Clone, Debug)]
pub struct Digests {
    /// When, in the calendar's zone.
    pub schedule: Schedule,
    /// Whether a digest is also sent when nothing has changed.
    pub also_empty: bool,
    /// People who want none.
    pub without: Vec<Id>,
}

/// How one KPI is collected.
#[derive(Clone, Debug)]
pub struct Collection {
    /// Which KPI.
    pub kpi: KpiRef,
    /// When.
    pub schedule: Schedule,
    /// Whence.
    pub source: Source,
}

/// How one KPI comes in whose system pushes it.
#[derive(Clone, Debug)]
pub struct PushedKpi {
    /// Which KPI.
    pub kpi: KpiRef,
    /// The connection that it is pushed over.
    pub from: Id,
    /// What one reading is.
    pub reading: ReadingKind,
    /// How it says when.
    pub formats: DateFormats,
}

/// Where kpid listens, and how people reach it.
#[derive(Clone, Debug, Default)]
pub struct Web {
    /// Loopback by default; `None` does not listen.
    pub listen: Option<SocketAddr>,
    /// What links in mails begin with.
    pub public_url: Option<Url>,
    /// Who may look, or act, by a token.
    pub tokens: Vec<WebToken>,
    /// A header that only a trusted proxy sets.
    pub trusted_header: Option<String>,
    /// From where that header is believed, beside this machine itself.
    pub trusted_proxies: Vec<IpNet>,
    /// A header in which such a proxy names groups.
    pub groups_header: Option<String>,
    /// Who looks from this machine, where nobody is asked.
    pub local_user: Option<Id>,
    /// The login provider.
    pub oidc: Option<Oidc>,
    /// Who may do more or less than act on what is theirs.
    pub roles: Vec<RoleGrant>,
    /// Whether `/metrics` has values of KPIs.
    pub kpi_metrics: bool,
}

/// A login provider that speaks OpenID Connect, and what a login there is good for.
#[derive(Clone, Debug)]
pub struct Oidc {
    /// Its address, as it names itself.
    pub issuer: String,
    /// What kpid is called there.
    pub client_id: String,
    /// By which kpid shows that it is kpid; a public client has none.
    pub client_secret: Option<SecretString>,
    /// What is asked for.
    pub scopes: Vec<String>,
    /// The claim that says who it is.
    pub user_claim: String,
    /// The claim that names their groups.
    pub groups_claim: String,
    /// Who may look.
    pub admits: Admits,
    /// How long a login lasts.
    pub life: SessionSpans,
    /// Where browsers come back to: https, or this machine.
    pub public_url: Url,
}

impl Oidc {
    /// Whether what is sent to an address stays on this machine.
    pub fn is_here(url: &Url) -> bool {
        match url.host() {
            Some(Host::Domain(name)) => name.eq_ignore_ascii_case("localhost"),
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        }
    }
}

/// Who may look of those that a login provider knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admits {
    /// Who is one of `people`, or in a group that has a role.
    People,
    /// Everybody.
    Everybody,
}

/// How long a login lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionSpans {
    /// Without a request.
    pub idle: TimeDelta,
    /// In all.
    pub max: TimeDelta,
}

/// A token of `web.tokens`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebToken {
    /// Whose it is, for the audit.
    pub name: String,
    /// SHA-256 of it; the token itself is nowhere.
    pub sha256: [u8; 32],
    /// What it lets its holder do.
    pub scope: TokenScope,
    /// On these scorecards; on all if none is named.
    pub scorecards: Vec<Id>,
}

/// What a token lets its holder do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenScope {
    /// Look at walls, and at nothing else.
    Wall,
    /// Look.
    Read,
    /// Look, and act on everything that is seen.
    Act,
}

/// What somebody may do on the board, the least first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Look.
    Viewer,
    /// Look, and act on what is theirs.
    Owner,
    /// Act on everything.
    Operator,
}

/// A role, and who has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoleGrant {
    /// The role.
    pub role: Role,
    /// People.
    pub people: Vec<Id>,
    /// Groups, as a proxy names them.
    pub groups: Vec<String>,
    /// On these scorecards; on all if none is named.
    pub scorecards: Vec<Id>,
}
