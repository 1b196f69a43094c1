//! What a timeline must have come to, by the pure simulation of the judgements that were kept.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use kpid_delivery::routing::route;
use kpid_rules::{
    alerting::{Cause, Episode, Event},
    analysis::timeline,
    model::Scope,
};
use kpid_store::Store;

use super::run::Run;
use crate::world::{ledger, ledger::Entry};

/// What is told to whom: the episode, which message of it, the event, channel and recipient.
type Told = (String, u32, String, String, String);

pub(crate) async fn compare(run: &mut Run, store: &Store) {
    let moments = timeline::play(&run.setup.portfolio, &run.setup.config_hash, &run.steps);
    let mut expected: BTreeSet<Told> = BTreeSet::new();
    let mut episodes: HashMap<Scope, Episode> = HashMap::new();
    for ((step, known), moment) in run.steps.iter().zip(&run.known).zip(moments) {
        for (scope, acknowledgement) in &step.acknowledged {
            if let Some(open) = episodes.get_mut(scope).filter(|episode| episode.is_open()) {
                *open = open.acknowledge(acknowledgement.clone());
            }
        }
        for change in moment.changes {
            let key = change.episode.dedup_key(&change.scope);
            let number = change.episode.notified.messages;
            for to in change.event.iter().flat_map(|_| &change.to) {
                let event = change.event.unwrap();
                if event == Event::Acknowledged && run.setup.people.contains_key(to) {
                    continue;
                }
                let way = route(to, &run.setup.people, &run.setup.channels).unwrap();
                let reader = (way.channel.to_string(), way.recipient.clone());
                let waits =
                    known.get(&change.scope).is_some_and(|known| known.waiting.contains(&reader));
                // Whoever has not got the last message yet needs no reminder of it.
                let reminds =
                    matches!(change.cause, Some(Cause::Unacknowledged | Cause::NewPeriod));
                if event == Event::Reminded && reminds && waits {
                    continue;
                }
                let word = event.word().to_owned();
                let told = (key.clone(), number, word, way.channel.to_string(), way.recipient);
                assert!(expected.insert(told), "the simulation tells nobody twice");
            }
            episodes.insert(change.scope, change.episode);
        }
    }
    assert_eq!(store.episodes().await.unwrap(), episodes);

    let entries = ledger::read(&run.path()).await;
    let news = entries.iter().filter(|entry| !entry.is_notice());
    let decided: BTreeSet<Told> = news.clone().map(told).collect();
    assert_eq!(decided, expected, "what was decided, and what the simulation tells");
    run.seen.told += expected.len();

    let arrivals = ledger::arrivals(&run.smtp.mails(), &[("ops", &run.ops), ("watch", &run.watch)]);
    ledger::assert_told(&entries, &arrivals);
    for entry in &entries {
        match entry.state.as_str() {
            "delivered" => run.seen.delivered += 1,
            "given_up" => run.seen.given_up += 1,
            other => panic!("{other}: {entry:?}"),
        }
        if entry.state == "given_up" && !entry.is_notice() {
            let key = format!("gave_up/{}/", entry.id);
            let noticed = entries.iter().any(|notice| notice.dedup_key.starts_with(&key));
            assert!(noticed, "operators are not told of {entry:?}");
        }
    }
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for arrival in &arrivals {
        *counts.entry(&arrival.id).or_default() += 1;
    }
    run.seen.repeated += counts.values().filter(|count| **count > 1).count();
}

fn told(entry: &Entry) -> Told {
    let Entry { dedup_key, sequence, event, channel, recipient, .. } = entry;
    (dedup_key.clone(), *sequence, event.clone(), channel.clone(), recipient.clone())
}
