//! Trouble with data, found in a judgement and told to those who look after the data, never to
//! managers. What fails together is told together: one notice for a source, however many KPIs it has.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    instance::Instance,
    outbox::notices::{self, Wording},
};
use kpid_config::setup::Setup;
use kpid_delivery::channel::Channel;
use kpid_message::notice::Section;
use kpid_rules::{
    alerting::NoticeKind,
    evaluation::{Incident, IncidentKey, IncidentKind, IncidentNews},
    judgement::{KpiStanding, Restated, Standing, incomplete, rounding},
    model::{Id, KpiRef, Lag},
};
use kpid_store::{Held, NewDelivery};

/// A notice names so many KPIs; more are counted.
const KPIS_NAMED_MAX: usize = 20;

/// Nobody has asked for a reading that is older: the daemon was down.
const ASKED_WITHIN: TimeDelta = TimeDelta::days(1);

/// What a look at the data found.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// The incidents that moved, by key.
    pub(crate) incidents: Vec<(IncidentKey, Incident)>,
    /// What is told of them.
    pub(crate) deliveries: Vec<NewDelivery>,
}

/// Trouble as it is seen now.
struct Seen {
    subject: String,
    summary: String,
    lines: Vec<String>,
}

/// What is looked at.
pub(crate) struct Looked<'a> {
    /// KPIs that were judged, as they stand.
    pub(crate) kpis: HashMap<KpiRef, &'a KpiStanding>,
    /// Also what is of no KPI that can be judged: connections, and what is not followed any more.
    pub(crate) others: bool,
}

impl<'a> Looked<'a> {
    /// Everything, with all KPIs of these scorecards.
    pub(crate) fn all(standing: &'a Standing) -> Self {
        let mut looked = Self { kpis: HashMap::new(), others: true };
        for scorecard in &standing.scorecards {
            for kpi in scorecard.kpis() {
                let named = KpiRef { scorecard: scorecard.id.clone(), kpi: kpi.id.clone() };
                looked.kpis.insert(named, kpi);
            }
        }
        looked
    }
}

/// Looks at data. What a reader hears of in one look is one notice.
pub(crate) fn look(
    instance: &Instance,
    held: &Held,
    looked: &Looked<'_>,
    now: DateTime<Utc>,
) -> Found {
    let setup = &instance.setup;
    let seen = seen(instance, held, looked, now);
    let mut keys: BTreeSet<IncidentKey> = seen.keys().cloned().collect();
    if looked.others {
        let open = held.incidents.open();
        keys.extend(open.filter(|key| is_looked_at(setup, key, looked, now)).cloned());
    } else {
        let open = looked.kpis.keys().flat_map(|kpi| held.incidents.open_of(Some(kpi)));
        keys.extend(open.cloned());
    }
    let mut incidents = Vec::new();
    let mut messages: BTreeMap<(Vec<Id>, bool), Vec<IncidentMessage>> = BTreeMap::new();
    for key in keys {
        let (before, trouble) = (held.incidents.get(&key).copied(), seen.get(&key));
        let Some((incident, news)) = Incident::advance(before, trouble.is_some(), now) else {
            continue;
        };
        if let Some(news) =
            news.and_then(|news| message_of(setup, &key, (incident, now), news, trouble))
        {
            messages.entry((readers(setup, &key), news.began)).or_default().push(news);
        }
        incidents.push((key, incident));
    }
    let deliveries = messages
        .into_iter()
        .flat_map(|((readers, began), messages)| {
            let (pagers, others): (Vec<Id>, Vec<Id>) =
                readers.into_iter().partition(|id| is_pager(setup, id));
            let mut deliveries = Vec::new();
            // A pager ends what began under its key: problems that were told in one have no key.
            for one in messages.iter().filter(|_| !pagers.is_empty()) {
                let one = wording(vec![one.clone()], began, now);
                deliveries.extend(notices::deliveries(setup, &one, &pagers, now));
            }
            if !others.is_empty() {
                let all = wording(messages, began, now);
                deliveries.extend(notices::deliveries(setup, &all, &others, now));
            }
            deliveries
        })
        .collect();
    Found { incidents, deliveries }
}

/// All trouble there is now, by its key.
fn seen(
    instance: &Instance,
    held: &Held,
    looked: &Looked<'_>,
    now: DateTime<Utc>,
) -> BTreeMap<IncidentKey, Seen> {
    let setup = &instance.setup;
    let mut seen = match looked.others {
        true => sources(instance, held, now),
        false => BTreeMap::new(),
    };
    for (named, kpi) in &looked.kpis {
        for restated in &kpi.restated {
            seen.insert(restated.key(named), of_restated(setup, restated, named, kpi));
        }
        let Some(trouble) = IncidentKind::of(kpi) else { continue };
        if !instance.collected.has(named) || is_known(setup, held, trouble, (named, kpi), now) {
            seen.insert(trouble.key(named, kpi), of_kpi(setup, trouble, named, kpi));
        }
    }
    seen
}

/// Whether trouble of a KPI that is asked for is more than that nobody has asked yet, and is not told with its source.
fn is_known(
    setup: &Setup,
    held: &Held,
    trouble: IncidentKind,
    (named, kpi): (&KpiRef, &KpiStanding),
    now: DateTime<Utc>,
) -> bool {
    let Some(attempt) = held.attempts.get(named) else { return false };
    let asked_since = match (trouble, kpi.period, setup.portfolio.scorecard(&named.scorecard)) {
        (IncidentKind::Overdue, Some(period), Some(scorecard)) => {
            let lag = scorecard.kpi(&named.kpi).and_then(|kpi| kpi.lag);
            scorecard.calendar.overdue_from(period, lag.unwrap_or(Lag::Days(0)))
        }
        (IncidentKind::Stale, ..) => now - ASKED_WITHIN,
        _ => DateTime::<Utc>::MIN_UTC,
    };
    attempt.failure.is_none() && attempt.finished_at >= asked_since
}

/// Whether a look can say that an incident is over.
fn is_looked_at(setup: &Setup, key: &IncidentKey, looked: &Looked<'_>, now: DateTime<Utc>) -> bool {
    key.kpi().is_none_or(|kpi| looked.kpis.contains_key(kpi))
        || no_longer_followed(setup, key, now).is_some()
}

/// The sources that fail, for each reader with the KPIs that are theirs: who looks after one more
/// KPI than the others hears of it, also when the others know already.
fn sources(instance: &Instance, held: &Held, now: DateTime<Utc>) -> BTreeMap<IncidentKey, Seen> {
    let setup = &instance.setup;
    let failed = held.attempts.failed().iter();
    let mut places: Vec<usize> = failed.filter_map(|kpi| instance.collected.place(kpi)).collect();
    places.sort_unstable();
    let mut failing: BTreeMap<(&Id, Option<Id>), Failing<'_>> = BTreeMap::new();
    for collection in places.into_iter().filter_map(|place| setup.collections.get(place)) {
        let attempt = held.attempts.get(&collection.kpi);
        if let Some(problem) = attempt.and_then(|attempt| attempt.failure.as_ref())
            && counts(setup, &collection.kpi, now)
        {
            let reader = steward(setup, &collection.kpi);
            let of = failing.entry((&collection.source.from, reader)).or_default();
            of.push((collection.kpi.clone(), problem.as_str()));
        }
    }
    let source = |((id, steward), kpis): ((&Id, Option<Id>), Failing<'_>)| {
        let key = IncidentKey::Source { connection: id.clone(), steward };
        (key, of_source(instance, held, id, &kpis))
    };
    failing.into_iter().map(source).collect()
}

/// Whether a KPI is followed and weighs at an instant: nobody is asked to look after the others.
fn counts(setup: &Setup, named: &KpiRef, now: DateTime<Utc>) -> bool {
    let scorecard = setup.portfolio.scorecard(&named.scorecard);
    let kpi = scorecard.and_then(|scorecard| Some((scorecard, scorecard.kpi(&named.kpi)?)));
    kpi.is_some_and(|(scorecard, kpi)| {
        kpi.weight_in(Some(kpi.present(&scorecard.calendar, now))) > 0.0
    })
}

fn of_source(instance: &Instance, held: &Held, id: &Id, kpis: &[(KpiRef, &str)]) -> Seen {
    let (setup, all) = (&instance.setup, instance.collected.fed_by(id));
    let count = kpis.len();
    let which = match (count, all) {
        (1, 1) => "the KPI".to_owned(),
        _ if count == all => format!("any of the {all} KPIs"),
        _ => format!("{count} of the {all} KPIs"),
    };
    let line = |(named, problem): &(KpiRef, &str)| {
        format!("{}: {problem}{}", name(setup, named), last_known(setup, held, named))
    };
    let mut lines: Vec<String> = kpis.iter().take(KPIS_NAMED_MAX).map(line).collect();
    if count > KPIS_NAMED_MAX {
        lines.push(format!("and {} more", count - KPIS_NAMED_MAX));
    }
    Seen {
        subject: format!("[Data] `{id}` gives no figures"),
        summary: format!("The connection `{id}` gives no figure for {which} it feeds."),
        lines,
    }
}

fn steward(setup: &Setup, named: &KpiRef) -> Option<Id> {
    setup.portfolio.kpi(named).and_then(|kpi| kpi.steward.clone())
}

fn name(setup: &Setup, named: &KpiRef) -> String {
    let kpi = setup.portfolio.kpi(named);
    kpi.map_or_else(|| named.to_string(), |kpi| format!("{} ({named})", kpi.name))
}

/// "; last known: 41 of May 2026"
fn last_known(setup: &Setup, held: &Held, named: &KpiRef) -> String {
    let newest = held.history.kpi(named).and_then(|held| held.actuals.last_key_value());
    let kpi = setup.portfolio.kpi(named);
    let value = newest.zip(kpi).and_then(|((period, revisions), kpi)| {
        let value = revisions.last()?.figure.value(kpi.scale)?;
        let value = rounding::value(value, kpi.decimals, &[], kpi.unit.as_deref());
        Some(format!("; last known: {value} of {}", period.label()))
    });
    value.unwrap_or_default()
}

fn of_kpi(setup: &Setup, trouble: IncidentKind, named: &KpiRef, kpi: &KpiStanding) -> Seen {
    let value = |value: f64| rounding::value(value, kpi.decimals, &[], kpi.unit.as_deref());
    let period = kpi.period.map(|period| format!(" for {}", period.label())).unwrap_or_default();
    let (word, sentence) = match trouble {
        IncidentKind::Overdue => ("is overdue", format!("is overdue{period}")),
        IncidentKind::Stale => {
            ("is stale", "has no new reading, and its last one is too old".to_owned())
        }
        IncidentKind::Quarantined => (
            "is not believable",
            format!("came{period} with a value outside its `sanity`; it is not used"),
        ),
        IncidentKind::Incomplete => {
            ("has no running total", format!("has {}", incomplete(&kpi.missing)))
        }
    };
    let mut lines = Vec::new();
    lines.extend(kpi.last_known.map(|last| {
        format!("The last value known is {} of {}.", value(last.value), last.period.label())
    }));
    if trouble == IncidentKind::Quarantined {
        lines.push("To accept it, widen `sanity`, or correct the source.".to_owned());
    }
    if trouble == IncidentKind::Incomplete {
        let missing = kpi.missing.clone();
        let kpi = setup.portfolio.kpi(named);
        lines.extend(kpi.map(|kpi| format!("To do: {}.", kpi.way_to_a_sum(&missing))));
    }
    Seen {
        subject: format!("[Data] {} {word}", kpi.name),
        summary: format!("{} {sentence}.", name(setup, named)),
        lines,
    }
}

fn of_restated(setup: &Setup, restated: &Restated, named: &KpiRef, kpi: &KpiStanding) -> Seen {
    let value = |value: f64| rounding::value(value, kpi.decimals, &[], kpi.unit.as_deref());
    let Restated { period, first, .. } = restated;
    Seen {
        subject: format!("[Data] {} was restated", kpi.name),
        summary: format!(
            "{} was changed for {} after it had been reported.",
            name(setup, named),
            period.label()
        ),
        lines: vec![format!(
            "It was reported as {}, {}, and is {} now, {}.",
            value(first.value),
            first.status.words(),
            value(restated.value),
            restated.status.words()
        )],
    }
}

/// KPIs whose source fails, each with its words.
type Failing<'a> = Vec<(KpiRef, &'a str)>;

/// One thing to tell.
#[derive(Clone)]
struct IncidentMessage {
    key: String,
    began: bool,
    /// Whether its end is told too.
    ends: bool,
    subject: String,
    summary: String,
    lines: Vec<String>,
}

fn message_of(
    setup: &Setup,
    key: &IncidentKey,
    (incident, now): (Incident, DateTime<Utc>),
    news: IncidentNews,
    trouble: Option<&Seen>,
) -> Option<IncidentMessage> {
    let key_of_now = format!("{key}/{}", incident.opened_at.timestamp());
    match (news, trouble) {
        (IncidentNews::Began, Some(seen)) => Some(IncidentMessage {
            key: key_of_now,
            began: true,
            ends: key.ends(),
            subject: seen.subject.clone(),
            summary: seen.summary.clone(),
            lines: seen.lines.clone(),
        }),
        (IncidentNews::Over, _) if key.ends() => {
            let what = subject_of(setup, key);
            let since = incident.opened_at.with_timezone(&setup.calendar.zone);
            let problem =
                format!("The problem with {what} that began {}", since.format("%Y-%m-%d %H:%M"));
            let (subject, summary) = match no_longer_followed(setup, key, now) {
                None => (format!("[Data] {what} is working again"), format!("{problem} is over.")),
                Some(why) => (
                    format!("[Data] {what} {why}"),
                    format!("{problem} is not followed any more: it {why}."),
                ),
            };
            let (began, ends, lines) = (false, true, Vec::new());
            Some(IncidentMessage { key: key_of_now, began, ends, subject, summary, lines })
        }
        _ => None,
    }
}

/// Whether somebody keeps open what begins until its end comes under the same key.
fn is_pager(setup: &Setup, id: &Id) -> bool {
    match setup.channels.get(id) {
        Some(Channel::Webhook(webhook)) => webhook.format.keeps_open(),
        _ => false,
    }
}

/// One notice of everything that began, or is over, for one reader.
fn wording(mut messages: Vec<IncidentMessage>, began: bool, now: DateTime<Utc>) -> Wording {
    let kind = if began { NoticeKind::DataTrouble } else { NoticeKind::DataRecovered };
    let why = "You got this because you look after the data: `steward` of the KPI, or `operators`.";
    let why = why.to_owned();
    if messages.len() == 1
        && let Some(IncidentMessage { key, subject, summary, lines, ends, .. }) = messages.pop()
    {
        let lines = Some(lines).filter(|lines| !lines.is_empty());
        let sections = lines.map(|lines| Section { title: String::new(), lines });
        let sections = sections.into_iter().collect();
        let lasts = began && ends;
        return Wording { kind, dedup_key: key, subject, summary, sections, why, lasts };
    }
    let count = messages.len();
    let (subject, summary) = if began {
        (format!("[Data] {count} data problems"), format!("{count} data problems began."))
    } else {
        (
            format!("[Data] {count} data problems are over"),
            format!("{count} data problems are over."),
        )
    };
    let mut sections: Vec<Section> = messages
        .into_iter()
        .map(|message| Section { title: message.summary, lines: message.lines })
        .collect();
    let more = sections.split_off(sections.len().min(KPIS_NAMED_MAX)).len();
    if more > 0 {
        sections.push(Section { title: format!("and {more} more"), lines: Vec::new() });
    }
    let dedup_key = format!("data/{}", now.timestamp_micros());
    Wording { kind, dedup_key, subject, summary, sections, why, lasts: false }
}

/// What an incident that is over was about, in words.
fn subject_of(setup: &Setup, key: &IncidentKey) -> String {
    match key {
        IncidentKey::Source { connection, .. } => format!("the connection `{connection}`"),
        IncidentKey::Overdue(kpi)
        | IncidentKey::Stale(kpi)
        | IncidentKey::Incomplete(kpi)
        | IncidentKey::Quarantined(kpi, _)
        | IncidentKey::Restated(kpi, _) => name(setup, kpi),
    }
}

/// Why nobody can see any more whether trouble goes on, if so: what it was about is gone, which is
/// no recovery.
fn no_longer_followed(
    setup: &Setup,
    key: &IncidentKey,
    now: DateTime<Utc>,
) -> Option<&'static str> {
    let not_configured = "is no longer configured";
    if let IncidentKey::Source { connection, steward: reader } = key {
        if !setup.connections.contains_key(connection) {
            return Some(not_configured);
        }
        let mut fed = setup.collections.iter().filter(|held| held.source.from == *connection);
        let is_fed =
            fed.any(|held| steward(setup, &held.kpi) == *reader && counts(setup, &held.kpi, now));
        return (!is_fed).then_some("feeds no KPI that you look after any more");
    }
    let kpi = key.kpi()?;
    match setup.portfolio.kpi(kpi) {
        None => Some(not_configured),
        Some(_) if !counts(setup, kpi, now) => Some("does not count any more"),
        Some(_) => None,
    }
}

/// The steward whom the key names, or of the KPI it names; the operators where there is none.
fn readers(setup: &Setup, key: &IncidentKey) -> Vec<Id> {
    let steward = match key {
        IncidentKey::Source { steward, .. } => steward.clone(),
        _ => key.kpi().and_then(|kpi| steward(setup, kpi)),
    };
    steward.map_or_else(|| setup.operators.clone(), |steward| vec![steward])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::instance::set_up;
    use kpid_store::Store;

    const DAEMON: &str = "
store: kpid.db
calendar: { timezone: Europe/Amsterdam }
connections: { api: { http: { base_url: \"http://127.0.0.1:1/\" } } }
channels: { mail: { email: { from: kpid@example.com, folder: outbox } } }
people: { tom: { email: tom@example.com }, ines: { email: ines@example.com } }
operators: [ines]
";

    const SCORECARD: &str = "
scorecard: care
perspectives:
  customer:
    objectives:
      answer:
        kpis:
          calls: { name: Calls, nature: level, target: 95, steward: tom, schedule: { every: 1d }, source: { http: { from: api, get: calls, value: $.value } } }
";

    async fn instance(scorecard: &str) -> Instance {
        let folder = tempfile::tempdir().unwrap();
        let setup = set_up(folder.path(), DAEMON, scorecard);
        let store = Store::open(&setup.store).await.unwrap();
        Instance::new(setup, store).unwrap()
    }

    fn now() -> DateTime<Utc> {
        "2026-06-03T10:00:00Z".parse().unwrap()
    }

    /// What is told of an incident that is not seen any more, when no scorecard of its is judged.
    async fn over(key: &str) -> Option<(String, String)> {
        let instance = instance(SCORECARD).await;
        let opened_at = now() - TimeDelta::hours(6);
        let incident = Incident { opened_at, told_at: Some(opened_at), closed_at: None };
        let held = Held {
            incidents: [(IncidentKey::parse(key).unwrap(), incident)].into_iter().collect(),
            ..Held::default()
        };
        let none = Looked { kpis: HashMap::new(), others: true };
        let mut found = look(&instance, &held, &none, now()).deliveries;
        assert!(found.len() <= 1, "{found:?}");
        let facts: serde_json::Value = serde_json::from_str(&found.pop()?.facts).unwrap();
        let word = |name: &str| facts[name].as_str().unwrap().to_owned();
        Some((word("subject"), word("summary")))
    }

    #[tokio::test]
    async fn what_works_again_is_told_and_what_is_gone_is_not_said_to() {
        for (key, subject, summary) in [
            (
                "source/api/tom",
                "[Data] the connection `api` is working again",
                "The problem with the connection `api` that began 2026-06-03 06:00 is over.",
            ),
            (
                "source/old/tom",
                "[Data] the connection `old` is no longer configured",
                "The problem with the connection `old` that began 2026-06-03 06:00 is not followed any more: it is no longer configured.",
            ),
            (
                "source/api/ines",
                "[Data] the connection `api` feeds no KPI that you look after any more",
                "The problem with the connection `api` that began 2026-06-03 06:00 is not followed any more: it feeds no KPI that you look after any more.",
            ),
            (
                "kpi/sales/sold/overdue",
                "[Data] sales/sold is no longer configured",
                "The problem with sales/sold that began 2026-06-03 06:00 is not followed any more: it is no longer configured.",
            ),
        ] {
            assert_eq!(over(key).await, Some((subject.to_owned(), summary.to_owned())), "{key}");
        }
        // A KPI may be called as anything, also as what has no end.
        let (subject, _) = over("kpi/care/restated-calls/stale").await.unwrap();
        assert_eq!(subject, "[Data] care/restated-calls is no longer configured");
        assert_eq!(over("kpi/care/calls/overdue").await, None, "nobody has looked at it");
        assert_eq!(over("kpi/sales/sold/restated/2026-05").await, None, "it has no end");
    }

    #[tokio::test]
    async fn a_connection_is_counted_as_a_person_would() {
        let seen = async |kpis: &str, failing: usize| {
            let instance = instance(&format!("{SCORECARD}{kpis}")).await;
            let failing = instance.setup.collections.iter().take(failing);
            let failing: Vec<_> = failing.map(|held| (held.kpi.clone(), "answered 500")).collect();
            of_source(&instance, &Held::default(), &Id::parse("api").unwrap(), &failing).summary
        };
        let more = "          mails: { nature: level, target: 95, schedule: { every: 1d }, source: { http: { from: api, get: mails, value: $.value } } }\n";
        let begins = "The connection `api` gives no figure for";
        assert_eq!(seen("", 1).await, format!("{begins} the KPI it feeds."));
        assert_eq!(seen(more, 1).await, format!("{begins} 1 of the 2 KPIs it feeds."));
        assert_eq!(seen(more, 2).await, format!("{begins} any of the 2 KPIs it feeds."));
    }
}
