//! Mail that waited for working hours is judged again before it leaves, in the transaction that
//! judges: of an episode that was over before its reader heard of it nothing goes, of one that goes
//! on a single mail with what is so now.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, TimeDelta, Utc};
use tracing::error;
use uuid::Uuid;

use kpid_config::setup::Setup;
use kpid_message::{
    facts::{alert::Facts, named::Named},
    facts_builder,
    message::Message,
};
use kpid_rules::{
    alerting::{Cause, Episode, Event},
    evaluation::EpisodeChange,
    judgement::Standing,
    model::{Id, Scope, Status},
};
use kpid_store::{Held, HoldDecision, NewDelivery, Pace, WaitingDelivery};

/// How long what a silence keeps back is left alone; its end is looked for elsewhere too.
const SILENCE_LOOK: TimeDelta = TimeDelta::minutes(15);

/// How mail of performance news leaves at `now`.
pub fn pace(setup: &Setup, now: DateTime<Utc>) -> Pace {
    let (calendar, alerts) = (&setup.calendar, &setup.alerts);
    Pace {
        opening: alerts.hours.as_ref().map_or(now, |hours| hours.opening(calendar, now)),
        day_began: calendar.midnight(calendar.local_day(now)),
        mails_max: alerts.mails_per_day,
    }
}

/// Why something is not told of what a configuration lost.
pub(crate) const NOT_CONFIGURED: &str = "what it is about is no longer configured";

/// The scorecard that an episode belongs to, under its present id.
pub(crate) fn scorecard_of<'e>(
    key: &str,
    mut episodes: impl Iterator<Item = (&'e Scope, &'e Episode)>,
) -> Option<Id> {
    match episodes.find(|(scope, episode)| episode.dedup_key(scope) == key) {
        Some((scope, _)) => Some(scope.scorecard().clone()),
        None => scorecard_in(key),
    }
}

/// The scorecard that a key names.
fn scorecard_in(key: &str) -> Option<Id> {
    Id::parse(key.split('/').next().unwrap_or_default()).ok()
}

/// Scorecards that were judged together, and what messages about them are made from.
#[derive(Clone, Copy)]
pub(crate) struct Judged<'a> {
    pub(crate) context: facts_builder::subject::Context<'a>,
    pub(crate) standing: &'a Standing,
    /// The alerts that moved.
    pub(crate) changes: &'a [EpisodeChange],
}

/// A judgement, as what waited is seen in it.
pub(crate) struct Release<'a> {
    pub(crate) setup: &'a Setup,
    pub(crate) judged: &'a [Judged<'a>],
    /// Nodes of which nobody wants to hear now.
    pub(crate) silenced: &'a [Scope],
    pub(crate) now: DateTime<Utc>,
}

/// One message of an episode to one reader.
struct Part {
    id: Uuid,
    facts: Facts,
    heard: bool,
    batched: bool,
}

impl Release<'_> {
    /// What becomes of everything that waits for news of the scorecards judged, and of what was
    /// just decided and goes to the same readers. Nothing, outside of working hours.
    pub(crate) fn decisions(
        &self,
        held: &Held,
        decided: &[NewDelivery],
    ) -> Vec<(Uuid, HoldDecision)> {
        if held.waiting.is_empty() || self.now < pace(self.setup, self.now).opening {
            return Vec::new();
        }
        let mut episodes: HashMap<&Scope, &Episode> = held.episodes.iter().collect();
        let changes = self.judged.iter().flat_map(|judged| judged.changes);
        episodes.extend(changes.map(|change| (&change.scope, &change.episode)));
        let keys = episodes.iter().map(|(scope, episode)| (episode.dedup_key(scope), *scope));
        let scopes: HashMap<String, &Scope> = keys.collect();
        let mut together: HashMap<&Id, Judged<'_>> = HashMap::new();
        for judged in self.judged {
            let scorecards = judged.standing.scorecards.iter();
            together.extend(scorecards.map(|scorecard| (&scorecard.id, *judged)));
        }
        let mut readers: BTreeMap<(&str, &str, &str), Vec<Part>> = BTreeMap::new();
        let mut decisions = Vec::new();
        for waiting in &held.waiting {
            let known = scopes.get(&waiting.dedup_key).map(|scope| scope.scorecard().clone());
            let id = known.or_else(|| scorecard_in(&waiting.dedup_key));
            if id.is_some_and(|id| together.contains_key(&id)) {
                let reader = (&*waiting.dedup_key, &*waiting.channel, &*waiting.recipient);
                match Part::waiting(waiting) {
                    Some(part) => readers.entry(reader).or_default().push(part),
                    // Whoever is to send it tells operators that it cannot be read.
                    None => decisions.push((waiting.id, HoldDecision::Release { facts: None })),
                }
            }
        }
        for new in decided {
            if let Some(parts) = readers.get_mut(&(&*new.dedup_key, &*new.channel, &*new.recipient))
            {
                parts.extend(Part::of(new.id, &new.facts));
            }
        }
        for ((key, ..), parts) in readers {
            let scope = scopes.get(key).copied();
            let found = scope.zip(scope.and_then(|scope| episodes.get(scope).copied()));
            decisions.extend(match found {
                Some((scope, episode)) => {
                    self.of_present(together.get(scope.scorecard()), (scope, episode), &parts)
                }
                None => ended(&parts),
            });
        }
        decisions
    }

    fn of_present(
        &self,
        judged: Option<&Judged<'_>>,
        (scope, episode): (&Scope, &Episode),
        parts: &[Part],
    ) -> Vec<(Uuid, HoldDecision)> {
        let scorecard = self.setup.portfolio.scorecard(scope.scorecard());
        let mut alerts = scorecard.into_iter().flat_map(|scorecard| scorecard.alerts());
        if !alerts.any(|(alert, _)| alert == *scope) {
            return overtaken(parts, NOT_CONFIGURED);
        }
        // An end that a silence keeps back is told after it; one that flaps is told in weeks.
        let end_is_near = episode.end_untold && !episode.is_flapping(self.now);
        if end_is_near || self.is_silenced(scope) {
            let until = pace(self.setup, self.now + SILENCE_LOOK).opening;
            let reason = "waits for the end of a silence".to_owned();
            let decision = HoldDecision::Hold { until, reason };
            return parts.iter().map(|part| (part.id, decision.clone())).collect();
        }
        if episode.is_open() {
            return self.going_on(judged, (scope, episode), parts);
        }
        if episode.end_untold && !parts.iter().any(|part| part.heard) {
            // The only message for weeks that says so must not be lost.
            let batch = || HoldDecision::Batch {
                reason: "it comes and goes too often for a mail".to_owned(),
            };
            return parts.iter().map(|part| (part.id, batch())).collect();
        }
        ended(parts)
    }

    /// One mail with what is so now; an escalation is not lost in it.
    fn going_on(
        &self,
        judged: Option<&Judged<'_>>,
        (scope, episode): (&Scope, &Episode),
        parts: &[Part],
    ) -> Vec<(Uuid, HoldDecision)> {
        let is_answered = |part: &Part| {
            // What an acknowledgement does not answer.
            let is_news = matches!(part.facts.cause, Some(Cause::DuePassed | Cause::AboveEnded));
            part.facts.event == Event::Reminded && !is_news && episode.acknowledgement.is_some()
        };
        let (answered, left): (Vec<&Part>, Vec<&Part>) =
            parts.iter().partition(|part| is_answered(part));
        let of = |event| left.iter().rev().find(move |part| part.facts.event == event);
        let leader = [Event::Escalated, Event::Opened, Event::Worsened].into_iter().find_map(of);
        let mut decisions: Vec<(Uuid, HoldDecision)> = Vec::new();
        if let Some(leader) = leader.or(left.last()) {
            let word = leader.facts.event.word();
            let reason = format!("replaced by `{word}`");
            let others = left.iter().filter(|part| part.id != leader.id);
            decisions.extend(
                others.map(|part| (part.id, HoldDecision::Overtake { reason: reason.clone() })),
            );
            decisions.push((leader.id, as_of_now(judged, (scope, episode), leader, &left)));
        }
        let reason = "somebody has acknowledged it".to_owned();
        let answered = answered.into_iter().map(|part| part.id);
        decisions
            .extend(answered.map(|id| (id, HoldDecision::Overtake { reason: reason.clone() })));
        decisions
    }

    fn is_silenced(&self, scope: &Scope) -> bool {
        let Some(scorecard) = self.setup.portfolio.scorecard(scope.scorecard()) else {
            return false;
        };
        let above = scorecard.alert_node(scope).map(|node| node.above).unwrap_or_default();
        let local = self.now.with_timezone(&scorecard.calendar.zone).naive_local();
        let mut alerts = scorecard.alerts().into_iter();
        let mut scopes = above.iter().chain([scope]);
        scopes.any(|scope| self.silenced.iter().any(|silenced| scope.is_within(silenced)))
            || alerts.any(|(alert, policy)| alert == *scope && policy.is_quiet(local))
    }
}

impl Part {
    fn waiting(waiting: &WaitingDelivery) -> Option<Self> {
        let part = Self::of(waiting.id, &waiting.facts)?;
        Some(Self { heard: waiting.heard, batched: waiting.batched, ..part })
    }

    fn of(id: Uuid, facts: &str) -> Option<Self> {
        match Message::from_json(facts) {
            Ok(Message::Alert(facts)) => {
                Some(Self { id, facts: *facts, heard: false, batched: false })
            }
            _ => None,
        }
    }
}

/// The message with what is so now; what is no longer worse is not told as such.
fn as_of_now(
    judged: Option<&Judged<'_>>,
    (scope, episode): (&Scope, &Episode),
    leader: &Part,
    parts: &[&Part],
) -> HoldDecision {
    let change = EpisodeChange {
        scope: scope.clone(),
        before: Episode::default(),
        episode: episode.clone(),
        event: Some(leader.facts.event),
        cause: leader.facts.cause,
        to: Vec::new(),
    };
    let counts = |facts: &Facts| {
        // Only a verdict that the alert took for one: missing data change no message.
        let last = episode.last_verdict.as_ref();
        let last = last.map(|last| (Some(last.status), last.score));
        last == Some(facts.judged())
    };
    let fresh = judged.and_then(|judged| Facts::of(judged.context, judged.standing, &change));
    let fresh = fresh.filter(counts);
    let is_fresh = fresh.is_some();
    let newest = parts.last().map_or(&leader.facts, |part| &part.facts);
    let mut facts = fresh.unwrap_or_else(|| newest.clone());
    facts.event = leader.facts.event;
    facts.cause = leader.facts.cause;
    // What its reader knows is from before the first of the messages that waited.
    facts.last_notified = parts.first().and_then(|part| part.facts.last_notified.clone());
    facts.further = further(&facts, parts);
    if is_fresh && facts.event == Event::Worsened && !is_worse(&facts) {
        let reason = "it is no longer worse than what was reported".to_owned();
        return HoldDecision::Overtake { reason };
    }
    let text = Message::from(facts).to_json();
    if let Err(error) = &text {
        error!(%scope, "cannot store the message about `{scope}` again: {error}; please report it");
    }
    HoldDecision::Release { facts: text.ok() }
}

/// Of an episode that is over, its end goes to whoever heard of its beginning.
fn ended(parts: &[Part]) -> Vec<(Uuid, HoldDecision)> {
    let heard = parts.iter().any(|part| part.heard);
    if !heard && parts.iter().any(|part| part.batched) {
        return parts.iter().map(|part| (part.id, HoldDecision::batch_with_its_alert())).collect();
    }
    let end = parts.iter().rev().find(|part| part.facts.event.ends()).filter(|_| heard);
    let reason = match (heard, end) {
        (false, _) => "the alert ended before its recipient got it",
        (true, Some(_)) => "replaced by its end",
        (true, None) => "it is over",
    };
    let others = parts.iter().filter(|part| end.is_none_or(|end| end.id != part.id));
    let mut decisions: Vec<_> = others
        .map(|part| (part.id, HoldDecision::Overtake { reason: reason.to_owned() }))
        .collect();
    decisions.extend(end.map(|end| (end.id, HoldDecision::Release { facts: None })));
    decisions
}

fn overtaken(parts: &[Part], reason: &str) -> Vec<(Uuid, HoldDecision)> {
    let decision = |part: &Part| (part.id, HoldDecision::Overtake { reason: reason.to_owned() });
    parts.iter().map(decision).collect()
}

/// The KPIs that were news in any of the messages and are still off track.
fn further(facts: &Facts, parts: &[&Part]) -> Vec<Named> {
    let mut further: Vec<Named> = Vec::new();
    let is_red = |named: &Named| {
        facts.kpis.iter().any(|kpi| kpi.id == named.id && kpi.status == Status::OffTrack)
    };
    for named in parts.iter().flat_map(|part| &part.facts.further) {
        if facts.last_notified.is_some() && is_red(named) && !further.contains(named) {
            further.push(named.clone());
        }
    }
    further
}

/// Whether it is in any way worse than what was told.
fn is_worse(facts: &Facts) -> bool {
    let Some(last) = &facts.last_notified else { return true };
    let (status, score) = facts.judged();
    let fell = last.score.zip(score).is_some_and(|(then, now)| now < then);
    let turned_red = status == Some(Status::OffTrack) && last.status != status;
    fell || turned_red || !facts.further.is_empty()
}
