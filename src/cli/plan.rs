//! `kpid plan`: what a configuration would change about the present one, before anybody is notified.

use std::path::{Path, PathBuf};

use crate::cli::{
    Answer, clock, configuration,
    failure::Failure,
    output::{Format, print_json, say, style},
};
use kpid_config::setup::Setup;
use kpid_rules::{
    analysis::{
        Difference,
        difference::{ComparedConfig, difference},
        differing,
    },
    judgement::{Colour, rounding},
    model::{Id, Portfolio, Scope},
};
use kpid_store::Store;

/// Say what a changed configuration would do on the stored figures: nodes, weights, lines, colours, alerts, who would be notified
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The changed configuration, beside the present one
    #[arg(value_name = "NEW.yaml")]
    proposed: PathBuf,
    /// For people or for programs
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

pub(crate) async fn run(config: &Path, arguments: &Arguments) -> Result<Answer, Failure> {
    let present = configuration::load_to_look(config)?;
    let proposed = configuration::load_beside(&arguments.proposed)?;
    let store = Store::open_to_look_or_empty(&present.store).await?;
    // What is the same in both, and tied to nothing that differs, is neither read nor judged.
    let (before, after) = differing(&present.portfolio, &proposed.portfolio).map_err(|errors| {
        Failure::new(errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))
    })?;
    let kpis = before.kpis().chain(after.kpis());
    let held = store.held(&kpis.map(|(named, ..)| named).collect()).await?;
    let (now, history) = (clock::of(&present).now(), &held.history);
    let sides = (side(&before, &present), side(&after, &proposed));
    let mut found = difference(sides.0, sides.1, history, &held.episodes, now);
    // Whoever is taken out of the configuration hears nothing.
    found.tells(|id| proposed.people.contains_key(id) || proposed.channels.contains_key(id));
    match arguments.format {
        Format::Json => print_json(&found)?,
        Format::Text => tell(&found),
    }
    Ok(Answer::Done)
}

fn side<'a>(portfolio: &'a Portfolio, setup: &'a Setup) -> ComparedConfig<'a> {
    ComparedConfig { portfolio, config_hash: &setup.config_hash }
}

fn tell(found: &Difference) {
    if found.is_empty() {
        say!("nothing would change");
        return;
    }
    list("added", found.added.iter().map(Scope::to_string));
    list("removed (what is held of it is kept)", found.removed.iter().map(Scope::to_string));
    list("renamed", found.renamed.iter().map(|held| format!("{} → {}", held.from, held.to)));
    list(
        "renamed without `was`?",
        found.lookalikes.iter().map(|held| {
            let was = held.from.to_string();
            let was = was.rsplit('/').next().unwrap_or_default();
            format!(
                "{} → {} looks like a rename: add `was: [{was}]` to keep history and alerts",
                held.from, held.to
            )
        }),
    );
    list(
        "moved",
        found.moved.iter().map(|moved| format!("{}: {} → {}", moved.scope, moved.from, moved.to)),
    );
    list(
        "weights",
        found.reweighted.iter().map(|held| format!("{}: {} → {}", held.scope, held.from, held.to)),
    );
    list(
        "lines",
        found.lines.iter().map(|held| {
            let period = held.period.map(|period| format!(" for {period}")).unwrap_or_default();
            let part = |name: &str, from: Option<f64>, to: Option<f64>| {
                (from != to).then(|| format!("{name} {} → {}", number(from), number(to)))
            };
            let parts = [
                part("target", held.from.target, held.to.target),
                part("green line", held.from.green_line, held.to.green_line),
                part("red line", held.from.red_line, held.to.red_line),
            ];
            let parts: Vec<String> = parts.into_iter().flatten().collect();
            format!("{}{period}: {}", held.scope, parts.join(", "))
        }),
    );
    list(
        "colours",
        found
            .colours
            .iter()
            .map(|held| format!("{}: {} → {}", held.scope, colour(held.from), colour(held.to))),
    );
    let ended = found.ended.iter().map(|alert| {
        let (scope, to) = (&alert.scope, names(&alert.to));
        format!("an alert is open on {scope}: it would end, notifying {to}")
    });
    let alerts = found.alerts.iter().map(|alert| {
        format!("{} {}, notifying {}", alert.scope, alert.event.word(), names(&alert.to))
    });
    list("alerts", ended.chain(alerts));
    match found.notified.as_slice() {
        [] => say!("nobody would be notified"),
        people => say!("notified: {}", names(people)),
    }
}

fn list(title: &str, lines: impl Iterator<Item = String>) {
    let lines: Vec<String> = lines.collect();
    if !lines.is_empty() {
        say!("{title}");
        lines.iter().for_each(|line| say!("  {line}"));
    }
}

fn colour(Colour { status, score }: Colour) -> String {
    let score = score.map(|score| format!(" {}", rounding::score(score))).unwrap_or_default();
    let style = style(status);
    format!("{style}{}{style:#}{score}", status.words())
}

fn number(value: Option<f64>) -> String {
    value.map_or_else(|| "none".to_owned(), |value| rounding::value(value, None, &[], None))
}

fn names(ids: &[Id]) -> String {
    match ids {
        [] => "nobody".to_owned(),
        _ => ids.iter().map(Id::as_str).collect::<Vec<_>>().join(", "),
    }
}
