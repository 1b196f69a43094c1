//! `kpid outbox`: what waits to be told, what was given up, and what to do about it.

use std::path::Path;

use clap::Subcommand;
use uuid::Uuid;

use crate::{
    cli::{
        Answer,
        actor::Person,
        clock, configuration,
        failure::Failure,
        output::{self, Format, note, print_json, say},
    },
    outbox::settled,
};
use kpid_config::setup::Setup;
use kpid_message::wording::plural;
use kpid_rules::model::one_line;
use kpid_store::{self, DeliveryState, GaveUp, Handled, Handling, Listed, Store};

/// Fewer digits of an id may name several by chance.
const PREFIX_CHARS_MIN: usize = 8;

/// List deliveries and their attempts, try them again, or drop them
#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: OutboxCommand,
}

#[derive(Subcommand)]
enum OutboxCommand {
    /// What is not delivered: pending, waiting for working hours, kept for the summary, given up
    List {
        /// Also what is delivered, sent in a summary, overtaken by a later message or dropped
        #[arg(long)]
        all: bool,
        /// For people or for programs
        #[arg(long, value_enum, default_value_t)]
        format: Format,
    },
    /// Try deliveries at once that wait, were given up or dropped; the daemon makes them
    Retry(Chosen),
    /// Never make deliveries
    Drop(Chosen),
}

/// Which deliveries, and by whom.
#[derive(clap::Args)]
struct Chosen {
    /// Ids as `kpid outbox list` shows them, or their first 8 digits or more
    #[arg(value_name = "ID", required_unless_present = "all")]
    ids: Vec<String>,
    /// All that are pending or given up
    #[arg(long, conflicts_with = "ids")]
    all: bool,
    #[command(flatten)]
    person: Person,
    /// For people or for programs
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

pub(crate) async fn run(config: &Path, arguments: Arguments) -> Result<Answer, Failure> {
    let setup = configuration::load_to_look(config)?;
    match arguments.command {
        OutboxCommand::List { all, format } => list(&setup, all, format).await,
        OutboxCommand::Retry(chosen) => handle(&setup, chosen, Handling::Retry).await,
        OutboxCommand::Drop(chosen) => handle(&setup, chosen, Handling::Drop).await,
    }
}

async fn list(setup: &Setup, all: bool, format: Format) -> Result<Answer, Failure> {
    let store = Store::open_read_only(&setup.store).await?;
    let deliveries = store.deliveries(all).await?;
    match format {
        Format::Json => print_json(&deliveries)?,
        Format::Text if deliveries.is_empty() => say!("nothing waits to be delivered"),
        Format::Text => deliveries.iter().for_each(|delivery| say!("{}", line(setup, delivery))),
    }
    let removed = store.removed().await?;
    if let (true, Format::Text, Some(words)) =
        (all, format, kpid_store::removed_words(&removed, "deliveries"))
    {
        say!("and before these, no longer kept: {words}");
    }
    Ok(Answer::Done)
}

fn line(setup: &Setup, delivery: &Listed) -> String {
    let zone = setup.calendar.zone;
    let local = |at: &chrono::DateTime<chrono::Utc>| {
        at.with_timezone(&zone).format("%Y-%m-%d %H:%M").to_string()
    };
    let Listed { id, state, event, dedup_key, channel, recipient, attempts, .. } = delivery;
    let state = match &delivery.reason {
        Some(reason) => format!("{} ({})", state.in_words(), one_line(reason)),
        None => state.in_words().to_owned(),
    };
    let to = if recipient == channel {
        format!("over {channel}")
    } else {
        format!("to {recipient} over {channel}")
    };
    let tries = plural(*attempts as usize, "attempt");
    let next = delivery.next_attempt_at.as_ref().map(|at| format!(", next {}", local(at)));
    let error = delivery.last_error.as_ref().map(|error| format!("\n    {}", one_line(error)));
    let (next, error) = (next.unwrap_or_default(), error.unwrap_or_default());
    let written = local(&delivery.written_at);
    format!("{id}  {state}: {event} of {dedup_key} {to}, {written}, {tries}{next}{error}")
}

async fn handle(setup: &Setup, chosen: Chosen, handling: Handling) -> Result<Answer, Failure> {
    let store = Store::open_existing(&setup.store).await?;
    let known = store.deliveries(true).await?;
    let mut answer = Answer::Done;
    let ids = named(&known, &chosen)?;
    if ids.is_empty() && chosen.format == Format::Text {
        note!("nothing waits and nothing was given up");
    }
    let mut done = Vec::new();
    let by = chosen.person.name();
    for id in ids {
        let now = clock::of(setup).now();
        let settle = |notice: &GaveUp| settled::notice(setup, notice, handling, now);
        let handled = store.handle(id, handling, &by, now, settle).await?;
        answer = match (handled, handling) {
            (Handled::Done, handling) => {
                if chosen.format == Format::Text {
                    match handling {
                        Handling::Retry => note!("{id} is tried at once by the daemon"),
                        Handling::Drop => note!("{id} is dropped"),
                    }
                }
                done.push(id);
                answer
            }
            (Handled::Delivered, _) => {
                output::complain!("kpid: {id} was delivered already");
                Answer::No
            }
            (Handled::Overtaken, _) => {
                output::complain!("kpid: {id} was overtaken by a later message of the same alert");
                Answer::No
            }
            (Handled::Summarised, _) => {
                output::complain!("kpid: {id} was sent in a summary");
                Answer::No
            }
        };
    }
    store.close().await;
    if chosen.format == Format::Json {
        let word = match handling {
            Handling::Retry => "retried",
            Handling::Drop => "dropped",
        };
        print_json(&serde_json::json!({ word: done }))?;
    }
    Ok(answer)
}

/// The deliveries meant; a name that fits none or several is a failure, before anything is done.
fn named(known: &[Listed], chosen: &Chosen) -> Result<Vec<Uuid>, Failure> {
    if chosen.all {
        let is_open = |state| matches!(state, DeliveryState::Pending | DeliveryState::GivenUp);
        let open = known.iter().filter(|held| is_open(held.state));
        return Ok(open.map(|held| held.id).collect());
    }
    let hint = "`kpid outbox list --all` shows them";
    let one = |text: &String| {
        let wanted = text.to_ascii_lowercase();
        let fits = |held: &&Listed| held.id.to_string().starts_with(&wanted);
        let found: Vec<&Listed> = known.iter().filter(fits).collect();
        match found.as_slice() {
            _ if wanted.len() < PREFIX_CHARS_MIN => {
                Err(Failure::new(format!("`{text}` is too short to name a delivery")).hint(hint))
            }
            [only] => Ok(only.id),
            [] => Err(Failure::new(format!("there is no delivery `{text}`")).hint(hint)),
            [..] => Err(Failure::new(format!("`{text}` names several deliveries")).hint(hint)),
        }
    };
    chosen.ids.iter().map(one).collect()
}
