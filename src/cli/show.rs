//! `kpid show`: the standing, from what the store holds, by the rules of the configuration.

use std::path::Path;

use chrono::{DateTime, Utc};

use crate::cli::{
    Answer, clock, complete, configuration,
    failure::Failure,
    filter::Filter,
    output::{self, Format, print_json},
    then, tree,
};
use kpid_rules::{
    alerting::begun_by,
    evaluation::judge_some,
    model::{Calendar, Id, Moment, Period},
};
use kpid_store::{HeldOf, Store};

/// Show the standing: scorecards, perspectives, objectives and KPIs, with words and scores
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// A path of ids: calder, calder/customer, calder/customer/deliver-on-promise, calder/on-time-delivery
    #[arg(add = complete::scopes())]
    scope: Option<String>,
    /// What was known then: an instant such as 2026-06-03T06:00:00+02:00, or a day, to its end
    #[arg(long, value_name = "T")]
    as_of: Option<String>,
    #[command(flatten)]
    filter: Filter,
    /// For people or for programs
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

pub(crate) async fn run(config: &Path, arguments: Arguments) -> Result<Answer, Failure> {
    let setup = configuration::load_to_look(config)?;
    let at = match &arguments.as_of {
        None => clock::of(&setup).now(),
        Some(text) => instant(text, &setup.calendar)?,
    };
    let scope = arguments.scope.map(|path| configuration::scope(&setup, &path)).transpose()?;
    let store = Store::open_read_only(&setup.store).await?;
    let portfolio = &setup.portfolio;
    let (scorecards, kpis): (Vec<Id>, _) = match &scope {
        None => (
            portfolio.scorecards().iter().map(|scorecard| scorecard.id.clone()).collect(),
            portfolio.kpis().map(|(kpi, ..)| kpi).collect(),
        ),
        Some(scope) => (vec![scope.scorecard().clone()], portfolio.needed_by(scope.scorecard())),
    };
    let HeldOf { history, episodes } = store.held_of(&scorecards, &kpis).await?;
    let (history, episodes) = match arguments.as_of {
        None => (history, episodes),
        Some(_) => (history.as_of(at), begun_by(at, episodes)),
    };
    let hash = &setup.config_hash;
    let standing = judge_some(portfolio, &scorecards, &history, &episodes, hash, at);
    let then = match arguments.as_of {
        None => Vec::new(),
        Some(_) => then::judged_otherwise(&store, &setup, &standing, (scope.as_ref(), at)).await?,
    };
    let standing = match &scope {
        None => standing.public(&setup.portfolio),
        Some(scope) => standing.narrow(scope),
    };
    let standing = arguments.filter.of(&setup, standing)?;
    match arguments.format {
        Format::Text => {
            let width = output::width();
            output::put(format_args!("{}{}", tree::render(&standing, width), then::render(&then)));
        }
        Format::Json if then.is_empty() => print_json(&standing)?,
        Format::Json => print_json(&then::Both { standing, then })?,
    }
    Ok(Answer::Done)
}

/// An instant as written, or the end of a local day.
pub(super) fn instant(text: &str, calendar: &Calendar) -> Result<DateTime<Utc>, Failure> {
    if let Ok(instant) = DateTime::parse_from_rfc3339(text) {
        return Ok(instant.to_utc());
    }
    let day = Moment::parse_day(text).ok_or_else(|| {
        Failure::new(format!("`{text}` is not a valid instant or day"))
            .hint("write 2026-06-03T06:00:00+02:00, or a day such as 2026-05-31")
    })?;
    let (_, end) = calendar.bounds(Period::Day(day));
    Ok(end)
}
