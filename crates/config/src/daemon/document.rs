//! `kpid.yaml`: store, calendar, connections, channels, people, web.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    alerts::document::AlertsDoc,
    calendar::document::CalendarDoc,
    channels::document::ChannelDoc,
    connections::document::ConnectionDoc,
    digest::document::DigestDoc,
    heartbeat::document::HeartbeatDoc,
    people::document::PersonDoc,
    retention::document::RetentionDoc,
    web::document::WebDoc,
    yaml::{
        located::{Entries, Loc},
        scalar::IdsDoc,
    },
};

/// What the daemon runs on.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub(crate) struct DaemonDoc {
    /// The SQLite file of the store; relative to this file.
    pub(crate) store: Option<Loc<String>>,
    /// Zone, fiscal year and days off of the organisation.
    pub(crate) calendar: Loc<CalendarDoc>,
    /// Systems that hold the actuals, by id.
    pub(crate) connections: Option<Loc<Entries<ConnectionDoc>>>,
    /// Ways to notify somebody, by id.
    pub(crate) channels: Option<Loc<Entries<ChannelDoc>>>,
    /// People who own things and are notified, by id.
    pub(crate) people: Option<Loc<Entries<PersonDoc>>>,
    /// The language of messages to channels, and to people who have no `language` of their own: `en` or
    /// `de`; `en` by default.
    pub(crate) language: Option<Loc<String>>,
    /// Who is notified when data are missing or a message cannot be delivered: persons or channels.
    pub(crate) operators: Option<Loc<IdsDoc>>,
    /// When people are mailed about performance, and how often.
    pub(crate) alerts: Option<Loc<AlertsDoc>>,
    /// A regular mail to each person about what is theirs; none by default.
    pub(crate) digest: Option<Loc<DigestDoc>>,
    /// Where kpid listens.
    pub(crate) web: Option<Loc<WebDoc>>,
    /// An external monitor that gets a sign of life.
    pub(crate) heartbeat: Option<Loc<HeartbeatDoc>>,
    /// How long what no rule reads any more is kept.
    pub(crate) retention: Option<Loc<RetentionDoc>>,
    /// Scorecard files, as patterns relative to this file; by default `scorecards/*.yaml`.
    pub(crate) scorecards: Option<Loc<Vec<Loc<String>>>>,
}
