//! Judging after new data: one transaction from what is held to what is told.

use std::{
    collections::{BTreeSet, HashSet},
    sync::Arc,
};

use chrono::{DateTime, Utc};
use tracing::{error, info};

use crate::{
    engine::data_incidents::{self, Looked},
    instance::Instance,
    outbox::{
        held_mail::{self, Judged, Release},
        notices::{self, Wording, operators_why},
        report,
    },
};
use kpid_config::setup::Setup;
use kpid_delivery::routing::{Route, routes};
use kpid_language::{Language, text};
use kpid_message::{facts::alert::Facts, facts_builder, notice::Section};
use kpid_rules::{
    alerting::{Cause, Event, NoticeKind},
    evaluation::{Circumstances, EpisodeChange, evaluate},
    judgement::{Judge, Standing},
    model::{Id, Portfolio},
};
use kpid_store::{Held, Judgement, NewDelivery};

/// What live evaluations do: a scope seen for the first time is not told of.
pub const LIVE: Circumstances = Circumstances {
    historical: false,
    first_look_is_historical: true,
    silenced: &[],
    receipts: &[],
};

/// Judges scorecards at `now`, and then the units whose alerts were lines of one that ended: what
/// goes on there is told by themselves from now on.
pub async fn judge(
    instance: &Instance,
    scorecards: &[Id],
    circumstances: Circumstances<'_>,
    now: DateTime<Utc>,
) -> anyhow::Result<Judgement> {
    let mut judgement = judge_once(instance, scorecards, circumstances, now).await?;
    let mut judged: HashSet<Id> = scorecards.iter().cloned().collect();
    loop {
        let below = units_below_ended(&instance.setup.portfolio, &judgement);
        let left: BTreeSet<Id> = below.into_iter().filter(|id| !judged.contains(id)).collect();
        if left.is_empty() {
            return Ok(judgement);
        }
        let left = Vec::from_iter(left);
        let Judgement { standing, changes, deliveries, .. } =
            judge_once(instance, &left, circumstances, now).await?;
        judgement.standing.scorecards.extend(standing.scorecards);
        judgement.changes.extend(changes);
        judgement.deliveries.extend(deliveries);
        judged.extend(left);
    }
}

/// The units whose alerts were lines of one that ended in a judgement.
fn units_below_ended(portfolio: &Portfolio, judgement: &Judgement) -> BTreeSet<Id> {
    let ended = judgement
        .changes
        .iter()
        .filter(|change| change.before.is_open() && !change.episode.is_open());
    ended.flat_map(|change| portfolio.units_below(&change.scope)).collect()
}

/// Judges scorecards at `now` and keeps standing, episodes and deliveries in one transaction.
async fn judge_once(
    instance: &Instance,
    scorecards: &[Id],
    circumstances: Circumstances<'_>,
    now: DateTime<Utc>,
) -> anyhow::Result<Judgement> {
    let portfolio = &instance.setup.portfolio;
    let kpis: HashSet<_> = scorecards.iter().flat_map(|id| portfolio.needed_by(id)).collect();
    let judgement = instance
        .store
        .judge(&kpis, now, |held| decide(instance, scorecards, held, circumstances, now))
        .await?;
    for change in &judgement.changes {
        tell(change);
    }
    Ok(judgement)
}

/// What follows from what is held: where everything stands, which alerts moved, who is told.
fn decide(
    instance: &Instance,
    scorecards: &[Id],
    held: &Held,
    circumstances: Circumstances<'_>,
    now: DateTime<Utc>,
) -> Judgement {
    let setup = &instance.setup;
    let Held { history, episodes, .. } = held;
    let mut silenced = held.silenced(now);
    silenced.extend_from_slice(circumstances.silenced);
    let known = held.known.iter();
    let receipts: Vec<_> = known.map(|(scope, known)| (scope.clone(), known.receipts)).collect();
    let (standing, changes) = evaluate(
        &setup.portfolio,
        scorecards,
        history,
        episodes,
        Circumstances { silenced: &silenced, receipts: &receipts, ..circumstances },
        &setup.config_hash,
        now,
    );
    let judge = Judge::new(&setup.portfolio, history, now);
    let context = context(setup, &judge, held);
    let judged = [Judged { context, standing: &standing, changes: &changes }];
    let deliveries = messages(instance, held, &judged, now);
    let mut judgement = Judgement {
        anew: standing.scorecards.clone(),
        moved: Vec::new(),
        incidents: Vec::new(),
        reports: Vec::new(),
        hold_decisions: Vec::new(),
        deliveries: Vec::new(),
        standing: standing.clone(),
        changes: Vec::new(),
    };
    // The past is no trouble of today, and no news.
    if !circumstances.historical {
        let release = Release { setup, judged: &judged, silenced: &silenced, now };
        judgement.hold_decisions = release.decisions(held, &deliveries);
        let found = data_incidents::look(instance, held, &Looked::all(&standing), now);
        let look = report::Look { instance, held, judge: &judge, now };
        let reported = report::look(look, standing.scorecards.iter().map(Arc::as_ref));
        judgement.deliveries.extend(found.deliveries.into_iter().chain(reported.deliveries));
        (judgement.incidents, judgement.reports) = (found.incidents, reported.reports);
    }
    judgement.deliveries.splice(0..0, deliveries);
    judgement.changes = changes;
    judgement
}

/// What messages are made from.
pub(super) fn context<'a>(
    setup: &'a Setup,
    judge: &'a Judge<'a>,
    held: &'a Held,
) -> facts_builder::subject::Context<'a> {
    facts_builder::subject::Context {
        portfolio: &setup.portfolio,
        judge,
        people: &setup.people,
        public_url: setup.web.public_url.as_ref(),
        notes: &held.notes,
    }
}

/// What is told of alerts that moved: one delivery for each recipient and channel.
pub(super) fn messages(
    instance: &Instance,
    held: &Held,
    judged: &[Judged<'_>],
    now: DateTime<Utc>,
) -> Vec<NewDelivery> {
    let of_family = |judged: &Judged<'_>| {
        let changes = judged.changes.iter();
        let told = changes.flat_map(|change| {
            deliveries(instance, judged.context, (held, judged.standing), change, now)
        });
        told.collect::<Vec<_>>()
    };
    judged.iter().flat_map(of_family).collect()
}

/// One delivery for each recipient and channel.
fn deliveries(
    instance: &Instance,
    context: facts_builder::subject::Context<'_>,
    (held, standing): (&Held, &Standing),
    change: &EpisodeChange,
    now: DateTime<Utc>,
) -> Vec<NewDelivery> {
    let Some(event) = change.event else { return Vec::new() };
    let Some(facts) = Facts::of(context, standing, change) else { return Vec::new() };
    let text = match serde_json::to_string(&facts) {
        Ok(text) => text,
        Err(error) => {
            error!(scope = %change.scope, "cannot store the message about `{}`: {error}; please report it", change.scope);
            return Vec::new();
        }
    };
    let is_told = |to: &&Id| {
        // Persons are not mailed about one another's clicks; what a channel feeds keeps count.
        event != Event::Acknowledged || !instance.setup.people.contains_key(*to)
    };
    // Whom a configuration no longer names has been taken out on purpose.
    let is_known = |to: &&Id| {
        instance.setup.people.contains_key(*to) || instance.setup.channels.contains_key(*to)
    };
    let known: Vec<&Id> = change.to.iter().filter(is_known).collect();
    let mut unreached: Vec<String> = Vec::new();
    if known.is_empty() {
        error!(scope = %change.scope, "nobody is notified about `{}` ({}); add `alert: {{ to: … }}`", change.scope, event.word());
        // Whoever names nobody at all wants nobody told.
        if !change.to.is_empty() {
            let named: Vec<&str> = change.to.iter().map(Id::as_str).collect();
            unreached.push(format!(
                "it was for {}, whom the configuration no longer has; add `alert: {{ to: … }}`",
                named.join(", ")
            ));
        }
    }
    let opening = held_mail::pace(&instance.setup, now).opening;
    // Whoever has not got the last message yet needs no reminder of it.
    let reminds = matches!(change.cause, Some(Cause::Unacknowledged | Cause::NewPeriod))
        && event == Event::Reminded;
    let waiting = held.known.get(&change.scope).filter(|_| reminds).map(|known| &known.waiting);
    let waits = |way: &Route| {
        let reader = (way.channel.to_string(), way.recipient.clone());
        waiting.is_some_and(|waiting| waiting.contains(&reader))
    };
    let mut deliveries = Vec::new();
    let recipients = known.into_iter().filter(is_told);
    for (to, way) in routes(recipients, &instance.setup.people, &instance.setup.channels) {
        match way {
            Ok(way) if waits(&way) => {}
            Ok(route) => deliveries.push(NewDelivery {
                id: notices::delivery_id(now),
                dedup_key: change.episode.dedup_key(&change.scope),
                event: event.into(),
                sequence: change.episode.notified.messages,
                channel: route.channel.to_string(),
                recipient: route.recipient,
                person: route.person.map(|person| person.to_string()),
                facts: text.clone(),
                // Only people have working hours.
                held_until: Some(opening)
                    .filter(|opening| now < *opening && instance.setup.people.contains_key(to)),
            }),
            Err(error) => {
                error!(scope = %change.scope, "cannot notify somebody about `{}`: {error}", change.scope);
                unreached.push(error.to_string());
            }
        }
    }
    deliveries.extend(operators_told(&instance.setup, change, event, &facts, unreached, now));
    deliveries
}

/// What operators are told of news that somebody cannot be told.
fn operators_told(
    setup: &Setup,
    change: &EpisodeChange,
    event: Event,
    facts: &Facts,
    why: Vec<String>,
    now: DateTime<Utc>,
) -> Vec<NewDelivery> {
    if why.is_empty() {
        return Vec::new();
    }
    let (name, scorecard) = (&facts.node.name, &facts.scorecard.name);
    let key = change.episode.dedup_key(&change.scope);
    let worded = |language: &'static Language| Wording {
        kind: NoticeKind::GaveUp,
        dedup_key: format!("unreached/{key}/{}", change.episode.notified.messages),
        subject: format!(
            "{} {name} - {scorecard}: {}",
            language.text("notice-tag-undelivered"),
            language.text(&format!("event-{}", event.word()))
        ),
        summary: text!(
            language,
            "notice-unreached",
            event = language.text(&format!("event-{}", event.word())),
            name = format!("{name} ({scorecard})")
        ),
        sections: vec![Section { title: String::new(), lines: why.clone() }],
        why: operators_why(language),
        lasts: false,
    };
    notices::deliveries(setup, &worded, &setup.operators, now)
}

/// Says in the log what moved.
pub(super) fn tell(change: &EpisodeChange) {
    let EpisodeChange { scope, episode, before, event, .. } = change;
    match event {
        Some(event) => {
            info!(%scope, episode = episode.number, event = event.word(), "`{scope}` {}", event.word())
        }
        None if !before.seen && episode.seen => {
            info!(%scope, "`{scope}` is seen for the first time; what is off track at the next judgement is reported");
        }
        None => {}
    }
}
