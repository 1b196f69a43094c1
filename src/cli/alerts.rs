//! `kpid alerts`: what is open, and what people do about it.

use std::path::Path;

use chrono::{DateTime, NaiveDate, Utc};
use clap::Subcommand;

use crate::{
    cli::{
        Answer,
        actor::Person,
        alert_list, clock, complete, configuration,
        failure::Failure,
        judged::{CommandJudgement, standing_before},
        output::{self, Format, tell},
    },
    engine::judgement::{self, LIVE},
    instance::Instance,
};
use kpid_config::setup::Setup;
use kpid_rules::{
    alerting::{Acknowledgement, Note, OperatorActionError, Silence},
    model::{Frequency, Moment, Period},
};
use kpid_store::{Acknowledged, Store};

/// List open alerts, acknowledge them, silence scopes for a while, write notes
#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: AlertsCommand,
}

#[derive(Subcommand)]
enum AlertsCommand {
    /// What is open, who acknowledged it, and what is silenced
    List {
        /// Only this node and what is below it
        #[arg(add = complete::scopes())]
        scope: Option<String>,
        /// Also what is over, with everything that happened
        #[arg(long)]
        all: bool,
        /// For people or for programs
        #[arg(long, value_enum, default_value_t)]
        format: Format,
    },
    /// Say that somebody answers for an open alert: it is no longer reminded of or escalated
    Ack {
        /// A path of ids with an open alert, e.g. calder/customer
        #[arg(add = complete::scopes())]
        scope: String,
        /// What is being done
        #[arg(long, value_name = "TEXT")]
        comment: Option<String>,
        /// The day by which it should be well again, e.g. 2026-06-30
        #[arg(long, value_name = "DAY", value_parser = day)]
        due: Option<NaiveDate>,
        #[command(flatten)]
        person: Person,
        /// For people or for programs
        #[arg(long, value_enum, default_value_t)]
        format: Format,
    },
    /// Hear nothing of a node and what is below it for a while, at most 30 days
    Silence {
        /// A path of ids: calder, calder/customer, calder/on-time-delivery
        #[arg(add = complete::scopes())]
        scope: String,
        /// When it ends: an instant such as 2026-06-10T08:00:00+02:00, or a day, to its end
        #[arg(long, value_name = "T")]
        until: String,
        /// When it begins; now by default, a day from its midnight
        #[arg(long, value_name = "T")]
        from: Option<String>,
        /// Why
        #[arg(long, value_name = "TEXT")]
        reason: String,
        #[command(flatten)]
        person: Person,
        /// For people or for programs
        #[arg(long, value_enum, default_value_t)]
        format: Format,
    },
    /// End a silence before its time
    Unsilence {
        /// Its number, as `kpid alerts list` shows it
        #[arg(value_parser = number)]
        id: i64,
        #[command(flatten)]
        person: Person,
        /// For people or for programs
        #[arg(long, value_enum, default_value_t)]
        format: Format,
    },
    /// Write a note about a node, which the next mail shows
    Note {
        /// A path of ids: calder, calder/customer, calder/on-time-delivery
        #[arg(add = complete::scopes())]
        scope: String,
        /// The words
        text: String,
        /// The period it is about; the last closed month by default
        #[arg(long, value_name = "P", add = complete::periods())]
        period: Option<String>,
        #[command(flatten)]
        person: Person,
        /// For people or for programs
        #[arg(long, value_enum, default_value_t)]
        format: Format,
    },
}

pub(crate) async fn run(config: &Path, arguments: Arguments) -> Result<Answer, Failure> {
    let setup = configuration::load_to_look(config)?;
    let now = clock::of(&setup).now();
    match arguments.command {
        AlertsCommand::List { scope, all, format } => {
            let scope = scope.map(|path| configuration::scope(&setup, &path)).transpose()?;
            alert_list::print(&setup, scope.as_ref(), all, format, now).await
        }
        AlertsCommand::Ack { scope, comment, due, person, format } => {
            let acknowledgement =
                Acknowledgement::new(&person.name(), comment.as_deref(), due, now);
            let acknowledgement = acknowledgement.map_err(refused)?;
            acknowledge(&setup, &scope, &acknowledgement, format).await
        }
        AlertsCommand::Silence { scope, until, from, reason, person, format } => {
            let scope = configuration::scope(&setup, &scope)?;
            let from = from.map(|text| Ok::<_, Failure>(instants(&setup, &text)?.0)).transpose()?;
            let span = (from.unwrap_or(now), instants(&setup, &until)?.1);
            let silence =
                Silence::new(scope, span, &reason, &person.name(), now).map_err(refused)?;
            keep_silence(&setup, &silence, now, format).await
        }
        AlertsCommand::Unsilence { id, person, format } => {
            unsilence(&setup, id, (&person.name(), now), format).await
        }
        AlertsCommand::Note { scope, text, period, person, format } => {
            let scope = configuration::scope(&setup, &scope)?;
            let period = period_of(&setup, period.as_deref(), now)?;
            let note = Note::new(scope, &period, &text, &person.name(), now).map_err(refused)?;
            let store = Store::open_existing(&setup.store).await?;
            store.note(&note).await?;
            store.close().await;
            let line = format_args!("noted for {}, {}", note.scope, note.period);
            let value = serde_json::json!({
                "scope": note.scope.to_string(), "period": note.period, "by": note.by, "text": note.text,
            });
            tell(format, line, &value)?;
            Ok(Answer::Done)
        }
    }
}

async fn acknowledge(
    setup: &Setup,
    path: &str,
    acknowledgement: &Acknowledgement,
    format: Format,
) -> Result<Answer, Failure> {
    let scope = configuration::scope(setup, path)?;
    let store = Store::open_existing(&setup.store).await?;
    let instance = Instance::start(setup.clone(), store).await?;
    let kpis = setup.portfolio.needed_by(scope.scorecard());
    let before = standing_before(&instance, &kpis, acknowledgement.at).await?;
    let acknowledged = instance.store.acknowledge(&scope, None, acknowledgement).await?;
    match acknowledged {
        Acknowledged::Done(episode) => {
            // Channels hear of it with the next judgement, which is now.
            let judged = std::slice::from_ref(scope.scorecard());
            let judgement = judgement::judge(&instance, judged, LIVE, acknowledgement.at).await?;
            instance.store.close().await;
            let (after, deliveries) = (&judgement.standing, &judgement.deliveries);
            let judged = CommandJudgement::of(setup, &before, after, deliveries)?;
            let (number, by) = (episode.number, &acknowledgement.by);
            let value = serde_json::json!({
                "scope": scope.to_string(), "alert": number, "acknowledged_by": by, "judged": judged,
            });
            tell(
                format,
                format_args!("alert {number} of {scope} is acknowledged by {by}"),
                &value,
            )?;
            if format == Format::Text {
                judged.say();
            }
            Ok(Answer::Done)
        }
        Acknowledged::NotOpen => {
            output::complain!("kpid: `{scope}` has no open alert");
            output::complain!("  hint: `kpid alerts list` shows what is open");
            Ok(Answer::No)
        }
    }
}

async fn keep_silence(
    setup: &Setup,
    silence: &Silence,
    now: DateTime<Utc>,
    format: Format,
) -> Result<Answer, Failure> {
    let store = Store::open_existing(&setup.store).await?;
    let id = store.silence(silence, setup.calendar.zone, now).await?;
    store.close().await;
    let until = silence.until.with_timezone(&setup.calendar.zone).format("%Y-%m-%d %H:%M %Z");
    let line = format_args!("silence {id}: no notifications about {} until {until}", silence.scope);
    let value = serde_json::json!({
        "silence": id, "scope": silence.scope.to_string(), "from": silence.from, "until": silence.until,
    });
    tell(format, line, &value)?;
    Ok(Answer::Done)
}

async fn unsilence(
    setup: &Setup,
    id: i64,
    (by, now): (&str, DateTime<Utc>),
    format: Format,
) -> Result<Answer, Failure> {
    let store = Store::open_existing(&setup.store).await?;
    let ended = store.unsilence(id, by, now).await?;
    store.close().await;
    match ended {
        Some(scope) => {
            let value = serde_json::json!({ "silence": id, "scope": scope.to_string() });
            tell(format, format_args!("silence {id} of {scope} is over"), &value)?;
            Ok(Answer::Done)
        }
        None => {
            output::complain!("kpid: the silence {id} does not exist, or is over");
            output::complain!("  hint: `kpid alerts list` shows those that are in force");
            Ok(Answer::No)
        }
    }
}

fn day(text: &str) -> Result<NaiveDate, String> {
    Moment::parse_day(text).ok_or_else(|| format!("`{text}` is not a day; write 2026-06-30"))
}

fn number(text: &str) -> Result<i64, String> {
    let sentence = "is not the number of a silence; `kpid alerts list` shows them";
    text.parse().map_err(|_| format!("`{text}` {sentence}"))
}

/// The period a note is about.
fn period_of(setup: &Setup, text: Option<&str>, now: DateTime<Utc>) -> Result<String, Failure> {
    let period = match text {
        Some(text) => Period::parse(text).map_err(|error| Failure::new(error.to_string()))?,
        None => setup.calendar.last_closed(Frequency::Month, now),
    };
    Ok(period.to_string())
}

/// First and last instant of what is written: the same of an instant, midnights of a day.
fn instants(setup: &Setup, text: &str) -> Result<(DateTime<Utc>, DateTime<Utc>), Failure> {
    if let Ok(instant) = DateTime::parse_from_rfc3339(text) {
        return Ok((instant.to_utc(), instant.to_utc()));
    }
    let day = Moment::parse_day(text).ok_or_else(|| {
        Failure::new(format!("`{text}` is not a valid instant or day"))
            .hint("write 2026-06-10T08:00:00+02:00, or a day such as 2026-06-10")
    })?;
    Ok(setup.calendar.bounds(Period::Day(day)))
}

fn refused(error: OperatorActionError) -> Failure {
    Failure::new(error.to_string())
}
