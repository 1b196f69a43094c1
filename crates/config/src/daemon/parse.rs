//! `kpid.yaml`, parsed.

use std::{
    collections::{HashMap, HashSet},
    net::SocketAddr,
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use chrono_tz::Tz;
use indexmap::IndexMap;
use url::Url;

use crate::{
    alerts::parse::alerts,
    channels::templates,
    daemon::document::{
        CalendarDoc, ChannelDoc, ConnectionDoc, DaemonDoc, DigestDoc, EmailDoc, EmptyDigestDoc,
        FiscalLabelDoc, HeartbeatDoc, PersonDoc, ServerDoc, SmtpDoc, SmtpTlsDoc, SqliteDoc, TlsDoc,
        WebDoc, WebhookDoc, WebhookFormatDoc,
    },
    parse_context::{Desk, Mention, Speech, given},
    problem::{Place, Problem, masked, suggestion},
    retention,
    setup::{Alerts, Digests, Heartbeat, Retention, Web},
    source::{self, command, csv, http, push},
    yaml::{
        located::Loc,
        scalar::{MonthDoc, SecretDoc},
    },
};
use kpid_delivery::{
    channel::{Channel, Email, MailTransport, SmtpTls, Webhook},
    ssrf_guard,
    webhook::signing_key,
};
use kpid_message::{
    person::Person,
    webhook_formats::{Body, Format},
};
use kpid_rules::model::{Calendar, Closure, Cron, FiscalLabel, Id, Schedule};
use kpid_sources::{
    Connection,
    push::Door,
    sql::{Address, Database, Dialect, Server, Tls},
};

/// How long a fetch may take unless its connection says otherwise.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Longer than this no fetch may take: the next one is due.
const TIMEOUT_MAX: Duration = Duration::from_secs(600);

/// Fetches at once a connection bears unless it says otherwise.
const CONCURRENT: u32 = 4;

/// A KPI is one number; a larger body is the wrong URL.
pub(crate) const BODY_BYTES: u64 = 1 << 20;

/// The most a body may be allowed to have.
const BODY_BYTES_MAX: u64 = 64 << 20;

/// How often somebody outside is told that kpid lives.
const HEARTBEAT: Duration = Duration::from_secs(60);

/// More often helps nobody.
const HEARTBEAT_MIN: Duration = Duration::from_secs(1);

/// More rows than this are the wrong query.
pub(crate) const ROWS: u32 = 10_000;

/// When a digest comes unless the configuration says otherwise.
const MONDAY_MORNING: &str = "0 8 * * 1";

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

/// Everything `kpid.yaml` says but for the scorecards.
pub(crate) struct DaemonParts {
    pub(crate) store: Option<PathBuf>,
    pub(crate) calendar: Arc<Calendar>,
    pub(crate) connections: IndexMap<Id, Connection>,
    pub(crate) channels: IndexMap<Id, Channel>,
    pub(crate) people: IndexMap<Id, Person>,
    /// Connections, channels and people that stand there with a mistake, which has been told:
    /// whoever names them has made none.
    pub(crate) unread: HashSet<Id>,
    pub(crate) operators: Vec<Mention>,
    pub(crate) alerts: Alerts,
    pub(crate) heartbeat: Option<Heartbeat>,
    pub(crate) digests: Option<Digests>,
    pub(crate) web: Web,
    pub(crate) retention: Retention,
    pub(crate) secret_files: Vec<PathBuf>,
}

/// Parses `kpid.yaml`.
pub(crate) fn daemon(desk: &mut Desk, doc: &DaemonDoc) -> DaemonParts {
    let store = given(doc.store.as_ref()).map(|path| desk.folder.join(path));
    let calendar = doc.calendar.value.as_ref().and_then(|doc| calendar(desk, doc));
    let calendar = calendar.unwrap_or_else(|| Calendar::plain(chrono_tz::UTC));
    let mut parts = DaemonParts {
        store,
        calendar: Arc::new(calendar),
        connections: IndexMap::new(),
        channels: IndexMap::new(),
        people: IndexMap::new(),
        unread: HashSet::new(),
        operators: desk.mentions(doc.operators.as_ref()),
        alerts: alerts(desk, given(doc.alerts.as_ref())),
        heartbeat: given(doc.heartbeat.as_ref()).and_then(|doc| heartbeat(desk, doc)),
        digests: given(doc.digest.as_ref()).and_then(|doc| digests(desk, doc)),
        web: Web::default(),
        retention: retention::parse::retention(desk, given(doc.retention.as_ref())),
        secret_files: Vec::new(),
    };
    for (id, _, doc) in
        given(doc.connections.as_ref()).map(|docs| desk.entries(docs)).into_iter().flatten()
    {
        let parsed = doc.value.as_ref().and_then(|doc| connection(desk, doc));
        if let Some(speech) = doc.value.as_ref().and_then(|doc| speech(desk, doc)) {
            desk.speeches.insert(id.clone(), speech);
        }
        let calls = match &doc.value {
            Some(ConnectionDoc::Http(doc)) => http::parse::requests(desk, doc),
            _ => HashMap::new(),
        };
        desk.calls.insert(id.clone(), calls);
        match parsed {
            Some(connection) => drop(parts.connections.insert(id, connection)),
            None => drop(parts.unread.insert(id)),
        }
    }
    let doors: Vec<&Door> = parts.connections.values().filter_map(Connection::door).collect();
    parts.web = given(doc.web.as_ref()).map(|doc| web(desk, doc, &doors)).unwrap_or_default();
    if let Some(docs) = doc.connections.as_ref().filter(|_| !doors.is_empty()) {
        check_doors(desk, docs.place, &doors, parts.web.listen);
    }
    for (id, place, doc) in
        given(doc.channels.as_ref()).map(|docs| desk.entries(docs)).into_iter().flatten()
    {
        let parsed = doc.value.as_ref().and_then(|doc| channel(desk, doc, place));
        match parsed {
            Some(channel) => drop(parts.channels.insert(id, channel)),
            None => drop(parts.unread.insert(id)),
        }
    }
    for (id, place, doc) in
        given(doc.people.as_ref()).map(|docs| desk.entries(docs)).into_iter().flatten()
    {
        if parts.channels.contains_key(&id) {
            desk.error(
                place,
                format!("`{id}` is a person and a channel; `to: {id}` could be either"),
            );
        }
        let wants = doc.value.as_ref().and_then(|doc| given(doc.digest.as_ref()).copied());
        if let Some(digests) = parts.digests.as_mut().filter(|_| wants == Some(false)) {
            digests.without.push(id.clone());
        }
        let parsed = doc.value.as_ref().map(|doc| person(desk, id.clone(), doc));
        let address = doc.value.as_ref().and_then(|doc| doc.email.as_ref());
        if address.is_some() && parsed.as_ref().is_none_or(|person| person.email.is_none()) {
            parts.unread.insert(id.clone());
        }
        parts.people.extend(parsed.map(|person| (id, person)));
    }
    parts.secret_files = std::mem::take(&mut desk.secret_files);
    parts
}

/// Parses a calendar.
pub(crate) fn calendar(desk: &mut Desk, doc: &CalendarDoc) -> Option<Calendar> {
    let zone = zone(desk, &doc.timezone)?;
    let mut calendar = Calendar::plain(zone);
    if let Some(month) = doc.fiscal_year_start.as_ref().and_then(|doc| month(desk, doc)) {
        calendar.fiscal_year_start = month;
    }
    if let Some(FiscalLabelDoc::Start) = given(doc.fiscal_label.as_ref()) {
        calendar.fiscal_label = FiscalLabel::Start;
    }
    if let Some(days) = given(doc.weekend.as_ref()) {
        calendar.weekend = days.iter().filter_map(|day| desk.weekday(day)).collect();
    }
    for day in given(doc.holidays.as_ref()).into_iter().flatten() {
        calendar.holidays.extend(desk.day(day));
    }
    for (name, place, closure) in
        given(doc.closures.as_ref()).into_iter().flat_map(|docs| docs.iter())
    {
        let days = desk.day(&closure.from).zip(desk.day(&closure.to));
        match days {
            Some((first_day, last_day)) if first_day <= last_day => {
                let not_applicable =
                    given(closure.not_applicable.as_ref()).copied().unwrap_or(false);
                let name = name.to_owned();
                calendar.closures.push(Closure { name, first_day, last_day, not_applicable });
            }
            Some(_) => desk.error(place, format!("the closure `{name}` ends before it begins")),
            None => {}
        }
    }
    if calendar.weekend.len() >= 7 {
        desk.error(doc.timezone.place, "`weekend` leaves no day to work on");
    }
    Some(calendar)
}

fn zone(desk: &mut Desk, doc: &Loc<String>) -> Option<Tz> {
    let text = doc.value.as_deref()?;
    if let Ok(zone) = text.parse::<Tz>() {
        return Some(zone);
    }
    let known = chrono_tz::TZ_VARIANTS.iter().map(|zone| zone.name());
    let hint =
        suggestion(text, known).unwrap_or_else(|| "write one such as Europe/Amsterdam".into());
    desk.problems.push(Problem::error(doc.place, format!("`{text}` is no IANA zone")).hint(hint));
    None
}

fn month(desk: &mut Desk, doc: &Loc<MonthDoc>) -> Option<u32> {
    let month = match doc.value.as_ref()? {
        MonthDoc::Number(number) => (1..=12).contains(number).then_some(*number),
        MonthDoc::Text(text) => {
            let lower = text.to_lowercase();
            let at = MONTHS.iter().position(|name| *name == lower || name[..3] == lower);
            at.and_then(|at| u32::try_from(at + 1).ok())
        }
    };
    desk.told(doc.place, month.ok_or("this is no month; write april or 4"))
}

fn connection(desk: &mut Desk, doc: &ConnectionDoc) -> Option<Connection> {
    match doc {
        ConnectionDoc::Postgres(doc) => {
            server(desk, doc, 5432).map(|server| database(desk, Address::Postgres(server), doc))
        }
        ConnectionDoc::Mysql(doc) => {
            server(desk, doc, 3306).map(|server| database(desk, Address::MySql(server), doc))
        }
        ConnectionDoc::Sqlite(doc) => sqlite(desk, doc),
        ConnectionDoc::Http(doc) => http::parse::connection(desk, doc),
        ConnectionDoc::Csv(doc) => csv::parse::connection(desk, doc),
        ConnectionDoc::Command(doc) => command::parse::connection(desk, doc),
        ConnectionDoc::Push(doc) => push::parse::connection(desk, doc),
    }
}

/// How a connection is spoken to, if it is a database.
fn speech(desk: &mut Desk, doc: &ConnectionDoc) -> Option<Speech> {
    let (dialect, queries) = match doc {
        ConnectionDoc::Postgres(doc) => (Dialect::Standard, &doc.queries),
        ConnectionDoc::Sqlite(doc) => (Dialect::Standard, &doc.queries),
        ConnectionDoc::Mysql(doc) => (Dialect::MySql, &doc.queries),
        _ => return None,
    };
    let written = given(queries.as_ref()).map(|docs| desk.entries(docs)).unwrap_or_default();
    let queries = written.into_iter().filter_map(|(name, _, doc)| {
        Some((name.to_string(), source::parse::query(desk, doc, dialect)?))
    });
    Some(Speech { dialect, queries: queries.collect() })
}

fn server(desk: &mut Desk, doc: &ServerDoc, port: u16) -> Option<Server> {
    let password = match &doc.password {
        None => None,
        Some(password) => Some(desk.secret(password)?),
    };
    let tls = match given(doc.tls.as_ref()) {
        Some(TlsDoc::Disable) => Tls::Disable,
        None | Some(TlsDoc::Prefer) => Tls::Prefer,
        Some(TlsDoc::Require) => Tls::Require,
        Some(TlsDoc::Verify) => Tls::Verify,
    };
    if let Some(ca) = doc.ca.as_ref().filter(|_| tls != Tls::Verify) {
        desk.error(ca.place, "`ca` says whom to trust, which only `tls: verify` asks");
    }
    let authority = given(doc.ca.as_ref()).map(|path| desk.folder.join(path));
    Some(Server {
        host: doc.host.value.clone()?,
        port: given(doc.port.as_ref()).copied().unwrap_or(port),
        database: doc.database.value.clone()?,
        user: doc.user.value.clone()?,
        password,
        tls,
        authority,
    })
}

fn database(desk: &mut Desk, address: Address, doc: &ServerDoc) -> Connection {
    limited(desk, address, &doc.timeout, &doc.max_concurrent, &doc.max_rows)
}

fn sqlite(desk: &mut Desk, doc: &SqliteDoc) -> Option<Connection> {
    let address = Address::Sqlite(desk.folder.join(doc.path.value.as_ref()?));
    Some(limited(desk, address, &doc.timeout, &doc.max_concurrent, &doc.max_rows))
}

fn limited(
    desk: &mut Desk,
    address: Address,
    span: &Option<Loc<String>>,
    concurrent: &Option<Loc<u32>>,
    rows: &Option<Loc<u32>>,
) -> Connection {
    let rows = rows.as_ref().and_then(|doc| desk.at_least_one(doc, "max_rows")).unwrap_or(ROWS);
    Connection::Sql(Database {
        address,
        timeout: timeout(desk, span),
        concurrent_max: concurrent_max(desk, concurrent),
        rows_max: usize::try_from(rows).unwrap_or(usize::MAX),
    })
}

pub(crate) fn timeout(desk: &mut Desk, doc: &Option<Loc<String>>) -> Duration {
    let Some(doc) = doc else { return TIMEOUT };
    let Some(span) = desk.span(doc) else { return TIMEOUT };
    if span.is_zero() || span > TIMEOUT_MAX {
        desk.error(doc.place, "a timeout lies between 1ms and 10m");
    }
    span
}

pub(crate) fn concurrent_max(desk: &mut Desk, doc: &Option<Loc<u32>>) -> u32 {
    let count = doc.as_ref().and_then(|doc| desk.at_least_one(doc, "max_concurrent"));
    count.unwrap_or(CONCURRENT)
}

/// Bytes one answer may have.
pub(crate) fn bytes_max(desk: &mut Desk, doc: &Option<Loc<u64>>, usual: u64) -> usize {
    let bytes = given(doc.as_ref()).copied().unwrap_or(usual);
    if let Some(doc) = doc.as_ref().filter(|_| !(1..=BODY_BYTES_MAX).contains(&bytes)) {
        desk.error(doc.place, format!("max_bytes lies between 1 and {BODY_BYTES_MAX}"));
    }
    usize::try_from(bytes).unwrap_or(usize::MAX)
}

pub(crate) fn web_address(desk: &mut Desk, doc: &Loc<String>) -> Option<Url> {
    let text = doc.value.as_deref()?;
    match Url::parse(text) {
        Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => Some(url),
        _ => {
            let text = masked(text);
            desk.error(doc.place, format!("`{text}` is no web address; write https://host/path/"));
            None
        }
    }
}

fn channel(desk: &mut Desk, doc: &ChannelDoc, place: Place) -> Option<Channel> {
    match doc {
        ChannelDoc::Email(doc) => email(desk, doc, place).map(Channel::Email),
        ChannelDoc::Webhook(doc) => webhook(desk, doc).map(Channel::Webhook),
    }
}

fn email(desk: &mut Desk, doc: &EmailDoc, place: Place) -> Option<Email> {
    let text = doc.from.value.as_deref()?;
    let from = text
        .parse()
        .map_err(|_| format!("`{text}` is no sender; write Scorecard <kpid@example.com>"));
    let from = desk.told(doc.from.place, from)?;
    let transport = match (&doc.smtp, &doc.folder) {
        (Some(server), None) => smtp(desk, server.value.as_ref()?)?,
        (None, Some(folder)) => MailTransport::Folder(desk.folder.join(folder.value.as_ref()?)),
        _ => {
            desk.error(
                place,
                "mail leaves either by `smtp:` or into a `folder:`; write one of them",
            );
            return None;
        }
    };
    let templates = doc.templates.as_ref().map(|doc| templates::folder(desk, doc));
    Some(Email { from, transport, templates: templates.unwrap_or_default() })
}

fn smtp(desk: &mut Desk, doc: &SmtpDoc) -> Option<MailTransport> {
    let (tls, port) = match given(doc.tls.as_ref()) {
        None | Some(SmtpTlsDoc::Starttls) => (SmtpTls::StartTls, 587),
        Some(SmtpTlsDoc::Implicit) => (SmtpTls::Implicit, 465),
        Some(SmtpTlsDoc::None) => (SmtpTls::None, 25),
    };
    let login = match (&doc.user, &doc.password) {
        (Some(user), Some(password)) => Some((user.value.clone()?, desk.secret(password)?)),
        (None, None) => None,
        (Some(user), None) => {
            desk.error(user.place, "`user` needs a `password`");
            return None;
        }
        (None, Some(password)) => {
            desk.error(password.place, "`password` needs a `user`");
            return None;
        }
    };
    let port = given(doc.port.as_ref()).copied().unwrap_or(port);
    Some(MailTransport::Smtp { host: doc.host.value.clone()?, port, tls, login })
}

fn webhook(desk: &mut Desk, doc: &WebhookDoc) -> Option<Webhook> {
    // A pager's routing key signs nothing.
    let signs = !matches!(given(doc.format.as_ref()), Some(WebhookFormatDoc::Pagerduty));
    let mut secret = |doc: &Option<Loc<SecretDoc>>| match doc {
        None => Some(None),
        Some(secret) if signs => Some(Some(desk.secret_that(secret, signing_key)?)),
        Some(secret) => Some(Some(desk.secret(secret)?)),
    };
    let (secret, previous) = (secret(&doc.secret), secret(&doc.previous_secret));
    let (secret, previous) = (secret?, previous?);
    let format = match given(doc.format.as_ref()) {
        None | Some(WebhookFormatDoc::Generic) => Format::Generic,
        Some(WebhookFormatDoc::Slack) => Format::Slack,
        Some(WebhookFormatDoc::Teams) => Format::Teams,
        Some(WebhookFormatDoc::Pagerduty) => Format::PagerDuty,
        Some(WebhookFormatDoc::Alertmanager) => Format::Alertmanager,
        Some(WebhookFormatDoc::Template(file)) => {
            let content_type = templates::content_type(desk, doc.content_type.as_ref())?;
            let template = templates::file(desk, file)?;
            Format::Own(Arc::new(Body { template, content_type }))
        }
    };
    if let Some(doc) = doc.content_type.as_ref().filter(|_| !matches!(format, Format::Own(_))) {
        let hint = "write `format: { template: … }`, or leave `content_type` out";
        let message = "`content_type` is of a body of one's own";
        desk.problems.push(Problem::error(doc.place, message).hint(hint));
    }
    if format == Format::PagerDuty && secret.is_none() {
        let message = "`format: pagerduty` needs the routing key of its service";
        let hint = "write it as `secret: { credential: kpid.pagerduty }`";
        desk.problems.push(Problem::error(doc.url.place, message).hint(hint));
    }
    let allow_private = given(doc.allow_private.as_ref()).copied().unwrap_or(false);
    let url = web_address(desk, &doc.url)?;
    let written = doc.url.value.as_deref().unwrap_or_default();
    if let Some((address, kind)) = ssrf_guard::hidden(written, &url).filter(|_| !allow_private) {
        let written = masked(written);
        let message = format!("`{written}` leads to {address}, {kind}, without showing it");
        let hint = format!("write {address}, or add `allow_private: true` to the channel");
        desk.problems.push(Problem::error(doc.url.place, message).hint(hint));
    }
    Some(Webhook { url: url.into(), secret, previous, format, allow_private })
}

fn person(desk: &mut Desk, id: Id, doc: &PersonDoc) -> Person {
    let name = given(doc.name.as_ref()).cloned().unwrap_or_else(|| id.to_string());
    let email = doc.email.as_ref().and_then(|doc| {
        let text = doc.value.as_deref()?;
        desk.told(doc.place, text.parse().map_err(|_| format!("`{text}` is no mail address")))
    });
    Person { id, name, email, role: given(doc.role.as_ref()).cloned() }
}

fn digests(desk: &mut Desk, doc: &DigestDoc) -> Option<Digests> {
    let written = doc.schedule.as_ref();
    let place = written.map(|doc| doc.place).unwrap_or_default();
    let text = given(written).map_or(MONDAY_MORNING, String::as_str);
    let schedule = Schedule::Cron(desk.told(place, Cron::parse(text))?);
    Some(Digests {
        schedule,
        also_empty: !matches!(given(doc.empty.as_ref()), Some(EmptyDigestDoc::Nothing)),
        without: Vec::new(),
    })
}

fn heartbeat(desk: &mut Desk, doc: &HeartbeatDoc) -> Option<Heartbeat> {
    let every = doc.every.as_ref().and_then(|doc| desk.span(doc)).unwrap_or(HEARTBEAT);
    if every < HEARTBEAT_MIN {
        let place = doc.every.as_ref().map_or(doc.url.place, |doc| doc.place);
        desk.error(place, "a heartbeat comes at most every second");
    }
    let every = every.max(HEARTBEAT_MIN);
    Some(Heartbeat { url: web_address(desk, &doc.url)?.into(), every })
}

/// A token opens one door, and one that leads to nowhere is no use.
fn check_doors(desk: &mut Desk, place: Place, doors: &[&Door], listen: Option<SocketAddr>) {
    let mut seen = HashSet::new();
    for (name, hash) in doors.iter().flat_map(|door| &door.tokens) {
        if !seen.insert(hash) {
            let message = format!("the token `{name}` opens two `push` connections; make another");
            desk.error(place, message);
        }
    }
    if listen.is_none() {
        let message = "a system would push, but kpid listens nowhere";
        let hint = "add web: { listen: \"127.0.0.1:8420\" }";
        desk.problems.push(Problem::warning(place, message).hint(hint));
    }
}

fn web(desk: &mut Desk, doc: &WebDoc, doors: &[&Door]) -> Web {
    let listen = doc.listen.as_ref().and_then(|doc| {
        let text = doc.value.as_deref()?;
        let address = text.parse::<SocketAddr>();
        desk.told(
            doc.place,
            address.map_err(|_| format!("`{text}` is no address; write 127.0.0.1:8420")),
        )
    });
    let public_url = doc.public_url.as_ref().and_then(|doc| web_address(desk, doc));
    let tokens = given(doc.tokens.as_ref()).into_iter().flat_map(|docs| docs.iter());
    let tokens: Vec<[u8; 32]> = tokens.filter_map(|(_, _, doc)| token(desk, &doc.sha256)).collect();
    let trusted_header = doc.trusted_header.as_ref().and_then(|doc| {
        let name = doc.value.as_deref()?;
        http::parse::header_name(desk, name, doc.place)?;
        Some(name.to_owned())
    });
    let is_open = tokens.is_empty() && trusted_header.is_none();
    if let Some((address, doc)) = listen.zip(doc.listen.as_ref())
        && !address.ip().is_loopback()
        && is_open
        // With nothing but pushing let in, the page is shown to nobody.
        && doors.is_empty()
    {
        let message = format!("anybody who reaches {address} could look");
        let hint = "listen on 127.0.0.1, or add `tokens` (see `kpid token`) or `trusted_header`";
        desk.problems.push(Problem::error(doc.place, message).hint(hint));
    }
    Web { listen, public_url, tokens, trusted_header }
}

/// 64 hexadecimal digits.
pub(crate) fn token(desk: &mut Desk, doc: &Loc<String>) -> Option<[u8; 32]> {
    let text = doc.value.as_deref()?;
    let byte = |at: usize| u8::from_str_radix(text.get(2 * at..2 * at + 2)?, 16).ok();
    let bytes: Option<Vec<u8>> = (0..32).map(byte).collect();
    let hash = bytes.filter(|_| text.len() == 64).and_then(|bytes| bytes.try_into().ok());
    let message = "is no SHA-256 in 64 hexadecimal digits; `kpid token` makes a token and its hash";
    desk.told(doc.place, hash.ok_or_else(|| format!("`{text}` {message}")))
}
