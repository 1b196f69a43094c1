//! `kpid backtest`: the messages a configuration would have sent over the history that is held.

use std::path::{Path, PathBuf};

use chrono::{DateTime, NaiveDate, Utc};
use serde_json::json;

use crate::cli::{
    Answer, clock, complete, configuration,
    failure::Failure,
    output::{Format, print_json, say, style},
};
use kpid_config::setup::Setup;
use kpid_message::wording::plural;
use kpid_rules::{
    analysis::backtest::{BacktestEvent, backtest},
    judgement::rounding,
    model::Period,
};
use kpid_store::Store;

/// Replay the stored history, and list the messages that would have been sent
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// First day, or first period, e.g. 2025-04-01 or 2025-04
    #[arg(long, value_name = "P", add = complete::periods())]
    from: String,
    /// Last day, or last period; today by default
    #[arg(long, value_name = "P")]
    to: Option<String>,
    /// A configuration to try instead of the present one, on the same store
    #[arg(value_name = "NEW.yaml")]
    proposed: Option<PathBuf>,
    /// For people or for programs
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

pub(crate) async fn run(config: &Path, arguments: Arguments) -> Result<Answer, Failure> {
    let setup = configuration::load_to_look(config)?;
    let tried = match &arguments.proposed {
        None => setup.clone(),
        Some(path) => configuration::load_beside(path)?,
    };
    let today = setup.calendar.local_day(clock::of(&setup).now());
    let from = days(&tried, &arguments.from)?.0;
    let to = arguments.to.as_deref().map(|text| days(&tried, text)).transpose()?;
    let to = to.map_or(today, |(_, last)| last).min(today);
    if from > to {
        let failure = Failure::new(format!("--from {from} is after --to {to}"));
        return Err(failure.hint("there is no history of days to come"));
    }
    let store = Store::open_read_only(&setup.store).await?;
    let kpis = tried.portfolio.kpis().map(|(kpi, ..)| kpi).collect();
    let held = store.held_of(&[], &kpis).await?;
    let messages = backtest(&tried.portfolio, &held.history, &tried.config_hash, from, to);
    match arguments.format {
        Format::Json => print_json(
            &messages.iter().map(|message| as_json(&tried, message)).collect::<Vec<_>>(),
        )?,
        Format::Text => {
            for message in &messages {
                say!("{}", line(&tried, message));
            }
            say!("{} from {from} to {to}", plural(messages.len(), "message"));
        }
    }
    Ok(Answer::Done)
}

/// First and last day of a day or period.
fn days(setup: &Setup, text: &str) -> Result<(NaiveDate, NaiveDate), Failure> {
    let period = Period::parse(text).map_err(|error| Failure::new(error.to_string()))?;
    Ok((setup.calendar.first_day(period), setup.calendar.last_day(period)))
}

fn local(setup: &Setup, at: DateTime<Utc>) -> DateTime<chrono_tz::Tz> {
    at.with_timezone(&setup.calendar.zone)
}

fn line(setup: &Setup, message: &BacktestEvent) -> String {
    let event = message.change.event.map_or("", |event| event.word());
    let style = style(message.status);
    let to: Vec<_> = message.change.to.iter().map(ToString::to_string).collect();
    let score = message.score.map(rounding::score).unwrap_or_default();
    format!(
        "{}  {:<9}  {}  {style}{}{style:#} {score} for {}, to {}",
        local(setup, message.at).format("%Y-%m-%d"),
        event,
        message.change.scope,
        message.status.words(),
        message.period.as_deref().unwrap_or("no period"),
        if to.is_empty() { "nobody".to_owned() } else { to.join(", ") },
    )
}

fn as_json(setup: &Setup, message: &BacktestEvent) -> serde_json::Value {
    json!({
        "at": local(setup, message.at),
        "scope": message.change.scope,
        "event": message.change.event,
        "to": message.change.to,
        "status": message.status,
        "score": message.score,
        "period": message.period,
    })
}
