//! What a message would look like: made as it would be for sending, and not sent.

use std::{fs, path::Path, path::PathBuf};

use clap::ValueEnum;
use uuid::Uuid;

use crate::cli::{
    Answer, clock, configuration,
    failure::Failure,
    output::{complain, put},
    show,
};
use kpid_config::setup::Setup;
use kpid_delivery::{
    channel::Channel,
    channels::Channels,
    delivery::{Delivery, Written},
    routing::{Route, RouteError},
};
use kpid_message::{facts::alert::Facts, facts_builder, message::Message, template_check};
use kpid_os_error::in_words;
use kpid_rules::{
    alerting::{Cause, Event},
    evaluation::{EpisodeChange, judge},
    judgement::Judge,
    model::Scope,
};
use kpid_store::Store;

/// How a preview is shown, and of what.
#[derive(clap::Args)]
pub(super) struct Wish {
    /// Show what would be sent, and send nothing
    #[arg(long)]
    pub(super) preview: bool,
    /// The alert of this node as it stands, by its path of ids; a sample without it
    #[arg(long, value_name = "SCOPE", requires = "preview")]
    of: Option<String>,
    /// What was known then: an instant, or a day, to its end
    #[arg(long, value_name = "T", requires = "of")]
    as_of: Option<String>,
    /// What happened to it
    #[arg(long, value_enum, default_value_t, requires = "preview")]
    event: EventName,
    /// The mail's text, its HTML or all of it; the facts as JSON. A webhook has only its body
    #[arg(long, value_enum, requires = "preview")]
    format: Option<PreviewFormat>,
    /// The file to write to; standard output without it
    #[arg(long, value_name = "FILE", requires = "preview")]
    out: Option<PathBuf>,
}

/// An event of an alert.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum EventName {
    #[default]
    Opened,
    Worsened,
    Reminded,
    Escalated,
    Acknowledged,
    Recovered,
    Corrected,
    /// None: a mail that is not about an alert
    Notice,
}

/// A form of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum PreviewFormat {
    /// The subject, and the text for readers of text
    Text,
    /// The HTML for the others
    Html,
    /// The whole mail, as it is sent
    Eml,
    /// The facts it is made from
    Json,
}

impl EventName {
    /// The event, and a cause that it is told for; none of what is not about an alert.
    fn event_and_cause(self) -> Option<(Event, Cause)> {
        Some(match self {
            Self::Opened => (Event::Opened, Cause::Fell),
            Self::Worsened => (Event::Worsened, Cause::ScoreFell),
            Self::Reminded => (Event::Reminded, Cause::Unacknowledged),
            Self::Escalated => (Event::Escalated, Cause::Lasted),
            Self::Acknowledged => (Event::Acknowledged, Cause::Person),
            Self::Recovered => (Event::Recovered, Cause::Improved),
            Self::Corrected => (Event::Corrected, Cause::Restated),
            Self::Notice => return None,
        })
    }
}

/// Shows what would be sent to `to`.
pub(super) async fn run(config: &Path, to: &str, wish: &Wish) -> Result<Answer, Failure> {
    let setup = configuration::load_to_look(config)?;
    let Route { channel, recipient, .. } = route(&setup, to)?;
    let message = message(&setup, wish).await?;
    let channels = Channels::open(&setup.channels)?;
    let id = Uuid::now_v7();
    let (channel, recipient) = (&channel, recipient.as_str());
    let language = setup.language_of(recipient);
    let delivery = Delivery { id, channel, recipient, language, message: &message, link: None };
    let (written, trouble) = channels
        .write(delivery, clock::of(&setup).now())
        .map_err(|error| Failure::new(error.to_string()))?;
    show_as(&written, &message, wish)?;
    let Some(trouble) = trouble else { return Ok(Answer::Done) };
    complain!("kpid: {}", trouble.summary);
    trouble.lines.iter().for_each(|line| complain!("  {line}"));
    Ok(Answer::No)
}

/// The route to a person or channel; mail as such is read by whoever writes it.
fn route(setup: &Setup, to: &str) -> Result<Route, Failure> {
    match crate::cli::recipient::find(setup, to) {
        Ok((_, route)) => Ok(route),
        Err((Some(RouteError::NobodyThere(channel)), failure)) => {
            match setup.channels.get(&channel) {
                Some(Channel::Email(email)) => {
                    Ok(Route { channel, recipient: email.from.email.to_string(), person: None })
                }
                _ => Err(failure),
            }
        }
        Err((_, failure)) => Err(failure),
    }
}

async fn message(setup: &Setup, wish: &Wish) -> Result<Message, Failure> {
    let Some((event, cause)) = wish.event.event_and_cause() else {
        return Ok(template_check::sample_notice());
    };
    let Some(path) = &wish.of else { return Ok(template_check::sample(event)) };
    let scope = configuration::scope(setup, path)?;
    let now = match &wish.as_of {
        None => clock::of(setup).now(),
        Some(text) => show::instant(text, &setup.calendar)?,
    };
    let store = Store::open_to_look_or_empty(&setup.store).await?;
    let held = store.held(&setup.portfolio.kpis().map(|(kpi, ..)| kpi).collect()).await?;
    let history = if wish.as_of.is_some() { held.history.as_of(now) } else { held.history };
    let standing = judge(&setup.portfolio, &history, &held.episodes, &setup.config_hash, now);
    let before = held.episodes.get(&scope).cloned().unwrap_or_default();
    let mut episode = before.clone();
    episode.number = episode.number.max(1);
    episode.opened_at = episode.opened_at.or(Some(now));
    episode.recovered_at = event.ends().then(|| episode.recovered_at.unwrap_or(now));
    let context = facts_builder::subject::Context {
        portfolio: &setup.portfolio,
        judge: &Judge::new(&setup.portfolio, &history, now),
        people: &setup.people,
        public_url: setup.web.public_url.as_ref(),
        notes: &held.notes,
    };
    let change = EpisodeChange {
        scope: scope.clone(),
        before,
        episode,
        event: Some(event),
        cause: Some(cause),
        to: Vec::new(),
    };
    let facts = Facts::of(context, &standing, &change).ok_or_else(|| no_alert(&scope))?;
    Ok(facts.into())
}

fn no_alert(scope: &Scope) -> Failure {
    Failure::new(format!("`{scope}` has no alert of its own"))
        .hint("name a perspective, or give the node an `alert`")
}

fn show_as(written: &Written, message: &Message, wish: &Wish) -> Result<(), Failure> {
    let facts = || -> Result<String, Failure> {
        let text = message.to_json().map_err(anyhow::Error::from)?;
        let value: serde_json::Value = serde_json::from_str(&text).map_err(anyhow::Error::from)?;
        Ok(format!("{}\n", serde_json::to_string_pretty(&value).map_err(anyhow::Error::from)?))
    };
    let bytes = match (written, wish.format) {
        (Written::Mail { subject, text, .. }, None | Some(PreviewFormat::Text)) => {
            format!("Subject: {subject}\n\n{}\n", text.trim_end()).into_bytes()
        }
        (Written::Mail { html, .. }, Some(PreviewFormat::Html)) => html.clone().into_bytes(),
        (Written::Mail { bytes, .. }, Some(PreviewFormat::Eml)) => bytes.clone(),
        (Written::Mail { .. }, Some(PreviewFormat::Json)) => facts()?.into_bytes(),
        (Written::Body(body), None | Some(PreviewFormat::Json)) => body.clone().into_bytes(),
        (Written::Body(_), Some(_)) => {
            let failure = Failure::new("a webhook has neither text nor HTML, only its body");
            return Err(failure.hint("leave `--format` out, or name a person"));
        }
    };
    match &wish.out {
        None => put(format_args!("{}", String::from_utf8_lossy(&bytes))),
        Some(path) => fs::write(path, bytes).map_err(|error| {
            Failure::new(format!("cannot write {}: {}", path.display(), in_words(&error)))
        })?,
    }
    Ok(())
}
