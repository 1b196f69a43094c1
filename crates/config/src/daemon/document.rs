//! `kpid.yaml`: store, calendar, connections, channels, people, web.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    source::{
        command::document::CommandDoc, csv::document::CsvDoc, http::document::RequestDoc,
        push::document::PushDoc,
    },
    yaml::{
        located::{Entries, Loc},
        scalar::{FieldDoc, IdsDoc, MonthDoc, SecretDoc},
    },
};

/// What the daemon runs on.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub struct DaemonDoc {
    /// The SQLite file of the store; relative to this file.
    pub store: Option<Loc<String>>,
    /// Zone, fiscal year and days off of the organisation.
    pub calendar: Loc<CalendarDoc>,
    /// Systems that hold the actuals, by id.
    pub connections: Option<Loc<Entries<ConnectionDoc>>>,
    /// Ways to tell somebody, by id.
    pub channels: Option<Loc<Entries<ChannelDoc>>>,
    /// People who own things and are told, by id.
    pub people: Option<Loc<Entries<PersonDoc>>>,
    /// Who is told when data are missing or a message cannot be delivered: persons or channels.
    pub operators: Option<Loc<IdsDoc>>,
    /// When people are mailed about performance, and how often.
    pub alerts: Option<Loc<AlertsDoc>>,
    /// What each person is told now and then of what is theirs; nothing by default.
    pub digest: Option<Loc<DigestDoc>>,
    /// Where kpid listens.
    pub web: Option<Loc<WebDoc>>,
    /// Who outside is told that it lives.
    pub heartbeat: Option<Loc<HeartbeatDoc>>,
    /// How long what no rule reads any more is kept.
    pub retention: Option<Loc<RetentionDoc>>,
    /// Scorecard files, as patterns relative to this file; by default `scorecards/*.yaml`.
    pub scorecards: Option<Loc<Vec<Loc<String>>>>,
}

/// Zone, fiscal year and days off.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub struct CalendarDoc {
    /// An IANA zone, e.g. `Europe/Amsterdam`.
    pub timezone: Loc<String>,
    /// First month of the fiscal year, by name or number; January by default.
    pub fiscal_year_start: Option<Loc<MonthDoc>>,
    /// Whether a fiscal year is named by the calendar year it ends or starts in; `end` by default.
    pub fiscal_label: Option<Loc<FiscalLabelDoc>>,
    /// Days on which nobody works; Saturday and Sunday by default.
    pub weekend: Option<Loc<Vec<Loc<String>>>>,
    /// Single days off, e.g. `2026-05-05`.
    pub holidays: Option<Loc<Vec<Loc<String>>>>,
    /// Longer spans off, by name.
    pub closures: Option<Loc<Entries<ClosureDoc>>>,
}

/// How a fiscal year is named.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FiscalLabelDoc {
    /// By the calendar year it ends in.
    End,
    /// By the calendar year it starts in.
    Start,
}

/// A span off.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub struct ClosureDoc {
    /// First day.
    pub from: Loc<String>,
    /// Last day.
    pub to: Loc<String>,
    /// Whether a period that lies wholly within it counts nowhere; no by default.
    pub not_applicable: Option<Loc<bool>>,
}

/// A system that holds actuals.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ConnectionDoc {
    /// A PostgreSQL database.
    Postgres(ServerDoc),
    /// A MySQL or MariaDB database.
    Mysql(ServerDoc),
    /// A SQLite file.
    Sqlite(SqliteDoc),
    /// An HTTP API.
    Http(Box<HttpDoc>),
    /// A folder of CSV files.
    Csv(CsvDoc),
    /// Programs of your own.
    Command(CommandDoc),
    /// A system that pushes its figures.
    Push(PushDoc),
}

/// A database server.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub struct ServerDoc {
    /// Name or address.
    pub host: Loc<String>,
    /// TCP port; the usual one by default.
    pub port: Option<Loc<u16>>,
    /// Database name.
    pub database: Loc<String>,
    /// User name; best one that may only read.
    pub user: Loc<String>,
    /// Password.
    pub password: Option<Loc<SecretDoc>>,
    /// `disable`, `prefer` (default), `require` or `verify`.
    pub tls: Option<Loc<TlsDoc>>,
    /// With `verify`, a PEM file of the authority to trust beside the system's; relative to this file.
    pub ca: Option<Loc<String>>,
    /// Queries that several KPIs read, by name.
    pub queries: Option<Loc<Entries<String>>>,
    /// How long a query may take; 30s by default.
    pub timeout: Option<Loc<String>>,
    /// Queries at once; 4 by default.
    pub max_concurrent: Option<Loc<u32>>,
    /// Rows a query may return; 10000 by default.
    pub max_rows: Option<Loc<u32>>,
}

/// How far a database connection is encrypted.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TlsDoc {
    /// Never.
    Disable,
    /// If the server can.
    Prefer,
    /// Always, any certificate.
    Require,
    /// Always, with a certificate of a known authority.
    Verify,
}

/// A SQLite file.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub struct SqliteDoc {
    /// The file; relative to this file. Opened read-only.
    pub path: Loc<String>,
    /// Queries that several KPIs read, by name.
    pub queries: Option<Loc<Entries<String>>>,
    /// How long a query may take; 30s by default.
    pub timeout: Option<Loc<String>>,
    /// Queries at once; 4 by default.
    pub max_concurrent: Option<Loc<u32>>,
    /// Rows a query may return; 10000 by default.
    pub max_rows: Option<Loc<u32>>,
}

/// An HTTP API.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub struct HttpDoc {
    /// What requests are relative to.
    pub base_url: Loc<String>,
    /// How the API knows us.
    pub auth: Option<Loc<AuthDoc>>,
    /// How long one fetch may take; 30s by default.
    pub timeout: Option<Loc<String>>,
    /// Requests at once; 4 by default.
    pub max_concurrent: Option<Loc<u32>>,
    /// Bytes a body may have; 1048576 by default.
    pub max_bytes: Option<Loc<u64>>,
    /// Requests a minute; as many as there are by default.
    pub max_per_minute: Option<Loc<u32>>,
    /// Requests that several KPIs read, by name.
    pub requests: Option<Loc<Entries<RequestDoc>>>,
    /// Headers sent with every request; a secret says where it is kept.
    pub headers: Option<Loc<Entries<FieldDoc>>>,
    /// A PEM file of authorities to trust beside the system's; relative to this file.
    pub ca: Option<Loc<String>>,
    /// A PEM file with a certificate and its key, by which the API knows us; relative to this file.
    pub client_certificate: Option<Loc<String>>,
    /// A proxy to go through, e.g. `http://proxy.internal:3128`; by default as the environment says.
    pub proxy: Option<Loc<ProxyDoc>>,
}

/// A proxy, alone or with who we are there.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ProxyDoc {
    /// Its address.
    #[schemars(untagged)]
    #[serde(rename = "<text>")]
    Text(String),
    /// One that asks who comes.
    #[schemars(untagged)]
    #[serde(rename = "<map>")]
    Map(ProxyLoginDoc),
}

/// A proxy that asks who comes.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub struct ProxyLoginDoc {
    /// Its address.
    pub url: Loc<String>,
    /// User name.
    pub user: Loc<String>,
    /// Password.
    pub password: Loc<SecretDoc>,
}

/// How an HTTP API knows us.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AuthDoc {
    /// A bearer token.
    Bearer(Loc<SecretDoc>),
    /// User and password.
    Basic(BasicDoc),
    /// A key in a header of its own.
    ApiKey(ApiKeyDoc),
    /// A token fetched with a client's credentials (OAuth 2), kept until it is about to expire.
    Oauth2(Oauth2Doc),
}

/// A key in a header.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub struct ApiKeyDoc {
    /// The header's name, e.g. `X-Api-Key`.
    pub header: Loc<String>,
    /// The key.
    pub key: Loc<SecretDoc>,
}

/// Client credentials.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub struct Oauth2Doc {
    /// Where tokens are fetched.
    pub token_url: Loc<String>,
    /// The client's name.
    pub client_id: Loc<String>,
    /// The client's secret.
    pub client_secret: Loc<SecretDoc>,
    /// What it asks to be allowed.
    pub scope: Option<Loc<String>>,
}

/// User and password.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub struct BasicDoc {
    /// User name.
    pub user: Loc<String>,
    /// Password.
    pub password: Loc<SecretDoc>,
}

/// A way to tell somebody.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ChannelDoc {
    /// By mail.
    Email(Box<EmailDoc>),
    /// By an HTTP request.
    Webhook(Box<WebhookDoc>),
}

/// How mail leaves: by a server, or into a folder.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub struct EmailDoc {
    /// Who writes, e.g. `Scorecard <kpid@example.com>`.
    pub from: Loc<String>,
    /// A mail server.
    pub smtp: Option<Loc<SmtpDoc>>,
    /// A folder that gets one .eml file a mail; relative to this file.
    pub folder: Option<Loc<String>>,
    /// A folder of templates that stand in for those built in; relative to this file.
    pub templates: Option<Loc<String>>,
}

/// A mail server.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub struct SmtpDoc {
    /// Name or address.
    pub host: Loc<String>,
    /// TCP port; 587 with starttls, 465 with implicit, 25 without encryption.
    pub port: Option<Loc<u16>>,
    /// `starttls` (default), `implicit` or `none`.
    pub tls: Option<Loc<SmtpTlsDoc>>,
    /// User name, if the server asks.
    pub user: Option<Loc<String>>,
    /// Password, if the server asks.
    pub password: Option<Loc<SecretDoc>>,
}

/// How an SMTP connection is encrypted.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SmtpTlsDoc {
    /// By STARTTLS, required.
    Starttls,
    /// From the first byte.
    Implicit,
    /// Never.
    None,
}

/// Where an HTTP request goes.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub struct WebhookDoc {
    /// Where to POST.
    pub url: Loc<String>,
    /// Signs the request as Standard Webhooks do.
    pub secret: Option<Loc<SecretDoc>>,
    /// The secret before the present one: as long as it is here, both sign.
    pub previous_secret: Option<Loc<SecretDoc>>,
    /// The shape of the body.
    pub format: Option<Loc<WebhookFormatDoc>>,
    /// What a body of one's own is sent as; `application/json` by default.
    pub content_type: Option<Loc<String>>,
    /// Whether its name may lead to an address inside, such as 10.0.0.5; no by default.
    pub allow_private: Option<Loc<bool>>,
}

/// The shape of a webhook's body.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum WebhookFormatDoc {
    /// The facts as JSON, as docs/webhook.md has them; the default.
    Generic,
    /// A message for an incoming webhook of Slack.
    Slack,
    /// An adaptive card for a workflow of Microsoft Teams.
    Teams,
    /// An event for PagerDuty (Events API v2); `secret` is the routing key.
    Pagerduty,
    /// An alert for `POST /api/v2/alerts` of Alertmanager.
    Alertmanager,
    /// Whatever this template makes; relative to this file.
    Template(Loc<String>),
}

/// Somebody who owns things and is told.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub struct PersonDoc {
    /// For people; the id by default.
    pub name: Option<Loc<String>>,
    /// Where mail goes.
    pub email: Option<Loc<String>>,
    /// For people, e.g. `COO`.
    pub role: Option<Loc<String>>,
    /// Whether the person gets the digest, where there is one; true by default.
    pub digest: Option<Loc<bool>>,
}

/// A mail to each person about what changed in what is theirs.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub struct DigestDoc {
    /// Five fields in the calendar's zone; `0 8 * * 1`, Mondays at 08:00, by default.
    pub schedule: Option<Loc<String>>,
    /// What is sent when nothing has changed: a `line` (default) or `nothing`.
    pub empty: Option<Loc<EmptyDigestDoc>>,
}

/// What is sent when nothing has changed.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum EmptyDigestDoc {
    /// A line that says so.
    Line,
    /// No mail.
    Nothing,
}

/// When people are mailed about performance, and how often. Webhooks are called at once, always.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub struct AlertsDoc {
    /// The hours in which mail leaves; what is written outside of them waits. At any hour by default.
    pub hours: Option<Loc<HoursDoc>>,
    /// How many such mails a person gets on a day, the rest in a summary; any number by default, and with 0.
    pub mails_per_day: Option<Loc<u32>>,
}

/// Hours of the calendar's zone.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub struct HoursDoc {
    /// `working` (default): the calendar's working days; or days of the week, e.g. `[monday, friday]`.
    pub days: Option<Loc<HoursOnDoc>>,
    /// When they begin; `07:00` by default.
    pub from: Option<Loc<String>>,
    /// When they end, on the next day if that is earlier; `19:00` by default.
    pub to: Option<Loc<String>>,
}

/// The days that have hours.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum HoursOnDoc {
    /// `working`: no weekend, holiday or closure.
    #[schemars(untagged)]
    #[serde(rename = "<text>")]
    Text(String),
    /// Days of the week.
    #[schemars(untagged)]
    #[serde(rename = "<list>")]
    List(Vec<Loc<String>>),
}

/// How long what no rule reads any more is kept: a span such as `26 months`, `400d` or `5y`, or
/// `never` removed.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub struct RetentionDoc {
    /// Actuals: only `never`.
    pub actuals: Option<Loc<String>>,
    /// Raw readings, from the end of their period on; 26 months by default.
    pub readings: Option<Loc<String>>,
    /// Revisions of actuals but for the first and the last two of each period; never by default.
    pub revisions: Option<Loc<String>>,
    /// Messages that are settled; 400d by default.
    pub deliveries: Option<Loc<String>>,
    /// Verdicts as they were but for the last of each month; 100d by default.
    pub snapshots: Option<Loc<String>>,
    /// Who did what; 10y by default.
    pub audit: Option<Loc<String>>,
    /// What happened to alerts that are long over; never by default.
    pub episode_events: Option<Loc<String>>,
    /// Counts of missed instants, by day; 2y by default.
    pub misses: Option<Loc<String>>,
}

/// A sign of life to somebody who misses it.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub struct HeartbeatDoc {
    /// What is asked for by GET while the scheduler works.
    pub url: Loc<String>,
    /// How often; 60s by default.
    pub every: Option<Loc<String>>,
}

/// Where kpid listens, and how people reach it.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub struct WebDoc {
    /// Address and port, e.g. `127.0.0.1:8420`.
    pub listen: Option<Loc<String>>,
    /// What links in mails begin with.
    pub public_url: Option<Loc<String>>,
    /// Who may look, by name: the SHA-256 of a token that `kpid token` made.
    pub tokens: Option<Loc<Entries<TokenDoc>>>,
    /// A header that a trusted reverse proxy sets to the name of whoever it let through.
    pub trusted_header: Option<Loc<String>>,
}

/// A token, as its hash.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub struct TokenDoc {
    /// 64 hexadecimal digits.
    pub sha256: Loc<String>,
}
