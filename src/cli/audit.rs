//! `kpid audit`: who changed what, the newest first.

use std::path::Path;

use crate::cli::{
    Answer, configuration,
    failure::Failure,
    output::{Format, print_json, say},
};
use kpid_rules::model::one_line;
use kpid_store::{self, Store};

/// List what people did: alerts they answered for, what reviews took down, figures, deliveries, logins
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// So many at most, the newest first
    #[arg(long, default_value_t = 100, value_name = "N")]
    limit: u32,
    /// For people or for programs
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

pub(crate) async fn run(config: &Path, arguments: &Arguments) -> Result<Answer, Failure> {
    let setup = configuration::load_to_look(config)?;
    let store = Store::open_read_only(&setup.store).await?;
    let entries = store.audit_entries(arguments.limit).await?;
    let removed = store.removed().await?;
    match arguments.format {
        Format::Json => print_json(&entries)?,
        Format::Text if entries.is_empty() => say!("nobody has changed anything"),
        Format::Text => {
            for entry in &entries {
                let at = entry.at.with_timezone(&setup.calendar.zone).format("%Y-%m-%d %H:%M");
                let detail = entry.detail.as_ref().map(|detail| format!(" ({detail})"));
                let detail = detail.unwrap_or_default();
                // A record of what somebody did must not be able to look like two.
                let did = format!("{} {} {}{detail}", entry.by, entry.action, entry.of);
                say!("{at}  {}", one_line(&did));
            }
            if let Some(words) = kpid_store::removed_words(&removed, "audit") {
                say!("and before these, no longer kept: {words}");
            }
        }
    }
    Ok(Answer::Done)
}
