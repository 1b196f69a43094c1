//! `kpid config history`: which configuration judged what, from when to when.

use std::path::Path;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use serde_json::{Value, json};

use crate::cli::{
    Answer, configuration,
    failure::Failure,
    output::{Format, print_json, say},
};
use kpid_store::{ConfigurationChange, Store, Use};

/// More KPIs of a change are counted, not named.
const NAMED_MAX: usize = 5;

/// Look back at the configurations that judged
#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: ConfigCommand,
}

#[derive(clap::Subcommand)]
enum ConfigCommand {
    /// Which configuration judged from when to when, and which KPIs came and went with it
    History {
        /// For people or for programs
        #[arg(long, value_enum, default_value_t)]
        format: Format,
    },
}

pub(crate) async fn run(config: &Path, arguments: &Arguments) -> Result<Answer, Failure> {
    let ConfigCommand::History { format } = arguments.command;
    let setup = configuration::load_to_look(config)?;
    let used = Store::open_read_only(&setup.store).await?.configurations_used().await?;
    let before = std::iter::once(None).chain(used.iter().map(Some));
    let uses: Vec<_> =
        before.zip(&used).map(|(before, used)| (used, used.change(before))).collect();
    match format {
        Format::Json => {
            print_json(&uses.iter().map(|(used, change)| json(used, change)).collect::<Vec<_>>())?;
        }
        Format::Text if uses.is_empty() => say!("no configuration has judged yet"),
        Format::Text => uses.iter().for_each(|(used, change)| {
            say!("{}", line(used, change.as_ref(), setup.calendar.zone));
        }),
    }
    Ok(Answer::Done)
}

fn line(used: &Use, change: Option<&ConfigurationChange>, zone: Tz) -> String {
    let local = |at: DateTime<Utc>| at.with_timezone(&zone).format("%Y-%m-%d %H:%M").to_string();
    let to = used.to.map_or_else(|| "now             ".to_owned(), local);
    let verdicts = match used.verdicts {
        1 => "1 changed verdict".to_owned(),
        count => format!("{count} changed verdicts"),
    };
    let changed = change.map(|change| format!("\n    {}", words(change))).unwrap_or_default();
    format!("{} – {to}  {}  {verdicts}{changed}", local(used.from), used.config_hash)
}

fn words(ConfigurationChange { added, removed }: &ConfigurationChange) -> String {
    let part = |verb: &str, kpis: &[String]| match kpis.len() {
        0 => None,
        1..=NAMED_MAX => Some(format!("{verb} {}", kpis.join(", "))),
        count => Some(format!("{verb} {count} KPIs")),
    };
    let parts: Vec<_> =
        [part("added", added), part("removed", removed)].into_iter().flatten().collect();
    if parts.is_empty() { "the same KPIs".to_owned() } else { parts.join("; ") }
}

fn json(used: &Use, change: &Option<ConfigurationChange>) -> Value {
    let change = change.as_ref();
    json!({
        "config": used.config_hash, "from": used.from, "to": used.to, "verdicts": used.verdicts,
        "added": change.map(|change| &change.added),
        "removed": change.map(|change| &change.removed),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn used(kpis: Option<&[&str]>) -> Use {
        let kpis = kpis.map(|kpis| kpis.iter().map(ToString::to_string).collect());
        Use { config_hash: String::new(), from: DateTime::UNIX_EPOCH, to: None, kpis, verdicts: 0 }
    }

    #[test]
    fn a_change_names_what_came_and_went() {
        let described =
            |before: &Use, now: Use| now.change(Some(before)).map(|change| words(&change));
        let before = used(Some(&["a/x", "a/y"]));
        assert_eq!(
            described(&before, used(Some(&["a/y", "a/z"]))).unwrap(),
            "added a/z; removed a/x"
        );
        assert_eq!(described(&before, used(Some(&["a/y", "a/x"]))).unwrap(), "the same KPIs");
        let many = ["a/x", "a/y", "1", "2", "3", "4", "5", "6"];
        assert_eq!(described(&before, used(Some(&many))).unwrap(), "added 6 KPIs");
        assert_eq!(described(&before, used(None)), None, "an older kpid did not note it");
    }
}
