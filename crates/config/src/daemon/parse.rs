//! `kpid.yaml`, parsed.

use std::{collections::HashSet, path::PathBuf, sync::Arc};

use indexmap::IndexMap;

use crate::{
    alerts::parse::alerts,
    calendar::parse::calendar,
    channels::parse::channel,
    connections::parse::connection,
    daemon::document::DaemonDoc,
    digest::parse::digests,
    heartbeat::parse::heartbeat,
    parse_context::{Mention, ParseContext, given},
    people::parse::{person, spoken},
    retention,
    setup::{Alerts, Digests, Heartbeat, Retention, Web},
    web::{
        parse::{check_tokens, web},
        roles::WebMentions,
    },
};
use kpid_delivery::channel::Channel;
use kpid_language::{Language, english};
use kpid_message::person::Person;
use kpid_rules::model::{Calendar, Id};
use kpid_sources::{Connection, push::PushEndpoint};

/// Everything `kpid.yaml` says but for the scorecards.
pub(crate) struct ParsedDaemon {
    pub(crate) store: Option<PathBuf>,
    pub(crate) calendar: Arc<Calendar>,
    pub(crate) connections: IndexMap<Id, Connection>,
    pub(crate) channels: IndexMap<Id, Channel>,
    pub(crate) people: IndexMap<Id, Person>,
    pub(crate) language: &'static Language,
    /// Connections, channels and people that stand there with a mistake, which has been told:
    /// whoever names them has made none.
    pub(crate) unread: HashSet<Id>,
    pub(crate) operators: Vec<Mention>,
    pub(crate) alerts: Alerts,
    pub(crate) heartbeat: Option<Heartbeat>,
    pub(crate) digests: Option<Digests>,
    pub(crate) web: Web,
    pub(crate) web_mentions: WebMentions,
    pub(crate) retention: Retention,
    pub(crate) secret_files: Vec<PathBuf>,
}

/// Parses `kpid.yaml`.
pub(crate) fn daemon(context: &mut ParseContext, doc: &DaemonDoc) -> ParsedDaemon {
    let store = doc.store.as_ref().and_then(|doc| context.database_file(doc));
    let calendar = doc.calendar.value.as_ref().and_then(|doc| calendar(context, doc));
    let calendar = calendar.unwrap_or_else(|| Calendar::plain(chrono_tz::UTC));
    let mut parts = ParsedDaemon {
        store,
        calendar: Arc::new(calendar),
        connections: IndexMap::new(),
        channels: IndexMap::new(),
        people: IndexMap::new(),
        language: spoken(context, doc.language.as_ref()).unwrap_or_else(english),
        unread: HashSet::new(),
        operators: context.mentions(doc.operators.as_ref()),
        alerts: alerts(context, given(doc.alerts.as_ref())),
        heartbeat: given(doc.heartbeat.as_ref()).and_then(|doc| heartbeat(context, doc)),
        digests: given(doc.digest.as_ref()).and_then(|doc| digests(context, doc)),
        web: Web::default(),
        web_mentions: WebMentions::default(),
        retention: retention::parse::retention(context, given(doc.retention.as_ref())),
        secret_files: Vec::new(),
    };
    for (id, _, doc) in
        given(doc.connections.as_ref()).map(|docs| context.entries(docs)).into_iter().flatten()
    {
        let parsed = doc.value.as_ref().and_then(|doc| connection(context, &id, doc));
        match parsed {
            Some(connection) => drop(parts.connections.insert(id, connection)),
            None => drop(parts.unread.insert(id)),
        }
    }
    let endpoints: Vec<&PushEndpoint> =
        parts.connections.values().filter_map(Connection::push_endpoint).collect();
    (parts.web, parts.web_mentions) =
        given(doc.web.as_ref()).map(|doc| web(context, doc, &endpoints)).unwrap_or_default();
    if let Some(docs) = doc.connections.as_ref().filter(|_| !endpoints.is_empty()) {
        check_tokens(context, docs.place, &endpoints, parts.web.listen);
    }
    for (id, place, doc) in
        given(doc.channels.as_ref()).map(|docs| context.entries(docs)).into_iter().flatten()
    {
        let parsed = doc.value.as_ref().and_then(|doc| channel(context, doc, place));
        match parsed {
            Some(channel) => drop(parts.channels.insert(id, channel)),
            None => drop(parts.unread.insert(id)),
        }
    }
    for (id, place, doc) in
        given(doc.people.as_ref()).map(|docs| context.entries(docs)).into_iter().flatten()
    {
        if parts.channels.contains_key(&id) {
            context
                .error(place, format!("`{id}` is both a person and a channel; rename one of them"));
        }
        let wants = doc.value.as_ref().and_then(|doc| given(doc.digest.as_ref()).copied());
        if let Some(digests) = parts.digests.as_mut().filter(|_| wants == Some(false)) {
            digests.without.push(id.clone());
        }
        let parsed = doc.value.as_ref().map(|doc| person(context, id.clone(), doc));
        let address = doc.value.as_ref().and_then(|doc| doc.email.as_ref());
        if address.is_some() && parsed.as_ref().is_none_or(|person| person.email.is_none()) {
            parts.unread.insert(id.clone());
        }
        parts.people.extend(parsed.map(|person| (id, person)));
    }
    parts.secret_files = std::mem::take(&mut context.secret_files);
    parts
}
