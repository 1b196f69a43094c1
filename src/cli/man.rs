//! `kpid man`: manual pages, a file for every command, from the very definitions that parse it.

use std::{fs, path::PathBuf};

use anyhow::Context;
use clap::CommandFactory;

use crate::cli::{Answer, CommandLine, failure::Failure, output::note};
use kpid_os_error::InWords;

/// Write the manual pages into a folder, for packages
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The folder; made if it is not there
    folder: PathBuf,
}

pub(crate) fn run(arguments: &Arguments) -> Result<Answer, Failure> {
    let folder = &arguments.folder;
    let failure = || format!("cannot write manual pages into {}", folder.display());
    fs::create_dir_all(folder).in_words().with_context(failure)?;
    clap_mangen::generate_to(CommandLine::command(), folder).in_words().with_context(failure)?;
    note!(
        "the manual pages are in {}; `man {}/kpid.1` shows the first",
        folder.display(),
        folder.display()
    );
    Ok(Answer::Done)
}
