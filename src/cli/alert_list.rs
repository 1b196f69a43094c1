//! What `kpid alerts list` prints: episodes, what happened to them, and silences.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::cli::{
    Answer,
    failure::Failure,
    output::{Format, print_json, say},
};
use kpid_config::setup::Setup;
use kpid_rules::{
    alerting::{Acknowledgement, Episode},
    model::{Scope, one_line},
};
use kpid_store::{EpisodeEvent, KeptSilence, Store};

/// What is said of an open alert that nothing judges any more.
const GONE: &str = ", no longer configured";

/// Everything there is to list; its keys are a contract.
#[derive(Serialize)]
struct List {
    as_of: DateTime<Utc>,
    episodes: Vec<Listed>,
    silences: Vec<KeptSilence>,
}

/// An episode.
#[derive(Serialize)]
struct Listed {
    scope: Scope,
    number: u32,
    state: &'static str,
    opened_at: Option<DateTime<Utc>>,
    opened_period: Option<String>,
    recovered_at: Option<DateTime<Utc>>,
    escalated: bool,
    acknowledged: Option<Acknowledgement>,
    silenced: bool,
    events: Vec<EpisodeEvent>,
}

/// Lists open episodes and silences that are not over; with `all`, also episodes that are.
pub(super) async fn print(
    setup: &Setup,
    scope: Option<&Scope>,
    all: bool,
    format: Format,
    now: DateTime<Utc>,
) -> Result<Answer, Failure> {
    let store = Store::open_read_only(&setup.store).await?;
    let list = List { as_of: now, silences: store.silences(now).await?, episodes: Vec::new() };
    let (episodes, events) = (store.episodes().await?, store.episode_events().await?);
    let list = list.with(setup, scope, all, episodes, events);
    match format {
        Format::Json => print_json(&list)?,
        Format::Text => list.say(setup),
    }
    Ok(Answer::Done)
}

impl List {
    fn with(
        mut self,
        setup: &Setup,
        scope: Option<&Scope>,
        all: bool,
        episodes: HashMap<Scope, Episode>,
        events: Vec<EpisodeEvent>,
    ) -> Self {
        let is_private = |of: &Scope| {
            let scorecard = setup.portfolio.scorecard(of.scorecard());
            scorecard.is_some_and(|scorecard| scorecard.private)
        };
        // The scorecards of individuals are shown only when they are named.
        let is_wanted = |of: &Scope| match scope {
            None => !is_private(of),
            Some(scope) => of.is_within(scope),
        };
        self.silences.retain(|kept| is_wanted(&kept.silence.scope));
        let kept = episodes.into_iter().filter(|(scope, episode)| {
            episode.number > 0 && (all || episode.is_open()) && is_wanted(scope)
        });
        let now = self.as_of;
        let silences = &self.silences;
        let silenced = |scope: &Scope| {
            let held = silences.iter().map(|kept| &kept.silence);
            held.clone().any(|silence| silence.holds(now) && scope.is_within(&silence.scope))
        };
        let mut listed: Vec<Listed> = kept
            .map(|(scope, episode)| {
                let is_silenced = silenced(&scope);
                // Without `all`, only what happened to the episode that is open.
                let is_told = |event: &&EpisodeEvent| {
                    event.scope == scope && (all || event.number == episode.number)
                };
                let events = events.iter().filter(is_told).cloned().collect();
                Listed::of(scope, episode, is_silenced, events)
            })
            .collect();
        listed.sort_by(|a, b| a.scope.cmp(&b.scope));
        self.episodes = listed;
        self
    }

    fn say(&self, setup: &Setup) {
        let zone = setup.calendar.zone;
        let local =
            |at: DateTime<Utc>| at.with_timezone(&zone).format("%Y-%m-%d %H:%M").to_string();
        if self.episodes.is_empty() {
            say!("no alert is open");
        }
        for episode in &self.episodes {
            let is_configured = setup.portfolio.has(&episode.scope);
            let is_open = episode.recovered_at.is_none();
            let is_gone = episode.state == "ended" || (is_open && !is_configured);
            let gone = is_gone.then_some(GONE);
            say!("{}{}", episode.line(&local), gone.unwrap_or_default());
            if let Some(comment) = episode.acknowledged.as_ref().and_then(|by| by.comment.as_ref())
            {
                say!("    \"{}\"", one_line(comment));
            }
            for event in &episode.events {
                let period = event.period.as_deref().map(|key| format!(" for {key}"));
                let (number, word) = (event.number, event.event.word());
                let cause =
                    event.cause.map(|cause| format!(", {}", cause.word().replace('_', " ")));
                let (period, cause) = (period.unwrap_or_default(), cause.unwrap_or_default());
                say!("    {}  {number} {word}{period}{cause}", local(event.at));
            }
        }
        for KeptSilence { id, silence } in &self.silences {
            let (from, until) = (local(silence.from), local(silence.until));
            let (scope, by, reason) =
                (&silence.scope, one_line(&silence.by), one_line(&silence.reason));
            say!("silence {id}: {scope} from {from} until {until}, by {by}: \"{reason}\"");
        }
    }
}

impl Listed {
    fn of(scope: Scope, episode: Episode, silenced: bool, events: Vec<EpisodeEvent>) -> Self {
        Self {
            scope,
            number: episode.number,
            state: match (episode.is_open(), episode.removed) {
                (true, _) => "open",
                (false, true) => "ended",
                (false, false) => "recovered",
            },
            opened_at: episode.opened_at,
            opened_period: episode.opened_period,
            recovered_at: episode.recovered_at,
            escalated: episode.escalated,
            acknowledged: episode.acknowledgement,
            silenced,
            events,
        }
    }

    fn line(&self, local: &impl Fn(DateTime<Utc>) -> String) -> String {
        let mut parts = vec![format!("{}: alert {} {}", self.scope, self.number, self.state)];
        parts.extend(self.opened_at.map(|at| format!("opened {}", local(at))));
        parts.extend(self.recovered_at.map(|at| format!("over {}", local(at))));
        parts.extend(self.escalated.then(|| "escalated".to_owned()));
        match &self.acknowledged {
            Some(by) => {
                parts.push(format!("acknowledged by {}", one_line(&by.by)));
                parts.extend(by.due.map(|day| format!("due {day}")));
            }
            None if self.recovered_at.is_none() => parts.push("not acknowledged".to_owned()),
            None => {}
        }
        parts.extend(self.silenced.then(|| "silenced".to_owned()));
        parts.join(", ")
    }
}
