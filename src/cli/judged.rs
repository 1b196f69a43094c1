//! What the judgement of a command came to: which perspectives and scorecards stand otherwise, and who
//! is told of it.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::{
    cli::output::{note, say},
    instance::Instance,
};
use kpid_config::setup::Setup;
use kpid_message::wording::plural;
use kpid_rules::{
    evaluation::judge_some,
    judgement::Standing,
    model::{KpiRef, Status},
};
use kpid_store::{self, NewDelivery};

/// What came of a judgement, for people and programs.
#[derive(Debug, Serialize)]
pub(crate) struct CommandJudgement {
    /// Perspectives and scorecards that stand otherwise than before.
    moved: Vec<MovedStatus>,
    /// What is to be told.
    messages: Vec<Addressed>,
    /// Whether a daemon runs that delivers it.
    daemon_runs: bool,
}

/// A node with another word than before.
#[derive(Debug, Serialize)]
struct MovedStatus {
    node: String,
    name: String,
    from: Status,
    to: Status,
}

/// One event of one alert, and whom it goes to.
#[derive(Debug, Serialize)]
struct Addressed {
    event: String,
    of: String,
    to: Vec<String>,
}

impl CommandJudgement {
    /// What a judgement came to.
    pub(crate) fn of(
        setup: &Setup,
        before: &Standing,
        after: &Standing,
        deliveries: &[NewDelivery],
    ) -> anyhow::Result<Self> {
        Ok(Self {
            moved: moved(before, after),
            messages: addressed(deliveries),
            daemon_runs: kpid_store::holder(&setup.store)?.is_some(),
        })
    }

    /// Says it.
    pub(crate) fn say(&self) {
        for MovedStatus { name, from, to, .. } in &self.moved {
            say!("{name}: {}, was {}", to.words(), from.words());
        }
        for Addressed { event, of, to } in &self.messages {
            say!("message: {} of {of}, to {}", event.replace('_', " "), to.join(", "));
        }
        say_waiting(self.messages.iter().map(|message| message.to.len()).sum(), self.daemon_runs);
    }
}

/// Says how many messages wait, and for what.
pub(crate) fn say_waiting(deliveries: usize, daemon_runs: bool) {
    let (messages, wait, it) = match deliveries {
        0 => return,
        1 => ("1 message".to_owned(), "waits", "it"),
        many => (plural(many, "message"), "wait", "them"),
    };
    match daemon_runs {
        true => note!("{messages} {wait} for the daemon, which delivers {it} now"),
        false => note!("{messages} {wait} for a daemon: `kpid run` delivers {it}"),
    }
}

fn moved(before: &Standing, after: &Standing) -> Vec<MovedStatus> {
    let mut moved = Vec::new();
    for now in &after.scorecards {
        let Some(then) = before.scorecards.iter().find(|then| then.id == now.id) else { continue };
        for (then, perspective) in then.perspectives.iter().zip(&now.perspectives) {
            let (from, to) = (then.verdict.status, perspective.verdict.status);
            if from != to {
                let node = format!("{}/{}", now.id, perspective.id);
                let name = format!("{} ({})", perspective.name, now.name);
                moved.push(MovedStatus { node, name, from, to });
            }
        }
        let (from, to) = (then.verdict.status, now.verdict.status);
        if from != to {
            moved.push(MovedStatus { node: now.id.to_string(), name: now.name.clone(), from, to });
        }
    }
    moved
}

fn addressed(deliveries: &[NewDelivery]) -> Vec<Addressed> {
    let mut found: Vec<Addressed> = Vec::new();
    for delivery in deliveries {
        let (event, of) = (delivery.event.word().to_owned(), delivery.dedup_key.clone());
        let to = delivery.person.clone().unwrap_or_else(|| delivery.recipient.clone());
        match found.iter_mut().find(|held| held.event == event && held.of == of) {
            Some(held) => held.to.push(to),
            None => found.push(Addressed { event, of, to: vec![to] }),
        }
    }
    found
}

/// How the scorecards stand that these KPIs can change, before they do.
pub(crate) async fn standing_before(
    instance: &Instance,
    kpis: &HashSet<KpiRef>,
    now: DateTime<Utc>,
) -> anyhow::Result<Standing> {
    let (portfolio, hash) = (&instance.setup.portfolio, &instance.setup.config_hash);
    let scorecards = portfolio.affected_by(kpis);
    let needed = scorecards.iter().flat_map(|id| portfolio.needed_by(id)).collect();
    let held = instance.store.held_of(&scorecards, &needed).await?;
    Ok(judge_some(portfolio, &scorecards, &held.history, &held.episodes, hash, now))
}
