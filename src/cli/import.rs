//! `kpid import`: actuals from a CSV file, all or nothing.

use std::{
    fs::File,
    path::{Path, PathBuf},
};

use crate::{
    cli::{
        Answer,
        actor::Person,
        clock, configuration,
        failure::Failure,
        judged::{CommandJudgement, standing_before},
        output::{self, Format, note, print_json},
    },
    engine::import,
    instance::Instance,
};
use kpid_message::wording::plural;
use kpid_os_error::in_words;
use kpid_store::{AuditAction, AuditEntry, Store};

/// Import actuals from a CSV file: kpi,period,value[,numerator,denominator,observed_at]
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The file; its first line names the columns
    #[arg(value_name = "FILE.csv")]
    file: PathBuf,
    #[command(flatten)]
    person: Person,
    /// For people or for programs
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

pub(crate) async fn run(config: &Path, arguments: Arguments) -> Result<Answer, Failure> {
    let setup = configuration::load_to_look(config)?;
    let path = arguments.file.display();
    let file = File::open(&arguments.file)
        .map_err(|error| Failure::new(format!("cannot read {path}: {}", in_words(&error))))
        .map_err(|failure| failure.hint("name a CSV file; its first line is kpi,period,value"))?;
    let now = clock::of(&setup).now();
    let rows = match import::read(&setup, file, now) {
        Ok(rows) => rows,
        Err(bad) => {
            for row in &bad {
                output::complain!("{path}: {row}");
            }
            output::complain!(
                "kpid: nothing was imported: {} in {path}",
                plural(bad.len(), "bad row")
            );
            return Ok(Answer::No);
        }
    };
    let store = Store::open(&setup.store).await?;
    let instance = Instance::start(setup, store).await?;
    let detail = Some(plural(rows.len(), "actual"));
    let (by, of) = (arguments.person.name(), path.to_string());
    let entry = AuditEntry { at: now, by, action: AuditAction::Imported, of, detail };
    let kpis = rows.iter().map(|row| row.kpi.clone()).collect();
    let before = standing_before(&instance, &kpis, now).await?;
    let judgement = import::keep(&instance, &rows, &entry, now).await?;
    let judged =
        CommandJudgement::of(&instance.setup, &before, &judgement.standing, &judgement.deliveries)?;
    match arguments.format {
        Format::Text => {
            note!("{} imported from {path}", plural(rows.len(), "actual"));
            judged.say();
        }
        Format::Json => print_json(&serde_json::json!({
            "imported": rows.len(), "from": path.to_string(), "judged": judged,
        }))?,
    }
    instance.store.close().await;
    Ok(Answer::Done)
}
