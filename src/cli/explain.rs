//! `kpid explain`: the arithmetic behind a node, from the lines to the score, with its numbers.

use std::path::Path;

use crate::{
    cli::{
        Answer, clock, complete, configuration,
        failure::Failure,
        output::{Format, print_json, put},
    },
    explanation::{self, NodeQuestion},
};
use kpid_rules::{judgement::Judge, model::Period};
use kpid_store::{HeldOf, Store};

/// Explain a node: lines, score, weights, contributions, shortfall, and the change since the period before
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// A path of ids: calder, calder/customer, calder/customer/deliver-on-promise, calder/on-time-delivery
    #[arg(add = complete::scopes())]
    scope: String,
    /// The period, e.g. 2026-05; the one reported now by default
    #[arg(add = complete::periods())]
    period: Option<String>,
    /// For people or for programs
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

pub(crate) async fn run(config: &Path, arguments: Arguments) -> Result<Answer, Failure> {
    let setup = configuration::load_to_look(config)?;
    let scope = configuration::scope(&setup, &arguments.scope)?;
    let period = arguments.period.as_deref().map(Period::parse).transpose();
    let period = period.map_err(|error| Failure::new(error.to_string()))?;
    let store = Store::open_read_only(&setup.store).await?;
    let kpis = setup.portfolio.needed_by(scope.scorecard());
    let HeldOf { history, .. } = store.held_of(&[], &kpis).await?;
    let judge = Judge::new(&setup.portfolio, &history, clock::of(&setup).now());
    let scorecard = setup.portfolio.scorecard(scope.scorecard());
    let scorecard =
        scorecard.ok_or_else(|| Failure::new(format!("`{scope}` is not configured")))?;
    let configuration = (&*setup.portfolio, setup.config_hash.as_str());
    let gone = explanation::gone(&store, configuration, scorecard, period).await?;
    let question = NodeQuestion { judge, scorecard, scope: &scope, period };
    let (text, value) = explanation::explain(question, &gone)
        .map_err(|unexplained| Failure::new(unexplained.to_string()))?;
    match arguments.format {
        Format::Text => put(format_args!("{text}")),
        Format::Json => print_json(&value)?,
    }
    Ok(Answer::Done)
}
