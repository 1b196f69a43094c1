//! Trouble with data, found in a judgement and told to those who look after the data, never to
//! managers. What fails together is told together: one notice for a source, however many KPIs it has.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    engine::data_wording::{Failing, IncidentMessage, IncidentTurn, Seen, Unfollowed, wording},
    instance::Instance,
    outbox::notices,
};
use kpid_config::setup::Setup;
use kpid_delivery::channel::Channel;
use kpid_rules::{
    evaluation::{Incident, IncidentKey, IncidentKind, IncidentNews},
    judgement::{KpiStanding, Standing},
    model::{Id, KpiRef, Lag},
};
use kpid_store::{Held, NewDelivery};

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
    let mut messages: BTreeMap<(Vec<Id>, bool), Vec<IncidentMessage<'_>>> = BTreeMap::new();
    for key in keys {
        let (before, trouble) = (held.incidents.get(&key).copied(), seen.get(&key));
        let Some((incident, news)) = Incident::advance(before, trouble.is_some(), now) else {
            continue;
        };
        if let Some(news) =
            news.and_then(|news| message_of(setup, &key, (incident, now), news, trouble))
        {
            let began = matches!(news.told, IncidentTurn::Began(_));
            messages.entry((readers(setup, &key), began)).or_default().push(news);
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
                let one = std::slice::from_ref(one);
                let worded = |language| wording((setup, held, language), one, began, now);
                deliveries.extend(notices::deliveries(setup, &worded, &pagers, now));
            }
            if !others.is_empty() {
                let worded = |language| wording((setup, held, language), &messages, began, now);
                deliveries.extend(notices::deliveries(setup, &worded, &others, now));
            }
            deliveries
        })
        .collect();
    Found { incidents, deliveries }
}

/// All trouble there is now, by its key.
fn seen<'a>(
    instance: &'a Instance,
    held: &'a Held,
    looked: &'a Looked<'a>,
    now: DateTime<Utc>,
) -> BTreeMap<IncidentKey, Seen<'a>> {
    let setup = &instance.setup;
    let mut seen = match looked.others {
        true => sources(instance, held, now),
        false => BTreeMap::new(),
    };
    for (named, kpi) in &looked.kpis {
        for restated in &kpi.restated {
            seen.insert(restated.key(named), Seen::Restated { restated, named, kpi });
        }
        let Some(trouble) = IncidentKind::of(kpi) else { continue };
        if !instance.collected.has(named) || is_known(setup, held, trouble, (named, kpi), now) {
            seen.insert(trouble.key(named, kpi), Seen::Kpi { trouble, named, kpi });
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
fn sources<'a>(
    instance: &'a Instance,
    held: &'a Held,
    now: DateTime<Utc>,
) -> BTreeMap<IncidentKey, Seen<'a>> {
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
    let source = |((connection, steward), kpis): ((&'a Id, Option<Id>), _)| {
        let key = IncidentKey::Source { connection: connection.clone(), steward };
        (key, Seen::Source { connection, kpis, fed: instance.collected.fed_by(connection) })
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

fn steward(setup: &Setup, named: &KpiRef) -> Option<Id> {
    setup.portfolio.kpi(named).and_then(|kpi| kpi.steward.clone())
}

fn message_of<'a>(
    setup: &Setup,
    key: &IncidentKey,
    (incident, now): (Incident, DateTime<Utc>),
    news: IncidentNews,
    trouble: Option<&Seen<'a>>,
) -> Option<IncidentMessage<'a>> {
    let told = match (news, trouble) {
        (IncidentNews::Began, Some(seen)) => IncidentTurn::Began(seen.clone()),
        (IncidentNews::Over, _) if key.ends() => IncidentTurn::Over {
            of: key.clone(),
            since: incident.opened_at,
            why: no_longer_followed(setup, key, now),
        },
        _ => return None,
    };
    let key_of_now = format!("{key}/{}", incident.opened_at.timestamp());
    Some(IncidentMessage { key: key_of_now, ends: key.ends(), told })
}

/// Whether somebody keeps open what begins until its end comes under the same key.
fn is_pager(setup: &Setup, id: &Id) -> bool {
    match setup.channels.get(id) {
        Some(Channel::Webhook(webhook)) => webhook.format.keeps_open(),
        _ => false,
    }
}

/// Why nobody can see any more whether trouble goes on, if so: what it was about is gone, which is
/// no recovery.
fn no_longer_followed(setup: &Setup, key: &IncidentKey, now: DateTime<Utc>) -> Option<Unfollowed> {
    if let IncidentKey::Source { connection, steward: reader } = key {
        if !setup.connections.contains_key(connection) {
            return Some(Unfollowed::NotConfigured);
        }
        let mut fed = setup.collections.iter().filter(|held| held.source.from == *connection);
        let is_fed =
            fed.any(|held| steward(setup, &held.kpi) == *reader && counts(setup, &held.kpi, now));
        return (!is_fed).then_some(Unfollowed::FeedsNothing);
    }
    let kpi = key.kpi()?;
    match setup.portfolio.kpi(kpi) {
        None => Some(Unfollowed::NotConfigured),
        Some(_) if !counts(setup, kpi, now) => Some(Unfollowed::DoesNotCount),
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
                "The problem with the connection `api` that began on 3 June 2026, 06:00 is over.",
            ),
            (
                "source/old/tom",
                "[Data] the connection `old` is no longer configured",
                "The problem with the connection `old` that began on 3 June 2026, 06:00 is not followed any more: it is no longer configured.",
            ),
            (
                "source/api/ines",
                "[Data] the connection `api` feeds no KPI that you look after any more",
                "The problem with the connection `api` that began on 3 June 2026, 06:00 is not followed any more: it feeds no KPI that you look after any more.",
            ),
            (
                "kpi/sales/sold/overdue",
                "[Data] sales/sold is no longer configured",
                "The problem with sales/sold that began on 3 June 2026, 06:00 is not followed any more: it is no longer configured.",
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
            let kpis: Vec<_> = failing.map(|held| (held.kpi.clone(), "answered 500")).collect();
            let connection = Id::parse("api").unwrap();
            let fed = instance.collected.fed_by(&connection);
            let told = IncidentTurn::Began(Seen::Source { connection: &connection, kpis, fed });
            let messages = [IncidentMessage { key: "source/api".to_owned(), ends: true, told }];
            let (setup, held) = (&instance.setup, Held::default());
            wording((setup, &held, kpid_language::english()), &messages, true, now()).summary
        };
        let more = "          mails: { nature: level, target: 95, schedule: { every: 1d }, source: { http: { from: api, get: mails, value: $.value } } }\n";
        let begins = "The connection `api` gives no figure for";
        assert_eq!(seen("", 1).await, format!("{begins} the KPI it feeds."));
        assert_eq!(seen(more, 1).await, format!("{begins} 1 of the 2 KPIs it feeds."));
        assert_eq!(seen(more, 2).await, format!("{begins} any of the 2 KPIs it feeds."));
    }
}
