//! `kpid backup` and `kpid restore`: a copy of the store while it runs, and the way back.

use std::path::{Path, PathBuf};

use crate::cli::{
    Answer, configuration,
    failure::Failure,
    output::{Format, note, tell},
};
use kpid_clock::Clock;
use kpid_os_error::in_words;
use kpid_store::{self, Store};

/// Copy the store into a file, also while the daemon runs, and read the copy back
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The file to write; readable only by you
    file: PathBuf,
    /// Replace the file if it is there
    #[arg(long)]
    force: bool,
    /// For people or for programs
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Put a backup in the place of the store; the daemon must be stopped, and the old store is kept beside
#[derive(clap::Args)]
pub(crate) struct RestoreArguments {
    /// A file that `kpid backup` wrote
    file: PathBuf,
    /// For people or for programs
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

pub(crate) async fn run(config: &Path, arguments: &Arguments) -> Result<Answer, Failure> {
    let setup = configuration::load_to_look(config)?;
    let held = kpid_store::backup(&setup.store, &arguments.file, arguments.force).await?;
    let (file, store) = (arguments.file.display(), setup.store.display());
    let (bytes, actuals) = (held.bytes, held.actuals);
    let line =
        format_args!("{store} is backed up in {file}: {bytes} bytes, {actuals} actuals, read back");
    let value = serde_json::json!({
        "store": store.to_string(), "file": file.to_string(), "bytes": bytes, "actuals": actuals,
    });
    tell(arguments.format, line, &value)?;
    Ok(Answer::Done)
}

pub(crate) async fn restore(
    config: &Path,
    arguments: &RestoreArguments,
) -> Result<Answer, Failure> {
    let setup = configuration::load_to_look(config)?;
    let now = Clock::System.now();
    let file = &arguments.file;
    let is_there = std::fs::File::open(file);
    is_there.map_err(|error| {
        Failure::new(format!("cannot read {}: {}", file.display(), in_words(&error)))
            .hint("name a file that `kpid backup` wrote")
    })?;
    let (held, kept) = kpid_store::restore(file, &setup.store, now).await?;
    // A backup of an older release is brought up to date now, while somebody looks.
    Store::open(&setup.store).await?.close().await;
    let (store, actuals) = (setup.store.display(), held.actuals);
    let kept = kept.map(|kept| kept.display().to_string());
    let value = serde_json::json!({
        "store": store.to_string(), "actuals": actuals, "former_store": kept,
    });
    tell(arguments.format, format_args!("{store} is restored: {actuals} actuals"), &value)?;
    if let (Some(kept), Format::Text) = (kept, arguments.format) {
        note!("the store that was there is kept as {kept}");
    }
    Ok(Answer::Done)
}
