//! `kpid digest`: what a person's digest says, before it is switched on or between two of them.

use std::path::Path;

use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    cli::{
        Answer, clock, complete, configuration,
        failure::Failure,
        output::{Sheet, put_sheet, say},
        show,
    },
    outbox::digest::{compare, digest_context, ids_of_reader},
};
use kpid_message::{periodic::digest::digest, person::Person};
use kpid_rules::evaluation::judge;
use kpid_store::Store;

/// A first digest past back as far as most do.
const WEEK: TimeDelta = TimeDelta::days(7);

/// Show what the digest of a person would say now; nothing is sent
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// A person of kpid.yaml
    #[arg(add = complete::people())]
    person: String,
    /// Since when changes are shown: an instant, or a day, from its end; the last digest by default
    #[arg(long, value_name = "T")]
    since: Option<String>,
    /// For people, for a browser or for programs
    #[arg(long, value_enum, default_value_t)]
    format: Sheet,
    /// A file to write instead of standard output
    #[arg(long, value_name = "FILE")]
    out: Option<std::path::PathBuf>,
}

pub(crate) async fn run(config: &Path, arguments: Arguments) -> Result<Answer, Failure> {
    let setup = configuration::load_to_look(config)?;
    let person = configuration::person(&setup, &arguments.person)?;
    let now = clock::of(&setup).now();
    let store = Store::open_read_only(&setup.store).await?;
    let since = match &arguments.since {
        Some(text) => show::instant(text, &setup.calendar)?,
        None => last(&store, person, now).await?,
    };
    let past = store.past_standings(since).await?;
    let held = store.held(&setup.portfolio.kpis().map(|(kpi, ..)| kpi).collect()).await?;
    let standing = judge(&setup.portfolio, &held.history, &held.episodes, &setup.config_hash, now);
    let compared = compare(&past, &standing);
    let context = digest_context(&setup, &held, &standing, since, &compared);
    match digest(context, person, &ids_of_reader(&setup, person), "preview") {
        Some(digest) => {
            let language = person.language.unwrap_or(setup.language);
            let message = digest.overview.into();
            put_sheet(language, &message, arguments.format, arguments.out.as_deref())?;
        }
        None => {
            say!("{} owns nothing and is named by no alert, and so gets no digest", person.name)
        }
    }
    Ok(Answer::Done)
}

async fn last(store: &Store, person: &Person, now: DateTime<Utc>) -> anyhow::Result<DateTime<Utc>> {
    let last = store.last_digests().await?.get(&person.id).map(|last| last.at);
    Ok(last.unwrap_or(now - WEEK))
}
