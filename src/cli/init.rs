//! `kpid init`: starter files, commented, that `kpid check` finds good.

use std::{
    fs::{self, OpenOptions},
    io::Write,
    path::{Path, PathBuf},
};

use crate::cli::{Answer, failure::Failure, output::note};
use kpid_os_error::in_words;

/// The files written, by their place in the folder.
pub(crate) const FILES: [(&str, &str); 2] = [
    ("kpid.yaml", include_str!("init/kpid.yaml")),
    ("scorecards/example.yaml", include_str!("init/scorecards/example.yaml")),
];

/// Write starter files into a folder
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The folder; made if it is not there
    #[arg(value_name = "DIR")]
    folder: PathBuf,
}

pub(crate) fn run(arguments: &Arguments) -> Result<Answer, Failure> {
    let folder = &arguments.folder;
    if let Some((name, _)) = FILES.iter().find(|(name, _)| folder.join(name).exists()) {
        let failure = Failure::new(format!("{} is there already", folder.join(name).display()));
        return Err(failure.hint("name another folder; nothing was written"));
    }
    for (name, text) in FILES {
        write(&folder.join(name), text)?;
    }
    let config = folder.join("kpid.yaml");
    note!("wrote {} files into {}; next:", FILES.len(), folder.display());
    note!("  kpid -c {0} check\n  kpid -c {0} pull --dry-run\n  kpid -c {0} run", config.display());
    Ok(Answer::Done)
}

/// Writes a file that must not be there yet.
pub(super) fn write(path: &Path, text: &str) -> Result<(), Failure> {
    let failure = |error: std::io::Error| {
        Failure::new(format!("cannot write {}: {}", path.display(), in_words(&error)))
    };
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(failure)?;
    }
    let mut file = OpenOptions::new().write(true).create_new(true).open(path).map_err(failure)?;
    file.write_all(text.as_bytes()).map_err(failure)
}
